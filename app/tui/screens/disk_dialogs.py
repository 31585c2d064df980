"""The windows about disks: is this a new one, set it up, erase it, take it along, and is it really this one."""

from __future__ import annotations

import asyncio

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.assessment.model import Obligation
from app.errors import VangnetError
from app.i18n import _
from app.policy.machine import Machine, Target
from app.records.facts import DriveNote, DriveSight, RequestKind
from app.setup.disks import DiskLook, NewDisk, next_letter
from app.targets.erasing import disk_title
from app.tui.background import begin
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Ticks
from app.wording.disk_looks import belongs_text, disk_maker, room_text, unformatted_text
from app.wording.disk_tasks import disk_name, drive_note_text
from app.wording.errors import explain
from app.wording.places import place_problem_text
from app.wording.tasks import TaskText

_LET_GO_S = 120.0
_POLL_S = 0.25


class IsNewDisk(Dialog[None]):
    """Asks whether a disk that nobody knows is a new back-up disk. Nothing is read or written before the answer."""

    def __init__(self, drive: DriveSight) -> None:
        super().__init__()
        self.drive = drive

    def title_text(self) -> str:
        return _("Is this a new back-up disk?")

    def body(self) -> ComposeResult:
        yield paragraph(disk_maker(self.drive) + (f" · {self.drive.label}" if self.drive.label else ""))
        if not self.drive.formatted:
            yield paragraph(unformatted_text(self.drive))
        yield paragraph(
            _("Vangnet looks at it only when you say yes, and changes nothing on it before you have seen more.")
        )

    def buttons(self) -> ComposeResult:
        yield Button(_("Yes, look at it"), variant="primary", id="yes")
        yield Button(_("No, never ask again"), id="never")
        yield Button(_("Not now"), id="cancel")

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        self.app.switch_screen(SetUpDisk(self.drive))

    @on(Button.Pressed, "#never")
    async def _never(self) -> None:
        try:
            await self.source.ignore_disk(self.drive)
        except VangnetError as error:
            self.say_error(error)
            return
        await self.vangnet.look_again()
        self.dismiss(None)


class SetUpDisk(Dialog[None]):
    """Looks at a disk, says what is on it, and asks what people call it and where it is kept."""

    def __init__(self, drive: DriveSight) -> None:
        super().__init__()
        self._drive = drive
        self._look: DiskLook | None = None

    def title_text(self) -> str:
        return _("A disk for copies: {disk}").format(disk=disk_maker(self._drive))

    def body(self) -> ComposeResult:
        found = _("Looking at the disk…") if self._drive.formatted else unformatted_text(self._drive)
        yield Static(Content.styled(found, "$muted" if self._drive.formatted else "$ink"), id="disk-found")
        with Vertical(id="disk-form"):
            with Horizontal(classes="pair"):
                with Vertical():
                    yield Static(_("What do you call it?"), classes="label")
                    yield Input(placeholder=_("for example GREEN disk"), id="name")
                with Vertical():
                    yield Static(_("Colour of the sticker on it"), classes="label")
                    yield Input(placeholder=_("for example green"), id="colour")
            with Horizontal(classes="pair"):
                with Vertical():
                    yield Static(_("Where is it kept?"), classes="label")
                    yield Input(placeholder=_("for example in the safe"), id="site")
                with Vertical():
                    yield Static(_("Who has it?"), classes="label")
                    yield Input(id="kept-by")
            yield Ticks((("offsite", _("That is another building than the data")), ("turns", "")), id="more")

    def buttons(self) -> ComposeResult:
        yield Button(_("Use this disk"), variant="primary", id="use")
        if self._drive.formatted:
            yield Button(_("Erase it first…"), id="erase")
        else:
            yield Button(_("Format it…"), variant="primary", id="erase")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.say("")
        self.query_one("#disk-form").display = False
        self.query_one("#use").display = False
        self.query_one("#erase").display = not self._drive.formatted
        if self._drive.formatted:
            begin(self, self._look_at_it, group="look", exclusive=True)
        else:
            self.query_one("#erase").focus()

    async def _look_at_it(self) -> None:
        try:
            self._look = await self.source.look_at_disk(self._drive)
        except VangnetError as error:
            self.query_one("#disk-found").display = False
            self._say_error(error)
            self.query_one("#erase").display = error.data.get("reason") == "not-supported"
            return
        self._show(self._look)

    def _show(self, look: DiskLook) -> None:
        picture = self.vangnet.picture
        if picture is None:
            return
        marker = {"name": look.marker.name, "organisation": look.marker.organisation} if look.marker else {}
        belongs = belongs_text(look.contents.value, marker, look.copies_until, picture.now, picture.timezone)
        lines = [Content.styled(belongs, "bold $ink")] if belongs else []
        lines.append(Content(room_text(look.report.free_bytes, look.need.first, look.need.year)))
        lines += [Content.styled(f"✖ {place_problem_text(p.code, dict(p.data))}", "$red") for p in look.report.problems]
        lines += [
            Content.styled(f"! {place_problem_text(w.code, dict(w.data))}", "$amber") for w in look.report.warnings
        ]
        self.query_one("#disk-found", Static).update(Content("\n").join([*lines, Content("")]))
        self.query_one("#disk-form").display = look.usable
        self.query_one("#use").display = look.usable
        self.query_one("#erase").display = not look.known_as
        if not look.usable:
            self.query_one("#erase").focus()
            return
        if look.marker is not None:
            self.query_one("#name", Input).value = look.marker.name
            self.query_one("#colour", Input).value = look.marker.colour
        self._offer_turns(picture.machine)
        self.query_one("#name").focus()

    def _offer_turns(self, machine: Machine) -> None:
        letter = next_letter(machine)
        text = _("It takes turns with other disks, as disk {letter}").format(letter=letter)
        more = self.query_one("#more", Ticks)
        more.offer((("offsite", _("That is another building than the data")), ("turns", text)))
        if any(target.disk_set for target in machine.targets):
            more.tick("turns")

    @on(Button.Pressed, "#use")
    async def _use(self) -> None:
        picture = self.vangnet.picture
        if not self.typed("name") or picture is None:
            self.say(_("Give it a name, please, one that you will recognise."))
            self.query_one("#name").focus()
            return
        ticked = self.query_one("#more", Ticks).ticked
        new = NewDisk(
            name=self.typed("name"),
            colour=self.typed("colour"),
            site=self.typed("site"),
            offsite="offsite" in ticked,
            kept_by=self.typed("kept-by"),
            disk_set=next_letter(picture.machine) if "turns" in ticked else "",
        )
        try:
            await self.source.add_disk(self._drive, new)
        except VangnetError as error:
            self._say_error(error)
            return
        await self.vangnet.ensure_agent()
        await self.vangnet.look_again()
        self.app.notify(_("{disk} is ready. The first copy starts by itself.").format(disk=new.name))
        self.dismiss(None)

    @on(Button.Pressed, "#erase")
    def _erase(self) -> None:
        async def erased(drive: DriveSight | None) -> None:
            if drive is not None:
                self._drive = drive
                self.query_one("#erase", Button).label = _("Erase it first…")
                self.say("")
                await self._look_at_it()

        self.app.push_screen(EraseDisk(self._drive), erased)

    def _say_error(self, error: VangnetError) -> None:
        said = explain(error)
        self.say(f"{said.what} {said.do}".strip())


class EraseDisk(Dialog[DriveSight]):
    """Asks for the disk's name before everything on it is erased."""

    def __init__(self, drive: DriveSight) -> None:
        super().__init__()
        self._drive = drive

    def title_text(self) -> str:
        return _("Erase everything on this disk?") if self._erases else _("Format this disk?")

    @property
    def _erases(self) -> bool:
        """There is something on it, known to this computer or not."""
        return self._drive.formatted or bool(self._drive.holds)

    def body(self) -> ComposeResult:
        yield paragraph(disk_maker(self._drive))
        if not self._drive.formatted:
            yield paragraph(unformatted_text(self._drive))
        if self._erases:
            yield paragraph(_("All that is on it is gone for good. This cannot be undone."))
        yield Ticks((("exfat", _("It must be readable on Windows and macOS too")),), id="exfat")
        wanted = _("Type its name to be sure: {name}").format(name=disk_title(self._drive))
        yield Static(wanted, classes="label", markup=False)
        yield Input(id="typed")

    def buttons(self) -> ComposeResult:
        yield Button(_("Erase") if self._erases else _("Format"), id="erase-now")
        yield Button(_("Cancel"), variant="primary", id="cancel")

    def on_mount(self) -> None:
        self.say("")
        self.query_one("#typed").focus()

    @on(Button.Pressed, "#erase-now")
    async def _erase(self) -> None:
        portable = "exfat" in self.query_one("#exfat", Ticks).ticked
        try:
            drive = await self.source.erase_disk(
                self._drive, typed=self.typed("typed"), file_system="exfat" if portable else "ext4"
            )
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}".strip())
            return
        self.dismiss(drive)


class TakeAlong(Dialog[None]):
    """Asks who takes a disk and where to, has it let go, and says when it may be pulled out."""

    def __init__(self, task: Obligation, said: TaskText) -> None:
        super().__init__()
        self._target = task.target or ""
        self._data = dict(task.data)
        self._said = said

    def title_text(self) -> str:
        return self._said.title

    def body(self) -> ComposeResult:
        yield paragraph(self._said.how)
        yield Static(_("Who takes it along?"), classes="label")
        yield Input(self._data.get("kept_by", ""), id="holder")
        yield Static(_("Where is it kept?"), classes="label")
        yield Input(self._data.get("site", ""), id="site")
        yield Static(id="disk-state", classes="found")

    def buttons(self) -> ComposeResult:
        yield Button(_("Take along"), variant="primary", id="take")
        yield Button(_("Cancel"), id="cancel")

    @on(Button.Pressed, "#take")
    async def _take(self) -> None:
        if not self.typed("holder"):
            self.say(_("Say who takes it, please."))
            return
        self.say("")
        try:
            await self.source.hand_over(self._target, holder=self.typed("holder"), site=self.typed("site"))
            await self.vangnet.ask(RequestKind.RELEASE, target=self._target)
        except VangnetError as error:
            self.say_error(error)
            return
        self.query_one("#take").display = False
        self.query_one("#disk-state", Static).update(Content.styled(_("A moment: everything is written…"), "$muted"))
        begin(self, self._wait, group="wait", exclusive=True)

    async def _wait(self) -> None:
        name = disk_name(self._data)
        loop = asyncio.get_running_loop()
        end = loop.time() + _LET_GO_S
        state = self.query_one("#disk-state", Static)
        while loop.time() < end:
            picture = self.vangnet.picture
            drive = next((d for d in picture.facts.drives if d.target == self._target), None) if picture else None
            if drive is None or drive.note is DriveNote.MAY_LEAVE:
                gone = _("✔ {disk} may be taken out.").format(disk=name)
                state.update(Content.styled(gone, "bold $green"))
                self.query_one("#cancel", Button).label = _("All right")
                return
            if drive.note is DriveNote.DONE_BUT_OPEN:
                state.update(Content.styled("! " + drive_note_text(drive, name), "$amber"))
                self.query_one("#take").display = True
                return
            await asyncio.sleep(_POLL_S)
        state.update(Content.styled("! " + _("It is still being used. Try again in a while."), "$amber"))
        self.query_one("#take").display = True


class IsSameDisk(Dialog[None]):
    """Asks whether a disk is one of ours in another housing, or only a copy of it."""

    def __init__(self, target: Target, drive: DriveSight) -> None:
        super().__init__()
        self._target = target
        self._drive = drive

    def title_text(self) -> str:
        return _("Is this really {disk}?").format(disk=self._target.name)

    def body(self) -> ComposeResult:
        yield paragraph(disk_maker(self._drive))
        yield paragraph(
            _(
                "It holds the same as {disk}, but it is another device. Was the disk put in another housing, it is "
                "the same disk. Was its contents copied, it is not, and Vangnet writes nothing to it."
            ).format(disk=self._target.name)
        )

    def buttons(self) -> ComposeResult:
        yield Button(_("It is a copy"), variant="primary", id="cancel")
        yield Button(_("It is the same disk"), id="same")

    @on(Button.Pressed, "#same")
    async def _same(self) -> None:
        try:
            await self.source.accept_housing(self._target.id)
        except VangnetError as error:
            self.say(explain(error).what)
            return
        await self.vangnet.look_again()
        self.dismiss(None)
