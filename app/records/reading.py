"""The facts that the assessment looks at, read in one transaction and quickly, however long the history."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase
from app.records.facts import Facts, Run

RUNS_WINDOW = timedelta(days=400)
"""A school year and then some: what the checklist counts over."""

RUNS_READ = 20_000
"""More than three targets for fifteen data sets every day of the window; a bound, not a wish."""

FACTS_READ = 1_000
"""Of each kind of fact that people write: decades of them."""


class FactRecords(RecordsBase):
    """The view of the records that is judged."""

    def facts(self) -> Facts:
        """Read everything the assessment looks at, newest first.

        `runs` holds those of the last 400 days, and whatever their age the newest of each kind, data set, target and
        outcome. They are light: without the list of problems and the process (`Records.run` has them).
        """
        with self._database.read() as connection:

            def newest(table: str, order: str = "seq") -> sqlite3.Cursor:
                query = f"SELECT * FROM {table} ORDER BY {order} DESC LIMIT ?"  # noqa: S608 - the names below
                return connection.execute(query, (FACTS_READ,))

            return Facts(
                runs=self._runs_to_judge(connection),
                restore_tests=self._decoded(decode.restore_test, newest("restore_tests", "run")),
                targets=self._decoded(decode.target_sight, newest("target_sights", "since")),
                drives=self._decoded(decode.drive_sight, newest("drive_sights", "device"))[::-1],
                upses=self._decoded(decode.ups_sight, newest("ups_sights", "ups"))[::-1],
                approvals=self._decoded(decode.approval, newest("approvals")),
                key_tests=self._decoded(decode.key_test, newest("key_tests")),
                attestations=self._decoded(decode.attestation, newest("attestations")),
                answers=self._decoded(decode.answer, newest("answers")),
                signatures=self._decoded(decode.signature, newest("signatures")),
                postponements=self._decoded(decode.postponement, newest("postponements")),
                set_up_at=self._set_up_at(connection),
                journal_rows=connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0],
            )

    def _runs_to_judge(self, connection: sqlite3.Connection) -> tuple[Run, ...]:
        since = format_utc(self._clock.now() - RUNS_WINDOW)
        rows = connection.execute(
            f"{decode.LIGHT_RUNS} WHERE r.started >= ? ORDER BY r.id DESC LIMIT ?",
            (since, RUNS_READ),
        ).fetchall()
        read = {row[0] for row in rows}
        latest = connection.execute("SELECT max(id) FROM runs GROUP BY kind, data_set, target, outcome")
        for older in sorted((row[0] for row in latest if row[0] not in read), reverse=True):
            rows += connection.execute(f"{decode.LIGHT_RUNS} WHERE r.id = ?", (older,))
        return self._decoded(decode.light_run, rows)

    def _set_up_at(self, connection: sqlite3.Connection) -> datetime | None:
        moments = self._decoded(lambda row: decode.moment(row["at"]), connection.execute("SELECT at FROM set_up"))
        return moments[0] if moments else None
