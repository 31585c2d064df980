"""What people did is kept as they did it, with their name."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.records.canonical import canonical
from app.records.errors import UnknownRun
from app.records.facts import (
    Approval,
    Attestation,
    KeyTest,
    Postponement,
    Proof,
    ProofKind,
    RunId,
    RunKind,
    Verdict,
)
from app.records.schema import MIGRATIONS, PEOPLE
from app.records.store import Records
from tests.unit.records.school import NOW, answer, back_up, restore_test, signature


def test_restore_test_passes_only_once_a_person_confirmed_it(records: Records, clock: FixedClock) -> None:
    run = back_up(records, kind=RunKind.RESTORE_TEST)
    records.record_restore_test(restore_test(run.id))
    assert records.facts().restore_tests == (restore_test(run.id),)
    assert not records.facts().restore_tests[0].passed
    records.confirm_restore_test(run.id, opened_file="a.ods", by="A. Director")
    (confirmed,) = records.facts().restore_tests
    assert confirmed.passed
    assert (confirmed.opened_file, confirmed.confirmed_at) == ("a.ods", clock.now())


def test_confirming_a_test_that_never_was_is_refused(records: Records) -> None:
    with pytest.raises(UnknownRun):
        records.confirm_restore_test(RunId(3), opened_file="x", by="y")
    assert records.journal_head().seq == 1


def test_facts_of_people_come_back_newest_first(records: Records) -> None:
    approvals = tuple(Approval("ab" * 32, version, "A", "director", NOW) for version in ("1.0", "1.1"))
    key_tests = tuple(KeyTest(target, NOW, "A") for target in ("nas", "usb"))
    attestations = tuple(Attestation("fire-protection", "A", NOW, remark, "") for remark in ("x", "Zo\xeb"))
    for approval in approvals:
        records.approve(approval)
    for test in key_tests:
        records.record_key_test(test)
    for attestation in attestations:
        records.attest(attestation)
    facts = records.facts()
    assert facts.approvals == approvals[::-1]
    assert facts.key_tests == key_tests[::-1]
    assert facts.attestations == attestations[::-1]


def test_later_answer_replaces_the_earlier_and_every_postponement_is_kept(records: Records) -> None:
    records.answer(answer("C01", Verdict.NOT_OK))
    records.answer(answer("C02"))
    records.answer(answer("C01", Verdict.NOT_APPLICABLE))
    records.answer(answer("C01", Verdict.NOT_OK, school_year=2027))
    first = Postponement("key-test:nas", NOW + timedelta(days=1), "ill", "A", NOW)
    second = replace(first, until=NOW + timedelta(days=9))
    records.postpone(first)
    records.postpone(second)
    facts = records.facts()
    assert facts.answers == (
        answer("C01", Verdict.NOT_OK, school_year=2027), answer("C01", Verdict.NOT_APPLICABLE), answer("C02"),
    )  # fmt: skip
    assert facts.postponements == (second, first)
    assert len(records.journal_rows()) == 1 + 6


def test_signature_comes_back_whole(records: Records) -> None:
    signed = signature(records)
    records.sign(signed)
    assert records.facts().signatures == (signed,)


def test_setting_up_again_makes_nothing_younger(records: Records, clock: FixedClock) -> None:
    assert records.facts().set_up_at is None
    first = clock.now()
    records.mark_set_up()
    clock.move_to(first + timedelta(days=100))
    records.mark_set_up()
    assert records.facts().set_up_at == first
    assert records.verify_journal().ok


def test_note_is_a_row_of_its_own_kind_and_an_event(records: Records) -> None:
    row = records.note("restored", {"set": "grades", "at": NOW, "to": "/tmp/\udce9"}, subject="grades")
    assert records.journal_rows(after=row.seq - 1) == (row,)
    assert row.body == '{"at":"2026-09-01T08:00:00.000000Z","set":"grades","to":"/tmp/\\\\udce9"}'
    assert [(event.kind, event.subject) for event in records.events_after(0)] == [("restored", "grades")]


@pytest.mark.parametrize("kind", ["", "Restored", "run-finished", "genesis", "a b", "x" * 41, "-a", "a\n"])
def test_note_does_not_pose_as_another_kind(records: Records, kind: str) -> None:
    with pytest.raises(ValueError, match="not a kind"):
        records.note(kind, {})
    assert records.journal_head().seq == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object(), "x" * (5 << 20)])
def test_note_that_has_no_canonical_form_leaves_no_trace(records: Records, value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own; that nothing stays is the point
        records.note("restored", {"value": value})
    assert records.journal_head().seq == 1
    assert records.last_event_id() == 0
    back_up(records)
    assert records.verify_journal().ok


def test_evidence_of_an_attestation_comes_back_whole(records: Records) -> None:
    proofs = (
        Proof(ProofKind.DOCUMENT, "", "report 12"),
        Proof(ProofKind.PHOTO, "/home/zo\xeb/label.jpg", "ab" * 32),
        Proof(ProofKind.NUMBER, "minutes", "4.5"),
        Proof(ProofKind.ANSWER, "new-risks", "none"),
    )
    records.attest(Attestation("contacts", "A", NOW, "all called", "", proofs))
    assert records.facts().attestations[0].evidence == proofs
    assert records.verify_journal().ok


def test_older_database_gets_every_postponement_from_its_journal() -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as old:
        for statement in (s for migration in MIGRATIONS[: MIGRATIONS.index(PEOPLE)] for s in migration):
            old.execute(statement)
        for seq, until in ((5, "2026-09-02"), (9, "2026-09-30")):
            body = {"obligation": "key-test", "until": until, "reason": "ill", "by": "A", "at": "2026-09-01"}
            old.execute("INSERT INTO journal VALUES (?, '', 'postponed', ?, '', '', '')", (seq, canonical(body)))
        old.execute("INSERT INTO journal VALUES (10, '', 'postponed', 'not JSON', '', '', '')")
        for statement in PEOPLE:
            old.execute(statement)
        kept = old.execute("SELECT seq, obligation, until, approved_by FROM postponements ORDER BY seq").fetchall()
    assert kept == [(5, "key-test", "2026-09-02", ""), (9, "key-test", "2026-09-30", "")]
