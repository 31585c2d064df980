"""Where the data is: a folder, typed or picked, looked at while it is typed."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, DirectoryTree, Input, Static

from app.i18n import _, ngettext
from app.setup.answers import SetupAnswers
from app.tui.background import begin
from app.tui.folders import FolderLook, FolderState
from app.tui.restoring import typed_path
from app.tui.widgets.rows import Row, Rows, cell
from app.tui.wizard.page import NotYet, Page, label, question
from app.tui.wizard.route import PageId, data_set_of
from app.wording.numbers import felt_number
from app.wording.sizes import felt_size

_PAUSE_S = 0.3
"""Wait this long after a key before looking at the disk."""


class FoldersTree(DirectoryTree):
    """The folders of this computer; files and hidden folders are left out."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if path.is_dir() and not path.name.startswith(".")]


class FolderPage(Page):
    """The folder of one data set."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._data_set = data_set_of(answers, page)
        self._look: FolderLook | None = None
        self._kept = self._data_set.paths[:-1]
        """The folders that were added already; the field holds one more."""

    def title(self) -> str:
        return self._data_set.name

    def compose(self) -> ComposeResult:
        known = next(iter(self._data_set.paths[-1:]), None)
        yield question(_("Where is “{name}” on this computer?").format(name=self._data_set.name))
        yield Rows(id="kept")
        yield label(_("Folder"))
        yield Input(str(known) if known else "", placeholder=_("for example /home/school/Documents"), id="path")
        yield Static(id="found", classes="found")
        with Horizontal(classes="side-by-side"):
            yield Button(_("Pick a folder from a list"), id="pick")
            yield Button(_("One more folder"), id="another")
        yield FoldersTree(Path.home(), id="tree")

    def on_mount(self) -> None:
        self._show_kept()
        self._typed()

    def _show_kept(self) -> None:
        rows = self.query_one("#kept", Rows)
        rows.display = bool(self._kept)
        rows.fill(
            (str(n), Row(cell("✔", 1, style="$green"), cell(str(path)), cell(_("Remove ↵"), 12, style="$accent")))
            for n, path in enumerate(self._kept)
        )

    @on(Button.Pressed, "#another")
    def _another(self) -> None:
        """Put the typed folder in the list, and make room for one more."""
        try:
            self._kept = (*self._kept, self._checked())
        except NotYet as wanted:
            self._tell(Content.styled(f"! {wanted}", "$amber"))
            return
        self._show_kept()
        field = self.query_one("#path", Input)
        field.value = ""
        field.focus()

    @on(Rows.OptionSelected, "#kept")
    def _removed(self, event: Rows.OptionSelected) -> None:
        event.stop()
        number = int(event.option_id or "0")
        self._kept = tuple(path for n, path in enumerate(self._kept) if n != number)
        self._show_kept()
        self.query_one("#path").focus()

    @on(Input.Changed, "#path")
    def _typed(self) -> None:
        self._look = None
        self._tell(Content.styled(_("Looking…"), "$muted"))  # what stood there was about another folder
        begin(self, self._look_soon, exclusive=True, group="look")

    async def _look_soon(self) -> None:
        typed = self.query_one("#path", Input).value.strip()
        if not typed:
            self._tell(Content.styled(_("Everything in the folder is copied, folders inside it too."), "$muted"))
            return
        await asyncio.sleep(_PAUSE_S)
        self._look = await self.source.look_at_data(typed_path(typed))
        self._tell(found_text(self._look))

    def _tell(self, text: Content) -> None:
        self.query_one("#found", Static).update(text)

    @on(Button.Pressed, "#pick")
    def _show_tree(self) -> None:
        tree = self.query_one(FoldersTree)
        tree.display = not tree.display
        if tree.display:
            tree.focus()

    @on(DirectoryTree.DirectorySelected)
    def _picked(self, event: DirectoryTree.DirectorySelected) -> None:
        self.query_one("#path", Input).value = str(event.path)

    def collect(self) -> SetupAnswers:
        last = () if self._kept and not self.query_one("#path", Input).value.strip() else (self._checked(),)
        placed = dataclasses.replace(self._data_set, paths=(*self._kept, *last))
        others = (placed if d.id == placed.id else d for d in self.answers.data_sets)
        return dataclasses.replace(self.answers, data_sets=tuple(others))

    def _checked(self) -> Path:
        """Return the typed folder; raises NotYet when it cannot be one, or is copied already."""
        typed = self.query_one("#path", Input).value.strip()
        if not typed:
            raise NotYet(_("Fill in the folder, please, or pick it from the list."), at="path")
        path = typed_path(typed)
        found = self._look if self._look is not None and self._look.path == path else None
        if found is not None and found.state is not FolderState.FINE:
            raise NotYet(wrong_text(found), at="path")
        if found is None:
            wrong = _quick_check(path)
            if wrong is not None:
                raise NotYet(wrong_text(FolderLook(path, wrong)), at="path")
        for kept in self._kept:
            if path == kept or path.is_relative_to(kept):
                raise NotYet(_("{path} is in the list already.").format(path=path), at="path")
            if kept.is_relative_to(path):
                raise NotYet(
                    _("{path} lies in this folder: remove it from the list first.").format(path=kept), at="kept"
                )
        return path

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Type where the folder is, or pick it from the list: Enter opens a folder and chooses it."),
            _("A folder of the NAS counts too, when this computer can open it."),
            _("Does it stand in several folders? “One more folder” keeps this one and asks for the next."),
        )


def _quick_check(path: Path) -> FolderState | None:
    """Look whether a folder is there without counting it; None when it is fine."""
    if not path.is_absolute():
        return FolderState.NOT_ABSOLUTE
    try:
        return None if path.is_dir() else FolderState.NOT_A_FOLDER if path.exists() else FolderState.NOT_THERE
    except OSError:
        return FolderState.UNREADABLE


def found_text(look: FolderLook) -> Content:
    """Say what a typed folder turned out to be."""
    if look.state is not FolderState.FINE:
        return Content.styled(f"! {wrong_text(look)}", "$amber")
    if look.files == 0:
        return Content.styled("! " + _("This folder is empty. Is it the right one?"), "$amber")
    count = (
        felt_number(look.files) if look.counted_all else _("more than {count}").format(count=felt_number(look.files))
    )
    files = ngettext("{count} file", "{count} files", look.files).format(count=count)
    return Content.styled(f"✔ {files}, {felt_size(look.bytes)}", "$green")


def wrong_text(look: FolderLook) -> str:
    """Say what is wrong with a folder."""
    match look.state:
        case FolderState.NOT_THERE:
            return _("There is no such folder: {path}").format(path=look.path)
        case FolderState.NOT_A_FOLDER:
            return _("This is a file, not a folder: {path}").format(path=look.path)
        case FolderState.NOT_ABSOLUTE:
            return _("Type the whole path, starting with /.")
        case FolderState.UNREADABLE:
            return _("Vangnet may not look into {path}.").format(path=look.path)
        case FolderState.FINE:
            return ""
