"""A NAS or a server on the network as a place for copies: found or typed, tried before it is taken."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static

from app.errors import VangnetError
from app.i18n import _
from app.policy.machine import RemotePlace, TargetKind
from app.secret import Secret
from app.setup.answers import PlaceAnswer
from app.setup.identifiers import unique_slug
from app.setup.network import ServerLook, typed_secret
from app.tui.background import begin
from app.tui.source import Source
from app.tui.widgets.choice import Ticks
from app.tui.widgets.rows import Note, Row, Rows, cell
from app.tui.wizard.page import label
from app.wording.errors import explain
from app.wording.places import key_to_compare
from app.wording.sizes import felt_size

if TYPE_CHECKING:
    from app.targets.discovery import FoundServer

_KINDS = {kind.value: kind for kind in (TargetKind.SFTP, TargetKind.SMB, TargetKind.REST, TargetKind.S3)}


class NetworkDialog(ModalScreen[PlaceAnswer | None]):
    """Asks for a server's address and who we are there, and tries it. The password goes to `secrets/` at once."""

    CSS_PATH = "network.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, source: Source, known: PlaceAnswer | None, taken: tuple[str, ...]) -> None:
        super().__init__()
        self._source = source
        self._known = known
        self._taken = taken
        self._servers: tuple[FoundServer, ...] = ()
        self._trusted = known.on_network.server_key if known and known.on_network else ""
        self._asked_to_trust = ("", "")

    def compose(self) -> ComposeResult:
        known = self._known
        place = known.on_network if known else None
        with Vertical(classes="dialog"):
            yield Static(_("A NAS or a server on the network"), classes="title")
            yield Rows(id="servers")
            with Horizontal(classes="pair"):
                with Vertical():
                    yield label(_("What do you call it?"))
                    yield Input(known.name if known else "", placeholder=_("for example NAS school"), id="name")
                with Vertical():
                    yield label(_("Where does it stand?"))
                    yield Input(known.site if known else "", placeholder=_("for example town hall"), id="site")
            yield label(_("Address"))
            yield Input(place.address if place else "", placeholder="smb://nas/share/vangnet", id="address")
            with Horizontal(classes="pair"):
                with Vertical():
                    yield label(_("User name there"))
                    yield Input(place.user if place else "", id="user")
                with Vertical():
                    yield label(_("Password (or a key file)"))
                    yield Input(password=True, id="password")
            yield Ticks(
                (("offsite", _("That is another building than the data")),),
                ("offsite",) if known and known.offsite else (),
                id="offsite",
            )
            yield Static(id="said", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Try it and use it"), variant="primary", id="take")
                yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#name").focus()
        self._list(_("Looking for servers on this network…"))
        begin(self, self._look_around, exclusive=True, group="servers")

    async def _look_around(self) -> None:
        self._servers = await self._source.find_servers()
        self._list(_("No server announces itself. Type its address."))

    def _list(self, otherwise: str) -> None:
        lines: list[tuple[str, Row | Note]] = [
            (f"server:{number}", Row(cell(server.name), cell(server.address, style="$muted")))
            for number, server in enumerate(self._servers)
        ]
        self.query_one("#servers", Rows).fill(lines or [("none", Note(Content.styled("  " + otherwise, "$muted")))])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        kind, _colon, number = (event.option_id or "").partition(":")
        if kind != "server":
            return
        server = self._servers[int(number)]
        self.query_one("#address", Input).value = server.address
        name = self.query_one("#name", Input)
        name.value = name.value or server.name
        self.query_one("#address").focus()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed, "#take")
    def _take(self) -> None:
        begin(self, self._try, exclusive=True, group="try")

    async def _try(self) -> None:
        name = self._typed("name")
        address = self._typed("address")
        kind = _KINDS.get(address.partition(":")[0])
        if not name:
            self._say(_("Give it a name, please, one that you will recognise."), wrong=True, at="name")
            return
        if kind is None:
            self._say(
                _("Type an address like smb://nas/share/folder or sftp://server/folder."), wrong=True, at="address"
            )
            return
        trusted = self._trusted if address == self._asked_to_trust[0] or self._is_known(address) else ""
        place = RemotePlace(address, self._typed("user"), server_key=trusted)
        try:
            secret = typed_secret(self.query_one("#password", Input).value)
        except VangnetError:
            self._say(_("That file cannot be read."), wrong=True, at="password")
            return
        self._say(_("Trying…"))
        look = await self._source.look_at_server(place, secret)
        if look.error is not None:
            said = explain(look.error)
            self._say(f"{said.what} {said.do}", wrong=True, at="address")
            return
        if look.server_key and look.server_key != trusted:
            self._ask_to_trust(address, look)
            return
        await self._finish(name, kind, dataclasses.replace(place, server_key=look.server_key), secret, look)

    def _is_known(self, address: str) -> bool:
        known = self._known.on_network if self._known else None
        return known is not None and known.address == address

    def _ask_to_trust(self, address: str, look: ServerLook) -> None:
        """Show an SSH server's key once; nothing else proves who answered."""
        self._trusted = look.server_key
        self._asked_to_trust = (address, look.server_key)
        self._say(key_to_compare(look.fingerprint))
        self.query_one("#take", Button).label = _("The key is right: use it")

    async def _finish(
        self, name: str, kind: TargetKind, place: RemotePlace, secret: Secret | None, look: ServerLook
    ) -> None:
        known = self._known
        place_id = known.id if known is not None else unique_slug(name, self._taken)
        kept = known.on_network.secret if known is not None and known.on_network is not None else ""
        if secret is not None:
            kept = await self._source.keep_place_secret(place_id, secret)
        if look.free_bytes is not None:
            self.app.notify(_("{name}: {free} free").format(name=name, free=felt_size(look.free_bytes)))
        self.dismiss(
            PlaceAnswer(
                place_id,
                name,
                kind,
                Path(place.address),
                site=self._typed("site"),
                offsite="offsite" in self.query_one("#offsite", Ticks).ticked,
                on_network=dataclasses.replace(place, secret=kept),
            )
        )

    def _typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _say(self, text: str, *, wrong: bool = False, at: str = "") -> None:
        self.query_one("#said", Static).update(Content.styled(f"! {text}" if wrong else text, "$red" if wrong else ""))
        if at:
            self.query_one(f"#{at}").focus()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
