"""What the assessment says: obligations, findings, one overall state. Codes and data; `app.wording` makes texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from app.policy.model import Basis, ChecklistItem, DataSetId, EvidenceKind, Role, Tier
from app.records.facts import ChecklistAnswer, Run, Verdict


class State(IntEnum):
    """A traffic light; the worst of many is their maximum. Nothing is OK without evidence."""

    OK = 0
    ATTENTION = 1
    ERROR = 2


class ObligationKind(StrEnum):
    ANSWER_ALARM = "answer-alarm"
    """A run looked like the work of ransomware: was it us?"""
    BACKUP = "backup"
    YEARLY_FULL = "yearly-full"
    START_FULL = "start-full"
    """A person chooses the moment for the yearly full back-ups on one place; at the end the machine starts them."""
    RESTORE_TEST = "restore-test"
    CONFIRM_RESTORE_TEST = "confirm-restore-test"
    """A restore test was identical, but nobody has opened a file yet."""
    CHECK = "check"
    PRUNE = "prune"
    """After good copies the machine lets go of the versions that the retention does not keep."""
    KEY_TEST = "key-test"
    PLUG_IN_DISK = "plug-in-disk"
    TAKE_OFF_SITE = "take-off-site"
    """A disk that has its copies lies in the computer still, where a fire or a thief takes both."""
    REPAIR_LINE = "repair-line"
    REPLACE_BATTERY = "replace-battery"
    APPROVE_POLICY = "approve-policy"
    REVIEW_POLICY = "review-policy"
    JUDGE = "judge"
    """Something went wrong and waits for the director's verdict."""
    CHECKLIST = "checklist"
    DUTY = "duty"
    """Something that the policy's duties ask of people."""
    REPAIR_CONFIGURATION = "repair-configuration"
    """The policy or machine file has a mistake; Vangnet goes on with the last one that was right."""
    ENTER_PASSWORD = "enter-password"  # noqa: S105  not one itself
    """A place on a network does not accept our name and password any more, or this computer does not know them."""


class Timing(StrEnum):
    """Where an obligation stands in time."""

    MET = "met"
    UPCOMING = "upcoming"
    """Its window is open: it can be done now, but is not late."""
    DUE = "due"
    """The machine may start it now / a person should do it now."""
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that must happen by `due`.

    From `opens` on it can be done: the machine then starts by itself (DUE), a person is shown it (UPCOMING, later DUE).
    It is OVERDUE past `due`; a copy only past `due` and its grace, but its lateness counts from `due`.
    `id` is stable over time ("backup:puntenboek:nas"). `evidence` is when it was last met. `why` is the source ids of
    the rule. The agent acts on those with `who` None; the others are asked of a person.
    """

    id: str
    kind: ObligationKind
    data_set: DataSetId | None
    target: str | None
    timing: Timing
    opens: datetime
    due: datetime
    last_met: datetime | None
    who: Role | None
    basis: Basis
    why: tuple[str, ...]
    data: tuple[tuple[str, str], ...] = ()
    """What the text needs: names, colours, counts."""
    running: bool = False
    """A run that will meet it is under way."""
    not_before: datetime | None = None
    """After an attempt that did not succeed: until when the machine waits before it tries again."""

    @property
    def overdue_since(self) -> datetime | None:
        return self.due if self.timing is Timing.OVERDUE else None


class FindingCode(StrEnum):
    """What can be wrong; each has a text in both languages."""

    HOME_FULL = "home-full"
    """The disk with the records is full: no copy can be made, for nothing of it can be written down."""
    HOME_READ_ONLY = "home-read-only"
    POSSIBLE_ATTACK = "possible-attack"
    """A run looked like the work of ransomware, and nobody has said what it was."""
    POLICY_NOT_APPROVED = "policy-not-approved"
    NOTICES_NOT_SENT = "notices-not-sent"
    """Messages to people could not be delivered, and are tried again."""
    NO_TARGET = "no-target"
    NO_FOLDER = "no-folder"
    ONE_COPY_ONLY = "one-copy-only"
    NO_OFFSITE = "no-offsite"
    SAME_ZONE = "same-zone"
    """The only copies elsewhere stand where the same flood or fire would take them."""
    NO_OFFLINE = "no-offline"
    NO_CONTINUOUS = "no-continuous"
    """A T2 set wants continuous copying to a place elsewhere that is always there, and no such place is known."""
    SYNC_BEHIND = "sync-behind"
    """A continuous copy lags further behind than the policy allows."""
    SYNC_LINK_DOWN = "sync-link-down"
    """The same, and the place does not answer."""
    NO_UPS = "no-ups"
    NO_REDUNDANT_UPS = "no-redundant-ups"
    UPS_ON_BATTERY = "ups-on-battery"
    UPS_LOW_BATTERY = "ups-low-battery"
    UPS_REPLACE_BATTERY = "ups-replace-battery"
    UPS_SILENT = "ups-silent"
    UPS_NOT_COVERING = "ups-not-covering"
    """A place that is always on does not stand behind (enough) UPSes."""
    UPS_TOO_SHORT = "ups-too-short"
    UPS_TEST_FAILED = "ups-test-failed"
    UPS_BATTERY_OLD = "ups-battery-old"
    SLA_EXPIRED = "sla-expired"
    NO_CONFIGURATION_SET = "no-configuration-set"
    NO_ALTERNATIVE_LINE = "no-alternative-line"
    LAST_RUN_FAILED = "last-run-failed"
    LAST_RUN_INCOMPLETE = "last-run-incomplete"
    CHECK_FAILED = "check-failed"
    PRUNE_FAILED = "prune-failed"
    KEEPING_EVERYTHING = "keeping-everything"
    """A hold stands: no version is let go of."""
    HOLIDAYS_ENDED = "holidays-ended"
    """The school holidays of today are not known."""
    HOLIDAYS_END = "holidays-end"
    """They will be known for only a while longer."""
    HOLIDAYS_EXPECTED = "holidays-expected"
    """They are our best guess."""
    NO_ARCHIVE = "no-archive"
    """The law wants things kept for longer than copies are; a back-up is no archive."""
    EXEMPTION_INCOMPLETE = "exemption-incomplete"
    """Said not to be kept in an archive, but without a reason or without who approved it: the full is owed still."""
    EXEMPTION_ENDED = "exemption-ended"
    CONFIGURATION_REFUSED = "configuration-refused"
    RESTORE_TEST_FAILED = "restore-test-failed"
    NEVER_BACKED_UP = "never-backed-up"
    CLOCK_WENT_BACK = "clock-went-back"
    """Facts lie in the future: the clock has been set back."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the policy wants it."""

    code: FindingCode
    state: State
    subject: str
    """A data set's, target's or UPS's id; empty for the whole."""
    basis: Basis
    why: tuple[str, ...]
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DataSetHealth:
    """One data set at a glance."""

    data_set: DataSetId
    name: str
    tier: Tier
    state: State
    last_good: datetime | None
    """The newest good copy on any target; a copy that met the demand, not one that merely ran."""
    last_run: Run | None
    due: datetime
    good_targets: tuple[str, ...]
    """Targets whose copy is within the allowed age."""


@dataclass(frozen=True, slots=True)
class SyncHealth:
    """One continuous copy at a glance: `lag` is how long the oldest change that is in no copy has waited.

    `lag` None: it has not begun yet. While its session is not `live`, it counts from the last word of it.
    """

    data_set: DataSetId
    target: str
    state: State
    lag: timedelta | None
    allowed: timedelta
    live: bool
    link_up: bool
    copies: int = 0


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    DETACHED = "detached"
    """A disk that is not plugged in, as it should be most of the time."""
    MISSING = "missing"
    """A place that should always be there, and is not."""
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """What happens to copies on a place, in this order."""

    BACKUP = "backup"
    REPLICATE = "replicate"
    """The same to a place elsewhere, or to a disk that travels."""
    PRUNE = "prune"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class PhaseHealth:
    """One phase on one place: when it last went well, when it last did not and why, and by when it is due again."""

    phase: Phase
    state: State
    last_good: datetime | None
    last_failure: datetime | None
    failure: str
    """The error code, or the outcome, of the newest run that did not go well."""
    next_due: datetime | None
    running: bool


@dataclass(frozen=True, slots=True)
class KeptFull:
    """The full back-ups of one school year on a place. They have a folder of their own, and nothing removes it."""

    year: int
    """The calendar year in which the school year starts."""
    stored_bytes: int
    """What their runs wrote."""

    @property
    def label(self) -> str:
        return f"{self.year}-{self.year + 1}"


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One place for copies at a glance."""

    target: str
    name: str
    state: State
    connection: ConnectionState
    since: datetime | None
    last_good: datetime | None
    free_bytes: int | None
    phases: tuple[PhaseHealth, ...] = ()
    fulls: tuple[KeptFull, ...] = ()
    """The newest school year first."""
    reason: str = ""
    """Why a place on a network is not there, as it was last seen (`TargetSight.reason`)."""


@dataclass(frozen=True, slots=True)
class Score:
    """3-2-1-1-0 from facts: copies (with the source), media, off-site copies, offline copies, errors."""

    copies: int
    media: int
    offsite: int
    offline: int
    errors: int
    sites: int = 1
    """Buildings that hold a copy, the source's own among them."""
    detached_since: datetime | None = None
    """Since when the copy that was taken out last is out of reach of this computer; None when none is."""

    @property
    def met(self) -> bool:
        return self.copies >= 3 and self.media >= 2 and self.offsite >= 1 and self.offline >= 1 and self.errors == 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """The gap between what must be and what has been, at one moment."""

    at: datetime
    state: State
    obligations: tuple[Obligation, ...]
    """Every obligation, the most urgent first."""
    findings: tuple[Finding, ...]
    data_sets: tuple[DataSetHealth, ...]
    targets: tuple[TargetHealth, ...]
    scores: tuple[tuple[DataSetId, Score], ...]
    syncs: tuple[SyncHealth, ...] = ()
    people_back: datetime | None = None
    """When people are back; None on a day on which they are there. Until then nobody is told what can wait."""

    @property
    def tasks(self) -> tuple[Obligation, ...]:
        """What people must do: obligations that have a `who` and are not met, the most urgent first."""
        return tuple(o for o in self.obligations if o.who is not None and o.timing is not Timing.MET)


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that Vangnet sees by itself about a checklist item; `verdict` NOT_OK where that is not in order."""

    code: str
    data: tuple[tuple[str, str], ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """What the records say about one checklist item. `verdict` None: only a person can say.

    `code` names the text ("copies-on-time"), `data` fills it (counts, dates); `known` is False while Vangnet does not
    gather this evidence yet, and the screen says so.
    """

    item: ChecklistItem
    verdict: Verdict | None
    known: bool
    code: str
    data: tuple[tuple[str, str], ...]
    answer: ChecklistAnswer | None
    seen: tuple[Seen, ...] = ()
    """What stands beside a declaration, what is not in order first."""

    @property
    def wants_person(self) -> bool:
        return EvidenceKind.MANUAL in self.item.kinds
