"""Get files back: the file first, then the version, then where to. Nothing that is there is ever overwritten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from app.errors import VangnetError
from app.i18n import _, ngettext
from app.jobs.browse import FileHit, FileVersion
from app.records.facts import RunKind
from app.tui.background import begin
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture, RestoreWish
from app.tui.restoring import restore_folder, result_text, typed_path
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.progress import ProgressPanel
from app.tui.widgets.rows import Note, Row, Rows, cell
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.sizes import felt_size
from app.wording.times import felt_time

_PAUSE_S = 0.35
"""Wait this long after a key before searching."""
_HITS_SHOWN = 200
_LEAST_LETTERS = 2


class RestoreScreen(Frame):
    """A search field, what was found, its versions, the folder it goes to."""

    CSS_PATH = "restore.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", show=False),
        Binding("ctrl+r", "restore", show=False, priority=True),
    ]
    place = "restore"

    def __init__(self) -> None:
        super().__init__()
        self._hits: tuple[FileHit, ...] = ()
        self._versions: tuple[FileVersion, ...] = ()
        self._busy = False
        self._words = ""

    def content(self) -> ComposeResult:
        with Horizontal(id="search-line"):
            yield Static(_("Which file do you look for?"), id="search-label")
            yield Input(placeholder=_("a part of its name"), id="words")
        yield Rows(id="hits")
        yield Heading(id="versions-heading")
        yield Rows(id="versions")
        with Horizontal(id="to-line"):
            yield Static(_("Put it in"), id="to-label")
            yield Input(id="to")
            yield Button(_("Get it back"), variant="primary", id="restore")
        yield ProgressPanel(id="busy")
        yield Static(id="result")

    def keys(self) -> Iterable[KeyHint]:
        yield KeyHint("/", _("Search"), "screen.search")
        yield KeyHint("Tab", _("Next field"), "app.focus_next")
        yield KeyHint("^R", _("Get it back"), "screen.restore")
        yield KeyHint("Esc", _("Back"), "screen.home")

    def explanation(self) -> tuple[str, ...]:
        return (
            _(
                "Type a part of the name of the file. Below it stands what the "
                "copies have; choose the file, then the version."
            ),
            _("It is put in a new folder. The file that you work with now is never overwritten."),
            _("Only the places that are there now are searched: plug in the disk when something is missing."),
        )

    def on_mount(self) -> None:
        self._begin()
        self.query_one("#words").focus()

    def _begin(self) -> None:
        """Show what there is before anything was looked for."""
        self.query_one("#busy").display = False
        self._offer_folder()
        self._show_versions(())
        self._say_hits(_("Type at least two letters."))

    async def retell(self) -> None:
        """Say every text again; what was looked for is looked for again."""
        await super().retell()
        if not self.retelling:
            self._begin()
            self.query_one("#words", Input).value = self._words

    def _offer_folder(self) -> None:
        picture, now = self.vangnet.picture, self.vangnet.clock.now()
        local = picture.local(now) if picture is not None else now
        self.query_one("#to", Input).value = str(restore_folder(Path.home(), local))

    def show(self, picture: Picture) -> None:
        run = next((r for r in picture.running if r.kind is RunKind.RESTORE), None)
        self.query_one("#busy", ProgressPanel).show(picture, run if self._busy else None)

    # Searching

    def action_search(self) -> None:
        """Go to the search field."""
        self.query_one("#words").focus()

    @on(Input.Changed, "#words")
    def _typed(self, event: Input.Changed) -> None:
        self._words = event.value
        begin(self, self._search_soon, exclusive=True, group="search")

    @on(Input.Submitted, "#words")
    def _to_hits(self) -> None:
        self.query_one("#hits").focus()

    async def _search_soon(self) -> None:
        words = self.query_one("#words", Input).value.strip()
        self._show_versions(())
        if len(words) < _LEAST_LETTERS:
            self._hits = ()
            self._say_hits(_("Type at least two letters."))
            return
        await asyncio.sleep(_PAUSE_S)
        self._say_hits(_("Looking in the copies…"))
        try:
            self._hits = await self.source.find(words)
        except VangnetError as error:
            self._hits = ()
            said = explain(error)
            self._say_hits(f"{said.what} {said.do}")
            return
        if not self._hits:
            self._say_hits(_("No copy has a file like that. Try fewer letters, or plug in the disk."))
            return
        self._draw_hits()

    def _say_hits(self, text: str) -> None:
        self.query_one("#hits", Rows).fill([("note", Note(Content.styled(text, "$muted"), Content("  ")))])

    def _draw_hits(self) -> None:
        picture = self.vangnet.picture
        now = self.vangnet.clock.now()
        rows: list[tuple[str, Row | Note]] = []
        for number, hit in enumerate(self._hits[:_HITS_SHOWN]):
            where = picture.data_set_name(hit.data_set) if picture is not None else hit.data_set
            folder = hit.path.parent.name
            when = felt_time(hit.modified_at, now, picture.timezone) if picture is not None else ""
            name = f"{hit.path.name}/" if hit.folder else hit.path.name
            rows.append(
                (
                    str(number),
                    Row(cell(name, share=2), cell(f"{where} / {folder}", style="$muted"), cell(when, 18)),
                )
            )
        more = len(self._hits) - _HITS_SHOWN
        if more > 0:
            text = ngettext("and {count} more: type more letters", "and {count} more: type more letters", more)
            rows.append(("more", Note(Content.styled("  " + text.format(count=felt_number(more)), "$muted"))))
        self.query_one("#hits", Rows).fill(rows)

    # Versions

    @on(OptionList.OptionHighlighted, "#hits")
    def _hit_pointed(self, event: OptionList.OptionHighlighted) -> None:
        begin(self, partial(self._look_at_versions, event.option_id), exclusive=True, group="versions")

    @on(OptionList.OptionSelected, "#hits")
    def _hit_chosen(self) -> None:
        self.query_one("#versions").focus()

    @on(OptionList.OptionSelected, "#versions")
    async def _version_chosen(self) -> None:
        self.query_one("#restore").focus()

    async def _look_at_versions(self, key: str | None) -> None:
        hit = self._hit(key)
        if hit is None:
            return
        await asyncio.sleep(0.1)  # walking down a list with the arrow key: only where it stops
        try:
            self._show_versions(await self.source.versions(hit.path), hit)
        except VangnetError as error:
            self._show_versions(())
            self.query_one("#result", Static).update(Content.styled(f"! {explain(error).what}", "$amber"))

    def _hit(self, key: str | None) -> FileHit | None:
        return self._hits[int(key)] if key is not None and key.isdigit() and int(key) < len(self._hits) else None

    def _show_versions(self, versions: tuple[FileVersion, ...], hit: FileHit | None = None) -> None:
        self._versions = versions
        heading = self.query_one("#versions-heading", Heading)
        rows = self.query_one("#versions", Rows)
        for part in (heading, rows, self.query_one("#to-line")):
            part.display = bool(versions)
        if hit is None or not versions:
            return
        heading.update(Content(_("Versions of {name}").format(name=hit.path.name)))
        picture, now = self.vangnet.picture, self.vangnet.clock.now()
        if picture is None:
            return
        rows.fill(
            (
                str(number),
                Row(
                    cell(felt_time(version.modified_at, now, picture.timezone), 20),
                    cell(felt_size(version.size), 9, align="right"),
                    cell(", ".join(picture.target_name(t) for t in version.targets), style="$muted"),
                ),
            )
            for number, version in enumerate(versions)
        )

    # Getting it back

    @on(Button.Pressed, "#restore")
    async def action_restore(self) -> None:
        """Get the chosen version back, in a process of its own."""
        hit = self._hit(self.query_one("#hits", Rows).key)
        key = self.query_one("#versions", Rows).key
        if hit is None or not self._versions or self._busy:
            return
        version = self._versions[int(key)] if key is not None else self._versions[0]
        typed = self.query_one("#to", Input).value.strip()
        told = self.query_one("#result", Static)
        to = typed_path(typed)
        if not typed or not to.is_absolute():
            told.update(Content.styled("! " + _("Type the whole path of the folder, starting with /."), "$amber"))
            return
        self._busy = True
        told.update(Content.styled(_("Getting {name} back…").format(name=hit.path.name), "$accent"))
        wish = RestoreWish(hit.data_set, (hit.path,), to, at=version.copied_at, target=version.targets[0])
        begin(self, partial(self._restore, wish), exclusive=True, group="restore")

    async def _restore(self, wish: RestoreWish) -> None:
        try:
            result = await self.source.restore(wish)
        finally:
            self._busy = False
        self.query_one("#result", Static).update(result_text(result))
        self._offer_folder()
