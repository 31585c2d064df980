"""The part of a policy file that says what people owe: from its YAML nodes to values."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from app.policy.decode import Fields, Item
from app.policy.duty import Duty, DutyId, DutyScope, ProofForm
from app.policy.errors import Reason
from app.policy.model import Basis, ItemId, Postponing, ReviewTrigger, Role, Tier

REVIEW_WITHIN: Final = timedelta(days=30)
MAX_STEPS: Final = 8


def read_duty(item: Item) -> Duty:
    """Read one duty; it needs `every` or `after_approval`, and not both."""
    with item.fields() as fields:
        every = fields.optional_duration("every")
        after_approval = fields.optional_duration("after_approval")
        period = every or after_approval or timedelta(days=365)
        if (every is None) is (after_approval is None):
            item.problem(Reason.MISSING_KEY, found="", expected=("every", "after_approval"))
        window = fields.duration("window")
        if window > period:
            fields.report.add(
                Reason.IMPOSSIBLE_VALUE, fields.line, fields.path("window"), found="", expected=("< every",)
            )
        return Duty(
            id=DutyId(fields.slug("id")),
            title=fields.label("title"),
            reason=fields.label("reason"),
            steps=tuple(step.label() for step in _bounded(fields)),
            asks=fields.label("asks"),
            who=fields.choice("who", Role),
            every=every,
            after_approval=after_approval,
            first=fields.optional_duration("first") or period,
            window=window,
            scope=fields.choice("scope", DutyScope, DutyScope.ORGANISATION),
            tiers=tuple(
                sorted({Tier[t.one_of(tuple(Tier.__members__))] for t in fields.items("tiers", required=False)})
            ),
            closed_by=_closed_by(fields),
            may_be_exempt=fields.true_or_false("may_be_exempt", False),
            by_facts=fields.true_or_false("by_facts", False),
            basis=fields.choice("basis", Basis),
            source=fields.texts("source"),
            norms=fields.texts("norms"),
            items=tuple(ItemId(text) for text in fields.texts("checklist")),
        )


def read_postponing(item: Item | None) -> Postponing:
    """Read how people may put things off; the usual bounds when the file does not say."""
    if item is None:
        return Postponing()
    with item.fields() as fields:
        return Postponing(longest=fields.duration("longest"), in_a_row=fields.number("in_a_row", 1, 12))


def read_trigger(item: Item, number: int) -> ReviewTrigger:
    """Read an event that opens a review; one without an id is called after its place in the list."""
    with item.fields() as fields:
        slug = fields.get("id")
        return ReviewTrigger(
            id=slug.slug() if slug else f"event-{number}",
            label=fields.label_here(),
            source=fields.texts("source"),
        )


def _bounded(fields: Fields) -> tuple[Item, ...]:
    steps = fields.items("steps")
    if len(steps) > MAX_STEPS:
        steps[MAX_STEPS].problem(Reason.TOO_LARGE, found=str(len(steps)), expected=(str(MAX_STEPS),))
    return steps[:MAX_STEPS]


def _closed_by(fields: Fields) -> tuple[ProofForm, ...]:
    forms = tuple(form.choice(ProofForm) for form in fields.items("closed_by", required=False))
    return tuple(dict.fromkeys(forms)) or (ProofForm.REMARK,)
