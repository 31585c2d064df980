"""Rows of the database as values. Raises ValueError, KeyError or TypeError on what we never write."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime

from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Approval,
    Attestation,
    Canary,
    Changes,
    ChecklistAnswer,
    ChecklistSignature,
    DriveNote,
    DriveSight,
    Event,
    Handover,
    Hold,
    Judgement,
    KeyTest,
    Missed,
    NoticeState,
    Outcome,
    Postponement,
    Problem,
    Progress,
    Proof,
    ProofKind,
    Request,
    RequestId,
    RequestKind,
    RequestState,
    RestoreTest,
    Ruling,
    Run,
    RunId,
    RunKind,
    SentNotice,
    SyncPeriod,
    SyncState,
    TargetSight,
    Told,
    UpsSight,
    Verdict,
)

LIGHT_RUNS = (
    "SELECT r.id, r.kind, r.data_set, r.target, r.outcome, r.started, r.finished, r.reason, r.snapshot, r.files, "
    "r.files_new_or_changed, r.bytes_total, r.bytes_added, r.duration_s, r.error_code, r.error_data, r.problems_total, "
    "r.part "
    "FROM runs AS r"
)
"""Selects what `light_run` reads, in its order."""

_KINDS = {kind.value: kind for kind in RunKind}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def moment(value: str) -> datetime:
    """Read a time that `format_utc` wrote."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is not UTC:
        raise ValueError(f"no UTC time: {value!r}")
    return at


def moment_or_none(value: str | None) -> datetime | None:
    return None if value is None else moment(value)


def light_run(row: sqlite3.Row) -> Run:
    """Read a run without its list of problems and its process: what many are read of at once."""
    # By position and without a detour through names: a year of runs is read before the first screen is painted.
    (
        run_id, kind, data_set, target, outcome, started, finished, reason, snapshot, files, files_new_or_changed,
        bytes_total, bytes_added, duration_s, error_code, error_data, problems_total, part,
    ) = row  # fmt: skip
    return Run(
        run_id, _KINDS[kind], data_set, target, _OUTCOMES[outcome], moment(started), moment_or_none(finished), reason,
        snapshot, files, files_new_or_changed, bytes_total, bytes_added, duration_s, error_code,
        () if error_data == "[]" else pairs(error_data), (), problems_total, part=part,
    )  # fmt: skip


def whole_run(row: sqlite3.Row) -> Run:
    problems: list[list[str]] = json.loads(row["problems"])
    return Run(
        id=RunId(row["id"]),
        kind=RunKind(row["kind"]),
        data_set=row["data_set"],
        target=row["target"],
        outcome=Outcome(row["outcome"]),
        started=moment(row["started"]),
        finished=moment_or_none(row["finished"]),
        reason=row["reason"],
        snapshot=row["snapshot"],
        files=row["files"],
        files_new_or_changed=row["files_new_or_changed"],
        bytes_total=row["bytes_total"],
        bytes_added=row["bytes_added"],
        duration_s=row["duration_s"],
        error_code=row["error_code"],
        error_data=pairs(row["error_data"]),
        problems=tuple(Problem(str(what), str(why)) for what, why in problems),
        problems_total=row["problems_total"],
        pid=row["pid"] or 0,
        pid_started=row["pid_started"] or 0.0,
        part=row["part"],
    )


def pairs(value: str) -> tuple[tuple[str, str], ...]:
    """Read a JSON list of [name, text]."""
    return tuple((str(name), str(item)) for name, item in json.loads(value))


def restore_test(row: sqlite3.Row) -> RestoreTest:
    return RestoreTest(
        run=RunId(row["run"]),
        data_set=row["data_set"],
        target=row["target"],
        snapshot=row["snapshot"],
        at=moment(row["at"]),
        files=row["files"],
        bytes=row["bytes"],
        identical=bool(row["identical"]),
        duration_s=row["duration_s"],
        full_restore_estimate_s=row["full_restore_estimate_s"],
        rto_met=bool(row["rto_met"]),
        opened_file=row["opened_file"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=moment_or_none(row["confirmed_at"]),
    )


def target_sight(row: sqlite3.Row) -> TargetSight:
    return TargetSight(
        target=row["target"],
        connected=bool(row["connected"]),
        since=moment(row["since"]),
        free_bytes=row["free_bytes"],
        total_bytes=row["total_bytes"],
    )


def drive_sight(row: sqlite3.Row) -> DriveSight:
    sight: dict[str, object] = json.loads(row["sight"])
    size = sight.pop("size_bytes")
    if not isinstance(size, int):
        raise TypeError("size_bytes")
    note = DriveNote(str(sight.pop("note", "")))
    note_data = pairs(json.dumps(sight.pop("note_data", [])))
    return DriveSight(
        size_bytes=size, note=note, note_data=note_data, **{name: str(value) for name, value in sight.items()}
    )


def handover(row: sqlite3.Row) -> Handover:
    return Handover(row["target"], row["holder"], row["site"], moment(row["at"]), row["by"])


def ups_sight(row: sqlite3.Row) -> UpsSight:
    return UpsSight(
        ups=row["ups"],
        name=row["name"],
        at=moment(row["at"]),
        reachable=bool(row["reachable"]),
        flags=tuple(str.split(row["flags"])),
        charge_percent=row["charge_percent"],
        runtime_s=row["runtime_s"],
        load_percent=row["load_percent"],
        model=row["model"],
        battery_date=row["battery_date"],
        test_result=row["test_result"],
        trouble=row["trouble"],
    )


def approval(row: sqlite3.Row) -> Approval:
    return Approval(row["policy_sha256"], row["version"], row["by"], row["function"], moment(row["at"]))


def key_test(row: sqlite3.Row) -> KeyTest:
    return KeyTest(row["target"], moment(row["at"]), row["by"])


def attestation(row: sqlite3.Row) -> Attestation:
    proofs: list[dict[str, str]] = json.loads(row["evidence"])
    return Attestation(
        subject=row["subject"],
        by=row["by"],
        at=moment(row["at"]),
        remark=row["remark"],
        reference=row["reference"],
        evidence=tuple(Proof(ProofKind(p["kind"]), str(p["what"]), str(p["value"])) for p in proofs),
    )


def postponement(row: sqlite3.Row) -> Postponement:
    return Postponement(
        row["obligation"], moment(row["until"]), row["reason"], row["by"], moment(row["at"]), row["approved_by"]
    )


def answer(row: sqlite3.Row) -> ChecklistAnswer:
    due: str | None = row["action_due"]
    return ChecklistAnswer(
        school_year=row["school_year"],
        item=row["item"],
        verdict=Verdict(row["verdict"]),
        remark=row["remark"],
        action_owner=row["action_owner"],
        action_due=None if due is None else date.fromisoformat(due),
        by=row["by"],
        at=moment(row["at"]),
    )


def signature(row: sqlite3.Row) -> ChecklistSignature:
    return ChecklistSignature(
        school_year=row["school_year"],
        by=row["by"],
        at=moment(row["at"]),
        content=row["content"],
        content_sha256=row["content_sha256"],
        journal_seq=row["journal_seq"],
        journal_hash=row["journal_hash"],
        public_key=row["public_key"],
        signature=row["signature"],
    )


def hold(row: sqlite3.Row) -> Hold:
    return Hold(
        row["id"], row["data_set"], row["target"], row["reason"], row["remark"], row["by"], moment(row["since"]),
        moment_or_none(row["lifted_at"]), row["lifted_by"], row["lift_remark"],
    )  # fmt: skip


def changes(row: sqlite3.Row) -> Changes:
    return Changes(
        RunId(row["run"]), row["data_set"], row["target"], moment(row["at"]), row["files_before"], row["new"],
        row["changed"], row["removed"], row["opaque_new"], row["opaque_changed"],
        tuple(str(path) for path in json.loads(row["canaries_touched"])),
    )  # fmt: skip


def canary(row: sqlite3.Row) -> Canary:
    return Canary(row["path"], row["data_set"], row["sha256"], row["by"], moment(row["at"]))


def anomaly(row: sqlite3.Row) -> Anomaly:
    return Anomaly(
        RunId(row["run"]), row["data_set"], row["target"], moment(row["at"]), pairs(row["signs"]),
        AnomalyVerdict(row["verdict"]), moment_or_none(row["closed_at"]), row["closed_by"], row["remark"],
    )  # fmt: skip


def missed(row: sqlite3.Row) -> Missed:
    return Missed(row["obligation"], row["kind"], row["data_set"], row["target"], moment(row["due"]), moment(row["at"]))


def judgement(row: sqlite3.Row) -> Judgement:
    due: str | None = row["action_due"]
    return Judgement(
        row["case_id"], moment(row["until"]), Ruling(row["ruling"]), row["remark"], row["action_owner"],
        None if due is None else date.fromisoformat(due), row["by"], moment(row["at"]),
    )  # fmt: skip


def told(row: sqlite3.Row) -> Told:
    return Told(row["key"], row["role"], row["person"], row["channel"], moment(row["at"]))


def sent_notice(row: sqlite3.Row) -> SentNotice:
    return SentNotice(
        row["id"], row["key"], row["role"], row["person"], row["channel"], row["urgency"], row["title"],
        moment(row["at"]), NoticeState(row["state"]), row["attempts"], moment_or_none(row["tried_at"]), row["error"],
    )  # fmt: skip


def request(row: sqlite3.Row) -> Request:
    return Request(
        id=RequestId(row["id"]),
        kind=RequestKind(row["kind"]),
        data_set=row["data_set"],
        target=row["target"],
        state=RequestState(row["state"]),
        asked=moment(row["asked"]),
        by=row["by"],
        runs=tuple(RunId(int(run)) for run in json.loads(row["runs"])),
        refusal=row["refusal"],
    )


def progress(row: sqlite3.Row) -> Progress:
    return Progress(
        run=RunId(row["run"]),
        at=moment(row["at"]),
        phase=row["phase"],
        files_done=row["files_done"],
        files_total=row["files_total"],
        bytes_done=row["bytes_done"],
        bytes_total=row["bytes_total"],
        current=row["current"],
    )


def sync_state(row: sqlite3.Row) -> SyncState:
    return SyncState(
        data_set=row["data_set"],
        target=row["target"],
        run=RunId(row["run"]),
        since=moment(row["since"]),
        at=moment(row["at"]),
        safe_until=moment_or_none(row["safe_until"]),
        waiting_since=moment_or_none(row["waiting_since"]),
        link_up=bool(row["link_up"]),
        copies=row["copies"],
        max_lag_s=row["max_lag_s"],
        late_s=row["late_s"],
    )


def sync_period(row: sqlite3.Row) -> SyncPeriod:
    return SyncPeriod(
        run=RunId(row["run"]),
        data_set=row["data_set"],
        target=row["target"],
        begun=moment(row["begun"]),
        ended=moment(row["ended"]),
        copies=row["copies"],
        max_lag_s=row["max_lag_s"],
        late_s=row["late_s"],
    )


def event(row: sqlite3.Row) -> Event:
    return Event(row["id"], moment(row["at"]), row["kind"], row["subject"], pairs(row["data"]))
