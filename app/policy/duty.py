"""What people owe beside the machine, as data: what, how often, who, how to do it, and what closes it.

Source: REQUIREMENTS sections 3 and 5 (the register's demands on people, the checklist's manual items).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NewType

from app.policy.model import Basis, ItemId, Label, Role, Tier

DutyId = NewType("DutyId", str)


class DutyScope(StrEnum):
    """What a duty is done for, one by one; what is done for one says nothing of the others."""

    ORGANISATION = "organisation"
    SITE = "site"
    """Each place where data or copies are."""
    DATA_SET = "data-set"
    UPS = "ups"


class ProofForm(StrEnum):
    """What closes a duty: at least one of those it names, with the name of who did it."""

    REMARK = "remark"
    DOCUMENT = "document"
    PHOTO = "photo"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that people do and declare.

    It is owed every so often (`every`), or once after each approval of the policy (`after_approval`): one of the two
    is None. `first` is how long a new organisation, or a new site, has for the first time. It is shown `window` before
    it is due. `tiers` empty: always; else only where data of these tiers is kept. `by_facts`: it cannot be declared,
    the records show that it was done.
    """

    id: DutyId
    title: Label
    reason: Label
    """Why, in plain words."""
    steps: tuple[Label, ...]
    asks: Label
    """What the person who did it is asked."""
    who: Role
    every: timedelta | None
    after_approval: timedelta | None
    first: timedelta
    window: timedelta
    scope: DutyScope
    tiers: tuple[Tier, ...]
    closed_by: tuple[ProofForm, ...]
    may_be_exempt: bool
    by_facts: bool
    basis: Basis
    source: tuple[str, ...]
    norms: tuple[str, ...]
    items: tuple[ItemId, ...]
    """The checklist items that it is evidence for."""
