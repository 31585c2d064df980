"""Whatever is done to the journal behind the program's back, verification finds it and names the row."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.clock import FixedClock
from app.paths import Home
from app.records.anchor import anchor_file, read_anchor, write_anchor
from app.records.journal import AnchorFlaw, JournalKind, row_hash
from app.records.projections import PROJECTIONS
from app.records.signing import JournalKey, key_file, load_key
from app.records.store import Records
from app.records.verify import JournalFlaw
from tests.unit.records.conftest import Tamper
from tests.unit.records.school import KEY, back_up, signature, some_weeks


def found(records: Records) -> list[tuple[int, str]]:
    return [(problem.seq, problem.reason) for problem in records.verify_journal().problems]


def stored_rows(home: Home) -> list[tuple[int, str, str, str, str, str, str]]:
    with closing(sqlite3.connect(home.database)) as connection:
        return connection.execute("SELECT * FROM journal ORDER BY seq").fetchall()


def other_key() -> JournalKey:
    return JournalKey(Ed25519PrivateKey.generate())


def forged_row(
    seq: int, kind: str, body: str, previous_hash: str, key: JournalKey | None
) -> tuple[int, str, str, str, str, str, str]:
    at = "2026-09-01T08:00:00.000000Z"
    digest = row_hash(seq, at, kind, body, previous_hash)
    return (seq, at, kind, body, previous_hash, digest, key.sign(bytes.fromhex(digest)) if key else "")


def put_row(home: Home, row: tuple[int, str, str, str, str, str, str]) -> None:
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def test_untouched_journal_of_every_kind_of_fact_is_right(records: Records) -> None:
    some_weeks(records)
    report = records.verify_journal()
    assert report.ok
    assert report.rows == records.facts().journal_rows == len(records.journal_rows())
    assert {row.kind for row in records.journal_rows()} >= set(JournalKind) - {
        JournalKind.GAP, JournalKind.KEY_REPLACED, JournalKind.TARGET_DETACHED, JournalKind.UPS_ON_LINE,
    }  # fmt: skip


def test_every_table_made_from_the_journal_is_filled_by_the_sample(records: Records, home: Home) -> None:
    some_weeks(records)
    with closing(sqlite3.connect(home.database)) as connection:
        for table in PROJECTIONS:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0], table


@pytest.mark.parametrize("column", ["at", "kind", "body", "previous_hash", "hash", "signature"])
@pytest.mark.parametrize("seq", [1, 2, 7, "last"])
def test_changed_column_is_found_at_its_row(
    records: Records, home: Home, tamper: Tamper, column: str, seq: int | str
) -> None:
    some_weeks(records)
    last = len(records.journal_rows())
    number = last if seq == "last" else int(seq)
    # One character becomes another one that could stand there just as well.
    tamper(
        f"UPDATE journal SET {column} = substr({column}, 1, length({column}) - 1) ||"
        f" CASE substr({column}, -1) WHEN '0' THEN '1' ELSE '0' END WHERE seq = {number}"
    )
    assert number in [at for at, _ in found(records)]


@pytest.mark.parametrize(
    "value",
    ["X'00FF'", "7", "CAST(X'FFFE41' AS TEXT)", "''", "'" + "[" * 30_000 + "'"],
    ids=["blob", "number", "no-utf8", "empty", "deep"],
)
@pytest.mark.parametrize("column", ["at", "kind", "body", "previous_hash", "hash", "signature"])
def test_column_of_another_type_is_found_not_stumbled_over(
    records: Records, tamper: Tamper, column: str, value: str
) -> None:
    some_weeks(records)
    tamper(f"UPDATE journal SET {column} = {value} WHERE seq = 4")
    assert 4 in [at for at, _ in found(records)]


def test_changed_body_with_its_hash_made_right_again_lacks_the_signature(
    records: Records, home: Home, tamper: Tamper
) -> None:
    some_weeks(records)
    seq, at, kind, body, previous, _hash, _signature = stored_rows(home)[4]
    body = body.replace("good", "fail")
    tamper(f"UPDATE journal SET body = '{body}', hash = '{row_hash(seq, at, kind, body, previous)}' WHERE seq = {seq}")
    assert (seq, JournalFlaw.SIGNATURE) in found(records)


def test_removed_row_is_found(records: Records, tamper: Tamper) -> None:
    some_weeks(records)
    tamper("DELETE FROM journal WHERE seq = 5")
    assert (5, JournalFlaw.MISSING) in found(records)


def test_removed_row_whose_followers_moved_up_is_found(records: Records, tamper: Tamper) -> None:
    some_weeks(records)
    tamper("DELETE FROM journal WHERE seq = 5", "UPDATE journal SET seq = seq - 1 WHERE seq > 5")
    assert (5, JournalFlaw.CHANGED) in found(records)


def test_removed_first_row_is_found(records: Records, tamper: Tamper) -> None:
    some_weeks(records)
    tamper("DELETE FROM journal WHERE seq = 1")
    assert (1, JournalFlaw.MISSING) in found(records)


def test_swapped_rows_are_found(records: Records, tamper: Tamper) -> None:
    some_weeks(records)
    tamper(
        "UPDATE journal SET seq = -1 WHERE seq = 5",
        "UPDATE journal SET seq = 5 WHERE seq = 6",
        "UPDATE journal SET seq = 6 WHERE seq = -1",
    )
    assert {(5, JournalFlaw.CHANGED), (6, JournalFlaw.CHANGED)} <= set(found(records))


def test_row_that_was_right_elsewhere_is_found_where_it_was_put(records: Records, home: Home, tamper: Tamper) -> None:
    some_weeks(records)
    rows = stored_rows(home)
    tamper("DELETE FROM journal WHERE seq = 6")
    put_row(home, (6, *rows[3][1:]))
    assert (6, JournalFlaw.CHANGED) in found(records)


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "other-key"])
def test_well_chained_row_at_the_end_without_our_signature_is_found(records: Records, home: Home, signed: bool) -> None:
    some_weeks(records)
    last = stored_rows(home)[-1]
    put_row(home, forged_row(last[0] + 1, "restored", "{}", last[5], other_key() if signed else None))
    assert found(records) == [(last[0] + 1, JournalFlaw.SIGNATURE)]


@pytest.mark.parametrize("seq", [0, -3])
def test_row_before_the_first_is_found(records: Records, home: Home, seq: int) -> None:
    some_weeks(records)
    put_row(home, forged_row(seq, "restored", "{}", "0" * 64, load_key(home)))
    assert found(records) == [(seq, JournalFlaw.UNEXPECTED)]


def test_second_beginning_is_found_even_with_our_signature(records: Records, home: Home) -> None:
    some_weeks(records)
    last = stored_rows(home)[-1]
    body = json.dumps({"public_key": other_key().public_key})
    put_row(home, forged_row(last[0] + 1, JournalKind.GENESIS, body, last[5], load_key(home)))
    assert found(records) == [(last[0] + 1, JournalFlaw.UNEXPECTED)]


def test_takeover_by_another_key_is_found(records: Records, home: Home) -> None:
    some_weeks(records)
    last, key = stored_rows(home)[-1], other_key()
    body = json.dumps({"public_key": key.public_key})
    put_row(home, forged_row(last[0] + 1, JournalKind.KEY_REPLACED, body, last[5], key))
    assert {(last[0] + 1, JournalFlaw.KEY_REPLACED), (last[0] + 1, JournalFlaw.KEY_OTHER)} <= set(found(records))


def test_journal_written_anew_with_another_key_is_found(records: Records, home: Home, tamper: Tamper) -> None:
    some_weeks(records)
    key, previous, forged = other_key(), "0" * 64, []
    for seq, _at, kind, body, _previous, _hash, _signature in stored_rows(home):
        body = json.dumps({"public_key": key.public_key}) if seq == 1 else body.replace("failed", "good")
        forged.append(forged_row(seq, kind, body, previous, key))
        previous = forged[-1][5]
    tamper("DELETE FROM journal")
    for row in forged:
        put_row(home, row)
    write_anchor(home, forged[-1][0], forged[-1][5], key)
    assert (1, JournalFlaw.KEY_OTHER) in found(records)


@pytest.mark.parametrize("cut", [1, 3])
def test_cut_off_tail_is_found(records: Records, tamper: Tamper, cut: int) -> None:
    some_weeks(records)
    last = records.journal_head().seq
    tamper(f"DELETE FROM journal WHERE seq > {last - cut}")
    assert (last - cut + 1, AnchorFlaw.AHEAD) in found(records)


def test_cut_off_tail_stays_visible_after_more_was_written(records: Records, home: Home, tamper: Tamper) -> None:
    some_weeks(records)
    last = records.journal_head().seq
    tamper(f"DELETE FROM journal WHERE seq > {last - 2}")
    back_up(records)
    back_up(records)
    assert (last - 1, JournalFlaw.GAP) in found(records)
    assert [row.kind for row in records.journal_rows()].count(JournalKind.GAP) == 1


def test_older_copy_of_the_database_in_its_place_is_found(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    older = home.data / "older.db"
    shutil.copy(home.database, older)
    with Records.open(home, clock) as records:
        back_up(records)
        newest = records.journal_head().seq
    older.rename(home.database)
    with Records.open(home, clock) as records:
        assert found(records) == [(newest - 1, AnchorFlaw.AHEAD)]
        back_up(records)
        back_up(records)
        assert [reason for _, reason in found(records)] == [JournalFlaw.GAP]


def test_new_database_in_the_place_of_a_lost_one_says_so(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    home.database.unlink()
    with Records.open(home, clock) as records:
        assert found(records) == [(2, JournalFlaw.GAP)]


def test_anchor_that_lags_is_no_problem(records: Records, home: Home) -> None:
    some_weeks(records)
    older = anchor_file(home).read_bytes()
    back_up(records)
    anchor_file(home).write_bytes(older)
    assert records.verify_journal().ok
    back_up(records)
    anchor = read_anchor(home)
    assert anchor is not None
    assert anchor.seq == records.journal_head().seq


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff\xfe", b'{"seq":3,"hash":"00","signature":"zz"}', b"9" * 5000]
)
def test_spoiled_anchor_is_found_and_told_in_the_journal(records: Records, home: Home, content: bytes) -> None:
    some_weeks(records)
    anchor_file(home).write_bytes(content)
    assert AnchorFlaw.INVALID in [reason for _, reason in found(records)]
    records.note("restored", {})
    assert [reason for _, reason in found(records)] == [JournalFlaw.GAP]


def test_removed_anchor_is_found(records: Records, home: Home) -> None:
    some_weeks(records)
    anchor_file(home).unlink()
    assert [reason for _, reason in found(records)] == [AnchorFlaw.MISSING]


def test_lost_key_is_replaced_and_told(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
        key_file(home).unlink()
        assert found(records) == [(0, JournalFlaw.KEY_MISSING)]
    with Records.open(home, clock) as records:
        before = records.journal_head().seq
        back_up(records)
        assert found(records) == [(before + 1, JournalFlaw.KEY_REPLACED)]


def test_damaged_key_is_put_aside_and_told(home: Home, clock: FixedClock) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    key_file(home).write_bytes(b"not a key")
    with Records.open(home, clock) as records:
        assert found(records) == [(0, JournalFlaw.KEY_DAMAGED)]
        back_up(records)
        assert [reason for _, reason in found(records)] == [JournalFlaw.KEY_REPLACED]
    assert key_file(home).with_suffix(".damaged").read_bytes() == b"not a key"


TABLE_TAMPERINGS = {
    "failed run made good": ("UPDATE runs SET outcome = 'good', error_code = '' WHERE outcome = 'failed'", "runs 4"),
    "run made younger": ("UPDATE runs SET finished = '2027-01-01T00:00:00.000000Z' WHERE id = 1", "runs 1"),
    "problems wiped out": ("UPDATE runs SET problems = '[]', problems_total = 0 WHERE id = 2", "runs 2"),
    "run removed": ("DELETE FROM runs WHERE id = 1", "runs 1"),
    "run put in": (
        """INSERT INTO runs (id, seq, kind, data_set, target, outcome, started, reason)
        VALUES (99, 3, 'backup', 'grades', 'nas', 'good', '2026-09-01T08:00:00.000000Z', 'due')""",
        "runs 99",
    ),
    "test confirmed by nobody": ("UPDATE restore_tests SET confirmed_by = 'X' WHERE run = 3", "restore_tests 3"),
    "approval of another policy": ("UPDATE approvals SET policy_sha256 = 'ef'", "approvals 3"),
    "key test removed": ("DELETE FROM key_tests", "key_tests"),
    "attestation changed": ("UPDATE attestations SET remark = 'x'", "attestations"),
    "postponed longer": ("UPDATE postponements SET until = '2036-01-01'", "postponements"),
    "answer changed": ("UPDATE answers SET verdict = 'not-ok'", "answers 2026 C01"),
    "signature by another": ("UPDATE signatures SET by = 'Y'", "signatures"),
    "set up later": ("UPDATE set_up SET at = '2026-10-01T00:00:00.000000Z'", "set_up 1"),
    "row number spoiled": ("UPDATE runs SET seq = 'x' WHERE id = 1", "runs 1"),
}


@pytest.mark.parametrize(("statement", "what"), TABLE_TAMPERINGS.values(), ids=TABLE_TAMPERINGS.keys())
def test_table_that_disagrees_with_the_journal_is_found(
    records: Records, tamper: Tamper, statement: str, what: str
) -> None:
    some_weeks(records)
    tamper(statement)
    problems = records.verify_journal().problems
    assert [problem.reason for problem in problems] == [JournalFlaw.PROJECTION]
    # Rows that only their number tells apart are named by it.
    assert problems[0].what == what or problems[0].what.rpartition(" ")[0] == what


def test_signed_checklist_with_another_content_is_found(records: Records) -> None:
    good = signature(records)
    back_up(records)
    flawed = (
        replace(good, content='{"C01":"not-ok"}'),
        replace(good, signature=KEY.sign("something else")),
        replace(good, journal_hash="0" * 64),
        replace(good, journal_seq=1_000),
    )
    for number, checklist in enumerate(flawed, start=1):
        records.sign(checklist)
        assert [reason for _, reason in found(records)] == [JournalFlaw.CHECKLIST] * number
    records.sign(good)
    assert len(found(records)) == len(flawed)


def test_index_that_hides_rows_is_found(home: Home, clock: FixedClock, tamper: Tamper) -> None:
    with Records.open(home, clock) as records:
        some_weeks(records)
    # The rows stay, but whoever looks them up by the index does not find them where they belong.
    tamper(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX runs_started ON runs (reason)' WHERE name = 'runs_started'",
    )
    with Records.open(home, clock) as records:
        assert (0, JournalFlaw.DATABASE) in found(records)


def test_program_itself_cannot_change_or_remove_a_row(records: Records, home: Home) -> None:
    some_weeks(records)
    with closing(sqlite3.connect(home.database)) as connection:
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("UPDATE journal SET body = '{}'")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("DELETE FROM journal")


def test_exported_lines_can_be_checked_without_the_program(records: Records) -> None:
    some_weeks(records)
    lines = [json.loads(line) for line in records.export_journal()]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(lines[0]["body"]["public_key"]))

    def spelled(value: object) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    previous = "0" * 64
    for seq, line in enumerate(lines, start=1):
        content = spelled([seq, line["at"], line["kind"], spelled(line["body"]), previous])
        previous = hashlib.sha256(content.encode()).hexdigest()
        assert line["hash"] == previous
        key.verify(bytes.fromhex(line["signature"]), bytes.fromhex(previous))
    assert len(lines) == records.journal_head().seq
