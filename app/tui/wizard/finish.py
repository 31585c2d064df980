"""The end of the set-up: the first copy, and one file got back, so that it is known to work."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static

from app.errors import VangnetError
from app.i18n import _, ngettext
from app.jobs.browse import FileHit
from app.records.facts import Outcome, RequestId, RequestKind, RequestState, Run
from app.setup.answers import SetupAnswers
from app.tui.background import begin
from app.tui.picture import Picture, RestoreWish
from app.tui.restoring import restore_folder, result_text
from app.tui.widgets.progress import ProgressPanel, title_text
from app.tui.widgets.rows import Note, Row, Rows, Sheet, cell
from app.tui.widgets.state import outcome_text
from app.tui.wizard.page import Page, explain_line, question
from app.tui.wizard.route import PageId
from app.wording.errors import explain
from app.wording.sizes import felt_size

_FOLLOW_EVERY_S = 0.25
_FILES_OFFERED = 8


class FirstCopyPage(Page):
    """Starts the agent, asks for a copy of everything, and shows how far it is."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._request: RequestId | None = None
        self._over = False

    def title(self) -> str:
        return _("The first copy")

    def may_go_on(self) -> bool:
        return self._over

    def compose(self) -> ComposeResult:
        yield question(_("Vangnet is making the first copy of everything."))
        yield ProgressPanel(id="busy")
        yield Sheet(id="copies")
        yield explain_line(_("You may close this window: the copy goes on. The first one takes longest."), id="calm")

    def on_mount(self) -> None:
        self.query_one("#busy").display = False
        begin(self, self._begin, group="first-copy")

    async def _begin(self) -> None:
        await self.vangnet.ensure_agent()
        self._request = await self.source.ask(RequestKind.BACKUP)
        self.set_interval(_FOLLOW_EVERY_S, self._follow)

    async def _follow(self) -> None:
        if self._request is None or self._over:
            return
        request = await self.source.request(self._request)
        picture = await self.source.look()
        runs = tuple(run for run in picture.runs if run.id in request.runs)
        self.query_one("#busy", ProgressPanel).show(picture, next(iter(picture.busy), None))
        self.query_one("#copies", Sheet).fill([_run_row(picture, run) for run in reversed(runs)])
        if request.state in (RequestState.DONE, RequestState.REFUSED):
            self._over = True
            self.query_one("#busy").display = False
            self.query_one("#calm", Static).update(_end_text(request.state, runs))
            self.post_message(self.Changed())

    def explanation(self) -> tuple[str, ...]:
        return (_("Everything is copied once. After this only what has changed is copied, which is quick."),)


def _run_row(picture: Picture, run: Run) -> Row:
    return Row(
        cell(picture.data_set_name(run.data_set), share=2),
        cell(title_text(picture, run), style="$muted", share=3),
        cell(outcome_text(run.outcome), 16),
        pointer=False,
    )


def _end_text(state: RequestState, runs: tuple[Run, ...]) -> Content:
    bad = sum(run.outcome is not Outcome.GOOD for run in runs)
    if state is RequestState.REFUSED or not runs:
        return Content.styled("! " + _("The copy could not start. Today says what is the matter."), "$amber")
    if bad:
        text = ngettext(
            "{count} copy did not go well. Today says what is the matter.",
            "{count} copies did not go well. Today says what is the matter.",
            bad,
        )
        return Content.styled("! " + text.format(count=bad), "$amber")
    return Content.styled("✔ " + _("Everything has been copied."), "$green")


class GetBackPage(Page):
    """Gets one file back from the copies: the proof that they are worth something."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._hits: tuple[FileHit, ...] = ()

    def title(self) -> str:
        return _("Get one file back")

    def compose(self) -> ComposeResult:
        yield question(_("Choose a file that you know. Vangnet gets it back from the copy."))
        yield Rows(id="files")
        yield Static(id="result", classes="found")

    def on_mount(self) -> None:
        self.query_one("#files", Rows).fill([("wait", Note(Content.styled(_("Looking in the copies…"), "$muted")))])
        begin(self, self._find, group="find")

    async def _find(self) -> None:
        rows = self.query_one("#files", Rows)
        try:
            hits = await self.source.find("")
        except VangnetError as error:
            rows.fill([("none", Note(Content.styled(f"! {explain(error).what}", "$amber")))])
            return
        self._hits = _a_few(tuple(hit for hit in hits if not hit.folder and hit.size))
        if not self._hits:
            rows.fill([("none", Note(Content.styled(_("There is no file in the copies yet."), "$muted")))])
            return
        rows.fill((str(n), _hit_row(hit)) for n, hit in enumerate(self._hits))
        rows.focus()

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        hit = self._hits[int(event.option_id or "0")]
        told = self.query_one("#result", Static)
        told.update(Content.styled(_("Getting {name} back…").format(name=hit.path.name), "$accent"))
        begin(self, partial(self._restore, hit), exclusive=True, group="restore")

    async def _restore(self, hit: FileHit) -> None:
        local = (await self.source.look()).local(self.vangnet.clock.now())
        result = await self.source.restore(RestoreWish(hit.data_set, (hit.path,), restore_folder(Path.home(), local)))
        self.query_one("#result", Static).update(result_text(result))

    def explanation(self) -> tuple[str, ...]:
        return (_("The file is put in a new folder; the file that you work with stays as it is."),)


def _a_few(hits: tuple[FileHit, ...]) -> tuple[FileHit, ...]:
    """Take a few files, spread over all, so that there is one that somebody knows."""
    step = max(1, len(hits) // _FILES_OFFERED)
    return hits[::step][:_FILES_OFFERED]


def _hit_row(hit: FileHit) -> Row:
    return Row(
        cell(hit.path.name),
        cell(str(hit.path.parent), style="$muted"),
        cell(felt_size(hit.size), 9, align="right", style="$muted"),
    )


class DonePage(Page):
    """The set-up is done."""

    def title(self) -> str:
        return _("Done")

    def onward_label(self) -> str:
        return _("To Today →")

    def compose(self) -> ComposeResult:
        yield question(_("Your data has a safety net now."))
        yield explain_line(
            _(
                "From now on Vangnet makes the copies by itself. When it "
                "needs you (a disk to plug in, a file to open), "
                "Today says so in one sentence."
            )
        )
        yield Static("")
        yield explain_line(_("The director can approve the policy: that is the first task on Today."))
        yield Static("")
        yield explain_line(
            _(
                "Do you want ransomware to be noticed sooner? Vangnet can place two small documents among each body of "
                "data that nobody needs. Whoever changes them raises the alarm."
            )
        )
        yield Static("")
        yield Button(_("Place these watch files"), id="watch-files")

    @on(Button.Pressed, "#watch-files")
    async def _place_watch_files(self, event: Button.Pressed) -> None:
        event.stop()
        event.button.disabled = True
        try:
            placed = await self.source.place_watch_files()
        except VangnetError as error:
            self.app.notify(explain(error).what, severity="error")
            event.button.disabled = False
            return
        event.button.label = ngettext("✔ {count} placed", "✔ {count} placed", placed).format(count=placed)
