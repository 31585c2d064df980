"""The facts that the assessment looks at, read in one transaction and quickly, however long the history."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase
from app.records.facts import Facts, Run, RunId

RUNS_WINDOW = timedelta(days=400)
"""A school year and then some: what the checklist counts over."""

RUNS_READ = 20_000
"""More than three targets for fifteen data sets every day of the window; a bound, not a wish."""

FACTS_READ = 1_000
"""Of each kind of fact that people write: decades of them."""


_UNSENT = "SELECT count(*) FROM notices WHERE state = 'waiting' AND attempts > 0 AND channel NOT IN ('desktop', 'ping')"

_MARK = f"""SELECT
    (SELECT max(seq) FROM journal),
    (SELECT group_concat(device || sight, char(10)) FROM drive_sights),
    (SELECT group_concat(ups || ' ' || flags || ' ' || trouble, char(10)) FROM ups_sights),
    (SELECT group_concat(line || up || in_use, char(10)) FROM line_sights),
    (SELECT max(at) FROM sync_states),
    ({_UNSENT})"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class _KeptRuns:
    """Runs that were read before: all that started since `since`, up to and including `last`; all have finished."""

    since: datetime
    last: RunId
    runs: tuple[Run, ...]


class FactRecords(RecordsBase):
    """The view of the records that is judged."""

    _kept_runs: _KeptRuns | None = None

    def facts(self) -> Facts:
        """Read everything the assessment looks at, newest first.

        `runs` holds those of the last 400 days, and whatever their age the good full back-ups, and the newest of each
        kind, data set, target and outcome. They are light: without the list of problems and the process
        (`Records.run` has them).
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
                syncs=self._decoded(decode.sync_state, newest("sync_states", "at")),
                sync_periods=self._decoded(decode.sync_period, self._periods(connection)),
                holds=self._decoded(decode.hold, newest("holds")),
                canaries=self._decoded(decode.canary, newest("canaries")),
                anomalies=self._decoded(decode.anomaly, newest("anomalies", "run")),
                misses=self._decoded(decode.missed, newest("misses")),
                judgements=self._decoded(decode.judgement, newest("judgements")),
                unsent=connection.execute(_UNSENT).fetchone()[0],
                told=self._decoded(decode.told, newest("told")),
                handovers=self._decoded(decode.handover, newest("handovers")),
                outages=self._decoded(decode.outage, self._outages(connection)),
                ups_tests=self._decoded(decode.ups_test, newest("ups_tests")),
                lines=self._decoded(decode.line_sight, newest("line_sights", "line"))[::-1],
                line_tests=self._decoded(decode.line_test, newest("line_tests")),
                risk_acceptances=self._decoded(decode.risk_acceptance, newest("risk_acceptances")),
                journal_rows=connection.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0],
            )

    def facts_mark(self) -> tuple[object, ...]:
        """Return what is another value when `facts` may have become other facts; for a small part of what those cost.

        Everything that is evidence is in the journal. Of what is not, it tells when a disk comes, a UPS or a line says
        another word, a continuous copy has gone on, or a message is stuck; how full a place is, it does not.
        """
        with self._database.read() as connection:
            return tuple(connection.execute(_MARK).fetchone())

    def _periods(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        return connection.execute(
            "SELECT * FROM sync_periods WHERE ended >= ? ORDER BY ended DESC LIMIT ?",
            (format_utc(self._clock.now() - RUNS_WINDOW), RUNS_READ),
        )

    def _outages(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        return connection.execute(
            "SELECT * FROM outages WHERE ended IS NULL OR ended >= ? ORDER BY began DESC, id DESC LIMIT ?",
            (format_utc(self._clock.now() - RUNS_WINDOW), FACTS_READ),
        )

    def _runs_to_judge(self, connection: sqlite3.Connection) -> tuple[Run, ...]:
        since = self._clock.now() - RUNS_WINDOW
        runs = self._runs_since(connection, since)
        read = {run.id for run in runs}
        latest = connection.execute(
            "SELECT max(id) FROM runs GROUP BY kind, data_set, target, outcome"
            " UNION SELECT id FROM (SELECT id FROM runs WHERE kind = 'full' AND outcome = 'good'"
            " ORDER BY id DESC LIMIT ?)",
            (FACTS_READ,),
        )
        for older in sorted((row[0] for row in latest if row[0] not in read), reverse=True):
            rows = connection.execute(f"{decode.LIGHT_RUNS} WHERE r.id = ?", (older,))
            runs += self._decoded(decode.light_run, rows)
        return runs

    def _runs_since(self, connection: sqlite3.Connection, since: datetime) -> tuple[Run, ...]:
        """Return the runs of the window. Those read before are kept: what has finished does not change any more."""
        kept = self._kept_runs
        if kept is None or since < kept.since:
            kept = _KeptRuns(since, RunId(0), ())
        rows = connection.execute(
            f"{decode.LIGHT_RUNS} WHERE r.id > ? AND r.started >= ? ORDER BY r.id DESC LIMIT ?",
            (kept.last, format_utc(since), RUNS_READ),
        )
        fresh = self._decoded(decode.light_run, rows)
        earlier = tuple(run for run in kept.runs if run.started >= since)
        runs = (*fresh, *earlier)[:RUNS_READ]
        unfinished = [index for index, run in enumerate(runs) if run.finished is None]
        finished = runs[unfinished[-1] + 1 :] if unfinished else runs
        self._kept_runs = _KeptRuns(since, finished[0].id if finished else kept.last, finished)
        return runs

    def _set_up_at(self, connection: sqlite3.Connection) -> datetime | None:
        moments = self._decoded(lambda row: decode.moment(row["at"]), connection.execute("SELECT at FROM set_up"))
        return moments[0] if moments else None
