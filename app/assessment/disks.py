"""The disks that travel: when to ask for one, by its name and colour (REQUIREMENTS S2-1f, S2-4e)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from app.assessment.judgements import open_anomalies
from app.assessment.model import ConnectionState, Obligation, ObligationKind, Timing
from app.assessment.rotation import one_disk_at_a_time, take_off_site, where_it_is
from app.assessment.situation import Situation
from app.policy.machine import Target
from app.policy.model import Role

ASK_AHEAD = timedelta(days=1)
ASK_AHEAD_FOR_FULL = timedelta(days=30)
URGENT_FOR_FULL = timedelta(days=7)
"""A full back-up may be made on any day of its window: it is asked for in good time, and pressed for at the end."""


def disk_obligations(situation: Situation, machine_obligations: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """Ask for each disk on which the machine owes something; met while the disk is plugged in."""
    found: list[Obligation] = []
    for target in situation.machine.targets:
        owed = tuple(o for o in machine_obligations if o.target == target.id and o.kind in _NEED_THE_DISK)
        if target.removable and owed:
            found.append(_plug_in(situation, target, owed))
    if open_anomalies(situation.facts):
        # What is unplugged is out of reach of whoever may be at work: nobody is asked to bring it.
        return tuple(replace(prompt, timing=Timing.MET) for prompt in found)
    prompts = one_disk_at_a_time(situation, tuple(found))
    return (*prompts, *take_off_site(situation, machine_obligations, prompts))


_NEED_THE_DISK = (ObligationKind.BACKUP, ObligationKind.YEARLY_FULL)
"""Nobody is asked to fetch a disk for a check or a test: those are done when it is there anyway."""


def _plug_in(situation: Situation, target: Target, owed: tuple[Obligation, ...]) -> Obligation:
    # A full back-up that is done, or whose window is not open yet, is no reason to fetch a disk.
    reasons = tuple(o for o in owed if o.kind is ObligationKind.BACKUP or o.timing is not Timing.MET)
    first = min(reasons or owed, key=lambda o: o.due)
    # Half the time there is, and no more than a day: who has just carried a disk away is not asked to bring it back.
    since = first.last_met or situation.history.set_up
    full = first.kind is ObligationKind.YEARLY_FULL
    opens = first.due - min(ASK_AHEAD_FOR_FULL if full else ASK_AHEAD, (first.due - since) / 2)
    pressing = first.due - URGENT_FOR_FULL if full else first.due
    full_presses = any(
        o.kind is ObligationKind.YEARLY_FULL and situation.now >= o.due - URGENT_FOR_FULL for o in reasons
    )
    asked = bool(reasons) and situation.connection(target) is not ConnectionState.CONNECTED
    return Obligation(
        id=f"plug-in-disk:{target.id}",
        kind=ObligationKind.PLUG_IN_DISK,
        data_set=None,
        target=target.id,
        timing=_timing(situation.now, reasons, opens, pressing) if asked else Timing.MET,
        opens=opens,
        due=first.due,
        last_met=first.last_met,
        who=Role.STAFF,
        basis=first.basis,
        why=first.why,
        data=(
            *where_it_is(situation, target),
            ("for", ObligationKind.YEARLY_FULL.value if full_presses else first.kind.value),
            ("data_sets", str(len({o.data_set for o in owed}))),
        ),
    )


def _timing(now: datetime, reasons: tuple[Obligation, ...], opens: datetime, pressing: datetime) -> Timing:
    """As late as the copy that waits for the disk, with its grace; asked a little earlier than the copy is due."""
    if any(o.timing is Timing.OVERDUE for o in reasons):
        return Timing.OVERDUE
    if now >= pressing:
        return Timing.DUE
    return Timing.UPCOMING if now >= opens else Timing.MET
