"""Says how the continuous copies stand, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from app.assessment.model import State, SyncHealth
from app.i18n import _
from app.wording.times import felt_duration

_AT_ONCE = timedelta(minutes=1)


def continuous_text(healths: tuple[SyncHealth, ...], names: Mapping[str, str]) -> str:
    """Say of the continuous copy that is furthest behind how far; `names` are those of sets and places by id."""
    worst = max(healths, key=lambda health: (health.state, health.lag is None, health.lag or timedelta(0)))
    named = {
        "data_set": names.get(worst.data_set, worst.data_set),
        "target": names.get(worst.target, worst.target),
        "lag": felt_duration(worst.lag.total_seconds()) if worst.lag is not None else "",
    }
    if worst.lag is None:
        return _("{data_set}: copying to {target} has not begun yet.").format(**named)
    if not worst.link_up:
        return _("{target} does not answer; {data_set} has waited {lag}.").format(**named)
    if worst.lag < _AT_ONCE and worst.state is State.OK:
        return _("Every change is at {target} within a minute.").format(**named)
    return _("{data_set} is {lag} behind at {target}.").format(**named)
