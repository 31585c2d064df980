"""A data set in a row of a table: its name, its last good copy, what is wanted, how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.assessment.model import DataSetHealth, State
from app.i18n import _, ngettext
from app.policy.model import Plan, Policy
from app.policy.plan import derive_plan
from app.wording.times import felt_time, lateness

SIGNS = {State.OK: "✔", State.ATTENTION: "!", State.ERROR: "✖"}
"""Colour never stands alone: every light has a sign and a word."""


@dataclass(frozen=True, slots=True)
class DataSetRow:
    name: str
    last_good: str
    demand: str
    state: str


def data_set_row(health: DataSetHealth, policy: Policy, now: datetime, tz: tzinfo) -> DataSetRow:
    """Word one data set."""
    plan = derive_plan(policy, policy.data_set(health.data_set))
    return DataSetRow(
        name=health.name,
        last_good=felt_time(health.last_good, now, tz) if health.last_good else _("no copy yet"),
        demand=demand_text(plan),
        state=f"{SIGNS[health.state]} {_state_word(health, now, tz)}",
    )


def demand_text(plan: Plan) -> str:
    """Say how often a copy is wanted."""
    if plan.continuous:
        return _("at once")
    if plan.max_age <= timedelta(days=1):
        return _("every day")
    if plan.max_age == timedelta(days=7):
        return _("every week")
    return ngettext("every {count} day", "every {count} days", plan.max_age.days).format(count=plan.max_age.days)


def state_word(state: State) -> str:
    """Name a light."""
    return {State.OK: _("in order"), State.ATTENTION: _("attention"), State.ERROR: _("wrong")}[state]


def _state_word(health: DataSetHealth, now: datetime, tz: tzinfo) -> str:
    if health.state is not State.OK and health.last_good is not None and health.due < now:
        return lateness(health.due, now, tz)
    return state_word(health.state)
