"""Disks and places: where the copies are, who has which disk, what is plugged in, and how safe that is together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from app.assessment.model import ConnectionState, Score, TargetHealth
from app.i18n import _
from app.policy.machine import Target
from app.records.facts import DriveNote, DriveSight, RequestKind
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture
from app.tui.screens.disk_dialogs import IsNewDisk, IsSameDisk
from app.tui.screens.lost_computer import LostComputer
from app.tui.screens.upkeep import Upkeep
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, Sheet, cell, columns
from app.tui.widgets.state import state_text
from app.wording.disk_looks import disk_maker
from app.wording.disk_tasks import disk_name, drive_note_text
from app.wording.times import felt_time


class DisksScreen(Frame):
    """The places, the disks that are plugged in, and the 3-2-1-1-0 of each body of data."""

    CSS_PATH = "disks.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "let_go", show=False),
        Binding("o", "upkeep", show=False),
        Binding("k", "lost", show=False),
    ]
    place = "disks"

    def content(self) -> ComposeResult:
        yield Sheet(id="disk-places")
        yield Heading(_("Plugged in now"))
        yield Rows(id="disk-drives")
        yield Heading(_("How many copies, and where"), id="score-heading")
        yield Sheet(id="disk-score")

    def keys(self) -> Iterable[KeyHint]:
        drive = self._pointed()
        if drive is not None:
            yield KeyHint("Enter", _("About this disk"), "screen.about")
            if drive.target:
                yield KeyHint("l", _("Let it go"), "screen.let_go")
        yield KeyHint("o", _("How they are doing"), "screen.upkeep")
        yield KeyHint("k", _("Computer lost?"), "screen.lost")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("At the top stands every place that holds copies, and who has each disk."),
            _(
                "A disk that you plug in appears in the middle. Wait until it says that it may be taken out, "
                "or press l to let it go."
            ),
            _(
                "Below stands how many copies there are of each body of data with the original itself, on how many "
                "devices, in how many buildings, and since when one is out of reach of this computer."
            ),
            _("Press o to see when the copies on each place were made, cleared of old versions and checked."),
            _(
                "Has this computer taken the place of one that is lost or stolen? Press k: then the key of that one "
                "opens the copies no more."
            ),
        )

    def on_mount(self) -> None:
        self.query_one("#disk-drives", Rows).focus(scroll_visible=False)

    def on_resize(self) -> None:
        self.refresh_all()

    def show(self, picture: Picture) -> None:
        self.query_one("#disk-places", Sheet).fill(_places(picture))
        none = Note(Content.styled(_("No disk is plugged in."), "$muted"), Content("  "))
        rows: list[tuple[str, Line]] = [(drive.device, _drive(picture, drive)) for drive in picture.facts.drives]
        self.query_one("#disk-drives", Rows).fill(rows or [("none", none)])
        self.query_one("#disk-score", Sheet).fill(tuple(_scores(picture)))
        self.label_keys()

    def on_option_list_option_highlighted(self) -> None:
        self.label_keys()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._open(event.option_id)

    def action_about(self) -> None:
        """Do what belongs to the disk that the cursor is on."""
        self._open(self.query_one("#disk-drives", Rows).key)

    def _open(self, device: str | None) -> None:
        picture = self.vangnet.picture
        drive = _find(picture, device)
        if picture is None or drive is None:
            return
        target = _target(picture, drive)
        if target is None:
            self.app.push_screen(IsNewDisk(drive))
        elif drive.note is DriveNote.WRONG and dict(drive.note_data).get("reason") == "serial":
            self.app.push_screen(IsSameDisk(target, drive))
        else:
            text = drive_note_text(drive, disk_name({"target": target.name, "colour": target.colour}))
            self.notify(text or _("There is nothing to do on this disk now. Press l to let it go."))

    def _pointed(self) -> DriveSight | None:
        """The disk that the cursor is on."""
        rows = self.query("#disk-drives").results(Rows)
        return next((_find(self.vangnet.picture, each.key) for each in rows), None)

    def action_lost(self) -> None:
        """Take the key of a lost or stolen computer off every place."""
        self.app.push_screen(LostComputer())

    def action_upkeep(self) -> None:
        """Tell of every place when its copies were made, cleared and checked."""
        if self.vangnet.picture is not None:
            self.app.push_screen(Upkeep(self.vangnet.picture))

    async def action_let_go(self) -> None:
        """Have the disk that the cursor is on let go, so that it can be pulled out."""
        picture = self.vangnet.picture
        drive = _find(picture, self.query_one("#disk-drives", Rows).key)
        if picture is None or drive is None or not drive.target:
            return
        await self.vangnet.ask(RequestKind.RELEASE, target=drive.target)
        self.notify(_("The disk is let go as soon as nothing is being written. Wait for ✔."))


def _find(picture: Picture | None, device: str | None) -> DriveSight | None:
    return next((d for d in picture.facts.drives if d.device == device), None) if picture is not None else None


def _target(picture: Picture, drive: DriveSight) -> Target | None:
    return next((t for t in picture.machine.targets if t.id == drive.target), None)


def _places(picture: Picture) -> tuple[Line, ...]:
    head = (_("Place"), _("where"), _("last copy"), _("state"))
    table = [tuple(Content.styled(text, "$muted") for text in head)]
    for health in picture.assessment.targets:
        target = next((t for t in picture.machine.targets if t.id == health.target), None)
        if target is None:
            continue
        last = felt_time(health.last_good, picture.now, picture.timezone) if health.last_good else _("never yet")
        table.append((Content(_short(target)), Content(_where(picture, target)), Content(last), _state(health)))
    return columns(table, room=12)


def _short(target: Target) -> str:
    """Name a place with its colour and letter, as far as its name does not say them."""
    words = target.name.lower().split()
    said = (word for word in (target.colour, target.disk_set) if word and word.lower() not in words)
    return " · ".join((target.name, *said))


def _where(picture: Picture, target: Target) -> str:
    told = max((h for h in picture.facts.handovers if h.target == target.id), key=lambda h: h.at, default=None)
    who, site = (told.holder, told.site) if told is not None else (target.kept_by, target.site)
    return ", ".join(part for part in (who, site or target.site) if part) or "–"


def _state(health: TargetHealth) -> Content:
    match health.connection:
        case ConnectionState.CONNECTED:
            return state_text(health.state, _("here"))
        case ConnectionState.DETACHED:
            return Content.styled(_("not plugged in"), "$muted")
        case ConnectionState.MISSING:
            return state_text(health.state, _("not there"))
        case ConnectionState.UNKNOWN:
            return Content.styled(_("not looked at yet"), "$muted")


def _drive(picture: Picture, drive: DriveSight) -> Row:
    target = _target(picture, drive)
    if target is None:
        return Row(cell(disk_maker(drive)), cell(Content.styled(_("Is it new?"), "$accent"), 18, align="right"))
    name = disk_name({"target": target.name, "colour": target.colour})
    said = drive_note_text(drive, name)
    match drive.note:
        case DriveNote.MAY_LEAVE:
            return Row(cell(Content.styled(f"✔ {said}", "$green")), wraps=True)
        case DriveNote.IN_USE:
            return Row(cell(Content.styled(said, "$ink")), wraps=True)
        case DriveNote.NONE:
            return Row(cell(name), cell(Content.styled(_("plugged in"), "$muted"), 18, align="right"))
        case _:
            return Row(cell(Content.styled(f"! {said}", "$amber")), wraps=True)


def _scores(picture: Picture) -> Iterator[Line]:
    head = (_("Data"), _("copies"), _("devices"), _("buildings"), _("out of reach"), _("errors"))
    table = [tuple(Content.styled(text, "$muted") for text in head)]
    for data_set, score in picture.assessment.scores:
        counts = ((score.copies, 3), (score.media, 2), (score.sites, 2))
        table.append(
            (
                Content(picture.data_set_name(data_set)),
                *(_count(value, value >= wanted) for value, wanted in counts),
                _away(picture, score),
                _count(score.errors, score.errors == 0),
            )
        )
    yield from columns(table, room=12)


def _count(value: int, enough: bool) -> Content:
    return Content(f"{value} ✔") if enough else Content.styled(f"{value} !", "$amber")


def _away(picture: Picture, score: Score) -> Content:
    if not score.offline:
        return Content.styled(_("none") + " !", "$amber")
    if score.detached_since is None:
        return Content(f"{score.offline} ✔")
    return Content(_("since {when}").format(when=felt_time(score.detached_since, picture.now, picture.timezone)))
