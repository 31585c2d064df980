"""Which data there is: what is usual for such an organisation to tick, and the organisation's own to add."""

from __future__ import annotations

import dataclasses

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from app.i18n import _, language
from app.policy.model import Policy, TypicalDataSet
from app.setup.answers import DataSetAnswer, SetupAnswers
from app.setup.identifiers import unique_slug
from app.tui.widgets.choice import Ticks
from app.tui.wizard.page import NotYet, Page, explain_line, question
from app.tui.wizard.route import PageId


class DataPage(Page):
    """A list to tick, and a field for what is not in it."""

    def __init__(self, page: PageId, answers: SetupAnswers, template: Policy) -> None:
        super().__init__(page, answers)
        kind = answers.organisation.kind if answers.organisation else "school"
        self._typical = tuple(t for t in template.typical_data_sets if t.organisation == kind)
        known = {t.id for t in self._typical}
        self._own = tuple(d for d in answers.data_sets if d.id not in known)

    def title(self) -> str:
        return _("Your data")

    def compose(self) -> ComposeResult:
        yield question(_("Which data do you have? Tick what must never be lost."))
        yield Ticks(self._options(), (d.id for d in self.answers.data_sets), id="sets")
        yield Input(placeholder=_("something else: type its name and press Enter"), id="own")
        yield explain_line(_("For each of them you will be asked where it is and how much it matters."))

    def _options(self) -> tuple[tuple[str, str], ...]:
        return (
            *((t.id, t.name.text(language())) for t in self._typical),
            *((own.id, own.name) for own in self._own),
        )

    @on(Input.Submitted, "#own")
    def _add(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        if not name:
            return
        ticks = self.query_one(Ticks)
        same = next((key for key, text in self._options() if text.casefold() == name.casefold()), None)
        if same is None:
            same = unique_slug(name, [key for key, _name in self._options()])
            self._own = (*self._own, DataSetAnswer(same, name))
            ticks.offer(self._options())
        if same not in ticks.ticked:
            ticks.tick(same)
        event.input.value = ""

    def collect(self) -> SetupAnswers:
        ticked = self.query_one(Ticks).ticked
        known = {d.id: d for d in self.answers.data_sets}
        chosen = (
            *(known.get(t.id, _answer(t)) for t in self._typical if t.id in ticked),
            *(known.get(own.id, own) for own in self._own if own.id in ticked),
        )
        if not chosen:
            raise NotYet(_("Tick at least one, please: without data there is nothing to look after."), at="sets")
        return dataclasses.replace(self.answers, data_sets=chosen)

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Data that belongs together, has one owner and matters equally, is one line here."),
            _("Is something missing? Type its name at the bottom and press Enter."),
        )


def _answer(typical: TypicalDataSet) -> DataSetAnswer:
    """What is usual, as a first answer: its level is selected already on the pages that ask."""
    return DataSetAnswer(
        typical.id, typical.name.text(language()), classification=typical.classification, kind=typical.kind
    )
