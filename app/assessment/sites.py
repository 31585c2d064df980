"""Where copies stand: another building helps only when the same flood or fire cannot reach it (S2-1f)."""

from __future__ import annotations

from collections.abc import Iterator

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation, grounds
from app.policy.machine import TargetId
from app.policy.model import Demand


def site_findings(situation: Situation) -> Iterator[Finding]:
    """Yield the places elsewhere that are near enough to go with this one, where a data set has no other elsewhere."""
    near: dict[TargetId, list[str]] = {}
    for data_set, _plan in situation.plans:
        elsewhere = [target for target in situation.machine.targets_of(data_set.id) if target.offsite]
        if elsewhere and all(target.same_zone for target in elsewhere):
            for target in elsewhere:
                near.setdefault(target.id, []).append(data_set.name)
    basis, why = grounds(situation.requirement(Demand.OTHER_MEDIUM_AND_SITE), otherwise=("S2-1f",))
    names = {target.id: target.name for target in situation.machine.targets}
    for target_id, data_sets in near.items():
        data = (("target", names[target_id]), ("data_sets", ", ".join(data_sets)))
        yield Finding(FindingCode.SAME_ZONE, State.ATTENTION, target_id, basis, why, data)
