"""What the journal's rows mean: each kind writes its tables. Verification plays the journal again and compares.

A table with a `seq` column is written here and nowhere else; `seq` is the row that wrote it last. Only the row's
own content is used, so playing it again gives the same tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

from app.clock import format_utc
from app.records.canonical import canonical, read_json
from app.records.facts import JournalRow
from app.records.journal import JournalKind

# The columns that a row's body fills under their own names, by table.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "handovers": ("target", "holder", "site", "at", "by"),
    "approvals": ("policy_sha256", "version", "by", "function", "at"),
    "key_tests": ("target", "at", "by"),
    "attestations": ("subject", "by", "at", "remark", "reference", "evidence"),
    "postponements": ("obligation", "until", "reason", "by", "at", "approved_by"),
    "answers": ("school_year", "item", "verdict", "remark", "action_owner", "action_due", "by", "at"),
    "signatures": (
        "school_year", "by", "at", "content", "content_sha256", "journal_seq", "journal_hash", "public_key",
        "signature",
    ),
    "restore_tests": (
        "run", "data_set", "target", "snapshot", "at", "files", "bytes", "identical", "duration_s",
        "full_restore_estimate_s", "rto_met", "opened_file", "confirmed_by", "confirmed_at",
    ),
    "sync_periods": ("run", "data_set", "target", "begun", "ended", "copies", "max_lag_s", "late_s"),
    "holds": ("id", "data_set", "target", "reason", "remark", "by", "since"),
    "run_changes": (
        "run", "data_set", "target", "at", "files_before", "new", "changed", "removed", "opaque_new", "opaque_changed",
        "canaries_touched",
    ),
    "canaries": ("path", "data_set", "sha256", "by", "at"),
    "anomalies": ("run", "data_set", "target", "at", "signs", "verdict"),
    "misses": ("obligation", "kind", "data_set", "target", "due", "at"),
    "judgements": ("case_id", "until", "ruling", "remark", "action_owner", "action_due", "by", "at"),
    "told": ("key", "role", "person", "channel", "at"),
    "runs": ("id", "kind", "data_set", "target", "outcome", "started", "reason", "part"),
    "ups_tests": ("ups", "at", "how", "result", "runtime_s", "charge_percent", "by", "remark"),
    "line_tests": ("line", "at", "how", "passed", "latency_ms", "by", "remark"),
    "risk_acceptances": ("finding", "subject", "reason", "until", "by", "at"),
}  # fmt: skip

_FINISHED: Final = (
    "outcome", "finished", "snapshot", "files", "files_new_or_changed", "bytes_total", "bytes_added", "duration_s",
    "error_code", "error_data", "problems", "problems_total",
)  # fmt: skip

_INSERTS: Final[Mapping[str, str]] = {
    JournalKind.RUN_STARTED: "runs",
    JournalKind.RESTORE_TESTED: "restore_tests",
    JournalKind.POLICY_APPROVED: "approvals",
    JournalKind.KEY_TESTED: "key_tests",
    JournalKind.ATTESTED: "attestations",
    JournalKind.POSTPONED: "postponements",
    JournalKind.HANDED_OVER: "handovers",
    JournalKind.CHECKLIST_ANSWERED: "answers",
    JournalKind.CHECKLIST_SIGNED: "signatures",
    JournalKind.UPS_TESTED: "ups_tests",
    JournalKind.LINE_TESTED: "line_tests",
    JournalKind.RISK_ACCEPTED: "risk_acceptances",
    JournalKind.HELD: "holds",
    JournalKind.CHANGES_COUNTED: "run_changes",
    JournalKind.CANARY_PLACED: "canaries",
    JournalKind.ANOMALY_FOUND: "anomalies",
    JournalKind.OBLIGATION_MISSED: "misses",
    JournalKind.JUDGED: "judgements",
    JournalKind.TOLD: "told",
    JournalKind.SYNC_ENDED: "sync_periods",
}

_ADDED_LATER: Final[Mapping[str, object]] = {"evidence": (), "approved_by": "", "part": ""}
"""What rows lack that were written before a column was added."""

PROJECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": ("id",),
    "restore_tests": ("run",),
    "approvals": ("seq",),
    "key_tests": ("seq",),
    "attestations": ("seq",),
    "postponements": ("seq",),
    "answers": ("school_year", "item"),
    "signatures": ("seq",),
    "handovers": ("seq",),
    "sync_periods": ("run",),
    "ups_tests": ("seq",),
    "line_tests": ("seq",),
    "risk_acceptances": ("seq",),
    "outages": ("id",),
    "set_up": ("one",),
    "holds": ("id",),
    "run_changes": ("run",),
    "canaries": ("path",),
    "anomalies": ("run",),
    "misses": ("obligation", "due"),
    "judgements": ("seq",),
    "told": ("seq",),
}
"""Every projected table and its key."""


def project(connection: sqlite3.Connection, row: JournalRow) -> None:
    """Write what a row means into its table; rows of other kinds mean nothing here.

    Raises ValueError, TypeError, KeyError or sqlite3.Error on a row that our own code did not write.
    """
    table = _INSERTS.get(row.kind)
    if table is not None:
        _insert(connection, table, row.seq, _content(row))
        return
    match row.kind:
        case JournalKind.RUN_FINISHED:
            _finish_run(connection, row.seq, _content(row))
        case JournalKind.RESTORE_TEST_CONFIRMED:
            content = _content(row)
            connection.execute(
                "UPDATE restore_tests SET seq = ?, opened_file = ?, confirmed_by = ?, confirmed_at = ? WHERE run = ?",
                (row.seq, content["opened_file"], content["by"], content["at"], content["run"]),
            )
        case JournalKind.HOLD_LIFTED:
            content = _content(row)
            connection.execute(
                "UPDATE holds SET seq = ?, lifted_at = ?, lifted_by = ?, lift_remark = ? WHERE id = ?",
                (row.seq, content["at"], content["by"], content["remark"], content["id"]),
            )
        case JournalKind.CANARY_REMOVED:
            connection.execute("DELETE FROM canaries WHERE path = ?", (_content(row)["path"],))
        case JournalKind.ANOMALY_CLOSED:
            content = _content(row)
            connection.execute(
                "UPDATE anomalies SET seq = ?, verdict = ?, closed_at = ?, closed_by = ?, remark = ? WHERE run = ?",
                (row.seq, content["verdict"], content["at"], content["by"], content["remark"], content["run"]),
            )
        case JournalKind.OUTAGE_BEGAN:
            content = _content(row)
            connection.execute(
                "INSERT INTO outages (id, seq, kind, subject, cause, began) VALUES (?, ?, ?, ?, ?, ?)",
                (row.seq, row.seq, *(content[name] for name in ("kind", "subject", "cause", "began"))),
            )
        case JournalKind.OUTAGE_ENDED:
            content = _content(row)
            names = ("ended", "critical", "lowest_charge_percent", "lowest_runtime_s", "outage")
            connection.execute(
                "UPDATE outages SET seq = ?, ended = ?, critical = ?, lowest_charge_percent = ?, lowest_runtime_s = ?"
                " WHERE id = ?",
                (row.seq, *(_value(content[name]) for name in names)),
            )
        case JournalKind.SET_UP:
            # The first time counts: setting up again does not make what was never done any younger.
            connection.execute(
                "INSERT OR IGNORE INTO set_up (one, seq, at) VALUES (1, ?, ?)", (row.seq, format_utc(row.at))
            )


def _insert(connection: sqlite3.Connection, table: str, seq: int, content: dict[str, object]) -> None:
    columns = _COLUMNS[table]
    names = ", ".join(("seq", *columns))
    places = ", ".join("?" * (len(columns) + 1))
    # Table and column names are the constants above; only values come from the row.
    statement = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({places})"  # noqa: S608
    whole = {**_ADDED_LATER, **content}
    connection.execute(statement, (seq, *(_value(whole[column]) for column in columns)))


def _finish_run(connection: sqlite3.Connection, seq: int, content: dict[str, object]) -> None:
    assignments = ", ".join(f"{column} = ?" for column in ("seq", *_FINISHED))
    values = (seq, *(_value(content[column]) for column in _FINISHED), content["run"])
    connection.execute(f"UPDATE runs SET {assignments} WHERE id = ?", values)  # noqa: S608 - constants, as above


def _content(row: JournalRow) -> dict[str, object]:
    content = read_json(row.body)
    if not isinstance(content, dict):
        raise TypeError(f"row {row.seq}: no JSON object")
    return content


def _value(item: object) -> str | int | float | None:
    """Return what a column holds: booleans as 0 and 1, lists as canonical JSON."""
    match item:
        case bool():
            return int(item)
        case None | str() | int() | float():
            return item
        case _:
            return canonical(item)
