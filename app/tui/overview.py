"""The tables of Today: the data, the places, the power and what comes next, as lines to look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from textual.content import Content

from app.assessment.model import (
    ConnectionState,
    DataSetHealth,
    FindingCode,
    ObligationKind,
    State,
    SyncHealth,
    TargetHealth,
    Timing,
)
from app.i18n import _, ngettext
from app.records.facts import DriveNote, UpsSight
from app.tui.widgets.rows import Line, Note, Row, cell, columns
from app.tui.widgets.state import SIGNS, STYLES, sign, state_text
from app.wording.continuous import continuous_text
from app.wording.disk_tasks import another_disk_text, disk_name, drive_note_text
from app.wording.findings import finding_advice, finding_text
from app.wording.power import ups_text
from app.wording.runs import next_run_text
from app.wording.times import felt_time, lateness

if TYPE_CHECKING:
    from app.tui.picture import Picture

_LABEL_WIDTH = 9
_TOLD_ELSEWHERE = frozenset({FindingCode.NEVER_BACKED_UP})
"""Findings that the table of the data already says."""


def data_sets(picture: Picture) -> tuple[Line, ...]:
    """The data: when its last good copy was made, how often that must be, and how it stands."""
    head = (_("Data"), _("last good copy"), _("wanted"), _("state"))
    table = [tuple(Content.styled(text, "$muted") for text in head)]
    for health in picture.assessment.data_sets:
        last = felt_time(health.last_good, picture.now, picture.timezone) if health.last_good else _("never yet")
        table.append(
            (
                Content(health.name),
                Content(last),
                Content.styled(_wanted(picture, health), "$muted"),
                _data_state(picture, health),
            )
        )
    return columns(table, room=12)


def _wanted(picture: Picture, health: DataSetHealth) -> str:
    plan = picture.plan(health.data_set)
    if plan is None:
        return ""
    if plan.continuous:
        return _("at once")
    if plan.max_age < timedelta(days=2):
        return _("every day")
    if plan.max_age == timedelta(days=7):
        return _("every week")
    return ngettext("every {count} day", "every {count} days", plan.max_age.days).format(count=plan.max_age.days)


def _data_state(picture: Picture, health: DataSetHealth) -> Content:
    if health.state is State.OK:
        return state_text(State.OK)
    if health.last_good is None:
        return state_text(health.state, _("no copy yet"))
    if health.due < picture.now:
        return state_text(health.state, lateness(health.due, picture.now, picture.timezone))
    return state_text(health.state)


def around(picture: Picture) -> Iterator[Line]:
    """The places, the disks that are plugged in, the power, and the next run."""
    label = _("Places")
    for line in _wrapped(tuple(_place(picture, t) for t in picture.assessment.targets)):
        yield _labelled(label, line)
        label = ""
    if syncs := picture.assessment.syncs:
        yield _labelled(_("Elsewhere"), _elsewhere(picture, syncs))
    yield from _disks(picture)
    for number, ups in enumerate(picture.facts.upses):
        yield _labelled(_("Power") if number == 0 else "", _power(picture, ups))
    yield _labelled(_("Next"), _next(picture))


def _elsewhere(picture: Picture, syncs: tuple[SyncHealth, ...]) -> Content:
    names = {str(s.data_set): s.name for s in picture.assessment.data_sets}
    names |= {t.target: t.name for t in picture.assessment.targets}
    text = continuous_text(syncs, names)
    return state_text(max(sync.state for sync in syncs), text)


def _labelled(label: str, text: Content) -> Row:
    return Row(cell(label, _LABEL_WIDTH, style="$muted"), cell(text), wraps=True)


def _wrapped(places: tuple[Content, ...]) -> Iterator[Content]:
    """Set the places side by side, as many on a line as fit in 80 columns."""
    line: list[Content] = []
    for place in places:
        if line and sum(p.cell_length + 3 for p in line) + place.cell_length > 80 - 2 - _LABEL_WIDTH - 8:
            yield Content("   ").join(line)
            line = []
        line.append(place)
    yield Content("   ").join(line) if line else Content.styled(_("no place for copies yet"), "$amber")


def _place(picture: Picture, health: TargetHealth) -> Content:
    where = next((t.site for t in picture.machine.targets if t.id == health.target), "")
    name = Content(f"{health.name} ")
    match health.connection:
        case ConnectionState.CONNECTED:
            return name + (sign(State.OK) if health.state is State.OK else state_text(health.state))
        case ConnectionState.DETACHED:
            return name + Content.styled(where or _("not plugged in"), "$muted")
        case ConnectionState.MISSING:
            return name + state_text(max(health.state, State.ATTENTION), _("not there"))
        case ConnectionState.UNKNOWN:
            return name + Content.styled(_("not looked at yet"), "$muted")


def _disks(picture: Picture) -> Iterator[Line]:
    """The disks that are plugged in, in plain words: ready, in use, the wrong one."""
    wanted = next((t for t in picture.assessment.tasks if t.kind is ObligationKind.PLUG_IN_DISK), None)
    for drive in picture.facts.drives:
        target = next((t for t in picture.machine.targets if t.id == drive.target), None)
        if target is None:
            continue
        name = disk_name({"target": target.name, "colour": target.colour})
        said = drive_note_text(drive, name)
        if drive.note is DriveNote.MAY_LEAVE:
            yield _disk_line(Content.styled(f"✔ {said}", "$green"))
        elif said:
            style = "$ink" if drive.note is DriveNote.IN_USE else "$amber"
            yield _disk_line(Content.styled(said, style))
        if wanted is not None and wanted.timing is not Timing.UPCOMING and wanted.target != target.id:
            other = another_disk_text(name, disk_name(dict(wanted.data)))
            yield _disk_line(Content.styled(f"! {other}", "$amber"))


def _disk_line(text: Content) -> Row:
    return Row(cell(_("Disk"), _LABEL_WIDTH, style="$muted"), cell(text), wraps=True)


def _power(picture: Picture, ups: UpsSight) -> Content:
    text = ups_text(ups, picture.now, picture.timezone)
    if not ups.reachable or "OB" in ups.flags or "RB" in ups.flags:
        return state_text(State.ERROR if "LB" in ups.flags else State.ATTENTION, text)
    return Content(text)


def _next(picture: Picture) -> Content:
    if not picture.next_runs:
        return Content.styled(_("nothing planned"), "$muted")
    return Content(next_run_text(picture.next_runs[0], picture.now, picture.timezone))


def findings(picture: Picture) -> Iterator[Line]:
    """What is not as the policy wants it, the worst first."""
    wanted = sorted(
        (f for f in picture.assessment.findings if f.state is not State.OK and f.code not in _TOLD_ELSEWHERE),
        key=lambda f: -f.state,
    )
    if not wanted:
        return
    yield Row(cell(_("Points of attention"), style="$muted"))
    for finding in wanted:
        lead = Content.styled(f"  {SIGNS[finding.state]} ", f"bold {STYLES[finding.state]}")
        advice = finding_advice(finding)
        yield Note(Content(finding_text(finding)) + Content.styled(f" {advice}" if advice else "", "$muted"), lead)


def worst(picture: Picture) -> str:
    """Say what is most wrong and what helps; empty when nothing is wrong."""
    found = max(picture.assessment.findings, key=lambda f: f.state, default=None)
    if found is None or found.state is State.OK:
        return ""
    return f"{finding_text(found)} {finding_advice(found)}".strip()
