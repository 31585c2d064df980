"""A database of every earlier version is brought up to date: nothing is lost, and the journal still proves it all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.records.facts import (
    Approval,
    Attestation,
    Handover,
    KeyTest,
    Postponement,
    RunKind,
    SyncPeriod,
    TargetSight,
)
from app.records.journal import JournalKind
from app.records.schema import APPLICATION_ID, MIGRATIONS
from app.records.store import Records
from tests.unit.records.school import NOW, answer, back_up, deviate, restore_test, signature, some_weeks

POWER = 6
"""The version from which on there is a table for every fact that `some_weeks` writes."""


def write_facts_of(records: Records, version: int) -> None:
    """Write the facts that a program of this version could write."""
    if version >= POWER:
        some_weeks(records)
        return
    records.mark_set_up()
    records.approve(Approval("cd" * 32, "1.0", "A. Director", "director", NOW))
    back_up(records)
    tested = back_up(records, kind=RunKind.RESTORE_TEST)
    records.record_restore_test(restore_test(tested.id))
    records.confirm_restore_test(tested.id, opened_file="grades.ods", by="A. Director")
    records.see_target(TargetSight("usb", True, NOW, 10, 100))
    records.record_key_test(KeyTest("nas", NOW, "A. Director"))
    records.attest(Attestation("fire-protection", "A. Director", NOW, "inspected", "report 12"))
    for days in (14, 21):
        records.postpone(Postponement("key-test:nas", NOW + timedelta(days=days), "holidays", "A. Director", NOW))
    records.answer(answer())
    records.sign(signature(records))
    if version >= 2:
        records.record_sync_period(SyncPeriod(tested.id, "grades", "nas", NOW, NOW + timedelta(hours=1), 12, 8.5, 0.0))
    if version >= 4:
        deviate(records, tested)
    if version >= 5:
        records.hand_over(Handover("usb", "A. Director", "at home", NOW, "A. Teacher"))


def make_older(home: Home, version: int) -> None:
    """Write the database anew as a program of an earlier version would have left it: its tables, its columns."""
    newer = home.database.with_name("newer.db")
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("VACUUM INTO ?", (str(newer),))
    for file in home.data.glob(f"{home.database.name}*"):
        file.unlink()
    with closing(sqlite3.connect(home.database, isolation_level=None)) as old:
        for statement in (statement for migration in MIGRATIONS[:version] for statement in migration):
            old.execute(statement)
        old.execute("ATTACH ? AS newer", (str(newer),))
        for (table,) in old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            if table.startswith("sqlite_"):
                continue
            columns = ", ".join(_columns(old, "main", table) & _columns(old, "newer", table))
            old.execute(f"INSERT OR REPLACE INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute(f"PRAGMA user_version = {version}")
    newer.unlink()


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_database_of_an_earlier_version_keeps_all_its_facts(home: Home, clock: FixedClock, version: int) -> None:
    with Records.open(home, clock) as records:
        write_facts_of(records, version)
        facts = records.facts()
        runs = records.runs()
    make_older(home, version)
    with Records.open(home, clock) as records:
        assert records.facts() == facts
        assert records.runs() == runs
        assert records.verify_journal().problems == ()
        some_weeks(records)
        assert records.verify_journal().ok


def test_rows_from_before_a_column_was_added_still_prove_their_tables(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        with records._facts() as connection:
            started = {"id": 1, "kind": "backup", "data_set": "grades", "target": "nas", "outcome": "running"}
            records._record(connection, JournalKind.RUN_STARTED, {**started, "started": NOW, "reason": "due"})
            said = {"subject": "contacts", "by": "A", "at": NOW, "remark": "called", "reference": ""}
            records._record(connection, JournalKind.ATTESTED, said)
            put_off = {"obligation": "contacts", "until": NOW, "reason": "ill", "by": "A", "at": NOW}
            records._record(connection, JournalKind.POSTPONED, put_off)
        facts = records.facts()
        assert (facts.runs[0].part, facts.attestations[0].evidence, facts.postponements[0].approved_by) == ("", (), "")
        assert records.verify_journal().ok
