"""The summary, and making it real."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from app.errors import VangnetError
from app.i18n import _, language
from app.policy.model import Policy
from app.policy.questions import consequence
from app.setup.answers import SetupAnswers
from app.setup.apply import Step
from app.tui.background import begin
from app.tui.widgets.rows import Line, Row, Sheet, cell
from app.tui.wizard.page import NotYet, Page, explain_line, question
from app.tui.wizard.places import place_where
from app.tui.wizard.route import PageId
from app.wording.errors import explain


class SummaryPage(Page):
    """Everything that was answered, on one page, before anything is made."""

    def __init__(self, page: PageId, answers: SetupAnswers, template: Policy) -> None:
        super().__init__(page, answers)
        self._policy = template

    def title(self) -> str:
        return _("Summary")

    def onward_label(self) -> str:
        return _("Set it up →")

    def compose(self) -> ComposeResult:
        yield question(_("Is this right? Nothing has been made yet; you can still go back."))
        yield Sheet(id="summary")
        yield explain_line(_("“Set it up” makes the keys and prepares the places. Your own files stay as they are."))

    def on_mount(self) -> None:
        self.query_one(Sheet).fill(tuple(self._lines()))

    def _lines(self) -> list[Line]:
        organisation = self.answers.organisation
        blank = Row(cell(""), pointer=False)
        lines: list[Line] = [
            Row(cell(organisation.name if organisation else "", style="bold"), pointer=False),
            blank,
            _head(_("Data"), _("where"), _("protection")),
        ]
        for data_set in self.answers.data_sets:
            protection = ""
            if data_set.classification is not None:
                protection = consequence(self._policy, data_set.classification).tier.label.text(language())
            where = ", ".join(str(path) for path in data_set.paths)
            lines.append(
                Row(cell(data_set.name), cell(where, style="$muted", share=1), cell(protection, 20), pointer=False)
            )
        lines += [blank, _head(_("Place for copies"), _("where"), "")]
        for place in self.answers.places:
            where = place_where(place)
            site = _("another building") if place.offsite else place.site
            lines.append(Row(cell(place.name), cell(where, style="$muted"), cell(site, 20), pointer=False))
        hour, minute = self.answers.backup_time
        lines += [
            blank,
            Row(
                cell(_("The copies of each day start at {time}.").format(time=f"{hour}:{minute:02}"), style="$muted"),
                pointer=False,
            ),
        ]
        if self.answers.upses:
            names = ", ".join(ups.name for ups in self.answers.upses)
            lines.append(Row(cell(_("UPS: {names}").format(names=names), style="$muted"), pointer=False))
        return lines

    def collect(self) -> SetupAnswers:
        for data_set in self.answers.data_sets:
            if not data_set.paths:
                raise NotYet(
                    _("“{name}” has no folder yet. Go back and fill it in, please.").format(name=data_set.name)
                )
        if not self.answers.places:
            raise NotYet(_("There is no place for the copies yet. Go back and choose one, please."))
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        return (_("From here on Vangnet makes the keys, the places for the copies and the policy."),)


def _head(*texts: str) -> Row:
    first, second, third = texts
    return Row(
        cell(first, style="$muted"), cell(second, style="$muted"), cell(third, 20, style="$muted"), pointer=False
    )


class MakePage(Page):
    """Makes the set-up and goes on by itself; an error says what happened and can be tried again."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._failed = False

    def title(self) -> str:
        return _("Setting up")

    def onward_label(self) -> str:
        return _("Try again")

    def may_go_on(self) -> bool:
        return self._failed

    def may_leave(self) -> str:
        return "" if self._failed else _("Vangnet is setting things up; that takes a few seconds.")

    def compose(self) -> ComposeResult:
        yield question(_("One moment, Vangnet is setting things up."))
        yield Static(id="step-now", classes="found")

    def on_mount(self) -> None:
        self._try()

    def _try(self) -> None:
        self._failed = False
        self.post_message(self.Changed())
        begin(self, self._make, exclusive=True, group="make")

    async def _make(self) -> None:
        try:
            key = await self.source.apply(self.answers, self._tell_step)
        except VangnetError as error:
            said = explain(error)
            self._failed = True
            self.query_one("#step-now", Static).update(
                Content.styled(f"✖ {said.what}", "$red") + Content(f"\n{said.safe}\n{said.do}")
            )
            self.post_message(self.Changed())
            return
        self.vangnet.recovery_key = key
        self.post_message(self.Onward())
        self._failed = True  # only now may the page be left; see may_go_on

    def _tell_step(self, step: Step, name: str) -> None:
        self.app.call_from_thread(self._show_step, step, name)

    def _show_step(self, step: Step, name: str) -> None:
        texts = {
            Step.KEYS: _("Making the keys…"),
            Step.PLACE: _("Preparing {name}…").format(name=name),
            Step.POLICY: _("Writing the policy…"),
        }
        self.query_one("#step-now", Static).update(Content.styled(texts[step], "$accent"))

    def collect(self) -> SetupAnswers:
        if self.vangnet.recovery_key is None:
            self._try()
            raise NotYet(_("Trying again…"))
        return self.answers
