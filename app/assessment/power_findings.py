"""What is wrong with the power: UPSes that are missing, on battery, worn or silent (REQUIREMENTS S2-1d, S2-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation, grounds
from app.policy.machine import THIS_COMPUTER, Purpose, Ups
from app.policy.model import Basis, Demand
from app.power.battery import battery_made
from app.records.facts import TestResult, UpsSight, UpsTest

SILENT_AFTER = timedelta(days=1)
"""News of a UPS older than this is no news: whoever watches it does not run."""
BATTERY_LASTS = timedelta(days=4 * 365)
"""Lead batteries are worn out after three to five years."""
_NEARLY_FULL = 95.0

_FLAGS = (
    ("LB", FindingCode.UPS_LOW_BATTERY, State.ERROR),
    ("OB", FindingCode.UPS_ON_BATTERY, State.ATTENTION),
    ("RB", FindingCode.UPS_REPLACE_BATTERY, State.ATTENTION),
)
"""NUT's status words (NUT developer guide, "Status data")."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that must stand behind a UPS, or behind two."""

    id: str
    name: str
    """Empty for this computer."""
    wanted: int
    there: int

    @property
    def covered(self) -> bool:
        return self.there >= self.wanted


def power_findings(situation: Situation) -> Iterator[Finding]:
    """Judge how many UPSes stand before what, and how each of them is."""
    yield from _covering(situation)
    for ups in situation.machine.upses:
        sight = next((s for s in situation.facts.upses if s.ups == ups.id), None)
        yield from _seen(situation, ups, sight)
        yield from _worn(situation, ups, sight)


def devices(situation: Situation) -> tuple[Device, ...]:
    """Return this computer and every place that is always on at this site, with the UPSes that they want and have.

    A place wants as many as the data that goes there; what stands elsewhere has a power supply of its own.
    """
    wanted = {THIS_COMPUTER: max((plan.ups_count for _, plan in situation.plans), default=0)}
    names = {THIS_COMPUTER: ""}
    counts = {data_set.id: plan.ups_count for data_set, plan in situation.plans}
    for target in situation.machine.targets:
        if target.removable or target.offsite or target.purpose is not Purpose.COPIES:
            continue
        own = [count for data_set, count in counts.items() if target in situation.machine.targets_of(data_set)]
        wanted[target.id], names[target.id] = max(own, default=0), target.name
    return tuple(Device(i, names[i], count, _standing_before(situation, i)) for i, count in wanted.items())


def newest_test(situation: Situation, ups: Ups) -> UpsTest | None:
    """Return the newest test of a UPS whose result is known."""
    own = (
        t
        for t in situation.facts.ups_tests
        if t.ups == ups.id and t.at <= situation.now and t.result is not TestResult.UNKNOWN
    )
    return max(own, key=lambda t: t.at, default=None)


def _standing_before(situation: Situation, device: str) -> int:
    # Two entries for one UPS are one UPS.
    return len({(u.kind, u.host, u.port, u.ups) for u in situation.machine.upses if device in u.protects})


def _covering(situation: Situation) -> Iterator[Finding]:
    for device in devices(situation):
        if device.covered:
            continue
        data = (("wanted", str(device.wanted)), ("there", str(device.there)))
        if device.id != THIS_COMPUTER:
            if situation.machine.upses:  # without any, one finding says enough
                named = (("place", device.name), *data)
                yield _demanded(situation, FindingCode.UPS_NOT_COVERING, device, named)
        else:
            code = FindingCode.NO_UPS if device.there == 0 else FindingCode.NO_REDUNDANT_UPS
            yield _demanded(situation, code, device, data)


def _demanded(situation: Situation, code: FindingCode, device: Device, data: tuple[tuple[str, str], ...]) -> Finding:
    demand = Demand.UPS if device.there == 0 else Demand.REDUNDANT_UPS
    requirement = situation.requirement(demand) or situation.requirement(Demand.REDUNDANT_UPS)
    basis, why = grounds(requirement, otherwise=("S2-2",))
    state = State.ATTENTION if basis is Basis.SOURCE else State.OK
    return Finding(code, state, "" if device.id == THIS_COMPUTER else device.id, basis, why, data)


def _seen(situation: Situation, ups: Ups, sight: UpsSight | None) -> Iterator[Finding]:
    named = (("ups", ups.name),)
    why = ("S2-1d",)
    if sight is None or not sight.reachable or situation.now - sight.at > SILENT_AFTER:
        trouble = (("trouble", sight.trouble),) if sight is not None and sight.trouble else ()
        yield Finding(FindingCode.UPS_SILENT, State.ATTENTION, ups.id, Basis.SOURCE, why, (*named, *trouble))
        return
    runtime = () if sight.runtime_s is None else (("runtime_s", f"{sight.runtime_s:.0f}"),)
    for flag, code, state in _FLAGS:
        if flag in sight.flags:
            yield Finding(code, state, ups.id, Basis.SOURCE, why, (*named, *runtime))


def _worn(situation: Situation, ups: Ups, sight: UpsSight | None) -> Iterator[Finding]:
    """A UPS that would not last when it is needed: by its own account, by its test, or by the age of its battery."""
    named = (("ups", ups.name),)
    minimum_s = situation.policy.power.minimum_runtime.total_seconds()
    runtime_s = _full_runtime_s(sight)
    if runtime_s is not None and runtime_s < minimum_s:
        data = (*named, ("runtime_s", f"{runtime_s:.0f}"), ("minimum_s", f"{minimum_s:.0f}"))
        yield Finding(FindingCode.UPS_TOO_SHORT, State.ATTENTION, ups.id, Basis.SOURCE, ("S2-2",), data)
    test = newest_test(situation, ups)
    if test is not None and test.result is TestResult.FAILED:
        yield Finding(FindingCode.UPS_TEST_FAILED, State.ATTENTION, ups.id, Basis.SOURCE, ("S2-2",), named)
    made = battery_made(ups, sight)
    if made is not None and situation.today - made > BATTERY_LASTS:
        years = str((situation.today - made).days // 365)
        yield Finding(
            FindingCode.UPS_BATTERY_OLD, State.OK, ups.id, Basis.RECOMMENDED, ("S2-2",), (*named, ("years", years))
        )


def _full_runtime_s(sight: UpsSight | None) -> float | None:
    """Return how long a charged UPS on mains says it would last."""
    if sight is None or not sight.reachable or "OL" not in sight.flags:
        return None
    return sight.runtime_s if (sight.charge_percent or 0) >= _NEARLY_FULL else None
