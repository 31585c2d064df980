"""The yearly test of the recovery key: type it from the sheet, and see that it opens the copies."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _
from app.tui.screens.dialogs import Dialog, paragraph
from app.wording.errors import explain
from app.wording.tasks import TaskText


class KeyTestDialog(Dialog[None]):
    """Asks for the key and who types it."""

    def __init__(self, said: TaskText) -> None:
        super().__init__()
        self._said = said

    def title_text(self) -> str:
        return self._said.title

    def body(self) -> ComposeResult:
        yield paragraph(self._said.how)
        yield Static(_("The whole key, nine groups; spaces or hyphens do not matter"), classes="label")
        yield Input(id="key", password=False)
        yield Static(_("Your name"), classes="label")
        yield Input(id="name")
        yield paragraph(_("Is the sheet lost? Your IT provider makes a new one: vangnet recovery-sheet FILE"))

    def buttons(self) -> ComposeResult:
        yield Button(_("Try the key"), variant="primary", id="try")
        yield Button(_("Cancel"), id="cancel")

    @on(Button.Pressed, "#try")
    async def _try(self) -> None:
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        try:
            right = await self.source.test_recovery_key(self.typed("key"), self.typed("name"))
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}", at="key")
            return
        if not right:
            self.say(_("This key does not open the copies. Is it the newest sheet of this organisation?"))
            return
        await self.vangnet.look_again()
        self.app.notify(_("The key opens the copies. Put the sheet back in its safe place."))
        self.dismiss(None)
