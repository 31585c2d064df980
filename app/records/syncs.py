"""Continuous copying: where each session stands (numbers), and what a session that ended has shown (a fact)."""

from __future__ import annotations

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase
from app.records.canonical import fields_of
from app.records.facts import RunId, SyncPeriod, SyncState
from app.records.journal import JournalKind


class SyncRecords(RecordsBase):
    """The newest state of each session, and the periods that are over."""

    def write_sync_state(self, state: SyncState) -> None:
        """Write where a session stands over what was known of this set and place; a power cut may lose it."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO sync_states (data_set, target, run, since, at, safe_until, waiting_since,"
                " link_up, copies, max_lag_s, late_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    state.data_set,
                    state.target,
                    state.run,
                    format_utc(state.since),
                    format_utc(state.at),
                    state.safe_until and format_utc(state.safe_until),
                    state.waiting_since and format_utc(state.waiting_since),
                    state.link_up,
                    state.copies,
                    state.max_lag_s,
                    state.late_s,
                ),
            )

    def sync_states(self) -> tuple[SyncState, ...]:
        """Return the newest state of every set and place that was ever copied continuously."""
        with self._database.read() as connection:
            return self._decoded(
                decode.sync_state, connection.execute("SELECT * FROM sync_states ORDER BY data_set, target")
            )

    def has_sync_period(self, run: RunId) -> bool:
        """Tell whether a session's evidence is recorded."""
        with self._database.read() as connection:
            return connection.execute("SELECT 1 FROM sync_periods WHERE run = ?", (run,)).fetchone() is not None

    def record_sync_period(self, period: SyncPeriod) -> None:
        """Record what a session has shown, once: a second word on the same session is not written."""
        with self._facts() as connection:
            if connection.execute("SELECT 1 FROM sync_periods WHERE run = ?", (period.run,)).fetchone() is None:
                self._record(connection, JournalKind.SYNC_ENDED, fields_of(period), period.data_set)
