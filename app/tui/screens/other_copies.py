"""Open the copies of another computer: the place and the key of the recovery sheet, then what is in them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _, ngettext
from app.policy.machine import RemotePlace
from app.repository.backend.address import is_remote
from app.secret import Secret
from app.setup.network import typed_secret
from app.tui.background import begin
from app.tui.other_copies import OtherSetView, OtherView
from app.tui.restoring import restore_folder, result_text, typed_path
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.rows import Note, Row, Rows, cell
from app.wording.errors import explain
from app.wording.places import drive_text, key_to_compare
from app.wording.times import felt_time

if TYPE_CHECKING:
    from app.jobs.other_copies import OtherPlace
    from app.tui.app import VangnetApp

_VERSIONS_SHOWN = 200


class OtherCopiesScreen(Screen[None]):
    """First the place and the key; then the data sets, to get back or to go on with. Nothing is written until then."""

    CSS_PATH = "other_copies.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-low"),
        (34, "-tall"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view: OtherView | None = None
        self._drives: tuple[str, ...] = ()
        self._shown_key = ("", "")
        """A server's address, and the key that it showed: pressing again says that the key is right."""

    @property
    def vangnet(self) -> VangnetApp:
        return cast("VangnetApp", self.app)

    def compose(self) -> ComposeResult:
        yield Static(_("Copies of another computer"), id="other-title")
        with VerticalScroll(id="asking", can_focus=False):
            yield Static(
                _("Put the disk with the copies in this computer, and take the recovery sheet."), classes="explain"
            )
            yield Rows(id="disks")
            yield Static(_("The disk, the folder or the server with the copies"), classes="label")
            yield Input(placeholder=_("for example /media/school/BACKUP or sftp://server/folder"), id="place")
            with Horizontal(id="login"):
                with Vertical():
                    yield Static(_("User name there"), classes="label")
                    yield Input(id="user")
                with Vertical():
                    yield Static(_("Password (or a key file)"), classes="label")
                    yield Input(password=True, id="password")
            yield Static(_("The key of the recovery sheet, nine groups"), classes="label")
            yield Input(id="key")
        with Vertical(id="showing"):
            yield Static(id="whose", markup=False)
            yield Rows(id="sets")
        yield Static(id="other-wrong", markup=False)
        with Horizontal(id="other-foot"):
            yield Button(_("Open"), variant="primary", id="open")
            yield Button(_("Go on with these copies on this computer"), id="take")
            yield Button(_("Close"), id="leave")

    def on_mount(self) -> None:
        self._fit()
        begin(self, self._look_for_disks, group="disks")
        self.query_one("#place").focus()

    async def _look_for_disks(self) -> None:
        drives = tuple(d for d in await self.vangnet.source.drives() if d.mount_point)
        self._drives = tuple(drive.mount_point for drive in drives)
        rows = self.query_one("#disks", Rows)
        rows.display = bool(drives)
        rows.fill((str(n), Row(cell(drive_text(drive)))) for n, drive in enumerate(drives))

    def _fit(self) -> None:
        opened = self._view is not None
        self.query_one("#asking").display = not opened
        self.query_one("#showing").display = opened
        self.query_one("#open").display = not opened
        self.query_one("#take").display = self._view is not None and self._view.can_be_taken_over
        self.query_one("#disks").display = bool(self._drives)
        self.query_one("#login").display = self._typed_server
        self._say("")

    @property
    def _typed_server(self) -> bool:
        return is_remote(self.query_one("#place", Input).value.strip())

    @on(Input.Changed, "#place")
    def _typed_place(self) -> None:
        self.query_one("#login").display = self._typed_server

    def _say(self, text: str) -> None:
        self.query_one("#other-wrong", Static).update(Content(text))

    @on(Rows.OptionSelected, "#disks")
    def _chose_disk(self, event: Rows.OptionSelected) -> None:
        event.stop()
        self.query_one("#place", Input).value = self._drives[int(event.option_id or "0")]
        self.query_one("#key").focus()

    @on(Input.Submitted)
    async def _next(self, event: Input.Submitted) -> None:
        if event.input.id == "key":
            await self._open()
        else:
            self.focus_next()

    @on(Button.Pressed, "#open")
    async def _open(self) -> None:
        place = self.query_one("#place", Input).value.strip()
        key = self.query_one("#key", Input).value.strip()
        if not place or not key:
            self._say("! " + _("Fill in both, please: where the copies are, and the key."))
            return
        self._say(_("Opening…"))
        work = partial(self._opening_server if self._typed_server else self._opening_folder, place, Secret(key))
        begin(self, work, exclusive=True, group="open")

    async def _opening_folder(self, place: str, key: Secret) -> None:
        await self._opening(typed_path(place), key)

    async def _opening_server(self, address: str, key: Secret) -> None:
        from app.jobs.other_copies import OnServer

        trusted = self._shown_key[1] if self._shown_key[0] == address else ""
        place = RemotePlace(address, self.query_one("#user", Input).value.strip(), server_key=trusted)
        try:
            secret = typed_secret(self.query_one("#password", Input).value)
        except VangnetError:
            self._say("! " + _("That file cannot be read."))
            return
        look = await self.vangnet.source.look_at_server(place, secret)
        if look.error is not None:
            self._say_error(look.error)
            return
        if look.server_key != trusted:
            self._shown_key = (address, look.server_key)
            self._say(key_to_compare(look.fingerprint))
            return
        await self._opening(OnServer(place, secret), key)

    async def _opening(self, place: OtherPlace, key: Secret) -> None:
        try:
            self._view = await self.vangnet.source.open_other(place, key)
        except VangnetError as error:
            self._say_error(error)
            return
        self.query_one("#key", Input).value = ""
        self._fit()
        self._show(self._view)

    def _say_error(self, error: VangnetError) -> None:
        said = explain(error)
        self._say(f"! {said.what} {said.do}")

    def _show(self, view: OtherView) -> None:
        whose = _("Copies of {organisation}, in {path}").format(organisation=view.organisation or "?", path=view.where)
        calm = _("Nothing is written there. Choose what you want back.")
        self.query_one("#whose", Static).update(Content.styled(whose, "bold") + Content.styled(f"\n{calm}", "$muted"))
        rows = self.query_one("#sets", Rows)
        if not view.sets:
            rows.fill([("none", Note(Content.styled(_("There is no file in the copies yet."), "$muted")))])
            return
        rows.fill((found.id, self._row(found)) for found in view.sets)
        rows.focus()

    def _row(self, found: OtherSetView) -> Row:
        count = ngettext("{count} version", "{count} versions", len(found.versions)).format(count=len(found.versions))
        return Row(
            cell(found.name),
            cell(count, 14, style="$muted", align="right"),
            cell(self.when(found, 0), 22, align="right"),
        )

    def when(self, found: OtherSetView, number: int) -> str:
        """Say when a version was made, on this computer's clock."""
        now = self.vangnet.clock.now()
        zone = now.astimezone().tzinfo
        return felt_time(found.versions[number], now, zone) if zone is not None else ""

    @on(Rows.OptionSelected, "#sets")
    def _chose_set(self, event: Rows.OptionSelected) -> None:
        event.stop()
        view = self._view
        found = next((s for s in view.sets if s.id == event.option_id), None) if view is not None else None
        if found is not None:
            times = tuple(self.when(found, n) for n in range(min(len(found.versions), _VERSIONS_SHOWN)))
            self.app.push_screen(GetBackDialog(found, times))

    @on(Button.Pressed, "#take")
    def _take(self) -> None:
        if self._view is not None:
            self.app.push_screen(TakeOverDialog(self._view))

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Close; the copies are as they were."""
        self.dismiss(None)


class GetBackDialog(Dialog[None]):
    """Which version of a data set, and where its files go."""

    def __init__(self, found: OtherSetView, times: tuple[str, ...]) -> None:
        super().__init__()
        self._found = found
        self._times = times

    def title_text(self) -> str:
        return _("Get back: {name}").format(name=self._found.name)

    def body(self) -> ComposeResult:
        yield Static(_("Which version?"), classes="label")
        yield Rows(id="versions")
        yield Static(_("Into which folder?"), classes="label")
        yield Input(str(restore_folder(Path.home(), self.vangnet.clock.now())), id="to")
        yield Static(id="result", classes="paragraph", markup=False)

    def buttons(self) -> ComposeResult:
        yield Button(_("Get it back"), variant="primary", id="go")
        yield Button(_("Close"), id="cancel")

    def on_mount(self) -> None:
        super().on_mount()
        rows = self.query_one("#versions", Rows)
        rows.fill((str(n), Row(cell(time))) for n, time in enumerate(self._times))
        rows.focus()

    @on(Rows.OptionSelected, "#versions")
    def _chosen(self, event: Rows.OptionSelected) -> None:
        event.stop()
        self.query_one("#go").focus()

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        number = self.query_one("#versions", Rows).highlighted or 0
        self.query_one("#result", Static).update(
            Content.styled(_("Getting {name} back…").format(name=self._found.name), "$accent")
        )
        self.query_one("#go", Button).disabled = True
        begin(self, partial(self._restore, number, typed_path(self.typed("to"))), exclusive=True, group="restore")

    async def _restore(self, number: int, to: Path) -> None:
        result = await self.source.restore_other(self._found.id, self._found.versions[number], to)
        self.query_one("#result", Static).update(result_text(result))
        self.query_one("#go", Button).disabled = False


class TakeOverDialog(Dialog[None]):
    """Asks for a yes before this computer goes on with the copies."""

    def __init__(self, view: OtherView) -> None:
        super().__init__()
        self._view = view

    def title_text(self) -> str:
        return _("Go on with these copies")

    def body(self) -> ComposeResult:
        yield paragraph(
            _("This computer takes the place of the old one: same policy, same places, same recovery sheet.")
        )
        yield paragraph(
            _("Only do this when the old computer is gone for good: two of them would be in each other's way.")
        )
        yield Static(_("Your name"), classes="label")
        yield Input(id="name")

    def buttons(self) -> ComposeResult:
        yield Button(_("Go on here"), variant="primary", id="yes")
        yield Button(_("Cancel"), id="cancel")

    @on(Button.Pressed, "#yes")
    async def _yes(self) -> None:
        if not self.typed("name"):
            self.say(_("Fill in your name, please."))
            return
        try:
            missing = await self.source.take_over(self.typed("name"))
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}")
            return
        if missing:
            text = ngettext(
                "{count} folder of the data is not here yet: get it back first.",
                "{count} folders of the data are not here yet: get them back first.",
                len(missing),
            )
            self.app.notify(text.format(count=len(missing)), timeout=15)
        self.vangnet.begin_again()
