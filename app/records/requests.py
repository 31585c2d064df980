"""Requests: what the screens and commands wish, and what the agent made of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase, text
from app.records.canonical import canonical
from app.records.errors import UnknownRequest
from app.records.facts import Request, RequestId, RequestKind, RequestState, RunId

REQUESTS_KEPT = 1_000


class RequestRecords(RecordsBase):
    """The letter box between clients and the agent."""

    def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "", by: str) -> RequestId:
        """Put a request in; the agent takes it."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO requests (kind, data_set, target, state, asked, by, runs, refusal)"
                " VALUES (?, ?, ?, ?, ?, ?, '[]', '')",
                (kind, text(data_set), text(target), RequestState.WAITING, format_utc(self._clock.now()), text(by)),
            )
            request_id = RequestId(cursor.lastrowid or 0)
            connection.execute(
                "DELETE FROM requests WHERE id <= ? AND state IN (?, ?)",
                (request_id - REQUESTS_KEPT, RequestState.DONE, RequestState.REFUSED),
            )
            return request_id

    def take_request(self) -> Request | None:
        """Take the oldest waiting request, which then is nobody else's; None when none waits."""
        # Asking takes no lock: an agent that polls must not stand in the way of who writes.
        with self._database.read() as connection:
            if connection.execute("SELECT 1 FROM requests WHERE state = ?", (RequestState.WAITING,)).fetchone() is None:
                return None
        with self._database.write() as connection:
            rows = connection.execute(
                "UPDATE requests SET state = ? WHERE id ="
                " (SELECT id FROM requests WHERE state = ? ORDER BY id LIMIT 1) RETURNING *",
                (RequestState.TAKEN, RequestState.WAITING),
            ).fetchall()
            taken = self._decoded(decode.request, rows)
            return taken[0] if taken else None

    def close_request(
        self, request_id: RequestId, state: RequestState, *, runs: Sequence[RunId] = (), refusal: str = ""
    ) -> None:
        """Say what became of a request: DONE with the runs it led to, or REFUSED with an error code.

        Without `runs`, those noted before are kept. Raises UnknownRequest.
        """
        with self._database.write() as connection:
            known = self._request(connection, request_id)
            connection.execute(
                "UPDATE requests SET state = ?, runs = ?, refusal = ? WHERE id = ?",
                (state, canonical(runs or known.runs), text(refusal), request_id),
            )

    def update_request_runs(self, request_id: RequestId, runs: Sequence[RunId]) -> None:
        """Note the runs that a request has led to so far. Raises UnknownRequest."""
        with self._database.write() as connection:
            self._request(connection, request_id)
            connection.execute("UPDATE requests SET runs = ? WHERE id = ?", (canonical(runs), request_id))

    def request(self, request_id: RequestId) -> Request:
        """Return a request as it stands. Raises UnknownRequest."""
        with self._database.read() as connection:
            return self._request(connection, request_id)

    def requests(self, state: RequestState | None = None, *, limit: int = 100) -> tuple[Request, ...]:
        """Return the newest requests first; an agent that starts finds here what a dead one had TAKEN."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM requests WHERE :state IS NULL OR state = :state ORDER BY id DESC LIMIT :limit",
                {"state": state, "limit": limit},
            )
            return self._decoded(decode.request, rows)

    def _request(self, connection: sqlite3.Connection, request_id: RequestId) -> Request:
        rows = connection.execute("SELECT * FROM requests WHERE id = ?", (request_id,))
        found = self._decoded(decode.request, rows)
        if not found:
            raise UnknownRequest(request=request_id)
        return found[0]
