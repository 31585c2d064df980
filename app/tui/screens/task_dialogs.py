"""The windows of a task: how it is done, what shows that it was, why it waits; and an event that opens the review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.assessment.model import Obligation, ObligationKind
from app.errors import VangnetError
from app.i18n import _, language
from app.jobs.evidence import Closing
from app.jobs.people import can_be_closed
from app.policy.duty import ProofForm
from app.policy.model import Policy, Role
from app.secret import Secret
from app.tui.background import begin
from app.tui.picture import Picture
from app.tui.restoring import typed_path
from app.tui.screens.answer import read_date
from app.tui.screens.approve import director_of
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Choice
from app.tui.widgets.rows import Note, Sheet
from app.wording.errors import explain
from app.wording.task_guides import BLOCKS, task_guide

if TYPE_CHECKING:
    from app.tui.app import VangnetApp


class _TaskWindow(Dialog[None]):
    """A window about one task; an error of what it asks is said in it."""

    def __init__(self, picture: Picture, task: Obligation) -> None:
        super().__init__()
        self._picture = picture
        self._owed = task
        self._guide = task_guide(task, picture.policy, picture.now, picture.timezone)

    def title_text(self) -> str:
        return self._guide.title

    def explain(self, error: VangnetError) -> None:
        said = explain(error)
        self.say(f"{said.what} {said.do}".strip())


class HowDialog(_TaskWindow):
    """How a task is done, step by step; then it is done, or it waits."""

    def body(self) -> ComposeResult:
        guide = self._guide
        yield paragraph(guide.reason)
        yield Sheet(id="steps")
        yield paragraph("")
        yield Static(f"{guide.who} · {guide.when}" if guide.who else guide.when, classes="label", markup=False)
        yield Static(guide.source, classes="label", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        steps = enumerate(self._guide.steps, 1)
        lines = [Note(Content(step), Content.styled(f"{number}. ", "$accent")) for number, step in steps]
        self.query_one("#steps", Sheet).fill(lines)

    def buttons(self) -> ComposeResult:
        duty = self._picture.policy.duty(dict(self._owed.data).get("duty", ""))
        if can_be_closed(self._owed):
            yield Button(_("It is done"), variant="primary", id="done")
        if self._owed.kind is ObligationKind.REVIEW_POLICY:
            yield Button(_("Approve"), id="approve")
        yield Button(_("Later"), id="later")
        if duty is not None and duty.may_be_exempt:
            yield Button(_("Not here"), id="exempt")
        yield Button(_("Close"), id="cancel")

    @on(Button.Pressed, "#done")
    def _done(self) -> None:
        self.app.switch_screen(DoneDialog(self._picture, self._owed))

    @on(Button.Pressed, "#approve")
    async def _approve(self) -> None:
        from app.tui.doing import approve_policy

        self.dismiss(None)
        await approve_policy(self.vangnet, self._picture)

    @on(Button.Pressed, "#later")
    def _later(self) -> None:
        self.dismiss(None)
        put_off(self.vangnet, self._picture, self._owed)

    @on(Button.Pressed, "#exempt")
    def _exempt(self) -> None:
        self.app.switch_screen(ExemptDialog(self._picture, self._owed))


class DoneDialog(_TaskWindow):
    """Asks what shows that a task was done; a review asks its four questions."""

    def body(self) -> ComposeResult:
        if self._owed.kind is ObligationKind.REVIEW_POLICY:
            yield paragraph(self._guide.reason)
            for block, question in BLOCKS:
                yield Static(_(question), classes="label")
                yield Input(id=block)
        else:
            yield paragraph(self._guide.asks)
            for form in self._guide.closed_by:
                yield Static(_field(form), classes="label")
                yield Input(id=form.value)
        yield Static(_("Your name"), classes="label")
        yield Input(_holder(self._picture.policy, self._owed), id="name")

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep this"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        try:
            await self.source.close_task(self._owed.id, self._shown())
        except VangnetError as error:
            if error.code == "evidence-missing":
                self.say(self._lacking())
            else:
                self.explain(error)
            return
        await self.vangnet.look_again()
        self.app.notify(_("It is in the journal. Thank you."))
        self.dismiss(None)

    def _lacking(self) -> str:
        if self._owed.kind is ObligationKind.REVIEW_POLICY:
            return _("Answer all four questions, please; “none” is an answer too.")
        return _("Fill in at least one of these, please: it shows that it was done.")

    def _shown(self) -> Closing:
        def given(form: ProofForm) -> str:
            return self.typed(form.value) if self.query(f"#{form.value}") else ""

        photo = given(ProofForm.PHOTO)
        return Closing(
            by=self.typed("name"),
            remark=given(ProofForm.REMARK),
            document=given(ProofForm.DOCUMENT),
            photo=typed_path(photo) if photo else None,
            number=given(ProofForm.NUMBER),
            answers=tuple((block, self.typed(block)) for block, _question in BLOCKS if self.query(f"#{block}")),
        )


class LaterDialog(_TaskWindow):
    """Asks until when and why; the director's PIN when it was put off before."""

    def __init__(self, picture: Picture, task: Obligation, *, director: bool) -> None:
        super().__init__(picture, task)
        self._director = director

    def body(self) -> ComposeResult:
        days = self._picture.policy.postponing.longest.days
        yield paragraph(
            _("This can wait {days} days at most. Why, and until when, stays in the journal.").format(days=days)
        )
        yield Static(_("Until which day? (day-month-year)"), classes="label")
        yield Input(id="until")
        yield Static(_("Why does it have to wait?"), classes="label")
        yield Input(id="reason")
        yield Static(_("Your name"), classes="label")
        yield Input(_holder(self._picture.policy, self._owed), id="name")
        if self._director:
            yield paragraph(_("This was put off before. Only the director can do that again."))
            yield Static(_("The director's PIN"), classes="label")
            yield Input(password=True, id="pin")

    def buttons(self) -> ComposeResult:
        yield Button(_("Put it off"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#until").focus()

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        until = read_date(self.typed("until"))
        if until is None:
            self.say(_("Give a date, please, such as 31-1-2027."), at="until")
            return
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        pin = Secret(self.typed("pin")) if self._director else None
        try:
            await self.source.postpone_task(
                self._owed.id, until=until, reason=self.typed("reason"), by=self.typed("name"), pin=pin
            )
        except VangnetError as error:
            self.explain(error)
            return
        await self.vangnet.look_again()
        self.app.notify(_("Put off until {day}. The reason is in the journal.").format(day=f"{until:%d-%m-%Y}"))
        self.dismiss(None)


class ExemptDialog(_TaskWindow):
    """The director says that a task does not apply here, and why."""

    def body(self) -> ComposeResult:
        yield paragraph(_("The director can say that this does not apply here. That holds for a year."))
        yield Static(_("Why not?"), classes="label")
        yield Input(id="reason")
        yield Static(_("The director's PIN"), classes="label")
        yield Input(password=True, id="pin")

    def buttons(self) -> ComposeResult:
        yield Button(_("It does not apply"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        try:
            await self.source.exempt_task(self._owed.id, reason=self.typed("reason"), pin=Secret(self.typed("pin")))
        except VangnetError as error:
            self.explain(error)
            return
        await self.vangnet.look_again()
        self.dismiss(None)


class EventDialog(Dialog[None]):
    """Asks what has happened after which the policy is reviewed."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture

    def title_text(self) -> str:
        return _("What has changed?")

    def body(self) -> ComposeResult:
        triggers = self._picture.policy.review_triggers
        yield Choice(
            tuple((trigger.id, trigger.label.text(language())) for trigger in triggers),
            triggers[0].id if triggers else "",
            id="event",
        )
        yield Static(_("What happened?"), classes="label")
        yield Input(id="remark")
        yield Static(_("Your name"), classes="label")
        yield Input(director_of(self._picture.policy), id="name")

    def buttons(self) -> ComposeResult:
        yield Button(_("Open the review"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one(Choice).focus()

    @on(Choice.Confirmed)
    def _chosen(self) -> None:
        self.query_one("#remark").focus()

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        if not self.typed("remark") or not self.typed("name"):
            self.say(_("Say in a few words what happened, and fill in your name."))
            return
        try:
            await self.source.declare_event(
                self.query_one(Choice).chosen, remark=self.typed("remark"), by=self.typed("name")
            )
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}".strip())
            return
        await self.vangnet.look_again()
        self.app.notify(_("It is in the journal, and the review of the policy is open now."))
        self.dismiss(None)


def put_off(app: VangnetApp, picture: Picture, task: Obligation) -> None:
    """Ask until when and why a task waits."""

    async def ask() -> None:
        director = await app.source.needs_director(task.id)
        await app.push_screen(LaterDialog(picture, task, director=director))

    begin(app, ask, group="later")


def _holder(policy: Policy, task: Obligation) -> str:
    """Return who the policy names for the task's role; a role of many people has no name to offer."""
    if task.who in (None, Role.STAFF):
        return ""
    return next((holder.person for holder in policy.roles if holder.role is task.who), "")


def _field(form: ProofForm) -> str:
    match form:
        case ProofForm.REMARK:
            return _("In a few words")
        case ProofForm.DOCUMENT:
            return _("A document: its number, or where it is")
        case ProofForm.PHOTO:
            return _("A photo: the file on this computer")
        case ProofForm.NUMBER:
            return _("How many?")
