"""The answer to one question of the yearly checklist."""

from __future__ import annotations

from datetime import date, datetime

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.assessment.model import EvidenceLine
from app.errors import VangnetError
from app.i18n import _, language
from app.records.facts import ChecklistAnswer, Verdict
from app.tui.picture import Picture
from app.tui.screens.approve import director_of
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Choice
from app.wording.checklist import evidence_text, seen_text


class AnswerDialog(Dialog[None]):
    """In order, not in order with an action, or not applicable with the reason."""

    def __init__(self, picture: Picture, line: EvidenceLine) -> None:
        super().__init__()
        self._picture = picture
        self._line = line

    def title_text(self) -> str:
        return f"{self._line.item.id} {self._line.item.question.text(language())}"

    def body(self) -> ComposeResult:
        line, known = self._line, self._line.answer
        yield paragraph(evidence_text(line, self._picture.timezone))
        if line.seen:
            yield paragraph(_("Vangnet sees: ") + seen_text(line, self._picture.timezone))
        chosen = known.verdict if known else line.verdict or Verdict.OK
        yield Choice(
            (
                (Verdict.OK, _("In order")),
                (Verdict.NOT_OK, _("Not in order: something must be done")),
                (Verdict.NOT_APPLICABLE, _("Not applicable here")),
            ),
            chosen,
            id="verdict",
        )
        with Vertical(id="action"):
            yield Static(_("Who does it?"), classes="label")
            yield Input(known.action_owner if known else "", id="owner")
            yield Static(_("Before which date? (day-month-year)"), classes="label")
            yield Input(f"{known.action_due:%d-%m-%Y}" if known and known.action_due else "", id="due")
        yield Static(id="remark-label", classes="label")
        yield Input(known.remark if known else "", id="remark")

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep this answer"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self._fit(Verdict(self.query_one(Choice).chosen))
        self.query_one(Choice).focus()

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        self._fit(Verdict(event.chosen))

    def _fit(self, verdict: Verdict) -> None:
        """Ask only for what belongs to the verdict."""
        self.query_one("#action").display = verdict is Verdict.NOT_OK
        why = {
            Verdict.OK: _("Remark (may be empty)"),
            Verdict.NOT_OK: _("What must be done?"),
            Verdict.NOT_APPLICABLE: _("Why not?"),
        }[verdict]
        self.query_one("#remark-label", Static).update(Content(why))
        self.say("")

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        verdict = Verdict(self.query_one(Choice).chosen)
        due = read_date(self.typed("due"))
        if verdict is Verdict.NOT_OK and not self.typed("owner"):
            self.say(_("Say who does it, please."), at="owner")
            return
        if verdict is Verdict.NOT_OK and due is None:
            self.say(_("Give a date, please, such as 31-1-2027."), at="due")
            return
        if verdict is Verdict.NOT_APPLICABLE and not self.typed("remark"):
            self.say(_("Say why it does not apply, please."), at="remark")
            return
        answer = self.answer(
            verdict,
            by=director_of(self._picture.policy),
            remark=self.typed("remark"),
            owner=self.typed("owner") if verdict is Verdict.NOT_OK else "",
            due=due if verdict is Verdict.NOT_OK else None,
        )
        try:
            await self.source.answer(answer)
        except VangnetError as error:
            self.say_error(error)
            return
        await self.vangnet.look_again()
        self.dismiss(None)

    def answer(
        self, verdict: Verdict, *, by: str, remark: str = "", owner: str = "", due: date | None = None
    ) -> ChecklistAnswer:
        """Put an answer together, of this school year and this moment."""
        return ChecklistAnswer(
            school_year=self._picture.school_year,
            item=self._line.item.id,
            verdict=verdict,
            remark=remark,
            action_owner=owner,
            action_due=due,
            by=by,
            at=self._picture.now,
        )


def read_date(text: str) -> date | None:
    """Read "31-1-2027", "31/1/2027" or "2027-01-31"; None when it is no date."""
    for form in ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a date has no time zone
        except ValueError:
            continue
    return None
