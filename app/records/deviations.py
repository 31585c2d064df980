"""What went wrong, what was suspected, what the director said of it, and who was told."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase, text
from app.records.canonical import fields_of
from app.records.errors import UnknownAnomaly
from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Canary,
    Changes,
    Hold,
    Judgement,
    Missed,
    NoticeState,
    RunId,
    SentNotice,
    Told,
)
from app.records.journal import JournalKind

NOTICES_KEPT = timedelta(days=100)


class DeviationRecords(RecordsBase):
    """Facts of what should not have been; each is journalled. Notices are messages: only `Told` is evidence."""

    # --- holds -------------------------------------------------------------------------------------------------

    def hold(self, hold: Hold) -> None:
        """Record that everything in a hold's scope is kept from now on; one that stands already is left as it is."""
        with self._facts() as connection:
            if connection.execute("SELECT 1 FROM holds WHERE id = ?", (hold.id,)).fetchone() is None:
                self._hold(connection, hold)

    def lift_hold(self, hold_id: str, *, by: str, remark: str) -> None:
        """Record that a hold does not stand any more; harmless when it does not."""
        with self._facts() as connection:
            self._lift(connection, hold_id, by, remark)

    def _hold(self, connection: sqlite3.Connection, hold: Hold) -> None:
        kept = ("id", "data_set", "target", "reason", "remark", "by", "since")
        body = {name: value for name, value in fields_of(hold).items() if name in kept}
        self._record(connection, JournalKind.HELD, body, hold.id)

    def _lift(self, connection: sqlite3.Connection, hold_id: str, by: str, remark: str) -> None:
        stands = "SELECT 1 FROM holds WHERE id = ? AND lifted_at IS NULL"
        if connection.execute(stands, (hold_id,)).fetchone() is not None:
            body = {"id": hold_id, "by": by, "remark": remark, "at": self._clock.now()}
            self._record(connection, JournalKind.HOLD_LIFTED, body, hold_id)

    # --- suspicion ---------------------------------------------------------------------------------------------

    def record_changes(self, changes: Changes) -> None:
        """Record how a data set had changed since the copy before."""
        with self._facts() as connection:
            self._record(connection, JournalKind.CHANGES_COUNTED, fields_of(changes), str(changes.run))

    def changes_of(self, data_set: str, *, limit: int = 200) -> tuple[Changes, ...]:
        """Return how a data set changed in its newest runs, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM run_changes WHERE data_set = ? ORDER BY run DESC LIMIT ?", (data_set, limit)
            )
            return self._decoded(decode.changes, rows)

    def place_canary(self, canary: Canary) -> None:
        """Record a document that nobody should change; one at the same path is replaced."""
        with self._facts() as connection:
            self._record(connection, JournalKind.CANARY_PLACED, fields_of(canary), canary.data_set)

    def remove_canary(self, path: str, *, by: str) -> None:
        """Record that a document is not watched any more."""
        with self._facts() as connection:
            body = {"path": path, "by": by, "at": self._clock.now()}
            self._record(connection, JournalKind.CANARY_REMOVED, body, path)

    def record_anomaly(self, anomaly: Anomaly, hold: Hold) -> None:
        """Record a suspicion together with the hold that it brings."""
        kept = ("run", "data_set", "target", "at", "signs", "verdict")
        body = {name: value for name, value in fields_of(anomaly).items() if name in kept}
        with self._facts() as connection:
            self._record(connection, JournalKind.ANOMALY_FOUND, body, anomaly.data_set)
            self._hold(connection, hold)

    def close_anomaly(self, run: RunId, verdict: AnomalyVerdict, *, by: str, remark: str) -> None:
        """Record what a suspicion turned out to be, and lift its hold. Raises UnknownAnomaly when none is open."""
        with self._facts() as connection:
            rows = connection.execute("SELECT * FROM anomalies WHERE run = ? AND verdict = 'open'", (run,))
            found = self._decoded(decode.anomaly, rows)
            if not found:
                raise UnknownAnomaly(run=run)
            body = {"run": run, "verdict": verdict, "by": by, "remark": remark, "at": self._clock.now()}
            self._record(connection, JournalKind.ANOMALY_CLOSED, body, found[0].data_set)
            self._lift(connection, found[0].hold_id, by, remark)

    # --- verdicts ----------------------------------------------------------------------------------------------

    def note_missed(self, misses: Sequence[Missed]) -> None:
        """Record obligations that were not met in time, each once for the moment that it was due."""
        with self._database.read() as connection:
            fresh = [missed for missed in misses if not _is_noted(connection, missed)]
        if not fresh:
            return
        with self._facts() as connection:
            for missed in fresh:
                if not _is_noted(connection, missed):
                    self._record(connection, JournalKind.OBLIGATION_MISSED, fields_of(missed), missed.obligation)

    def judge(self, judgement: Judgement) -> None:
        """Record the director's verdict."""
        body = fields_of(judgement)
        body["case_id"] = body.pop("case")
        with self._facts() as connection:
            self._record(connection, JournalKind.JUDGED, body, judgement.case)

    # --- notices -----------------------------------------------------------------------------------------------

    def plan_notice(
        self, *, key: str, role: str, person: str, channel: str, urgency: str, title: str, body: str
    ) -> int:
        """Note a message that is to be sent, and return its number."""
        now = self._clock.now()
        with self._database.write() as connection:
            connection.execute("DELETE FROM notices WHERE at < ?", (format_utc(now - NOTICES_KEPT),))
            cursor = connection.execute(
                "INSERT INTO notices (key, role, person, channel, urgency, title, body, at, state, attempts, error)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, '')",
                (key, role, text(person), channel, urgency, text(title), text(body), format_utc(now)),
            )
            return cursor.lastrowid or 0

    def notices(self, *, limit: int = 2000) -> tuple[SentNotice, ...]:
        """Return the newest messages first; those of the last hundred days are kept."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM notices ORDER BY id DESC LIMIT ?", (limit,))
            return self._decoded(decode.sent_notice, rows)

    def waiting_notices(self) -> tuple[tuple[SentNotice, str], ...]:
        """Return the messages that are not sent yet, with their texts, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM notices WHERE state = 'waiting' ORDER BY id").fetchall()
            notices = self._decoded(decode.sent_notice, rows)
            return tuple((notice, str(row["body"])) for notice, row in zip(notices, rows, strict=True))

    def note_attempt(self, notice: SentNotice, *, state: NoticeState, error: str = "", evidence: bool) -> None:
        """Note what became of an attempt to send; with `evidence`, a message that was sent is journalled too."""
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE notices SET state = ?, attempts = attempts + 1, tried_at = ?, error = ? WHERE id = ?",
                (state.value, format_utc(now), error, notice.id),
            )

        if state is not NoticeState.SENT or not evidence:
            with self._database.write() as connection:
                write(connection)
            return
        with self._facts() as connection:
            write(connection)
            told = Told(notice.key, notice.role, notice.person, notice.channel, now)
            self._record(connection, JournalKind.TOLD, fields_of(told), notice.key)


def _is_noted(connection: sqlite3.Connection, missed: Missed) -> bool:
    query = "SELECT 1 FROM misses WHERE obligation = ? AND due = ?"
    return connection.execute(query, (missed.obligation, format_utc(missed.due))).fetchone() is not None
