"""Power and internet lines: what is seen now, what failed and for how long, and what was tested."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType


@dataclass(frozen=True, slots=True)
class UpsSight:
    """A UPS as last seen. `flags` are NUT's (OL, OB, LB, RB …); empty with `reachable` False: no data."""

    ups: str
    name: str
    at: datetime
    reachable: bool
    flags: tuple[str, ...] = ()
    charge_percent: float | None = None
    runtime_s: float | None = None
    load_percent: float | None = None
    model: str = ""
    battery_date: str = ""
    """When the battery was made or put in, as the UPS says it."""
    test_result: str = ""
    """How the last self-test went, in the UPS's own words."""
    trouble: str = ""
    """Why it is not reachable, a code: "no-server", "login", "unknown-ups", "driver", "noise", "silent"."""


OutageId = NewType("OutageId", int)


class OutageKind(StrEnum):
    """What failed."""

    POWER = "power"
    LINE = "line"


class OutageCause(StrEnum):
    """Why something is in the log of outages."""

    MAINS = "mains"
    """The UPS runs on its battery."""
    LINE_DOWN = "line-down"
    """Nothing answers over this line."""
    SWITCHED_OVER = "switched-over"
    """The computer uses the alternative line instead of this one."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A failure of the mains at one UPS, or of one line. `id` is the journal row that began it; it never changes."""

    id: OutageId
    kind: OutageKind
    subject: str
    """The UPS's or the line's id."""
    cause: OutageCause
    began: datetime
    ended: datetime | None = None
    critical: bool = False
    """The battery became almost empty in it, so that work was stopped."""
    lowest_charge_percent: float | None = None
    lowest_runtime_s: float | None = None


@dataclass(frozen=True, slots=True)
class UpsReading:
    """The numbers of a UPS at one moment; kept for two days, to be drawn."""

    ups: str
    at: datetime
    on_battery: bool
    charge_percent: float | None
    runtime_s: float | None
    load_percent: float | None


class TestResult(StrEnum):
    """How a test ended."""

    __test__ = False  # not one of pytest's

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The test was started, but the device does not say how it went."""


class UpsTestHow(StrEnum):
    """How a UPS was tested."""

    SELF_TEST = "self-test"
    """The UPS tested its own battery."""
    UNPLUGGED = "unplugged"
    """A person pulled its plug out of the wall and watched."""


@dataclass(frozen=True, slots=True)
class UpsTest:
    """A test of a UPS's battery, with the runtime it had then."""

    ups: str
    at: datetime
    how: UpsTestHow
    result: TestResult
    runtime_s: float | None
    charge_percent: float | None
    by: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LineSight:
    """An internet line as last probed. `since` is when it became up or down; `in_use`: the default route goes here."""

    line: str
    at: datetime
    up: bool
    since: datetime
    latency_ms: float | None = None
    in_use: bool = False


class LineTestHow(StrEnum):
    """How a line was tested."""

    PROBE = "probe"
    """Vangnet opened connections over this line by itself."""
    FAILOVER = "failover"
    """The main line was unplugged on purpose, and a person looked whether work goes on."""


@dataclass(frozen=True, slots=True)
class LineTest:
    """A test of a line."""

    line: str
    at: datetime
    how: LineTestHow
    passed: bool
    latency_ms: float | None
    by: str
    remark: str = ""
