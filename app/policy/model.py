"""The policy as values: what the organisation's data is worth and what must happen because of it.

Source: REQUIREMENTS S2 (levels, tiers, measures), S0, S1, S3 (roles, review, versions, tests). Every rule carries its
`basis` and `source`, so that each measure on a screen traces back to the document that demands it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Literal, NewType

from app.policy.calendar import ALWAYS_OPEN, Calendar
from app.policy.label import Label as Label
from app.policy.label import Language as Language
from app.policy.power_rules import USUAL_POWER, PowerRules

if TYPE_CHECKING:
    from app.policy.duty import Duty

DataSetId = NewType("DataSetId", str)
RuleId = NewType("RuleId", str)
ItemId = NewType("ItemId", str)
"""A checklist item, C01 to C40."""


class Availability(StrEnum):
    """B: how soon work suffers when the data is gone; from low to high."""

    LOW = "low"
    IMPORTANT = "important"
    ESSENTIAL = "essential"


class Integrity(StrEnum):
    """I: what an error or a loss in the data does; from low to high."""

    NORMAL = "normal"
    REQUIRED = "required"
    ABSOLUTE = "absolute"


class Confidentiality(StrEnum):
    """V: who may see the data; from low to high. It never changes the frequency, it decides encryption."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"  # noqa: S105 - the name of a level


class Tier(IntEnum):
    """The protection tier: max(B, I)."""

    T0 = 0
    T1 = 1
    T2 = 2


class Axis(StrEnum):
    AVAILABILITY = "availability"
    INTEGRITY = "integrity"
    CONFIDENTIALITY = "confidentiality"


@dataclass(frozen=True, slots=True)
class Classification:
    """The three levels of one data set."""

    availability: Availability
    integrity: Integrity
    confidentiality: Confidentiality


@dataclass(frozen=True, slots=True)
class Level:
    """One level of one axis: its label, and what the wizard asks to reach it.

    `question` is empty for the level that is left when every question got a no; `answer` is the option's text on the
    wizard's page ("Ja, dan ligt het werk stil"). Levels of an axis stand in the order in which they are asked.
    """

    axis: Axis
    id: str
    label: Label
    question: Label | None
    answer: Label


class Demand(StrEnum):
    """What a rule asks for."""

    WEEKLY_COPY = "weekly-copy"
    DAILY_COPY = "daily-copy"
    CONTINUOUS_OFFSITE = "continuous-offsite"
    DAILY_VERSIONS = "daily-versions"
    YEARLY_FULL = "yearly-full"
    ENCRYPTION = "encryption"
    UPS = "ups"
    REDUNDANT_UPS = "redundant-ups"
    ALTERNATIVE_LINE = "alternative-line"
    ISP_SLA = "isp-sla"
    FIRE_PROTECTION = "fire-protection"
    SAFETY_PLAN = "safety-plan"
    PROCESSOR_CLAUSES = "processor-clauses"
    OTHER_MEDIUM_AND_SITE = "other-medium-and-site"
    OFFLINE_COPY = "offline-copy"
    RESTORE_TEST = "restore-test"
    FULL_DRILL = "full-drill"
    KEY_TEST = "key-test"


class Basis(StrEnum):
    """Where a rule comes from: a document demands it, or it is our addition."""

    SOURCE = "source"
    RECOMMENDED = "recommended"


@dataclass(frozen=True, slots=True)
class Rule:
    """A demand and the data it holds for.

    It holds when the tier is in `tiers` (empty: any) and the confidentiality in `confidentiality` (empty: any).
    `every` is the longest allowed age or interval where the demand has one.
    """

    id: RuleId
    demand: Demand
    tiers: tuple[Tier, ...]
    confidentiality: tuple[Confidentiality, ...]
    every: timedelta | None
    basis: Basis
    source: tuple[str, ...]
    norms: tuple[str, ...]
    text: Label


class DataSetKind(StrEnum):
    DATA = "data"
    CONFIGURATION = "configuration"
    SYSTEM_IMAGE = "system-image"
    DATABASE_DUMP = "database-dump"


class LocationKind(StrEnum):
    """Where the data lives (S2-1b)."""

    THIS_PC = "this-pc"
    NAS = "nas"
    SERVER = "server"
    CLIENT = "client"
    OWN_DEVICE = "own-device"
    OTHER_SITE = "other-site"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class DataSet:
    """A body of data with one owner and one classification. Its folders are in the machine file, not here."""

    id: DataSetId
    name: str
    classification: Classification
    kind: DataSetKind = DataSetKind.DATA
    location: LocationKind = LocationKind.THIS_PC
    owner: str = ""
    classified_on: date | None = None
    kept_in_archive: bool = True
    """False: exempt from the yearly full back-up (S2-4d), with `exemption_reason` and `exemption_approved_by`."""
    exemption_reason: str = ""
    exemption_approved_by: str = ""
    exemption_until: date | None = None
    """The last day of the exemption; None: until the policy says otherwise."""


@dataclass(frozen=True, slots=True)
class TypicalDataSet:
    """A data set offered by the wizard with its usual classification."""

    id: DataSetId
    organisation: Literal["school", "business"]
    name: Label
    classification: Classification
    kind: DataSetKind = DataSetKind.DATA


class Role(StrEnum):
    GOVERNING_BODY = "governing-body"
    DIRECTOR = "director"
    IT_PROVIDER = "it-provider"
    DATA_OWNER = "data-owner"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """Who fills a role, and who does when they cannot. Empty strings where nobody is named yet."""

    role: Role
    label: Label
    person: str = ""
    deputy: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many versions are kept on each target (grandfather, father, son)."""

    keep_last: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    keep_yearly: int


@dataclass(frozen=True, slots=True)
class LegalRetention:
    """How long a law wants something kept. `verify`: offered as a default that the user must confirm."""

    id: str
    label: Label
    country: Literal["BE", "NL"]
    years: int | None
    note: Label
    verify: bool


@dataclass(frozen=True, slots=True)
class RestoreTestPlan:
    """How often a restore is tested, by tier (REQUIREMENTS section 4), and how many files a sample takes."""

    every: tuple[timedelta, timedelta, timedelta]
    """For T0, T1, T2."""
    sample_files: int
    full_drill_every: timedelta


class EvidenceKind(StrEnum):
    AUTOMATIC = "A"
    MANUAL = "M"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A question of the director's yearly checklist (REQUIREMENTS section 5)."""

    id: ItemId
    question: Label
    evidence: Label
    passes: Label
    kinds: tuple[EvidenceKind, ...]
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TierInfo:
    """What a tier is called, and its consequence and cost in plain words."""

    tier: Tier
    label: Label
    consequence: Label
    rto: timedelta
    """Longest acceptable time to have the data back."""
    rpo: timedelta
    """Longest acceptable loss."""


@dataclass(frozen=True, slots=True)
class Document:
    """The policy document's own data (S1-H)."""

    number: str
    title: Label
    version: str
    effective_on: date | None
    owner: str
    type: Label
    parent: str
    governing_body: str
    review_months: int


@dataclass(frozen=True, slots=True)
class Revision:
    """A row of the revision table (S3-9.3)."""

    version: str
    on: date
    change: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    kind: Literal["school", "business"]
    country: Literal["BE", "NL"]
    language: Language
    timezone: str
    """An IANA name, e.g. Europe/Brussels."""
    school_year_starts: tuple[int, int]
    """(month, day): September 1 in Belgium, August 1 in the Netherlands."""


@dataclass(frozen=True, slots=True)
class Postponing:
    """How people may put off what they owe: at most so long, so often in a row; after that only with the director."""

    longest: timedelta = timedelta(days=30)
    in_a_row: int = 1


@dataclass(frozen=True, slots=True)
class ReviewTrigger:
    """An event after which the policy is reviewed (S1-9.1, S3-9.2)."""

    id: str
    label: Label
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole, validated policy file."""

    organisation: Organisation
    document: Document
    norm_profiles: tuple[str, ...]
    levels: tuple[Level, ...]
    tiers: tuple[TierInfo, TierInfo, TierInfo]
    rules: tuple[Rule, ...]
    roles: tuple[RoleHolder, ...]
    retention: Retention
    legal_retention: tuple[LegalRetention, ...]
    restore_tests: RestoreTestPlan
    review_triggers: tuple[ReviewTrigger, ...]
    checklist: tuple[ChecklistItem, ...]
    typical_data_sets: tuple[TypicalDataSet, ...]
    data_sets: tuple[DataSet, ...]
    revisions: tuple[Revision, ...]
    sha256: str
    """Of the file's bytes as loaded, hex."""
    calendar: Calendar = ALWAYS_OPEN
    """When people are there; the machine works whenever the computer is on."""
    power: PowerRules = USUAL_POWER
    review_within: timedelta = timedelta(days=30)
    """So soon after such an event the review is done."""
    duties: tuple[Duty, ...] = ()
    postponing: Postponing = Postponing()

    def duty(self, duty_id: str) -> Duty | None:
        return next((duty for duty in self.duties if duty.id == duty_id), None)

    def data_set(self, data_set_id: DataSetId) -> DataSet:
        """Return a data set; raises KeyError when the policy has none with this id."""
        for data_set in self.data_sets:
            if data_set.id == data_set_id:
                return data_set
        raise KeyError(data_set_id)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A demand that holds for one data set, and the rule it comes from."""

    demand: Demand
    every: timedelta | None
    rule: Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """What must happen for one data set: the rules that hold, and what the machine needs to know of them."""

    data_set: DataSetId
    tier: Tier
    max_age: timedelta
    """The longest allowed age of the last good copy."""
    continuous: bool
    encrypted: bool
    ups_count: int
    alternative_line: bool
    fire_protection: bool
    restore_test_every: timedelta
    yearly_full: bool
    requirements: tuple[Requirement, ...]

    def requirement(self, demand: Demand) -> Requirement | None:
        return next((r for r in self.requirements if r.demand is demand), None)
