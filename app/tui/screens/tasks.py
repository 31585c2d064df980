"""What people have to do now, by who does it: one clear sentence each, a key to do it, one to say it is done, one for
later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static

from app.assessment.model import Obligation, Timing
from app.i18n import _, ngettext
from app.jobs.people import can_be_closed
from app.policy.model import Role
from app.tui.doing import do_task
from app.tui.frame import Frame
from app.tui.picture import Picture
from app.tui.screens.dialogs import Tell
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, cell
from app.wording.task_guides import role_name, task_guide
from app.wording.tasks import task_text

ROLES: tuple[Role, ...] = (Role.STAFF, Role.DIRECTOR, Role.IT_PROVIDER, Role.DATA_OWNER, Role.GOVERNING_BODY)
"""In the order in which they stand on the screen: what anybody can do comes first."""

_WHEN_STYLES = {Timing.OVERDUE: "bold $amber", Timing.DUE: "$ink", Timing.UPCOMING: "$muted", Timing.MET: "$muted"}


class TasksScreen(Frame):
    """The tasks under the names of those who do them; below, what the one under the cursor is about."""

    CSS_PATH = "tasks.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "done", show=False),
        Binding("l", "later", show=False),
        Binding("w", "why", show=False),
        Binding("r", "whose", show=False),
        Binding("e", "event", show=False),
    ]
    place = "tasks"

    def __init__(self) -> None:
        super().__init__()
        self._role: Role | None = None

    def content(self) -> ComposeResult:
        yield Static(id="tasks-head")
        yield Rows(id="all-tasks")
        yield Static(id="task", markup=False)

    def keys(self) -> Iterable[KeyHint]:
        task = self._chosen()
        if task is not None:
            yield KeyHint("Enter", _("Do it now"), "screen.do_it")
            if can_be_closed(task):
                yield KeyHint("d", _("Tick off"), "screen.done")
            yield KeyHint("l", _("Later"), "screen.later")
            yield KeyHint("w", _("Why?"), "screen.why")
        yield KeyHint("r", _("Whose?"), "screen.whose")
        yield KeyHint("e", _("Any change?"), "screen.event")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Here stands what people have to do, under the role that does it. The rest Vangnet does by itself."),
            _("Press Enter to do a task now: Vangnet opens the right screen, or tells how it is done."),
            _(
                "Is it done? Press d, and say what shows that. Does it have to wait? Press l, and say why and "
                "until when."
            ),
            _(
                "Has a law, a system or the organisation changed, or was there an incident? Press e: then the policy "
                "is reviewed."
            ),
        )

    def on_mount(self) -> None:
        self.query_one("#all-tasks", Rows).focus()

    def show(self, picture: Picture) -> None:
        tasks = self._tasks(picture)
        self.query_one("#tasks-head", Static).update(_head(picture, tasks, self._role))
        rows = self.query_one("#all-tasks", Rows)
        rows.fill(_lines(picture, tasks) if tasks else [("none", _nothing())])
        self._show_task()

    def _tasks(self, picture: Picture) -> tuple[Obligation, ...]:
        return tuple(t for t in picture.assessment.tasks if self._role is None or t.who is self._role)

    def _chosen(self) -> Obligation | None:
        picture = self.vangnet.picture
        if picture is None or not self.is_mounted or not self.query("#all-tasks"):
            return None
        key = self.query_one("#all-tasks", Rows).key
        return next((task for task in picture.assessment.tasks if task.id == key), None)

    def on_option_list_option_highlighted(self) -> None:
        self._show_task()
        self.label_keys()

    def _show_task(self) -> None:
        picture, task = self.vangnet.picture, self._chosen()
        box = self.query_one("#task", Static)
        box.display = task is not None
        if picture is not None and task is not None:
            box.update(_task_content(picture, task))

    # What can be done with the task under the cursor

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        await self.action_do_it()

    async def action_do_it(self) -> None:
        """Do the task, or tell how it is done."""
        picture, task = self.vangnet.picture, self._chosen()
        if picture is not None and task is not None:
            await do_task(self.vangnet, picture, task)

    def action_done(self) -> None:
        """Say that it was done, with what shows it."""
        from app.tui.screens.task_dialogs import DoneDialog

        picture, task = self.vangnet.picture, self._chosen()
        if picture is None or task is None:
            return
        if can_be_closed(task):
            self.app.push_screen(DoneDialog(picture, task))
        else:
            self.notify(_("Vangnet sees by itself when this is done. Press Enter to do it now."))

    def action_later(self) -> None:
        """Put it off, with the reason."""
        picture, task = self.vangnet.picture, self._chosen()
        if picture is not None and task is not None:
            from app.tui.screens.task_dialogs import put_off

            put_off(self.vangnet, picture, task)

    def action_why(self) -> None:
        """Tell who asks for it, and why."""
        picture, task = self.vangnet.picture, self._chosen()
        if picture is not None and task is not None:
            guide = task_guide(task, picture.policy, picture.now, picture.timezone)
            self.app.push_screen(Tell(guide.title, guide.reason, guide.source))

    def action_whose(self) -> None:
        """Show the tasks of the next role only; after the last one, everybody's."""
        order: tuple[Role | None, ...] = (None, *ROLES)
        self._role = order[(order.index(self._role) + 1) % len(order)]
        self.refresh_all()
        self.query_one("#all-tasks", Rows).focus()

    def action_event(self) -> None:
        """Say that something has happened after which the policy is reviewed."""
        from app.tui.screens.task_dialogs import EventDialog

        if self.vangnet.picture is not None:
            self.app.push_screen(EventDialog(self.vangnet.picture))


def _head(picture: Picture, tasks: tuple[Obligation, ...], role: Role | None) -> Row:
    now = sum(task.timing in (Timing.DUE, Timing.OVERDUE) for task in tasks)
    count = ngettext("{count} to do now", "{count} to do now", now).format(count=now) if now else _("nothing now")
    whose = role_name(picture.policy, role) if role is not None else _("everybody")
    title = Content.styled(_("Tasks"), "bold") + Content.styled(f" · {whose}", "$muted")
    return Row(cell(title), cell(count, 24, style="$accent" if now else "$muted", align="right"), pointer=False)


def _nothing() -> Note:
    return Note(Content.styled("  " + _("There is nothing for you to do."), "$muted"))


def _lines(picture: Picture, tasks: tuple[Obligation, ...]) -> Iterator[tuple[str, Line]]:
    said_of = {task.id: task_text(task, picture.now, picture.timezone) for task in tasks}
    for role in ROLES:
        own = tuple(task for task in tasks if task.who is role)
        if not own:
            continue
        yield f"role:{role}", Note(Content.styled(f"  {role_name(picture.policy, role)}", "bold $muted"))
        for task in own:
            said = said_of[task.id]
            now = task.timing in (Timing.DUE, Timing.OVERDUE)
            yield (
                task.id,
                Row(
                    cell(said.title, style="bold $ink" if now else "$ink", share=3),
                    cell(said.when, len(said.when), style=_WHEN_STYLES[task.timing], align="right"),
                ),
            )


def _task_content(picture: Picture, task: Obligation) -> Content:
    guide = task_guide(task, picture.policy, picture.now, picture.timezone)
    lines = [Content.styled(guide.title, "bold"), Content(guide.reason)]
    if guide.postponed:
        lines.append(Content.styled(guide.postponed, "$amber"))
    lines.append(Content.styled(guide.source, "$muted"))
    return Content("\n").join(lines)
