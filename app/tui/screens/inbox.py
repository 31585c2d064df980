"""The director's inbox: what went wrong, once for each cause, and the verdict that it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from app.assessment.judgements import Case, CaseKind, cases
from app.errors import VangnetError
from app.i18n import _, ngettext
from app.policy.model import Role
from app.records.facts import Ruling
from app.secret import Secret
from app.tui.background import begin
from app.tui.frame import Frame
from app.tui.picture import Picture
from app.tui.screens.answer import read_date
from app.tui.screens.approve import director_of
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Choice
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, cell
from app.wording.cases import case_title, case_when, case_why, verdict_text
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.times import before, lateness

JUDGED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the director says of a case."""

    case: str
    ruling: Ruling
    remark: str
    by: str
    owner: str = ""
    due: date | None = None


class InboxScreen(Frame):
    """What waits on top, what was judged below it; the item that the cursor is on in full at the foot."""

    CSS_PATH = "inbox.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "judge", show=False)]
    place = "inbox"

    def __init__(self) -> None:
        super().__init__()
        self.pin: Secret | None = None
        """The director's, once it was right; as long as this screen stands."""

    def content(self) -> ComposeResult:
        yield Static(id="inbox-head")
        yield Rows(id="cases")
        yield Static(id="case", markup=False)

    def keys(self) -> Iterable[KeyHint]:
        case = self._case() if self.query("#cases") else None
        if case is not None and case.open:
            yield KeyHint("Enter", _("Judge"), "screen.judge")
        yield KeyHint("Esc", _("Back"), "screen.home")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Everything that went wrong waits here for the director. The same cause is one line, however often."),
            _("Say whether it is good enough, or who does something about it and by when. The journal keeps it."),
            _("Without a verdict within a day, the governing body is told."),
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#cases", Rows).focus()

    def on_resize(self) -> None:
        self.refresh_all()

    def show(self, picture: Picture) -> None:
        found = cases(picture.facts, picture.now)
        waiting = [case for case in found if case.open]
        self.query_one("#inbox-head", Static).update(_head(len(waiting)))
        self.query_one("#cases", Rows).fill(_lines(picture, found))
        self._show_case()

    def _case(self) -> Case | None:
        picture, key = self.vangnet.picture, self.query_one("#cases", Rows).key
        if picture is None or key is None:
            return None
        return next((case for case in cases(picture.facts, picture.now) if _key(case) == key), None)

    def on_option_list_option_highlighted(self) -> None:
        self._show_case()
        self.label_keys()

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        begin(self, self.action_judge, group="judge")

    def _show_case(self) -> None:
        picture, case = self.vangnet.picture, self._case()
        box = self.query_one("#case", Static)
        box.display = case is not None
        if picture is not None and case is not None:
            box.update(_case_text(picture, case))

    async def action_judge(self) -> None:
        """Ask the verdict on the case that the cursor is on."""
        picture, case = self.vangnet.picture, self._case()
        if picture is None or case is None or not case.open:
            return
        if case.kind is CaseKind.ALARM:
            self.vangnet.open_alarm(case.run)
            return
        new = self.pin is None and not await self.source.has_pin(Role.DIRECTOR)
        self.app.push_screen(JudgeDialog(self, picture, case, new=new))


class JudgeDialog(Dialog[None]):
    """Good enough, or something must be done; with a remark, and the PIN the first time."""

    def __init__(self, inbox: InboxScreen, picture: Picture, case: Case, *, new: bool) -> None:
        super().__init__()
        self._inbox = inbox
        self._picture = picture
        self._case = case
        self._new = new

    def title_text(self) -> str:
        return case_title(self._case, self._picture.policy, self._picture.machine)

    def body(self) -> ComposeResult:
        when = case_when(self._case, self._picture.now, self._picture.timezone)
        yield paragraph(" ".join(text for text in (f"{when}.", case_why(self._case)) if text))
        yield Choice(
            (
                (Ruling.ACCEPTED, _("Good enough: nothing more needs to be done")),
                (Ruling.ACTION, _("Something must be done")),
            ),
            Ruling.ACCEPTED,
            id="ruling",
        )
        with Vertical(id="action"):
            yield Static(_("Who does it?"), classes="label")
            yield Input(id="owner")
            yield Static(_("Before which date? (day-month-year)"), classes="label")
            yield Input(id="due")
        yield Static(id="remark-label", classes="label")
        yield Input(id="remark")
        if self._inbox.pin is None:
            label = _("Choose a PIN: at least four characters, only for the director") if self._new else ""
            yield Static(label or _("The director's PIN"), classes="label")
            yield Input(password=True, id="pin")

    def buttons(self) -> ComposeResult:
        yield Button(_("This is my verdict"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self._fit(Ruling.ACCEPTED)
        self.query_one(Choice).focus()

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        self._fit(Ruling(event.chosen))

    def _fit(self, ruling: Ruling) -> None:
        """Ask only for what belongs to the verdict."""
        self.query_one("#action").display = ruling is Ruling.ACTION
        why = _("Why is it good enough?") if ruling is Ruling.ACCEPTED else _("What must be done?")
        self.query_one("#remark-label", Static).update(Content(why))
        self.say("")

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        verdict = Verdict(
            self._case.id,
            Ruling(self.query_one(Choice).chosen),
            self.typed("remark"),
            director_of(self._picture.policy),
            self.typed("owner"),
            read_date(self.typed("due")),
        )
        if lacking := _lacking(verdict):
            self.say(lacking[0], at=lacking[1])
            return
        pin = self._inbox.pin or Secret(self.typed("pin"))
        try:
            if self._new:
                await self.source.set_pin(Role.DIRECTOR, verdict.by, pin)
                self._new = False
            await self.source.judge(verdict, pin=pin)
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}")
            return
        self._inbox.pin = pin
        await self.vangnet.look_again()
        self.dismiss(None)


def _lacking(verdict: Verdict) -> tuple[str, str] | None:
    """Say what is missing in a verdict, and in which field; None when nothing is."""
    if verdict.ruling is Ruling.ACTION and not verdict.owner:
        return _("Say who does it, please."), "owner"
    if verdict.ruling is Ruling.ACTION and verdict.due is None:
        return _("Give a date, please, such as 31-1-2027."), "due"
    if not verdict.remark:
        return _("Say why, please: a few words are enough."), "remark"
    return None


def _head(waiting: int) -> Content:
    if not waiting:
        return Content.styled("✔ ", "bold $green") + Content.styled(_("Nothing waits for your verdict."), "bold")
    text = ngettext(
        "{count} thing waits for the director's verdict.", "{count} things wait for the director's verdict.", waiting
    ).format(count=felt_number(waiting))
    return Content.styled("! ", "bold $amber") + Content.styled(text, "bold")


def _lines(picture: Picture, found: tuple[Case, ...]) -> list[tuple[str, Line]]:
    waiting = [case for case in found if case.open]
    judged = [case for case in found if not case.open][:JUDGED_SHOWN]
    lines: list[tuple[str, Line]] = [(_key(case), _row(picture, case)) for case in waiting]
    if judged:
        lines.append(("judged", Note(Content.styled("  " + _("Judged"), "bold $muted"))))
        lines += [(_key(case), _row(picture, case)) for case in judged]
    return lines


def _row(picture: Picture, case: Case) -> Row:
    sign, style = ("✖", "$red") if case.kind is CaseKind.ALARM else ("!", "$amber")
    if not case.open:
        sign, style = "✔", "$muted"
    title = case_title(case, picture.policy, picture.machine)
    when = case_when(case, picture.now, picture.timezone)
    return Row(
        cell(sign, 1, style=f"bold {style}"),
        cell(title, style="bold $ink" if case.open else "$muted"),
        cell(when, min(34, max(20, len(when))), style="$muted", align="right"),
    )


def _case_text(picture: Picture, case: Case) -> Content:
    parts = [Content.styled(case_title(case, picture.policy, picture.machine), "bold")]
    if why := case_why(case):
        parts.append(Content(why))
    if case.open:
        due = case.escalates_at
        late = picture.now > due
        when = lateness(due, picture.now, picture.timezone) if late else before(due, picture.now, picture.timezone)
        parts.append(Content.styled(_("Verdict: {when}").format(when=when), "$amber" if late else "$muted"))
    if case.judgement is not None:
        said = verdict_text(case.judgement, picture.now, picture.timezone)
        parts.append(Content.styled(_("Before: {verdict}").format(verdict=said) if case.open else said, "$accent"))
    return Content("\n").join(parts)


def _key(case: Case) -> str:
    return f"{'open' if case.open else 'done'}:{case.id}"
