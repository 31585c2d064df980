"""The one sentence: is everything safe, and if not, is there something for you."""

from __future__ import annotations

from dataclasses import dataclass

from app.assessment.model import Assessment, FindingCode, State, Timing
from app.i18n import _, ngettext

_NOTHING_WRITTEN = (FindingCode.HOME_FULL, FindingCode.HOME_READ_ONLY)


@dataclass(frozen=True, slots=True)
class Headline:
    state: State
    text: str


def headline(assessment: Assessment) -> Headline:
    """Say in one sentence how things stand."""
    if not assessment.data_sets:
        return Headline(max(assessment.state, State.ATTENTION), _("Vangnet does not know your data yet."))
    if all(health.last_good is None for health in assessment.data_sets):
        return Headline(max(assessment.state, State.ATTENTION), _("There is no copy of your data yet."))
    if any(f.code in _NOTHING_WRITTEN and f.state is State.ERROR for f in assessment.findings):
        return Headline(State.ERROR, _("Careful: Vangnet cannot write anything down."))
    match assessment.state:
        case State.OK:
            return Headline(State.OK, _("Everything is safe."))
        case State.ATTENTION:
            return Headline(State.ATTENTION, _almost(assessment))
        case State.ERROR:
            return Headline(State.ERROR, _careful(assessment))


def things_for_you(assessment: Assessment) -> int:
    """Count what people must do now; what may wait is not counted."""
    return sum(task.timing in (Timing.DUE, Timing.OVERDUE) for task in assessment.tasks)


def _almost(assessment: Assessment) -> str:
    tasks = things_for_you(assessment)
    if tasks == 1:
        return _("Almost everything is safe. There is one thing for you.")
    if tasks:
        return ngettext(
            "Almost everything is safe. There is {count} thing for you.",
            "Almost everything is safe. There are {count} things for you.",
            tasks,
        ).format(count=tasks)
    late = sum(h.state is not State.OK and h.due < assessment.at for h in assessment.data_sets)
    if late:
        return ngettext(
            "Almost everything is safe. {count} copy is late.",
            "Almost everything is safe. {count} copies are late.",
            late,
        ).format(count=late)
    points = sum(f.state is State.ATTENTION for f in assessment.findings)
    if points == 1:
        return _("Almost everything is safe. One point needs attention.")
    if points:
        return ngettext(
            "Almost everything is safe. {count} point needs attention.",
            "Almost everything is safe. {count} points need attention.",
            points,
        ).format(count=points)
    return _("Almost everything is safe. The rest goes by itself.")


def _careful(assessment: Assessment) -> str:
    unsafe = sum(health.state is State.ERROR for health in assessment.data_sets)
    if unsafe == 1:
        name = next(health.name for health in assessment.data_sets if health.state is State.ERROR)
        return _("Careful: one data set is not safe: {data_set}.").format(data_set=name)
    if unsafe:
        return ngettext(
            "Careful: {count} data set is not safe.", "Careful: {count} data sets are not safe.", unsafe
        ).format(count=unsafe)
    if any(f.code is FindingCode.UPS_LOW_BATTERY for f in assessment.findings):
        return _("Careful: the power is about to fail.")
    wrong = sum(f.state is State.ERROR for f in assessment.findings)
    return ngettext("Careful: {count} thing is wrong.", "Careful: {count} things are wrong.", wrong).format(count=wrong)
