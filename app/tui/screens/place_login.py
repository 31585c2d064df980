"""The window in which the new password of a place on a network is typed, after it was changed there."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _
from app.policy.machine import Target
from app.secret import Secret
from app.setup.network import typed_secret
from app.tui.background import begin
from app.tui.screens.dialogs import Dialog, paragraph
from app.wording.errors import explain
from app.wording.tasks import TaskText


class PlaceLogin(Dialog[None]):
    """Asks for the name and password there; both are tried before they are kept."""

    def __init__(self, target: Target, said: TaskText) -> None:
        super().__init__()
        self._target = target
        self._said = said

    def title_text(self) -> str:
        return self._said.title

    def body(self) -> ComposeResult:
        place = self._target.on_network
        yield paragraph(self._said.how)
        yield paragraph(self._target.where)
        with Horizontal(classes="pair"):
            with Vertical():
                yield Static(_("User name there"), classes="label")
                yield Input(place.user if place is not None else "", id="user")
            with Vertical():
                yield Static(_("Password (or a key file)"), classes="label")
                yield Input(password=True, id="password")

    def buttons(self) -> ComposeResult:
        yield Button(_("Try it and keep it"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.say("")
        self.query_one("#password").focus()

    @on(Input.Submitted, "#password")
    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        try:
            secret = typed_secret(self.query_one("#password", Input).value)
        except VangnetError:
            self.say(_("That file cannot be read."))
            return
        if secret is None:
            self.say(_("Type the password, please."))
            return
        self.say(_("Trying…"))
        begin(self, partial(self._try, secret), exclusive=True, group="try")

    async def _try(self, secret: Secret) -> None:
        try:
            await self.source.change_login(self._target.id, user=self.typed("user"), secret=secret)
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}".strip())
            self.query_one("#password").focus()
            return
        await self.vangnet.ensure_agent()
        await self.vangnet.look_again()
        text = _("{target} lets us in again. The copies go on by themselves.")
        self.app.notify(text.format(target=self._target.name))
        self.dismiss(None)
