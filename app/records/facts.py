"""What has been: the facts that records keep, each with its evidence. Times are aware UTC, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NewType

from app.records.power_facts import LineSight, LineTest, Outage, RiskAcceptance, UpsTest

RunId = NewType("RunId", int)
RequestId = NewType("RequestId", int)


class RunKind(StrEnum):
    """What a run does; one run is one data set (or a whole target) on one target."""

    BACKUP = "backup"
    FULL = "full"
    """The yearly full back-up: everything read again, then read back from the medium."""
    CHECK = "check"
    RESTORE = "restore"
    RESTORE_TEST = "restore-test"
    PRUNE = "prune"
    """Versions that the retention does not keep are forgotten, and their room given back."""
    SYNC = "sync"
    """Continuous copying of one set: a session that lasts as long as the agent does, with many small copies."""


class Outcome(StrEnum):
    """How a run ended. Only GOOD counts as a copy that obligations are met by."""

    RUNNING = "running"
    GOOD = "good"
    INCOMPLETE = "incomplete"
    """It finished, but some source files could not be read; they are named."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its process was gone before it could say how it ended (power cut, kill)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or part that went wrong in a run: what (a path, shown with backslashreplace) and why (a code)."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `data_set` is empty where a whole target is concerned (a check, a full back-up)."""

    id: RunId
    kind: RunKind
    data_set: str
    target: str
    outcome: Outcome
    started: datetime
    finished: datetime | None
    reason: str
    """Why it ran: "due", "asked", "setup", "disk-arrived", "demo"."""
    snapshot: str = ""
    files: int = 0
    files_new_or_changed: int = 0
    bytes_total: int = 0
    bytes_added: int = 0
    duration_s: float = 0.0
    error_code: str = ""
    error_data: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    """At most 100 are kept; `problems_total` counts them all."""
    problems_total: int = 0
    pid: int = 0
    pid_started: float = 0.0
    """Process creation time (seconds since 1970, as psutil gives it): a pid alone may be another process by now."""
    part: str = ""
    """Of a check: the parts of all packs whose data it reads ("3/13", "4,5/13"); empty for all of them, "structure" for
    none."""


@dataclass(frozen=True, slots=True)
class RestoreTest:
    """A test that copies can be read: what was restored, whether it was identical, and who opened a file."""

    run: RunId
    data_set: str
    target: str
    snapshot: str
    at: datetime
    files: int
    bytes: int
    identical: bool
    duration_s: float
    full_restore_estimate_s: float
    """The time the whole data set would take at the measured speed."""
    rto_met: bool
    opened_file: str = ""
    confirmed_by: str = ""
    """Empty until a person has opened a file and said it is right."""
    confirmed_at: datetime | None = None

    @property
    def passed(self) -> bool:
        return self.identical and bool(self.confirmed_by)


@dataclass(frozen=True, slots=True)
class TargetSight:
    """When a target was last seen here and last seen gone, and its free space."""

    target: str
    connected: bool
    since: datetime
    free_bytes: int | None = None
    total_bytes: int | None = None


class DriveNote(StrEnum):
    """What the agent makes of a disk that is plugged in."""

    NONE = ""
    IN_USE = "in-use"
    """One of ours, and something is being written or read, or will be in a moment: leave it in."""
    MAY_LEAVE = "may-leave"
    """One of ours, finished and unmounted: it can be unplugged."""
    DONE_BUT_OPEN = "done-but-open"
    """Finished, but another program has a file on it open, so that it could not be unmounted."""
    WRONG = "wrong"
    """It has the file system of one of our disks, but is another one (`code` and `reason` of the error)."""
    NOT_MOUNTED = "not-mounted"
    """One of ours that cannot be used: nothing mounts it (`reason`)."""


@dataclass(frozen=True, slots=True)
class DriveSight:
    """A USB disk that is plugged in now, known to us or not."""

    device: str
    """The partition that holds the file system, e.g. /dev/sdb1."""
    serial: str
    vendor: str
    model: str
    label: str
    fs_uuid: str
    fs_type: str
    size_bytes: int
    mount_point: str
    """Empty when it is not mounted."""
    target: str = ""
    """The target it is, when it is one of ours."""
    note: DriveNote = DriveNote.NONE
    """What the agent makes of it; a disk that nobody looks after has none."""
    note_data: tuple[tuple[str, str], ...] = ()
    """What the text of the note needs."""


@dataclass(frozen=True, slots=True)
class UpsSight:
    """A UPS as last seen. `flags` are NUT's (OL, OB, LB, RB …); empty with `reachable` False: no data."""

    ups: str
    name: str
    at: datetime
    reachable: bool
    flags: tuple[str, ...] = ()
    charge_percent: float | None = None
    runtime_s: float | None = None
    load_percent: float | None = None
    model: str = ""
    battery_date: str = ""
    """When the battery was made or put in, as the UPS says it."""
    test_result: str = ""
    """How the last self-test went, in the UPS's own words."""
    trouble: str = ""
    """Why it is not reachable, a code: "no-server", "login", "unknown-ups", "driver", "noise", "silent"."""


class Verdict(StrEnum):
    """The answer to a checklist item."""

    OK = "ok"
    NOT_OK = "not-ok"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class ChecklistAnswer:
    """What the director answered: NOT_OK wants an action with owner and due date, NOT_APPLICABLE a reason."""

    school_year: int
    """The year in which the school year starts: 2026 for 2026–2027."""
    item: str
    verdict: Verdict
    remark: str
    action_owner: str
    action_due: date | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChecklistSignature:
    """A signed checklist, bound to the journal: `content_sha256` of the canonical answers and evidence,
    `journal_seq`/`journal_hash` of the last row before it, `signature` (Ed25519, hex) by the director's key."""

    school_year: int
    by: str
    at: datetime
    content: str
    """The canonical JSON that was signed."""
    content_sha256: str
    journal_seq: int
    journal_hash: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Approval:
    """The director's approval of one version of the policy file."""

    policy_sha256: str
    version: str
    by: str
    function: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyTest:
    """The recovery key was typed and opened a repository (a yearly obligation)."""

    target: str
    at: datetime
    by: str


class ProofKind(StrEnum):
    """What a person shows for what they declare."""

    DOCUMENT = "document"
    """`value` is a reference to a document: a report's number, where it is kept."""
    PHOTO = "photo"
    """`what` is the photo's path as it was, `value` the SHA-256 of its content (hex)."""
    NUMBER = "number"
    """`value` is a measured number, `what` what it counts."""
    ANSWER = "answer"
    """`what` is the id of a question, `value` the answer in words."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that closes a task, beside the remark."""

    kind: ProofKind
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Attestation:
    """Something a person declared that no machine can see (fire inspection, contacts checked, a law that changed…).

    `subject` is what it is about: a duty ("contacts"), a duty and one of its parts ("fire-protection:kluis"), an
    exemption ("exempt:isp-sla") or an event ("event:law"); `reference` a document or photo.
    """

    subject: str
    by: str
    at: datetime
    remark: str
    reference: str = ""
    evidence: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Postponement:
    """A person's obligation put off, with the reason. `approved_by`: the director, where that was needed."""

    obligation: str
    until: datetime
    reason: str
    by: str
    at: datetime
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the continuous copying of a set to a place stands: the newest numbers of its session (`run`)."""

    data_set: str
    target: str
    run: RunId
    since: datetime
    """When the session began."""
    at: datetime
    """When these numbers were written: every few seconds while the session lives."""
    safe_until: datetime | None
    """Whatever was saved before this moment is in a copy; None until the session's first copy."""
    waiting_since: datetime | None
    """The moment of the oldest change that is in no copy yet; None when there is none."""
    link_up: bool
    """False while the place does not answer: changes wait, and are caught up with later."""
    copies: int = 0
    max_lag_s: float = 0.0
    """The longest that a change of this session has waited."""
    late_s: float = 0.0
    """For how long in this session a change had waited longer than the policy allows."""


@dataclass(frozen=True, slots=True)
class SyncPeriod:
    """A session of continuous copying that is over: the evidence of how far behind the copies were."""

    run: RunId
    data_set: str
    target: str
    begun: datetime
    ended: datetime
    copies: int
    max_lag_s: float
    late_s: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep everything: while it stands, no version is removed and no off-line disk is asked for in its scope.

    An empty `data_set` or `target` means all. `reason` is a code ("anomaly", "asked"…).
    """

    id: str
    """What put it there: "anomaly:12"."""
    data_set: str
    target: str
    reason: str
    remark: str
    by: str
    since: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_remark: str = ""

    @property
    def stands(self) -> bool:
        return self.lifted_at is None


@dataclass(frozen=True, slots=True)
class Changes:
    """How the files of a data set differed from the copy before, in one run: what ransomware is sensed by."""

    run: RunId
    data_set: str
    target: str
    at: datetime
    files_before: int
    new: int
    changed: int
    """Files of the same name with another content."""
    removed: int
    """Files that were there and are not: deleted, or called otherwise."""
    opaque_new: int
    opaque_changed: int
    """Of the new and of the changed ones: those that do not compress and begin like no known kind of file."""
    canaries_touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Canary:
    """A document that nobody should ever change, placed among the files of a data set."""

    path: str
    data_set: str
    sha256: str
    by: str
    at: datetime


class AnomalyVerdict(StrEnum):
    """What a suspicion turned out to be."""

    OPEN = "open"
    OURS = "ours"
    """It was us: a false alarm."""
    ATTACK = "attack"
    """It was an attack, and it is dealt with."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A run that looked like the work of ransomware. `signs` are codes with the figure that each was seen by."""

    run: RunId
    data_set: str
    target: str
    at: datetime
    signs: tuple[tuple[str, str], ...]
    verdict: AnomalyVerdict = AnomalyVerdict.OPEN
    closed_at: datetime | None = None
    closed_by: str = ""
    remark: str = ""

    @property
    def hold_id(self) -> str:
        return f"anomaly:{self.run}"


@dataclass(frozen=True, slots=True)
class Missed:
    """An obligation that was not met in time, as the agent noticed it."""

    obligation: str
    kind: str
    data_set: str
    target: str
    due: datetime
    at: datetime


class Ruling(StrEnum):
    """What the director says of something that went wrong."""

    ACCEPTED = "accepted"
    ACTION = "action"
    """Something must be done, by somebody, before a date."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The director's verdict on a deviation: it covers all that happened of it up to and including `until`."""

    case: str
    until: datetime
    ruling: Ruling
    remark: str
    action_owner: str
    action_due: date | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Proof that somebody was told of something: a failure, an escalation, an alarm."""

    key: str
    """What it was about ("case:…"), and the step of the escalation."""
    role: str
    person: str
    channel: str
    at: datetime


class NoticeState(StrEnum):
    WAITING = "waiting"
    """Not sent yet, or in vain: it is tried again."""
    SENT = "sent"
    GIVEN_UP = "given-up"
    """Too old to be worth sending; it is shown."""


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A message to one person over one channel: a number of ours, not evidence (`Told` is)."""

    id: int
    key: str
    role: str
    person: str
    channel: str
    urgency: str
    title: str
    at: datetime
    """When it was decided on."""
    state: NoticeState
    attempts: int = 0
    tried_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """A disk changed hands: who has it since when, and where it lies. The newest of a target is how it is now."""

    target: str
    holder: str
    """Who has it."""
    site: str
    at: datetime
    by: str
    """Who said so."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the assessment looks at, read in one transaction. Newest first where there are many."""

    runs: tuple[Run, ...]
    """Of each data set and target: what is needed to judge; not the whole history."""
    restore_tests: tuple[RestoreTest, ...]
    targets: tuple[TargetSight, ...]
    drives: tuple[DriveSight, ...]
    upses: tuple[UpsSight, ...]
    approvals: tuple[Approval, ...]
    key_tests: tuple[KeyTest, ...]
    attestations: tuple[Attestation, ...]
    answers: tuple[ChecklistAnswer, ...]
    signatures: tuple[ChecklistSignature, ...]
    postponements: tuple[Postponement, ...]
    set_up_at: datetime | None
    """When the set-up was finished: the age of what has never been done counts from here."""
    journal_rows: int = 0
    outages: tuple[Outage, ...] = ()
    """Those that lasted into the last 400 days."""
    ups_tests: tuple[UpsTest, ...] = ()
    lines: tuple[LineSight, ...] = ()
    line_tests: tuple[LineTest, ...] = ()
    risk_acceptances: tuple[RiskAcceptance, ...] = ()
    holds: tuple[Hold, ...] = ()
    canaries: tuple[Canary, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    misses: tuple[Missed, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    told: tuple[Told, ...] = ()
    unsent: int = 0
    """How many messages to people could not be sent when it was tried last."""
    handovers: tuple[Handover, ...] = ()
    syncs: tuple[SyncState, ...] = ()
    sync_periods: tuple[SyncPeriod, ...] = ()
    """Those that ended in the last 400 days."""


class RequestKind(StrEnum):
    """What a client may ask of the agent. Arguments are ids, never paths or commands."""

    BACKUP = "backup"
    FULL = "full"
    CHECK = "check"
    RESTORE_TEST = "restore-test"
    CANCEL = "cancel"
    RELEASE = "release"
    """Unmount a disk as soon as nothing runs on it, so that it can be unplugged."""
    RESCAN = "rescan"
    """Read the configuration again and look what is due."""


class RequestState(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """A wish of a client. An empty `data_set` or `target` means all; `run` is the first run it led to."""

    id: RequestId
    kind: RequestKind
    data_set: str
    target: str
    state: RequestState
    asked: datetime
    by: str
    runs: tuple[RunId, ...] = ()
    refusal: str = ""
    """The error code when REFUSED."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest numbers of a running run; written at most 4 times a second, polled by screens."""

    run: RunId
    at: datetime
    phase: str
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    current: str


@dataclass(frozen=True, slots=True)
class Event:
    """A fact pushed to clients: "run-started", "run-finished", "drive-arrived", "drive-left", "agent-started"…"""

    id: int
    at: datetime
    kind: str
    subject: str
    data: tuple[tuple[str, str], ...] = ()


AgentState = Literal["none", "running"]


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row of the journal: `hash` = SHA-256 over seq, at, kind, body and the previous row's hash (canonical JSON),
    `signature` = Ed25519 over the hash. All hex."""

    seq: int
    at: datetime
    kind: str
    body: str
    previous_hash: str
    hash: str
    signature: str
