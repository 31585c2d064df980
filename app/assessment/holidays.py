"""School holidays that run out or are a guess: without the right ones disks are asked for while nobody is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation
from app.policy.calendar_file import region_days
from app.policy.model import Basis

IN_TIME = timedelta(days=60)
"""So long before it matters the IT provider hears of it; half a year before, as advice."""
ADVICE = timedelta(days=182)


def holiday_findings(situation: Situation) -> Iterator[Finding]:
    calendar, today = situation.policy.calendar, situation.today
    if calendar.known_until is None:
        return
    name = region_days(calendar.region).name
    region = (("region_nl", name.nl), ("region_en", name.en))
    if calendar.known_until - today < ADVICE:
        ended = calendar.known_until < today
        yield Finding(
            FindingCode.HOLIDAYS_ENDED if ended else FindingCode.HOLIDAYS_END,
            State.ATTENTION if calendar.known_until - today < IN_TIME else State.OK,
            "",
            Basis.RECOMMENDED,
            ("S1-4.2.2",),
            (*region, ("known_until", calendar.known_until.isoformat())),
        )
    elif calendar.expected_from is not None and calendar.expected_from - today < IN_TIME:
        yield Finding(FindingCode.HOLIDAYS_EXPECTED, State.OK, "", Basis.RECOMMENDED, ("S1-4.2.2",), region)
