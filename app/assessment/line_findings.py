"""What is wrong with the agreements about the internet lines (REQUIREMENTS S2-3b, S2-1h)."""

from __future__ import annotations

from collections.abc import Iterator

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation, grounds
from app.policy.model import Demand


def line_findings(situation: Situation) -> Iterator[Finding]:
    """Name each line whose agreement has run out, while some data demands one."""
    requirement = situation.requirement(Demand.ISP_SLA)
    if requirement is None:
        return
    basis, why = grounds(requirement, otherwise=("S2-3b",))
    for line in situation.machine.lines:
        if line.sla.expires is not None and line.sla.expires < situation.today:
            data = (("line", line.name), ("until", line.sla.expires.isoformat()), ("contact", line.sla.contact))
            yield Finding(FindingCode.SLA_EXPIRED, State.ATTENTION, line.id, basis, why, data)
