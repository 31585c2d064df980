"""Property: whatever happened and whatever is then changed in the journal, the change is found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import FixedClock
from app.paths import Home
from app.records.canonical import canonical
from app.records.facts import Outcome, TargetSight
from app.records.store import Records
from tests.unit.records.school import NOW, answer, back_up, ups

HAPPENINGS: dict[str, Callable[[Records], object]] = {
    "good": back_up,
    "failed": lambda records: back_up(records, Outcome.FAILED),
    "incomplete": lambda records: back_up(records, Outcome.INCOMPLETE),
    "answer": lambda records: records.answer(answer()),
    "set-up": lambda records: records.mark_set_up(),
    "arrives": lambda records: records.see_target(TargetSight("usb", True, NOW)),
    "leaves": lambda records: records.see_target(TargetSight("usb", False, NOW)),
    "on battery": lambda records: records.see_ups(ups("OB")),
    "on line": lambda records: records.see_ups(ups("OL")),
    "note": lambda records: records.note("restored", {"é": "\udce9"}),
}
COLUMNS = ("seq", "at", "kind", "body", "previous_hash", "hash", "signature")


@settings(max_examples=60, deadline=None)
@given(happenings=st.lists(st.sampled_from(sorted(HAPPENINGS)), min_size=1, max_size=8), data=st.data())
def test_any_change_of_any_row_is_found(happenings: list[str], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        home = Home.in_folder(Path(folder))
        with Records.open(home, FixedClock(NOW)) as records:
            for happening in happenings:
                HAPPENINGS[happening](records)
            assert records.verify_journal().ok
            rows = records.journal_head().seq
            seq = data.draw(st.integers(1, rows), label="row")
            with closing(sqlite3.connect(home.database)) as connection, connection:
                _tamper(connection, seq, rows, data)
            assert not records.verify_journal().ok


def _tamper(connection: sqlite3.Connection, seq: int, rows: int, data: st.DataObject) -> None:
    connection.execute("DROP TRIGGER journal_is_not_changed")
    connection.execute("DROP TRIGGER journal_is_not_removed")
    match data.draw(st.sampled_from(["change", "copy", "remove", "cut", "swap"]), label="how"):
        case "change":
            column = data.draw(st.sampled_from(COLUMNS[1:]), label="column")
            (old,) = connection.execute(f"SELECT {column} FROM journal WHERE seq = ?", (seq,)).fetchone()
            new = data.draw(st.text(max_size=100).filter(lambda value: value != old and _is_unicode(value)))
            connection.execute(f"UPDATE journal SET {column} = ? WHERE seq = ?", (new, seq))
        case "copy":
            row = connection.execute("SELECT * FROM journal WHERE seq = ?", (seq,)).fetchone()
            connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", (rows + 1, *row[1:]))
        case "remove":
            connection.execute("DELETE FROM journal WHERE seq = ?", (seq,))
        case "cut":
            connection.execute("DELETE FROM journal WHERE seq >= ?", (seq,))
        case "swap":
            other = seq % rows + 1
            if other == seq:
                connection.execute("DELETE FROM journal")
            connection.execute("UPDATE journal SET seq = -seq WHERE seq IN (?, ?)", (seq, other))
            connection.execute("UPDATE journal SET seq = ? + seq WHERE seq < 0", (seq + other,))


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda items: st.lists(items, max_size=4) | st.dictionaries(st.text(max_size=8), items, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(BODIES)
def test_canonical_spelling_is_ascii_and_stays_the_same_when_read_and_spelled_again(value: object) -> None:
    once = canonical(value)
    assert once.isascii()
    assert canonical(json.loads(once)) == once
