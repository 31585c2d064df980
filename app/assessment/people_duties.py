"""What the policy's duties ask of people now, from what was declared and what the records show by themselves.

One obligation a duty. Where a duty is done for each site, data set or UPS, each of those parts has its own time; the
obligation is about the parts whose window is open, and as urgent as the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.assessment.local_time import later, local_moment
from app.assessment.model import Obligation, ObligationKind
from app.assessment.power_tasks import alternative_line_tested, ups_tested
from app.assessment.situation import Situation
from app.assessment.timing import people_timing
from app.policy.duty import Duty, DutyScope
from app.records.facts import Attestation

HERE: Final = "here"
"""The part that stands for the place where this computer and its data are."""
EXEMPT: Final = "exempt:"
"""Before a duty's id: the subject of the director's exemption from it."""
URGENT: Final = timedelta(days=14)

Done = Callable[[Situation, str], datetime | None]
"""When a duty was last done for a part, as the records show by themselves; None when they do not."""

DONE_BY_FACTS: Final[dict[str, Done]] = {"ups-self-test": ups_tested, "alternative-line-test": alternative_line_tested}
"""By a duty's id. Whoever gathers such facts adds a function here, and a row to the policy's duties."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a duty is done for. `since`: from when on it is owed for it, where that is not the set-up."""

    id: str
    name: str
    since: datetime | None = None
    last: datetime | None = None
    """When it was done for this part, without anybody declaring so."""


@dataclass(frozen=True, slots=True)
class PartDue:
    """When a duty is done for one part of it, and when it was."""

    part: Part
    opens: datetime
    due: datetime
    last: datetime | None


def duty_obligations(situation: Situation) -> tuple[Obligation, ...]:
    """Return what each of the policy's duties asks now."""
    found = (_obligation(situation, duty) for duty in situation.policy.duties)
    return tuple(obligation for obligation in found if obligation is not None)


def concerns(situation: Situation, duty: Duty) -> bool:
    """Tell whether the organisation has data that the duty is about."""
    return not duty.tiers or any(plan.tier in duty.tiers for _, plan in situation.plans)


def duty_subject(duty_id: str, part: str = "") -> str:
    """Return the subject of an attestation that closes a duty, for one part of it or for all."""
    return f"{duty_id}:{part}" if part else duty_id


def declarations(situation: Situation, duty: Duty, part: str = "") -> tuple[Attestation, ...]:
    """Return what was declared about a duty (for one part of it), newest first; what lies in the future is left out."""
    wanted = {duty_subject(duty.id), duty_subject(duty.id, part)}
    own = (a for a in situation.facts.attestations if a.subject in wanted and a.at <= situation.now)
    return tuple(sorted(own, key=lambda a: a.at, reverse=True))


def exemption(situation: Situation, duty: Duty) -> Attestation | None:
    """Return the newest exemption from a duty, if it still holds; it holds as long as the duty's interval."""
    if not duty.may_be_exempt:
        return None
    own = [a for a in situation.facts.attestations if a.subject == EXEMPT + duty.id and a.at <= situation.now]
    newest = max(own, key=lambda a: a.at, default=None)
    period = duty.every or timedelta(days=365)
    return newest if newest is not None and situation.now <= later(newest.at, period, situation.tz) else None


def parts_of(situation: Situation, duty: Duty) -> tuple[Part, ...]:
    """Return what a duty is done for, one by one."""
    match duty.scope:
        case DutyScope.ORGANISATION:
            return (Part("", ""),)
        case DutyScope.SITE:
            return _sites(situation)
        case DutyScope.DATA_SET:
            return tuple(
                Part(
                    data_set.id,
                    data_set.name,
                    last=local_moment(data_set.classified_on, 0, 0, situation.tz) if data_set.classified_on else None,
                )
                for data_set, plan in situation.plans
                if not duty.tiers or plan.tier in duty.tiers
            )
        case DutyScope.UPS:
            return tuple(Part(ups.id, ups.name) for ups in situation.machine.upses)


def parts_due(situation: Situation, duty: Duty) -> tuple[PartDue, ...]:
    """Return when a duty is due for each part; nothing while it is not owed at all."""
    return tuple(due for part in parts_of(situation, duty) if (due := _due(situation, duty, part)) is not None)


def _sites(situation: Situation) -> tuple[Part, ...]:
    """The place of this computer, and every other place where copies are kept."""
    names: dict[str, list[datetime]] = {}
    for target in situation.machine.targets:
        if target.site:
            names.setdefault(target.site, [])
            names[target.site] += [r.started for r in situation.history.runs if r.target == target.id]
    # A place is owed from the first copy that went there: before, there is nothing to protect.
    others = (Part(site_id(name), name, min(runs, default=situation.now)) for name, runs in names.items())
    return (Part(HERE, ""), *others)


def site_id(name: str) -> str:
    """Spell the name of a place as an id; equal for names that differ in case or punctuation only."""
    words = "".join(c if c.isalnum() else " " for c in name.casefold()).split()
    return "-".join(words)[:60] or HERE


def _due(situation: Situation, duty: Duty, part: Part) -> PartDue | None:
    last = _last(situation, duty, part)
    set_up, now = situation.history.set_up, situation.now
    if duty.after_approval is not None:
        approved = max((a.at for a in situation.facts.approvals if a.at <= now), default=None)
        if approved is None:
            return None
        due = _end_of_day(later(approved, duty.after_approval, situation.tz), situation)
        if last is not None and last >= approved:
            # Done since that approval: the next approval will ask again.
            return PartDue(part, now + duty.window, now + duty.window, last)
        return PartDue(part, approved, due, last)
    assert duty.every is not None, "the loader asks for one of the two"
    if last is None:
        since = max(set_up, part.since or set_up)
        due = _end_of_day(later(since, duty.first, situation.tz), situation)
        return PartDue(part, max(since, due - duty.window), due, None)
    due = _end_of_day(later(last, duty.every, situation.tz), situation)
    return PartDue(part, max(last, due - duty.window), due, last)


def _end_of_day(at: datetime, situation: Situation) -> datetime:
    """Return the midnight after a moment: who must do something on a day has that whole day."""
    return local_moment(at.astimezone(situation.tz).date() + timedelta(days=1), 0, 0, situation.tz)


def _last(situation: Situation, duty: Duty, part: Part) -> datetime | None:
    exempt = exemption(situation, duty)
    moments = [part.last, exempt.at if exempt is not None else None]
    if not duty.by_facts:
        moments.append(next((a.at for a in declarations(situation, duty, part.id)), None))
    if duty.id in DONE_BY_FACTS:
        moments.append(DONE_BY_FACTS[duty.id](situation, part.id))
    return max((m for m in moments if m is not None and m <= situation.now), default=None)


def _obligation(situation: Situation, duty: Duty) -> Obligation | None:
    dues = parts_due(situation, duty) if concerns(situation, duty) else ()
    if not dues:
        return None
    first = min(dues, key=lambda d: (d.due, d.part.id))
    open_parts = tuple(d.part for d in dues if d.opens <= situation.now) or (first.part,)
    lasts = tuple(d.last for d in dues)
    exempt = exemption(situation, duty)
    timing = people_timing(situation.now, first.opens, first.due, urgent=min(URGENT, duty.window))
    return Obligation(
        id=f"duty:{duty.id}",
        kind=ObligationKind.DUTY,
        data_set=None,
        target=None,
        timing=timing,
        opens=first.opens,
        due=first.due,
        last_met=None if None in lasts else min(last for last in lasts if last is not None),
        who=duty.who,
        basis=duty.basis,
        why=duty.source,
        data=(
            ("duty", duty.id),
            ("title_nl", duty.title.nl),
            ("title_en", duty.title.en),
            ("reason_nl", duty.reason.nl),
            ("reason_en", duty.reason.en),
            ("part_ids", "\n".join(part.id for part in open_parts)),
            ("parts", "\n".join(part.name for part in open_parts)),
            ("of", str(len(dues))),
            *((("by_facts", "yes"),) if duty.by_facts else ()),
            *((("exempt_by", exempt.by), ("exempt_reason", exempt.remark)) if exempt is not None else ()),
        ),
    )
