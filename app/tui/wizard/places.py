"""Where the copies go: folders and disks, each looked at before it is taken."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static

from app.i18n import _
from app.policy.machine import TargetKind
from app.records.facts import DriveSight
from app.setup.answers import PlaceAnswer, SetupAnswers
from app.setup.identifiers import unique_slug
from app.targets.suitability import PlaceProblem, PlaceReport
from app.tui.background import begin
from app.tui.restoring import typed_path
from app.tui.source import Source
from app.tui.widgets.choice import Ticks
from app.tui.widgets.rows import Note, Row, Rows, cell
from app.tui.wizard.network import NetworkDialog
from app.tui.wizard.page import NotYet, Page, key_label, label, question
from app.tui.wizard.route import PageId
from app.wording.places import place_problem_text
from app.wording.sizes import felt_size

_LOOK_EVERY_S = 1.0


class PlacesPage(Page):
    """The places chosen so far, the disks that are plugged in now, and a key to add a folder."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add_folder", show=False),
        Binding("n", "add_server", show=False),
        Binding("delete", "remove", show=False),
    ]

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._drives: tuple[DriveSight, ...] = ()

    def title(self) -> str:
        return _("Places for the copies")

    def compose(self) -> ComposeResult:
        yield question(_("Where do the copies go? Two places are better than one."))
        yield Rows(id="places")
        with Horizontal(id="place-buttons"):
            yield Button(key_label("a", _("Add a folder")), id="add")
            yield Button(key_label("n", _("Add a NAS or server")), id="add-server")
            yield Button(key_label("Del", _("Remove")), id="remove")
        yield Static(id="advice", classes="found")

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(_LOOK_EVERY_S, self._look_at_drives)
        self.call_later(self._look_at_drives)

    async def _look_at_drives(self) -> None:
        drives = await self.source.drives()
        if drives != self._drives:
            self._drives = drives
            self._draw()

    def _draw(self) -> None:
        chosen = self.answers.places
        lines: list[tuple[str, Row | Note]] = []
        for place in chosen:
            where = place_where(place)
            mark = Content.styled("✔ ", "$green") + Content(place.name)
            lines.append((f"place:{place.id}", Row(cell(mark, style="bold"), cell(where, style="$muted"))))
        if not chosen:
            lines.append(("none", Note(Content.styled("  " + _("No place yet."), "$muted"))))
        lines.append(("drives", Note(Content.styled("\n" + _("USB disks that are plugged in now"), "$muted"))))
        taken = {place.fs_uuid for place in chosen if place.fs_uuid}
        free = tuple(d for d in self._drives if d.fs_uuid not in taken)
        for drive in free:
            action = Content.styled(_("Use this disk"), "$accent")
            if not drive.formatted:
                action = Content.styled(_("not formatted yet"), "$muted")
            lines.append((f"drive:{drive.device}", Row(cell(drive_name(drive)), cell(action, 20, align="right"))))
        if not free:
            lines.append(
                ("no-drives", Note(Content.styled("  " + _("None. Plug one in and it appears here."), "$muted")))
            )
        self.query_one("#places", Rows).fill(lines)
        self.query_one("#remove", Button).display = bool(chosen)
        self.query_one("#advice", Static).update(Content.styled(self._advice(), "$amber"))

    def _advice(self) -> str:
        places = self.answers.places
        if len(places) == 1:
            return "! " + _("One place is a start. A second one, in another building, survives a fire or a theft.")
        if len(places) > 1 and not any(place.offsite for place in places):
            return "! " + _("None of these is in another building. One should be, because of fire and theft.")
        return ""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        kind, _colon, key = (event.option_id or "").partition(":")
        if kind == "drive":
            drive = next((d for d in self._drives if d.device == key), None)
            if drive is not None and not drive.formatted:
                self.app.notify(
                    _("This disk has to be formatted first. Finish the set-up, then choose it on the screen Disks."),
                    timeout=10,
                )
            elif drive is not None:
                self._add(drive)
        elif kind == "place":
            place = next(p for p in self.answers.places if p.id == key)
            self._add(None, place)

    @on(Button.Pressed, "#add")
    def action_add_folder(self) -> None:
        """Ask for a folder."""
        self._add(None)

    @on(Button.Pressed, "#add-server")
    def action_add_server(self) -> None:
        """Ask for a server on the network."""
        self._add_server(None)

    @on(Button.Pressed, "#remove")
    def action_remove(self) -> None:
        """Leave out the place that the cursor is on (the last one when it is on none)."""
        key = (self.query_one("#places", Rows).key or "").removeprefix("place:")
        known = {place.id for place in self.answers.places}
        gone = key if key in known else self.answers.places[-1].id if self.answers.places else ""
        self._set(tuple(p for p in self.answers.places if p.id != gone))

    def _add_server(self, known: PlaceAnswer | None) -> None:
        taken = tuple(p.id for p in self.answers.places if p is not known)
        self.app.push_screen(NetworkDialog(self.source, known, taken), lambda place: self._take(place, known))

    def _take(self, place: PlaceAnswer | None, known: PlaceAnswer | None) -> None:
        if place is not None:
            kept = tuple(place if p is known else p for p in self.answers.places)
            self._set(kept if known is not None else (*kept, place))

    def _add(self, drive: DriveSight | None, known: PlaceAnswer | None = None) -> None:
        if known is not None and known.on_network is not None:
            self._add_server(known)
            return
        sources = tuple(path for d in self.answers.data_sets for path in d.paths)
        taken = tuple(p.id for p in self.answers.places if p is not known)
        dialog = PlaceDialog(self.source, drive, known, sources, taken)
        self.app.push_screen(dialog, lambda place: self._take(place, known))

    def _set(self, places: tuple[PlaceAnswer, ...]) -> None:
        self.answers = dataclasses.replace(self.answers, places=places)
        self._draw()
        self.post_message(self.Changed())

    def collect(self) -> SetupAnswers:
        if not self.answers.places:
            raise NotYet(_("Choose at least one place for the copies."), at="places")
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        return (
            _("A place is a disk that you plug in, or a folder on another machine such as a NAS."),
            _("The best is both: one place that is always there, and a disk that is kept elsewhere."),
            _("What is on a disk stays there: Vangnet only adds a folder of its own."),
        )


class PlaceDialog(ModalScreen[PlaceAnswer | None]):
    """Asks what a place is called and where it stands, and says whether it will do."""

    CSS_PATH = "places.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(
        self,
        source: Source,
        drive: DriveSight | None,
        known: PlaceAnswer | None,
        sources: tuple[Path, ...],
        taken: tuple[str, ...],
    ) -> None:
        super().__init__()
        self._source = source
        self._drive = drive
        self._known = known
        self._sources = sources
        self._taken = taken

    def compose(self) -> ComposeResult:
        known = self._known
        usb = self._is_disk
        with Vertical(classes="dialog"):
            if self._drive is not None:
                yield Static(drive_name(self._drive), classes="title", markup=False)
            else:
                yield Static(_("A disk") if usb else _("A folder for the copies"), classes="title")
            yield label(_("What do you call it?"))
            yield Input(
                known.name if known else "",
                placeholder=_("for example GREEN disk") if usb else _("for example NAS school"),
                id="name",
            )
            if not usb:
                yield label(_("Folder"))
                yield Input(str(known.path) if known else "", placeholder="/mnt/nas/vangnet", id="path")
                yield Static(id="found", classes="found")
            yield label(_("Where does it stand, or where is it kept?"))
            yield Input(
                known.site if known else "", placeholder=_("for example safe, or at the director's home"), id="site"
            )
            yield Ticks(
                (("offsite", _("That is another building than the data")),),
                ("offsite",) if known and known.offsite else (),
                id="offsite",
            )
            yield Static(id="place-wrong", classes="wrong", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Use this place"), variant="primary", id="take")
                yield Button(_("Cancel"), id="cancel")

    @property
    def _is_disk(self) -> bool:
        return self._drive is not None or (self._known is not None and self._known.kind is TargetKind.USB)

    @on(Input.Changed, "#path")
    def _typed(self) -> None:
        begin(self, self._look_soon, exclusive=True, group="look")

    async def _look_soon(self) -> None:
        await asyncio.sleep(0.3)
        await self._look()

    async def _look(self) -> PlaceReport | None:
        typed = self.query_one("#path", Input).value.strip()
        found = self.query_one("#found", Static)
        if not typed:
            found.update("")
            return None
        path = typed_path(typed)
        if not path.is_absolute():
            found.update(Content.styled("! " + _("Type the whole path, starting with /."), "$amber"))
            return None
        report = await self._source.look_at_place(path, self._sources)
        found.update(report_text(report))
        return report

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed, "#take")
    async def _take(self) -> None:
        name = self.query_one("#name", Input).value.strip()
        wrong = self.query_one("#place-wrong", Static)
        if not name:
            wrong.update("! " + _("Give it a name, please, one that you will recognise."))
            self.query_one("#name").focus()
            return
        if not self._is_disk:
            report = await self._look()
            if report is None or not report.suitable:
                wrong.update("! " + _("Copies cannot go there. Choose another folder, please."))
                self.query_one("#path").focus()
                return
        self.dismiss(self._answer(name))

    def _answer(self, name: str) -> PlaceAnswer:
        site = self.query_one("#site", Input).value.strip()
        offsite = "offsite" in self.query_one("#offsite", Ticks).ticked
        if self._known is not None and self._is_disk:
            return dataclasses.replace(self._known, name=name, site=site, offsite=offsite)
        place_id = self._known.id if self._known is not None else unique_slug(name, self._taken)
        if self._drive is not None:
            return PlaceAnswer(
                place_id,
                name,
                TargetKind.USB,
                Path("vangnet"),
                site=site,
                offsite=offsite,
                fs_uuid=self._drive.fs_uuid,
                serial=self._drive.serial,
            )
        path = typed_path(self.query_one("#path", Input).value)
        return PlaceAnswer(place_id, name, TargetKind.FOLDER, path, site=site, offsite=offsite)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


def place_where(place: PlaceAnswer) -> str:
    """Say where a place is, in a word or by its address."""
    if place.on_network is not None:
        return place.on_network.address
    return str(place.path) if place.kind is TargetKind.FOLDER else _("USB disk")


def report_text(report: PlaceReport) -> Content:
    """Say whether a folder will do for copies, and what to know about it."""
    if report.problems:
        problems = dict.fromkeys(problem_text(problem) for problem in report.problems)
        return Content("\n").join([Content.styled(f"✖ {text}", "$red") for text in problems])
    free = _("Fine: {free} free of {total}").format(
        free=felt_size(report.free_bytes), total=felt_size(report.total_bytes)
    )
    lines = [Content.styled(f"✔ {free}", "$green")]
    # Two folders on one disk are one reason to say it.
    warnings = dict.fromkeys(problem_text(warning) for warning in report.warnings)
    lines += [Content.styled(f"! {text}", "$amber") for text in warnings]
    return Content("\n").join(lines)


def problem_text(problem: PlaceProblem) -> str:
    """Say what is wrong with a place, or what to know about it."""
    return place_problem_text(problem.code, dict(problem.data))


def drive_name(drive: DriveSight) -> str:
    """Name a USB disk as people recognise it: make, model, size."""
    name = " ".join(part for part in (drive.vendor, drive.model) if part).replace("_", " ")
    return f"{name or drive.label or drive.device}, {felt_size(drive.size_bytes)}"
