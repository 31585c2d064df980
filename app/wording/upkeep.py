"""What is done with the copies on a place, and how that goes: made, cleared, checked; and what is kept there."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import assert_never

from app.assessment.model import KeptFull, Phase, PhaseHealth, State
from app.i18n import _, ngettext
from app.wording.sizes import felt_size
from app.wording.times import before, felt_time, lateness


def phase_name(phase: Phase) -> str:
    """Name what is done, as something that has been done."""
    match phase:
        case Phase.BACKUP:
            return _("Copied")
        case Phase.REPLICATE:
            return _("Copied, for elsewhere")
        case Phase.PRUNE:
            return _("Old versions cleared")
        case Phase.CHECK:
            return _("Checked")
        case _:
            assert_never(phase)


def phase_last(health: PhaseHealth, now: datetime, tz: tzinfo) -> str:
    """Say when it last went well."""
    if health.last_good is not None:
        return felt_time(health.last_good, now, tz)
    if health.phase is Phase.PRUNE and health.state is State.OK:
        return _("not needed yet")
    return _("never yet")


def phase_next(health: PhaseHealth, now: datetime, tz: tzinfo) -> str:
    """Say whether it is due: "busy", "2 days late", "before 30 November"; and whether it went wrong since."""
    failed = health.last_failure is not None and (health.last_good is None or health.last_failure > health.last_good)
    if health.running:
        return _("busy now")
    if health.state is not State.OK and health.next_due is not None and health.next_due < now:
        return lateness(health.next_due, now, tz)
    if health.state is not State.OK and failed:
        return _("went wrong last time")
    if health.next_due is None or (health.phase is Phase.PRUNE and health.last_good is None):
        return ""
    return before(health.next_due, now, tz) if health.next_due > now else _("at the next occasion")


def fulls_text(fulls: tuple[KeptFull, ...]) -> str:
    """Say how many yearly full back-ups a place keeps, and the room they take; empty when there are none."""
    if not fulls:
        return ""
    size = felt_size(sum(full.stored_bytes for full in fulls))
    return ngettext(
        "Yearly full back-up: {count} school year ({years}), {size}. It is kept.",
        "Yearly full back-ups: {count} school years ({years}), {size}. They are kept.",
        len(fulls),
    ).format(count=len(fulls), years=", ".join(full.label for full in reversed(fulls)), size=size)
