"""What people do about power and lines: test a UPS, record what hangs on it, test a line, accept a risk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from app.errors import ConfigurationError
from app.jobs.installation import Installation
from app.policy.lines import Line, LineId, Sla
from app.policy.machine import THIS_COMPUTER, Machine, Ups, UpsId, UpsKind
from app.policy.model import Role
from app.policy.write import write_machine
from app.power.errors import UnknownLine, UnknownUps, UpsCannotTest, UpsNotReachable
from app.power.monitor import read_machine_upses
from app.power.nut import start_self_test
from app.power.passwords import ups_password
from app.records.facts import RiskAcceptance, TestResult, UpsSight, UpsTest, UpsTestHow
from app.records.pins import unlock_signing_key
from app.records.store import Records
from app.secret import Secret

SELF_TEST_WAIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 2.0
_READ_S: Final = 4.0
_GOOD: Final = ("passed", "ok", "no error", "success")
_BAD: Final = ("fail", "error", "bad", "abort", "warning")
_BUSY: Final = ("progress", "in test", "running", "pending")


class UnknownFinding(ConfigurationError):
    """The assessment has no such finding now (`finding`)."""

    code = "unknown-finding"


def the_ups(machine: Machine, ups: str) -> Ups:
    """Return a UPS of the machine file; raises UnknownUps."""
    for known in machine.upses:
        if known.id == ups:
            return known
    raise UnknownUps(ups=ups)


def the_line(machine: Machine, line: str) -> Line:
    """Return a line of the machine file; raises UnknownLine."""
    for known in machine.lines:
        if known.id == line:
            return known
    raise UnknownLine(line=line)


async def self_test(
    installation: Installation,
    ups_id: str,
    *,
    by: str,
    wait_s: float = SELF_TEST_WAIT_S,
    look_every_s: float = _LOOK_EVERY_S,
) -> UpsTest:
    """Have a UPS test its battery, wait for its verdict, and return it with the runtime it has now.

    Raises UnknownUps, UpsNotReachable, UpsLoginRefused, UpsCannotTest. Nothing is recorded here.
    """
    ups = the_ups(installation.machine, ups_id)
    if ups.kind is not UpsKind.NUT:
        raise UpsCannotTest(ups=ups.name)
    before = await _read(installation, ups)
    if not before.reachable:
        raise UpsNotReachable(ups=ups.name, trouble=before.trouble)
    password = ups_password(installation.home, ups.id)
    await start_self_test(ups.host, ups.port, ups.ups, username=ups.username, password=password)
    clock = installation.clock
    until_s = clock.monotonic() + wait_s
    sight, seen_testing = before, False
    while clock.monotonic() < until_s:
        await asyncio.sleep(look_every_s)
        sight = await _read(installation, ups)
        testing = bool({"TEST", "CAL"} & set(sight.flags)) or _is(sight.test_result, _BUSY)
        if not testing and (seen_testing or sight.test_result != before.test_result):
            break
        seen_testing = seen_testing or testing
    # A verdict that was there before, and no sign of a test, says nothing about this one.
    fresh = seen_testing or sight.test_result != before.test_result
    return UpsTest(
        ups=ups.id,
        at=clock.now(),
        how=UpsTestHow.SELF_TEST,
        result=verdict(sight.test_result) if fresh else TestResult.UNKNOWN,
        runtime_s=sight.runtime_s if sight.runtime_s is not None else before.runtime_s,
        charge_percent=sight.charge_percent,
        by=by,
        remark=sight.test_result,
    )


def verdict(said: str) -> TestResult:
    """Return what a UPS's own words for the result of its test come down to."""
    if _is(said, _BAD) and "no error" not in said.lower():
        return TestResult.FAILED
    return TestResult.PASSED if _is(said, _GOOD) else TestResult.UNKNOWN


def unplugged_test(installation: Installation, ups_id: str, *, minutes: float, by: str, remark: str = "") -> UpsTest:
    """Return a test that a person did by pulling the plug; it is passed when it lasts as long as the policy wants."""
    ups = the_ups(installation.machine, ups_id)
    runtime_s = minutes * 60
    enough = runtime_s >= installation.policy.power.minimum_runtime.total_seconds()
    result = TestResult.PASSED if enough else TestResult.FAILED
    return UpsTest(ups.id, installation.clock.now(), UpsTestHow.UNPLUGGED, result, runtime_s, None, by, remark)


def keep_protects(
    installation: Installation, records: Records, ups_id: str, devices: tuple[str, ...], *, by: str
) -> None:
    """Record what hangs on a UPS. Raises UnknownUps, MachineInvalid for a device that does not exist."""
    ups = the_ups(installation.machine, ups_id)
    _write_ups(installation, replace(ups, protects=devices or (THIS_COMPUTER,)))
    records.note("ups-protects", {"ups": ups.id, "protects": devices, "by": by}, subject=ups.id)


def keep_battery_date(installation: Installation, records: Records, ups_id: str, since: date, *, by: str) -> None:
    """Record when a new battery was put in. Raises UnknownUps."""
    ups = the_ups(installation.machine, ups_id)
    _write_ups(installation, replace(ups, battery_since=since))
    records.note("battery-replaced", {"ups": ups.id, "since": since, "by": by}, subject=ups.id)


def add_ups(installation: Installation, records: Records, ups: Ups, *, by: str) -> Ups:
    """Add a UPS to the machine file, under an id of its own; one that is there already is returned as it is."""
    machine = installation.machine
    for known in machine.upses:
        if (known.kind, known.host, known.port, known.ups) == (ups.kind, ups.host, ups.port, ups.ups):
            return known
    taken, base, number = {known.id for known in machine.upses}, ups.id or UpsId("ups"), 1
    name = base
    while name in taken:
        number += 1
        name = UpsId(f"{base}-{number}")
    added = replace(ups, id=name)
    write_machine(installation.home.machine_file, replace(machine, upses=(*machine.upses, added)))
    records.note("ups-added", {"ups": added.id, "name": added.name, "by": by}, subject=added.id)
    return added


def keep_line(installation: Installation, records: Records, line: Line, *, by: str) -> None:
    """Add a line to the machine file, or write what is known of it anew."""
    machine = installation.machine
    others = tuple(known for known in machine.lines if known.id != line.id)
    write_machine(installation.home.machine_file, replace(machine, lines=(*others, line)))
    records.note("line-registered", {"line": line.id, "name": line.name, "role": line.role, "by": by}, subject=line.id)


def keep_sla(installation: Installation, records: Records, line_id: str, sla: Sla, *, by: str) -> None:
    """Record the agreement about a line, or why there is none. Raises UnknownLine."""
    line = replace(the_line(installation.machine, line_id), sla=sla)
    lines = tuple(line if known.id == line.id else known for known in installation.machine.lines)
    write_machine(installation.home.machine_file, replace(installation.machine, lines=lines))
    body = {"line": LineId(line.id), "expires": sla.expires, "not_possible": sla.not_possible, "by": by}
    records.note("sla-recorded", body, subject=line.id)


def accept_risk(
    installation: Installation,
    records: Records,
    finding: str,
    subject: str,
    *,
    reason: str,
    until: datetime,
    by: str,
    pin: Secret,
) -> RiskAcceptance:
    """Record that the director lives with a finding until a day; their PIN proves it.

    Raises UnknownFinding when there is nothing of the kind now, WrongPin, PinNotSet, PinLocked.
    """
    present = {(f.code.value, f.subject) for f in installation.assess(records).findings}
    if (finding, subject) not in present:
        raise UnknownFinding(finding=f"{finding}:{subject}" if subject else finding)
    unlock_signing_key(installation.home, pin, clock=installation.clock)
    name = by or next((h.person for h in installation.policy.roles if h.role is Role.DIRECTOR), "")
    acceptance = RiskAcceptance(finding, subject, reason, until, name, installation.clock.now())
    records.accept_risk(acceptance)
    return acceptance


async def _read(installation: Installation, ups: Ups) -> UpsSight:
    (sight,) = await read_machine_upses((ups,), timeout_s=_READ_S, clock=installation.clock)
    return sight


def _write_ups(installation: Installation, changed: Ups) -> None:
    machine = installation.machine
    upses = tuple(changed if known.id == changed.id else known for known in machine.upses)
    write_machine(installation.home.machine_file, replace(machine, upses=upses))


def _is(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said.lower() for word in words)
