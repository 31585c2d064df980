"""A few weeks of a small school, written through the public door: every kind of fact once or more."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Approval,
    Attestation,
    Canary,
    Changes,
    ChecklistAnswer,
    ChecklistSignature,
    Handover,
    Hold,
    Judgement,
    KeyTest,
    LineTest,
    LineTestHow,
    Missed,
    NoticeState,
    OutageCause,
    OutageKind,
    Outcome,
    Postponement,
    Problem,
    RestoreTest,
    RiskAcceptance,
    Ruling,
    Run,
    RunId,
    RunKind,
    SyncPeriod,
    TargetSight,
    TestResult,
    UpsSight,
    UpsTest,
    UpsTestHow,
    Verdict,
)
from app.records.sealing import SigningKey
from app.records.store import Records

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
KEY = SigningKey(bytes(range(32)))


def back_up(
    records: Records,
    outcome: Outcome = Outcome.GOOD,
    *,
    data_set: str = "grades",
    target: str = "nas",
    kind: RunKind = RunKind.BACKUP,
) -> Run:
    run_id = records.start_run(kind, data_set=data_set, target=target, reason="due", pid=42, pid_started=1.5)
    return records.finish_run(
        run_id,
        outcome,
        snapshot="ab" * 32,
        files=1200,
        files_new_or_changed=3,
        bytes_total=10**9,
        bytes_added=4096,
        duration_s=2.25,
        problems=(Problem("/data/locked.xlsx", "permission-denied"),) if outcome is Outcome.INCOMPLETE else (),
    )


def restore_test(run: RunId, *, identical: bool = True) -> RestoreTest:
    return RestoreTest(
        run=run,
        data_set="grades",
        target="nas",
        snapshot="ab" * 32,
        at=NOW,
        files=20,
        bytes=123_456,
        identical=identical,
        duration_s=1.5,
        full_restore_estimate_s=90.0,
        rto_met=True,
    )


def answer(item: str = "C01", verdict: Verdict = Verdict.OK, school_year: int = 2026) -> ChecklistAnswer:
    due = date(2026, 12, 1) if verdict is Verdict.NOT_OK else None
    return ChecklistAnswer(school_year, item, verdict, "see folder", "IT", due, "A. Director", NOW)


def signature(records: Records, content: str = '{"C01":"ok"}') -> ChecklistSignature:
    head = records.journal_head()
    return ChecklistSignature(
        school_year=2026,
        by="A. Director",
        at=NOW,
        content=content,
        content_sha256=hashlib.sha256(content.encode()).hexdigest(),
        journal_seq=head.seq,
        journal_hash=head.hash,
        public_key=KEY.public_key,
        signature=KEY.sign(content),
    )


def ups(*flags: str, reachable: bool = True) -> UpsSight:
    return UpsSight("ups1", "Server room", NOW, reachable, flags, 80.0, 900.0, 20.0, "Eaton")


def deviate(records: Records, run: Run) -> None:
    """Something goes wrong: it is noticed, told, held, judged and answered."""
    records.note_missed((Missed("backup:grades:nas", "backup", "grades", "nas", NOW, NOW),))
    records.judge(Judgement("missed:backup:grades:nas", NOW, Ruling.ACCEPTED, "seen", "", None, "A. Director", NOW))
    records.hold(Hold("asked:1", "grades", "", "asked", "for the auditor", "A. Director", NOW))
    records.record_changes(Changes(run.id, "grades", "nas", NOW, 100, 1, 90, 0, 1, 80, ("/data/a.docx",)))
    records.place_canary(Canary("/data/a.docx", "grades", "ef" * 32, "IT", NOW))
    records.place_canary(Canary("/data/z.docx", "grades", "ef" * 32, "IT", NOW))
    records.remove_canary("/data/a.docx", by="IT")
    anomaly = Anomaly(run.id, "grades", "nas", NOW, (("encrypted", "80"),))
    records.record_anomaly(anomaly, Hold(anomaly.hold_id, "grades", "", "anomaly", "", "vangnet", NOW))
    records.close_anomaly(run.id, AnomalyVerdict.OURS, by="A. Teacher", remark="a clean-up")
    number = records.plan_notice(
        key="case:1", role="director", person="A. Director", channel="email", urgency="normal", title="t", body="b"
    )
    (waiting,) = [notice for notice, _body in records.waiting_notices() if notice.id == number]
    records.note_attempt(waiting, state=NoticeState.SENT, evidence=True)


def some_weeks(records: Records) -> None:
    """Write at least one row of every kind that the tables are made from."""
    records.mark_set_up()
    records.approve(Approval("cd" * 32, "1.0", "A. Director", "director", NOW))
    back_up(records)
    back_up(records, Outcome.INCOMPLETE, target="usb")
    test_run = back_up(records, kind=RunKind.RESTORE_TEST)
    records.record_restore_test(restore_test(test_run.id))
    records.confirm_restore_test(test_run.id, opened_file="grades.ods", by="A. Director")
    records.see_target(TargetSight("usb", True, NOW, 10, 100))
    records.see_ups(ups("OB"))
    records.end_outage(records.begin_outage(OutageKind.POWER, "ups1", OutageCause.MAINS, NOW), NOW, critical=True)
    records.record_ups_test(UpsTest("ups1", NOW, UpsTestHow.SELF_TEST, TestResult.PASSED, 900.0, 80.0, "IT"))
    records.record_line_test(LineTest("4g", NOW, LineTestHow.FAILOVER, True, 41.5, "IT"))
    records.accept_risk(RiskAcceptance("no-ups", "", "ordered", NOW + timedelta(days=60), "A. Director", NOW))
    records.record_key_test(KeyTest("nas", NOW, "A. Director"))
    records.attest(Attestation("fire-protection", "A. Director", NOW, "inspected", "report 12"))
    records.postpone(Postponement("key-test:nas", NOW + timedelta(days=14), "holidays", "A. Director", NOW))
    records.hand_over(Handover("usb", "A. Director", "at home", NOW, "A. Teacher"))
    records.answer(answer())
    records.note("restored", {"set": "grades", "files": 3})
    records.sign(signature(records))
    back_up(records, Outcome.FAILED)
    synced = back_up(records, kind=RunKind.SYNC)
    records.record_sync_period(SyncPeriod(synced.id, "grades", "nas", NOW, NOW + timedelta(hours=1), 12, 8.5, 0.0))
    deviate(records, test_run)
