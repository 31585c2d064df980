"""What has been: the facts that records keep, each with its evidence. Times are aware UTC, sizes bytes."""

from app.records.facts.agent import Event, Request, RequestId, RequestKind, RequestState
from app.records.facts.all_facts import Facts
from app.records.facts.continuous import SyncPeriod, SyncState
from app.records.facts.director import (
    Approval,
    ChecklistAnswer,
    ChecklistSignature,
    Judgement,
    Missed,
    RiskAcceptance,
    Ruling,
    Verdict,
)
from app.records.facts.journal import JournalRow
from app.records.facts.notices import NoticeState, SentNotice, Told
from app.records.facts.people import Attestation, KeyTest, Postponement, Proof, ProofKind
from app.records.facts.places import DriveNote, DriveSight, Handover, TargetSight
from app.records.facts.power import (
    LineSight,
    LineTest,
    LineTestHow,
    Outage,
    OutageCause,
    OutageId,
    OutageKind,
    TestResult,
    UpsReading,
    UpsSight,
    UpsTest,
    UpsTestHow,
)
from app.records.facts.runs import Outcome, Problem, Progress, RestoreTest, Run, RunId, RunKind
from app.records.facts.suspicions import Anomaly, AnomalyVerdict, Canary, Changes, Hold

__all__ = [
    "Anomaly",
    "AnomalyVerdict",
    "Approval",
    "Attestation",
    "Canary",
    "Changes",
    "ChecklistAnswer",
    "ChecklistSignature",
    "DriveNote",
    "DriveSight",
    "Event",
    "Facts",
    "Handover",
    "Hold",
    "JournalRow",
    "Judgement",
    "KeyTest",
    "LineSight",
    "LineTest",
    "LineTestHow",
    "Missed",
    "NoticeState",
    "Outage",
    "OutageCause",
    "OutageId",
    "OutageKind",
    "Outcome",
    "Postponement",
    "Problem",
    "Progress",
    "Proof",
    "ProofKind",
    "Request",
    "RequestId",
    "RequestKind",
    "RequestState",
    "RestoreTest",
    "RiskAcceptance",
    "Ruling",
    "Run",
    "RunId",
    "RunKind",
    "SentNotice",
    "SyncPeriod",
    "SyncState",
    "TargetSight",
    "TestResult",
    "Told",
    "UpsReading",
    "UpsSight",
    "UpsTest",
    "UpsTestHow",
    "Verdict",
]
