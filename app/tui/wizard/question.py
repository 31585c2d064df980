"""How much data matters: one of the three questions, with at once what the answer leads to."""

from __future__ import annotations

import dataclasses

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from app.i18n import _, language
from app.policy.model import (
    Availability,
    Axis,
    Classification,
    Confidentiality,
    Demand,
    Integrity,
    Level,
    Policy,
    Tier,
)
from app.policy.questions import consequence, levels_of
from app.setup.answers import SetupAnswers
from app.tui.widgets.choice import Choice
from app.tui.wizard.page import Page, question
from app.tui.wizard.route import PageId, data_set_of

_UNKNOWN = Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL)
"""Where a data set of one's own starts: rather a bit too careful."""


class QuestionPage(Page):
    """One axis of one data set. The usual answer is chosen already; people only confirm or correct it."""

    def __init__(self, page: PageId, answers: SetupAnswers, template: Policy, axis: Axis) -> None:
        super().__init__(page, answers)
        self._policy = template
        self._axis = axis
        self._data_set = data_set_of(answers, page)

    def title(self) -> str:
        return self._data_set.name

    def compose(self) -> ComposeResult:
        levels = levels_of(self._policy, self._axis)
        first = levels[0].question
        yield question(first.text(language()) if first else "")
        yield Choice(tuple((level.id, level.answer.text(language())) for level in levels), self._chosen(), id="level")
        yield Static(_("What this means"), classes="means-title")
        yield Static(id="means", classes="means")

    def on_mount(self) -> None:
        self._explain()

    def _chosen(self) -> str:
        levels = self._data_set.classification or _UNKNOWN
        match self._axis:
            case Axis.AVAILABILITY:
                return levels.availability
            case Axis.INTEGRITY:
                return levels.integrity
            case Axis.CONFIDENTIALITY:
                return levels.confidentiality

    @on(Choice.Changed)
    def _explain(self) -> None:
        self.query_one("#means", Static).update(self._meaning())

    def _classification(self) -> Classification:
        level = self.query_one(Choice).chosen
        levels = self._data_set.classification or _UNKNOWN
        match self._axis:
            case Axis.AVAILABILITY:
                return dataclasses.replace(levels, availability=Availability(level))
            case Axis.INTEGRITY:
                return dataclasses.replace(levels, integrity=Integrity(level))
            case Axis.CONFIDENTIALITY:
                return dataclasses.replace(levels, confidentiality=Confidentiality(level))

    def _meaning(self) -> Content:
        levels = self._classification()
        leads_to = consequence(self._policy, levels)
        if self._axis is Axis.CONFIDENTIALITY:
            asked = (rule.text.text(language()) for rule in leads_to.rules if rule.demand is Demand.ENCRYPTION)
            text = " ".join(asked) or _(
                "The policy does not ask for encryption. Vangnet encrypts these copies all the same."
            )
        else:
            text = leads_to.tier.consequence.text(language())
        return Content(text) + Content("\n") + Content.styled(self._reason(levels, leads_to.tier.tier), "$muted")

    def _reason(self, levels: Classification, tier: Tier) -> str:
        if _decided_elsewhere(self._axis, levels, tier):
            return _("Why: this is how much the other answers about this data ask for.")
        name = self._level().label.text(language())
        return _("Why: the back-up policy calls this data “{level}”.").format(level=name)

    def _level(self) -> Level:
        chosen = self.query_one(Choice).chosen
        return next(level for level in levels_of(self._policy, self._axis) if level.id == chosen)

    def collect(self) -> SetupAnswers:
        classified = dataclasses.replace(self._data_set, classification=self._classification())
        others = (classified if d.id == classified.id else d for d in self.answers.data_sets)
        return dataclasses.replace(self.answers, data_sets=tuple(others))

    def explanation(self) -> tuple[str, ...]:
        what = {
            Axis.AVAILABILITY: _("How long can you do without this data? That decides how often it is copied."),
            Axis.INTEGRITY: _("How bad is a mistake in it? Data that must be right is copied more often too."),
            Axis.CONFIDENTIALITY: _(
                "Who may see it? That decides whether the copies must be encrypted, not how often."
            ),
        }[self._axis]
        return (
            what,
            _(
                "What is usual is chosen already. In the policy these are the levels of "
                "availability (B), integrity (I) and confidentiality (V)."
            ),
        )


def _decided_elsewhere(axis: Axis, levels: Classification, tier: Tier) -> bool:
    """Tell whether the tier comes from the other of the two axes that decide it."""
    own = {
        Axis.AVAILABILITY: tuple(Availability).index(levels.availability),
        Axis.INTEGRITY: tuple(Integrity).index(levels.integrity),
    }.get(axis)
    return own is not None and own < tier
