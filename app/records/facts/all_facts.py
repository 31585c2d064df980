"""All facts together, as the assessment looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.records.facts.continuous import SyncPeriod, SyncState
from app.records.facts.director import Approval, ChecklistAnswer, ChecklistSignature, Judgement, Missed, RiskAcceptance
from app.records.facts.notices import Told
from app.records.facts.people import Attestation, KeyTest, Postponement
from app.records.facts.places import DriveSight, Handover, TargetSight
from app.records.facts.power import LineSight, LineTest, Outage, UpsSight, UpsTest
from app.records.facts.runs import RestoreTest, Run
from app.records.facts.suspicions import Anomaly, Canary, Hold


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
