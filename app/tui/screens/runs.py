"""The copies: what has been done and how it ended, what is busy now, and a copy made on request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from app.i18n import _, ngettext
from app.records.facts import Outcome, RequestKind, Run, RunKind
from app.tui.doing import ask_full, stop_shown
from app.tui.frame import Frame
from app.tui.picture import Picture
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.progress import ProgressPanel
from app.tui.widgets.rows import Line, Note, Row, Rows, Sheet, columns
from app.tui.widgets.state import outcome_text
from app.wording import runs as run_words
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.problems import reason_text
from app.wording.sizes import felt_size
from app.wording.times import felt_duration, felt_time

_PROBLEMS_SHOWN = 12


class RunsScreen(Frame):
    """The runs, the newest first; Enter tells more about one."""

    CSS_PATH = "runs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "copy_now", show=False),
        Binding("x", "stop", show=False),
        Binding("j", "yearly", show=False),
    ]
    place = "runs"

    def content(self) -> ComposeResult:
        yield ProgressPanel(id="busy")
        yield Sheet(id="runs-head")
        yield Rows(id="runs")

    def keys(self) -> Iterable[KeyHint]:
        picture = self.vangnet.picture
        yield KeyHint("Enter", _("Details"), "screen.details")
        if picture is not None and picture.busy:
            yield KeyHint("x", _("Stop"), "screen.stop")
        else:
            yield KeyHint("n", _("Make a copy now"), "screen.copy_now")
        yield KeyHint("j", _("Yearly full copy"), "screen.yearly")

    def explanation(self) -> tuple[str, ...]:
        return (
            _(
                "Each line is one run: a copy of one body of data to one "
                "place, a check, a restore test or files got back."
            ),
            _("“Not complete” means that some files could not be read; Enter names them."),
            _("Make a copy now with n. Vangnet also does it by itself, every day."),
        )

    def on_mount(self) -> None:
        self.query_one("#runs", Rows).focus()

    def on_resize(self) -> None:
        self.refresh_all()

    def show(self, picture: Picture) -> None:
        self.query_one("#busy", ProgressPanel).show(picture, next(iter(picture.busy), None))
        head, rows = _table(picture, wide=self.app.size.width >= 100)
        self.query_one("#runs-head", Sheet).fill([head])
        none = Note(Content.styled("  " + _("Nothing has been copied yet."), "$muted"))
        self.query_one("#runs", Rows).fill(rows or [("none", none)])

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        await self._open(event.option_id)

    async def action_details(self) -> None:
        """Tell more about the run that the cursor is on."""
        await self._open(self.query_one("#runs", Rows).key)

    async def _open(self, key: str | None) -> None:
        picture = self.vangnet.picture
        run = next((r for r in picture.runs if str(r.id) == key), None) if picture is not None else None
        if picture is not None and run is not None:
            self.app.push_screen(RunDialog(picture, run))

    async def action_copy_now(self) -> None:
        """Ask for a copy of everything to every place that is there."""
        await self.vangnet.ask(RequestKind.BACKUP)
        self.notify(_("A copy of everything is being made. You can just go on working."))

    def action_yearly(self) -> None:
        """Ask whether the yearly full copy may start."""
        ask_full(self.vangnet)

    async def action_stop(self) -> None:
        """Stop the run that is busy; what is finished stays."""
        await stop_shown(self.vangnet)


def _table(picture: Picture, *, wide: bool) -> tuple[Row, list[tuple[str, Row | Note]]]:
    """The head and the lines, with equally wide columns; how much was new only where there is room."""
    ended = [run for run in picture.runs if run.outcome is not Outcome.RUNNING]
    table = [[Content.styled(text, "$muted") for text in (_("when"), _("what"), _("how it ended"))]]
    table += [
        [
            Content(felt_time(run.started, picture.now, picture.timezone)),
            _what(picture, run),
            outcome_text(run.outcome),
        ]
        for run in ended
    ]
    if wide:
        table[0].append(Content.styled(_("new"), "$muted"))
        for line, run in zip(table[1:], ended, strict=True):
            line.append(Content.styled(_numbers(run), "$muted"))
    head, *rows = columns(table, flexible=1, right=(3,))
    return head, [(str(run.id), row) for run, row in zip(ended, rows, strict=True)]


def _what(picture: Picture, run: Run) -> Content:
    about = " → ".join(part for part in (picture.data_set_name(run.data_set), picture.target_name(run.target)) if part)
    if run.kind is RunKind.BACKUP:
        return Content(about)
    return Content(run_words.run_name(run.kind)) + Content.styled(f" {about}", "$muted")


def _numbers(run: Run) -> str:
    if run.kind not in (RunKind.BACKUP, RunKind.FULL) or run.outcome not in (Outcome.GOOD, Outcome.INCOMPLETE):
        return ""
    changed = run.files_new_or_changed
    files = ngettext("{count} file", "{count} files", changed).format(count=felt_number(changed))
    return f"{files}, {felt_size(run.bytes_added)}"


class RunDialog(Dialog[None]):
    """One run: how it ended, what that means for the data, and what was wrong."""

    def __init__(self, picture: Picture, run: Run) -> None:
        super().__init__()
        self._picture = picture
        self._run = run

    def title_text(self) -> str:
        return run_words.outcome_text(self._run, self._picture.policy, self._picture.machine)

    def body(self) -> ComposeResult:
        run, picture = self._run, self._picture
        when = felt_time(run.started, picture.now, picture.timezone)
        took = felt_duration(run.duration_s)
        yield paragraph(_("Started {when}; it took {time}.").format(when=when, time=took))
        if run.error_code:
            said = explain(run.error_code, dict(run.error_data))
            yield paragraph("\n".join(text for text in (said.safe, said.do) if text))
        elif run.outcome is Outcome.INTERRUPTED:
            yield paragraph(
                _("The computer went off or the program was ended. Nothing is lost; the next copy goes on.")
            )
        if run.problems:
            yield Sheet(id="problems")

    def on_mount(self) -> None:
        if not self._run.problems:
            return
        shown = self._run.problems[:_PROBLEMS_SHOWN]
        lines: list[Line] = [
            Note(Content(problem.what) + Content.styled(f"  {reason_text(problem.reason)}", "$muted"))
            for problem in shown
        ]
        more = max(self._run.problems_total, len(self._run.problems)) - len(shown)
        if more > 0:
            text = ngettext("and {count} more", "and {count} more", more).format(count=felt_number(more))
            lines.append(Note(Content.styled(text, "$muted")))
        self.query_one("#problems", Sheet).fill(lines)
