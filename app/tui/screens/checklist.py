"""The director's year: forty questions with the evidence that is there, an answer to each, and a signature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from app.assessment.model import EvidenceLine
from app.i18n import N_, _, language, ngettext
from app.jobs.director import is_answered
from app.policy.model import Role
from app.records.facts import ChecklistSignature, Verdict
from app.secret import Secret
from app.tui.background import begin
from app.tui.frame import Frame
from app.tui.picture import Picture
from app.tui.screens.answer import AnswerDialog
from app.tui.screens.approve import director_of
from app.tui.screens.dialogs import AskPin
from app.tui.texts import school_year_text
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, cell
from app.wording.checklist import evidence_text, seen_text
from app.wording.times import felt_time

GROUPS: Final = (
    (1, N_("The policy and its people")),
    (6, N_("The data and its copies")),
    (17, N_("Key, access and tests")),
    (24, N_("Power, internet and fire")),
    (29, N_("Suppliers, people and failures")),
    (36, N_("Continuity and learning")),
)
"""From which item on a group runs."""

_MARKS: Final = {
    Verdict.OK: ("✔", "$green"),
    Verdict.NOT_OK: ("!", "$amber"),
    Verdict.NOT_APPLICABLE: ("–", "$muted"),
    None: ("○", "$muted"),
}


class ChecklistScreen(Frame):
    """The list on top, the item that the cursor is on in full below it."""

    CSS_PATH = "checklist.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sign", show=False),
        Binding("o", "all_right", show=False),
        Binding("u", "next_open", show=False),
    ]
    place = "checklist"

    def __init__(self) -> None:
        super().__init__()
        self._verified: tuple[ChecklistSignature, bool] | None = None
        self._verifying: ChecklistSignature | None = None

    def content(self) -> ComposeResult:
        yield Static(id="year-head")
        yield Rows(id="items")
        yield Static(id="item", markup=False)
        yield Static(id="signed", markup=False)

    def keys(self) -> Iterable[KeyHint]:
        yield KeyHint("Enter", _("Answer"), "screen.answer")
        yield KeyHint("o", _("It is in order"), "screen.all_right")
        yield KeyHint("u", _("Next open one"), "screen.next_open")
        yield KeyHint("s", _("Sign"), "screen.sign")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Once a year the director goes through these questions. What Vangnet knows stands behind each question."),
            _("Answer “in order”, or “not in order” with an action and a date, or “not applicable” with the reason."),
            _(
                "When every question has an answer, the director signs with the "
                "PIN. Later anyone can see that nothing was changed."
            ),
        )

    def on_mount(self) -> None:
        self.query_one("#items", Rows).focus()

    def on_resize(self) -> None:
        self.refresh_all()

    def show(self, picture: Picture) -> None:
        wide = self.app.size.width >= 100
        self.query_one("#year-head", Static).update(_head(picture))
        self.query_one("#items", Rows).fill(_lines(picture, wide=wide))
        self._show_item()
        self._show_signed(picture)

    def _line(self) -> EvidenceLine | None:
        picture, key = self.vangnet.picture, self.query_one("#items", Rows).key
        if picture is None:
            return None
        return next((line for line in picture.evidence if line.item.id == key), None)

    def on_option_list_option_highlighted(self) -> None:
        self._show_item()

    def _show_item(self) -> None:
        line, picture = self._line(), self.vangnet.picture
        box = self.query_one("#item", Static)
        if line is None or picture is None:
            box.update("")
            return
        box.update(_item_text(picture, line))

    def _show_signed(self, picture: Picture) -> None:
        box = self.query_one("#signed", Static)
        signature = next((s for s in picture.facts.signatures if s.school_year == picture.school_year), None)
        if signature is None:
            box.update(Content.styled(_ready_text(picture), "$muted"))
            return
        when = felt_time(signature.at, picture.now, picture.timezone)
        text = _("Signed by {name}, {when}.").format(name=signature.by, when=when)
        if self._verified is None or self._verified[0] != signature:
            box.update(Content.styled(f"✔ {text} " + _("Checking the signature…"), "$muted"))
            if self._verifying != signature:
                self._verifying = signature
                begin(self, partial(self._verify, signature), exclusive=True, group="verify")
        elif self._verified[1]:
            box.update(Content.styled(f"✔ {text} " + _("Nothing has been changed since."), "$green"))
        else:
            box.update(
                Content.styled(f"✖ {text} " + _("It does not match the journal: something was changed."), "$red")
            )

    async def _verify(self, signature: ChecklistSignature) -> None:
        self._verified = (signature, await self.source.checklist_signature_holds(signature))
        if self.vangnet.picture is not None:
            self._show_signed(self.vangnet.picture)

    # Answering

    def on_option_list_option_selected(self) -> None:
        self.action_answer()

    def action_answer(self) -> None:
        """Answer the question that the cursor is on."""
        line, picture = self._line(), self.vangnet.picture
        if line is not None and picture is not None:
            self.app.push_screen(AnswerDialog(picture, line))

    async def action_all_right(self) -> None:
        """Answer the question that the cursor is on with "in order", and go to the next open one."""
        line, picture = self._line(), self.vangnet.picture
        if line is None or picture is None:
            return
        dialog = AnswerDialog(picture, line)
        await self.source.answer(dialog.answer(Verdict.OK, by=director_of(picture.policy)))
        await self.vangnet.look_again()
        self.action_next_open()

    def action_next_open(self) -> None:
        """Go to the next question without an answer."""
        picture, rows = self.vangnet.picture, self.query_one("#items", Rows)
        if picture is None:
            return
        ids = [str(line.item.id) for line in picture.evidence]
        start = ids.index(rows.key) + 1 if rows.key in ids else 0
        order = (*picture.evidence[start:], *picture.evidence[:start])
        wanted = next((line.item.id for line in order if not is_answered(line)), None)
        if wanted is not None:
            rows.highlighted = rows.get_option_index(wanted)

    async def action_sign(self) -> None:
        """Sign with the PIN, when every question has an answer."""
        picture = self.vangnet.picture
        if picture is None:
            return
        open_items = sum(not is_answered(line) for line in picture.evidence)
        if open_items:
            self.notify(_ready_text(picture), severity="warning")
            return

        async def sign(name: str, pin: Secret) -> None:
            await self.source.sign_checklist(by=name, pin=pin)
            await self.vangnet.look_again()

        self.app.push_screen(
            AskPin(
                _("Sign the yearly check {year}").format(year=school_year_text(picture.school_year)),
                _("With your signature you confirm the answers as they stand now, with the evidence of today."),
                name=director_of(picture.policy),
                yes=_("Sign"),
                new=not await self.source.has_pin(Role.DIRECTOR),
                act=sign,
            )
        )


def _head(picture: Picture) -> Row:
    done = sum(is_answered(line) for line in picture.evidence)
    actions = sum(line.answer is not None and line.answer.verdict is Verdict.NOT_OK for line in picture.evidence)
    count = _("{done} of {total} done").format(done=done, total=len(picture.evidence))
    if actions:
        count += " · " + ngettext("{count} action", "{count} actions", actions).format(count=actions)
    title = _("Yearly check {year}").format(year=school_year_text(picture.school_year))
    return Row(cell(title, style="bold"), cell(count, 28, style="$accent", align="right"), pointer=False)


def _lines(picture: Picture, *, wide: bool) -> Iterator[tuple[str, Line]]:
    names = dict(GROUPS)
    for line in picture.evidence:
        number = int(line.item.id[1:])
        if number in names:
            yield f"group:{number}", Note(Content.styled(f"  {_(names[number])}", "bold $muted"))
        sign, style = _MARKS[line.answer.verdict if line.answer is not None else None]
        known = evidence_text(line, picture.timezone) if line.known else _("your statement")
        cells = [
            cell(sign, 1, style=f"bold {style}"),
            cell(line.item.id, 3, style="$muted"),
            cell(line.item.question.text(language()), share=5),
            # On a narrow screen the evidence stands below the list, in full, for the item that the cursor is on.
            *((cell(known, share=6, style="$muted"),) if wide else ()),
            cell(Content.styled(_action(line), "$accent"), 12, align="right"),
        ]
        yield line.item.id, Row(*cells)


def _action(line: EvidenceLine) -> str:
    if is_answered(line):
        return ""
    if line.verdict is Verdict.NOT_OK:
        return _("Look ▸")
    if line.verdict is Verdict.OK:
        return _("Confirm ▸")
    return _("Fill in ▸")


def _item_text(picture: Picture, line: EvidenceLine) -> Content:
    spoken = language()
    item = line.item
    parts = [Content.styled(f"{item.id} {item.question.text(spoken)}", "bold")]
    sign, style = _MARKS[line.verdict]
    evidence = evidence_text(line, picture.timezone)
    parts.append(Content.styled(f"{sign} ", style) + Content(evidence))
    passes = _("In order when: {condition}").format(condition=item.passes.text(spoken))
    refs = ", ".join(item.refs)
    parts.append(Content.styled(f"{passes}  ({refs})" if refs else passes, "$muted"))
    if line.answer is not None:
        parts.append(_answer_text(picture, line))
    if line.seen:  # last: where there is no room, the answer's dialog has it whole
        parts.append(Content.styled(_("Vangnet sees: "), "$muted") + Content(seen_text(line, picture.timezone)))
    return Content("\n").join(parts)


def _answer_text(picture: Picture, line: EvidenceLine) -> Content:
    answer = line.answer
    if answer is None:
        return Content("")
    when = felt_time(answer.at, picture.now, picture.timezone)
    who = _("{name}, {when}").format(name=answer.by or _("the director"), when=when)
    match answer.verdict:
        case Verdict.OK:
            said = _("Answer: in order")
        case Verdict.NOT_OK:
            due = f"{answer.action_due:%d-%m-%Y}" if answer.action_due else "?"
            said = _("Answer: not in order; {owner} does this before {date}").format(
                owner=answer.action_owner, date=due
            )
        case Verdict.NOT_APPLICABLE:
            said = _("Answer: not applicable")
    remark = f" – {answer.remark}" if answer.remark else ""
    return Content.styled(f"{said}{remark} ({who})", "$accent")


def _ready_text(picture: Picture) -> str:
    left = sum(not is_answered(line) for line in picture.evidence)
    if not left:
        return _("Every question has an answer: the director can sign with s.")
    return ngettext(
        "Signing can be done when {count} more question has an answer.",
        "Signing can be done when {count} more questions have an answer.",
        left,
    ).format(count=left)
