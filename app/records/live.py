"""What screens follow while something happens: progress (numbers, polled) and events (facts, pushed)."""

from __future__ import annotations

from app.clock import format_utc
from app.records import decode
from app.records.base import Pairs, RecordsBase, text
from app.records.facts import Event, Progress, RunId


class LiveRecords(RecordsBase):
    """Numbers and messages; a power cut may lose the newest of them."""

    def write_progress(self, progress: Progress) -> None:
        """Write the newest numbers of a run over the earlier ones."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO progress (run, at, phase, files_done, files_total, bytes_done, bytes_total,"
                " current) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    progress.run,
                    format_utc(progress.at),
                    progress.phase,
                    progress.files_done,
                    progress.files_total,
                    progress.bytes_done,
                    progress.bytes_total,
                    text(progress.current),
                ),
            )

    def progress(self, run_id: RunId) -> Progress | None:
        """Return the newest numbers of a run; None before the first, and once a later run has begun after its end."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM progress WHERE run = ?", (run_id,))
            found = self._decoded(decode.progress, rows)
            return found[0] if found else None

    def emit(self, kind: str, subject: str, data: Pairs = ()) -> None:
        """Push an event that is not a fact of the journal ("drive-arrived"). Facts push their own."""
        with self._database.write(durable=False) as connection:
            self._push(connection, kind, subject, data)

    def events_after(self, event_id: int, limit: int = 200) -> tuple[Event, ...]:
        """Return the events after one, the oldest first; the newest 5,000 are kept."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", (event_id, limit))
            return self._decoded(decode.event, rows)

    def last_event_id(self) -> int:
        """Return the id of the newest event; 0 before the first."""
        with self._database.read() as connection:
            latest: int = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]
            return latest

    def data_version(self) -> int:
        """Return a number that is another one once another connection has written: cheap to poll.

        What this connection writes itself does not change it.
        """
        return self._database.data_version()
