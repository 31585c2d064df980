"""Today: is everything safe, and if not, what to do now. The screen that stands open all day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from app.assessment.judgements import open_cases
from app.assessment.model import Obligation, State, Timing
from app.assessment.new_disks import unknown_disks
from app.i18n import _, ngettext
from app.records.facts import RequestKind
from app.tui import overview
from app.tui.doing import do_task, stop_shown
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture
from app.tui.widgets.keys import KeyBar, KeyHint
from app.tui.widgets.progress import ProgressPanel
from app.tui.widgets.rows import Line, Note, Row, Rows, Sheet, Stack, cell, columns
from app.tui.widgets.state import CLASSES, SIGNS, STYLES
from app.wording.disk_looks import disk_maker
from app.wording.headline import headline
from app.wording.tasks import task_text

_MORE = "more-tasks"
_TASKS_SHOWN, _TASKS_SHOWN_TALL = 4, 7
_WHEN_STYLES = {Timing.OVERDUE: "$amber", Timing.DUE: "$ink", Timing.UPCOMING: "$muted", Timing.MET: "$muted"}


class TodayScreen(Frame):
    """One sentence, what to do, the data, the places, the power, and what comes next."""

    CSS_PATH = "today.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "copy_now", show=False),
        Binding("x", "stop", show=False),
        Binding("pagedown", "more(1)", show=False, priority=True),
        Binding("pageup", "more(-1)", show=False, priority=True),
    ]
    place = "today"
    _measured: Widget | None = None
    """The content whose height is watched: whether everything fits decides on a key."""

    def above(self) -> ComposeResult:
        yield Static(id="headline")

    def content(self) -> ComposeResult:
        yield ProgressPanel(id="busy")
        yield Heading(_("To do"), id="tasks-heading")
        yield Rows(id="tasks")
        yield Sheet(id="data")
        yield Sheet(id="around")
        yield Sheet(id="findings")

    def keys(self) -> Iterable[KeyHint]:
        picture = self.vangnet.picture
        if picture is not None and picture.busy:
            yield KeyHint("x", _("Stop this copy"), "screen.stop")
        else:
            yield KeyHint("n", _("Make a copy now"), "screen.copy_now")
        if picture is not None and (waiting := len(open_cases(picture.facts, picture.now))):
            yield KeyHint("v", _("Verdicts ({count})").format(count=waiting), "app.go('inbox')")
        yield KeyHint("t", _("Tasks"), "app.go('tasks')")
        if self.query_one("#content").max_scroll_y:
            yield KeyHint("PgDn", _("More"), "screen.more(1)")
        yield KeyHint("F2", _("Nederlands"), "app.other_language")

    def explanation(self) -> tuple[str, ...]:
        return (
            _(
                "At the top stands whether everything is safe. Below it is "
                "what a person must do; the rest goes by itself."
            ),
            _("Walk to a task with the arrow keys and press Enter: Vangnet does it with you."),
            _("The table shows each body of data, when its last good copy was made, and how often that must be."),
            _("Vangnet goes on when you close this window, and when nobody is looking."),
        )

    def on_mount(self) -> None:
        self.query_one("#headline", Static).update(Content.styled("   " + _("Looking how things stand…"), "$muted"))
        self.query_one("#tasks-heading").display = False
        self.query_one("#tasks", Rows).focus(scroll_visible=False)

    def show(self, picture: Picture) -> None:
        self._show_headline(picture)
        self.query_one("#busy", ProgressPanel).show(picture, next(iter(picture.busy), None))
        tasks = picture.assessment.tasks
        disks = tuple(_new_disk_lines(picture))
        self.query_one("#tasks-heading").display = bool(tasks or disks)
        rows = self.query_one("#tasks", Rows)
        rows.display = bool(tasks or disks)
        most = _TASKS_SHOWN if self.app.size.height < 34 else _TASKS_SHOWN_TALL
        shown = tasks if len(tasks) + len(disks) <= most else tasks[: most - len(disks) - 1]
        rows.fill((*_task_lines(picture, shown), *disks, *_rest_line(len(tasks) - len(shown))))
        self.query_one("#data", Sheet).fill(overview.data_sets(picture))
        self.query_one("#around", Sheet).fill(tuple(overview.around(picture)))
        findings = tuple(overview.findings(picture))
        self.query_one("#findings", Sheet).fill(findings)
        self.query_one("#findings").display = bool(findings)
        self.call_after_refresh(self._label_keys)  # only then is it known whether everything fits
        content = self.query_one("#content")
        if content is not self._measured:
            self._measured = content
            self.watch(content, "virtual_size", self._label_keys_soon, init=False)

    def _label_keys_soon(self) -> None:
        self.call_after_refresh(self._label_keys)

    def _label_keys(self) -> None:
        if self.retelling:
            return
        self.query_one("#actions", KeyBar).fill(tuple(self.keys()))

    def on_resize(self) -> None:
        self.refresh_all()

    def _show_headline(self, picture: Picture) -> None:
        said = headline(picture.assessment)
        banner = self.query_one("#headline", Static)
        for state, name in CLASSES.items():
            banner.set_class(state is said.state, name)
        sign = Content.styled(f"{SIGNS[said.state]}  ", f"bold {STYLES[said.state]}")
        lines = [Note(Content.styled(said.text, "bold $ink"), sign)]
        why = overview.worst(picture) if said.state is State.ERROR else ""
        if why:
            lines.append(Note(Content(why), Content(" " * sign.cell_length)))
        banner.update(Stack(lines))

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        picture = self.vangnet.picture
        if picture is None:
            return
        drive = next((d for d in picture.facts.drives if f"drive:{d.device}" == event.option_id), None)
        if drive is not None:
            from app.tui.screens.disk_dialogs import IsNewDisk

            self.app.push_screen(IsNewDisk(drive))
            return
        if event.option_id == _MORE:
            self.vangnet.action_go("tasks")
            return
        task = next((t for t in picture.assessment.tasks if t.id == event.option_id), None)
        if task is not None:
            await do_task(self.vangnet, picture, task)

    def action_more(self, pages: int) -> None:
        """Show what did not fit, a page further or back."""
        content = self.query_one("#content")
        content.scroll_relative(y=pages * content.size.height, animate=False)

    async def action_copy_now(self) -> None:
        """Ask for a copy of everything to every place that is there."""
        await self.vangnet.ask(RequestKind.BACKUP)
        self.notify(_("A copy of everything is being made. You can just go on working."))

    async def action_stop(self) -> None:
        """Stop the run that is shown; what is finished stays."""
        await stop_shown(self.vangnet)


def _new_disk_lines(picture: Picture) -> Iterator[tuple[str, Line]]:
    """Ask about the disks that nobody knows; a disk that comes is asked about in a window of its own."""
    for drive in unknown_disks(picture.facts.drives, picture.facts.attestations)[:2]:
        text = Content.styled(_("Is this a new back-up disk?") + " ", "bold $ink")
        name = Content.styled(disk_maker(drive), "$muted")
        look = Content.styled(_("Look") + " ↵", "bold $accent")
        yield f"drive:{drive.device}", Row(cell(text + name), cell(look, look.cell_length, align="right"))


def _task_lines(picture: Picture, tasks: tuple[Obligation, ...]) -> Iterator[tuple[str, Line]]:
    yield from zip((task.id for task in tasks), _task_rows(picture, tasks), strict=True)


def _rest_line(rest: int) -> Iterator[tuple[str, Line]]:
    """The tasks that are less urgent are a key away."""
    if rest:
        text = ngettext("and {count} more task", "and {count} more tasks", rest).format(count=rest)
        look = Content.styled(_("All tasks") + " ↵", "$accent")
        yield _MORE, Row(cell(text, style="$muted"), cell(look, look.cell_length, align="right"))


def _task_rows(picture: Picture, tasks: tuple[Obligation, ...]) -> tuple[Row, ...]:
    table: list[tuple[Content, Content, Content]] = []
    for task in tasks:
        said = task_text(task, picture.now, picture.timezone)
        now = task.timing in (Timing.DUE, Timing.OVERDUE)
        table.append(
            (
                Content.styled(said.title, "bold $ink" if now else "$ink"),
                Content.styled(said.when, _WHEN_STYLES[task.timing]),
                Content.styled(f"{said.action} ↵", "bold $accent" if now else "$accent"),
            )
        )
    return columns(table, right=(2,))
