"""How the copies on each place are doing: when they were made, cleared and checked, and when they will be again."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.content import Content

from app.assessment.model import PhaseHealth, State, TargetHealth
from app.i18n import _
from app.tui.picture import Picture
from app.tui.screens.dialogs import Dialog
from app.tui.widgets.rows import Line, Note, Sheet, columns
from app.tui.widgets.state import SIGNS, STYLES
from app.wording.upkeep import fulls_text, phase_last, phase_name, phase_next


class Upkeep(Dialog[None]):
    """Every place with its phases, only to be looked at."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture

    def title_text(self) -> str:
        return _("How the copies on each place are doing")

    def body(self) -> ComposeResult:
        yield Sheet(id="upkeep")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#upkeep", Sheet).fill(tuple(_lines(self._picture)))
        self.query_one(".body").can_focus = True  # so that the arrows reach what does not fit


def _lines(picture: Picture) -> Iterator[Line]:
    """One table, so that the columns of all places stand below each other; the names of the places between its rows."""
    places = picture.assessment.targets
    table = [_cells(picture, phase) for health in places for phase in health.phases]
    rows = iter(columns(table, flexible=2, wraps=True))
    for number, health in enumerate(places):
        if number:
            yield Note(Content(""))
        yield Note(Content.styled(health.name, "bold"))
        yield from (next(rows) for _phase in health.phases)
        yield from _kept(health)


def _cells(picture: Picture, health: PhaseHealth) -> tuple[Content, ...]:
    done = health.last_good is not None or health.state is not State.OK
    sign = Content.styled(SIGNS[health.state], STYLES[health.state]) if done else Content.styled("–", "$muted")
    upcoming = phase_next(health, picture.now, picture.timezone)
    return (
        Content(phase_name(health.phase)),
        sign + " " + Content.styled(phase_last(health, picture.now, picture.timezone), "" if done else "$muted"),
        Content.styled(upcoming, "$muted" if health.state is State.OK else STYLES[health.state]),
    )


def _kept(health: TargetHealth) -> Iterator[Line]:
    text = fulls_text(health.fulls)
    if text:
        yield Note(Content.styled(text, "$muted"), Content("  "))
