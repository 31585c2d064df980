"""Everything a judgement looks at, in one value: the policy, this computer, the history and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from app.assessment.history import History, history
from app.assessment.model import ConnectionState
from app.policy.machine import Machine, Target
from app.policy.model import Basis, DataSet, Demand, Plan, Policy, Requirement
from app.policy.plan import derive_plans
from app.policy.refused import Refused
from app.records.facts import DriveNote, Facts
from app.records.room import RoomTrouble


@dataclass(frozen=True, slots=True)
class Situation:
    """The input of every judgement; nothing in it changes while one assessment is made."""

    policy: Policy
    machine: Machine
    history: History
    now: datetime
    tz: tzinfo
    plans: tuple[tuple[DataSet, Plan], ...]
    refused: Refused | None = None
    trouble: RoomTrouble | None = None

    @property
    def facts(self) -> Facts:
        return self.history.facts

    @property
    def today(self) -> date:
        """The day it is on the spot."""
        return self.now.astimezone(self.tz).date()

    @property
    def covered(self) -> tuple[tuple[DataSet, Plan], ...]:
        """The data sets of which this computer knows the folders: those it can copy."""
        return tuple((s, p) for s, p in self.plans if has_folders(self.machine, s))

    def connection(self, target: Target) -> ConnectionState:
        """Tell whether a place is there now, as far as the records say."""
        here = (d for d in self.facts.drives if d.note is not DriveNote.WRONG)
        if target.removable and any(_is_target(target, d.target, d.fs_uuid) for d in here):
            return ConnectionState.CONNECTED
        sight = self.history.sights.get(target.id)
        if sight is None:
            return ConnectionState.DETACHED if target.removable else ConnectionState.UNKNOWN
        if sight.connected:
            return ConnectionState.CONNECTED
        return ConnectionState.DETACHED if target.removable else ConnectionState.MISSING

    def requirement(self, demand: Demand) -> Requirement | None:
        """Return the strictest form in which some data set's plan makes a demand."""
        found = [r for _, plan in self.plans if (r := plan.requirement(demand)) is not None]
        return min(found, key=lambda r: r.every or timedelta.max, default=None)


def situation(policy: Policy, machine: Machine, facts: Facts, now: datetime, tz: tzinfo) -> Situation:
    """Put the input together and derive the plans."""
    plans = {plan.data_set: plan for plan in derive_plans(policy)}
    pairs = tuple((data_set, plans[data_set.id]) for data_set in policy.data_sets)
    return Situation(policy=policy, machine=machine, history=history(facts, now), now=now, tz=tz, plans=pairs)


def has_folders(machine: Machine, data_set: DataSet) -> bool:
    folders = machine.folders(data_set.id)
    return folders is not None and bool(folders.paths)


def grounds(requirement: Requirement | None, *, otherwise: tuple[str, ...]) -> tuple[Basis, tuple[str, ...]]:
    """Return the basis and sources of a requirement; of our own advice when no rule makes the demand."""
    if requirement is None:
        return Basis.RECOMMENDED, otherwise
    return requirement.rule.basis, requirement.rule.source


def _is_target(target: Target, known_as: str, fs_uuid: str) -> bool:
    return known_as == target.id or (bool(target.fs_uuid) and fs_uuid == target.fs_uuid)
