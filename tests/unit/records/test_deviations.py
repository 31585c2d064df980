"""Holds, alarms, missed obligations and messages: each once, journalled, and found again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.records.errors import UnknownAnomaly
from app.records.facts import Anomaly, AnomalyVerdict, Changes, Hold, Missed, NoticeState, RunId
from app.records.store import Records
from tests.unit.records.school import NOW, back_up, some_weeks

MISSED = Missed("backup:grades:nas", "backup", "grades", "nas", NOW, NOW)


def plan(records: Records, key: str = "case:1") -> int:
    return records.plan_notice(
        key=key, role="director", person="An", channel="email", urgency="normal", title="t", body="wat nu?"
    )


def test_an_alarm_holds_everything_until_somebody_answers_it(records: Records) -> None:
    run = back_up(records)
    anomaly = Anomaly(run.id, "grades", "nas", NOW, (("encrypted", "80"),))
    records.record_anomaly(anomaly, Hold(anomaly.hold_id, "grades", "", "anomaly", "", "vangnet", NOW))
    facts = records.facts()
    assert facts.anomalies == (anomaly,)
    assert [hold.stands for hold in facts.holds] == [True]
    records.close_anomaly(run.id, AnomalyVerdict.OURS, by="Els", remark="opruiming")
    facts = records.facts()
    assert [(a.verdict, a.closed_by) for a in facts.anomalies] == [(AnomalyVerdict.OURS, "Els")]
    assert [(h.stands, h.lifted_by, h.lift_remark) for h in facts.holds] == [(False, "Els", "opruiming")]
    assert records.verify_journal().ok
    with pytest.raises(UnknownAnomaly):
        records.close_anomaly(run.id, AnomalyVerdict.ATTACK, by="Els", remark="")
    with pytest.raises(UnknownAnomaly):
        records.close_anomaly(RunId(999), AnomalyVerdict.ATTACK, by="Els", remark="")


def test_a_hold_is_put_there_once_and_lifted_once(records: Records) -> None:
    hold = Hold("asked:1", "", "nas", "asked", "auditor", "An", NOW)
    records.hold(hold)
    records.hold(hold)
    rows = len(records.journal_rows())
    records.lift_hold("asked:1", by="An", remark="done")
    records.lift_hold("asked:1", by="An", remark="done")
    records.lift_hold("no-such", by="An", remark="")
    assert len(records.journal_rows()) == rows + 1


def test_a_missed_obligation_is_noted_once_for_the_moment_it_was_due(records: Records) -> None:
    records.note_missed((MISSED, MISSED))
    records.note_missed((MISSED,))
    later = Missed(MISSED.obligation, "backup", "grades", "nas", NOW + timedelta(days=1), NOW + timedelta(days=1))
    records.note_missed((MISSED, later))
    assert set(records.facts().misses) == {MISSED, later}


def test_the_counts_of_a_run_come_back_by_data_set(records: Records) -> None:
    counts = Changes(back_up(records).id, "grades", "nas", NOW, 100, 1, 2, 3, 0, 1, ("/data/a",))
    records.record_changes(counts)
    assert records.changes_of("grades") == (counts,)
    assert records.changes_of("photos") == ()


def test_a_message_waits_until_it_is_sent_and_only_what_counts_is_journalled(records: Records) -> None:
    first, second = plan(records), plan(records, "task:1")
    assert [(n.id, body) for n, body in records.waiting_notices()] == [(first, "wat nu?"), (second, "wat nu?")]
    (one, _), (two, _) = records.waiting_notices()
    rows = len(records.journal_rows())
    records.note_attempt(one, state=NoticeState.WAITING, error="server-not-there", evidence=True)
    assert len(records.journal_rows()) == rows
    (again, _), _ = records.waiting_notices()
    assert (again.attempts, again.error) == (1, "server-not-there")
    records.note_attempt(again, state=NoticeState.SENT, evidence=True)
    records.note_attempt(two, state=NoticeState.SENT, evidence=False)
    assert [told.key for told in records.facts().told] == ["case:1"]
    assert records.waiting_notices() == ()
    assert [n.state for n in records.notices()] == [NoticeState.SENT, NoticeState.SENT]


def test_all_of_it_can_be_played_again_from_the_journal(records: Records) -> None:
    some_weeks(records)
    assert records.verify_journal().ok
