"""What is wrong with the power: UPSes that are missing, on battery, worn or silent (REQUIREMENTS S2-1d, S2-2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation, grounds
from app.policy.machine import Ups
from app.policy.model import Basis, Demand
from app.records.facts import UpsSight

SILENT_AFTER = timedelta(days=1)
"""News of a UPS older than this is no news: whoever watches it does not run."""

_FLAGS = (
    ("LB", FindingCode.UPS_LOW_BATTERY, State.ERROR),
    ("OB", FindingCode.UPS_ON_BATTERY, State.ATTENTION),
    ("RB", FindingCode.UPS_REPLACE_BATTERY, State.ATTENTION),
)
"""NUT's status words (NUT developer guide, "Status data")."""


def power_findings(situation: Situation) -> Iterator[Finding]:
    """Judge how many UPSes there are, and how each of them is."""
    yield from _counted(situation)
    for ups in situation.machine.upses:
        sight = next((s for s in situation.facts.upses if s.ups == ups.id), None)
        yield from _seen(situation, ups, sight)


def _counted(situation: Situation) -> Iterator[Finding]:
    wanted = max((plan.ups_count for _, plan in situation.plans), default=0)
    # Two entries for one UPS are one UPS.
    there = len({(ups.host, ups.port, ups.ups) for ups in situation.machine.upses})
    if there >= wanted:
        return
    code, demand = (
        (FindingCode.NO_UPS, Demand.UPS) if there == 0 else (FindingCode.NO_REDUNDANT_UPS, Demand.REDUNDANT_UPS)
    )
    requirement = situation.requirement(demand) or situation.requirement(Demand.REDUNDANT_UPS)
    basis, why = grounds(requirement, otherwise=("S2-2",))
    state = State.ATTENTION if basis is Basis.SOURCE else State.OK
    yield Finding(code, state, "", basis, why, (("wanted", str(wanted)), ("there", str(there))))


def _seen(situation: Situation, ups: Ups, sight: UpsSight | None) -> Iterator[Finding]:
    named = (("ups", ups.name),)
    why = ("S2-1d",)
    if sight is None or not sight.reachable or situation.now - sight.at > SILENT_AFTER:
        yield Finding(FindingCode.UPS_SILENT, State.ATTENTION, ups.id, Basis.SOURCE, why, named)
        return
    runtime = () if sight.runtime_s is None else (("runtime_s", f"{sight.runtime_s:.0f}"),)
    for flag, code, state in _FLAGS:
        if flag in sight.flags:
            yield Finding(code, state, ups.id, Basis.SOURCE, why, (*named, *runtime))
