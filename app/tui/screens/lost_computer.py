"""The window about a lost or stolen computer: its key is taken off every place, and what became of it on each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _
from app.tui.background import begin
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.rows import Note, Sheet
from app.wording.errors import explain
from app.wording.lost_keys import lost_key_text, passwords_too_text

if TYPE_CHECKING:
    from app.jobs.lost_computer import PlaceWithoutKey


class LostComputer(Dialog[None]):
    """Asks who says that the computer before this one is lost; then says what every place did with its key."""

    def title_text(self) -> str:
        return _("A lost or stolen computer")

    def body(self) -> ComposeResult:
        yield paragraph(
            _(
                "This is for when this computer has taken the place of one that is lost or stolen. Its key is taken "
                "off every place, so that it cannot open the copies any more. Nothing goes from the copies themselves."
            )
        )
        yield paragraph(_("A place that is not here now follows at its next copy."))
        yield Static(_("Your name"), classes="label")
        yield Input(id="name")
        yield Sheet(id="lost-places")

    def buttons(self) -> ComposeResult:
        yield Button(_("Take its key away"), variant="primary", id="yes")
        yield Button(_("Close"), id="cancel")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#name").focus()

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        self.say("")
        self.query_one("#yes", Button).disabled = True
        self.query_one("#lost-places", Sheet).fill((Note(Content.styled(_("Looking at every place…"), "$accent")),))
        begin(self, partial(self._take_off, self.typed("name")), exclusive=True, group="lost")

    async def _take_off(self, name: str) -> None:
        places = self.query_one("#lost-places", Sheet)
        try:
            done = await self.source.declare_lost(name)
        except VangnetError as error:
            said = explain(error)
            places.fill(())
            self.say(f"{said.what} {said.do}".strip())
            self.query_one("#yes", Button).disabled = False
            return
        self.query_one("#yes").display = False
        places.fill((*(_line(place) for place in done), Note(Content("")), Note(Content(passwords_too_text()))))
        self.query_one("#cancel").focus()
        places.scroll_visible(animate=False)


def _line(place: PlaceWithoutKey) -> Note:
    gone = place.here and not place.kept
    text = lost_key_text(
        place.target.name,
        here=place.here,
        removed_of=[key.hostname for key in place.removed],
        kept=[key.name for key in place.kept],
    )
    sign = Content.styled("✔ ", "bold $green") if gone else Content.styled("! ", "bold $amber")
    return Note(Content(text), sign)
