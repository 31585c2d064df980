"""Runs: started, finished and looked up."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from app.records import decode
from app.records.base import Pairs, RecordsBase
from app.records.errors import RunAlreadyFinished, UnknownRun
from app.records.facts import Outcome, Problem, Run, RunId, RunKind
from app.records.journal import JournalKind

PROBLEMS_KEPT = 100

_WHOLE_RUN = (
    "SELECT r.*, coalesce(p.pid, 0) AS pid, coalesce(p.pid_started, 0.0) AS pid_started"
    " FROM runs AS r LEFT JOIN run_processes AS p ON p.run = r.id"
)


class RunRecords(RecordsBase):
    """What ran, and how it ended."""

    def start_run(
        self, kind: RunKind, *, data_set: str, target: str, reason: str, pid: int, pid_started: float, part: str = ""
    ) -> RunId:
        """Record that a run starts, and which process does it; pushes the event "run-started"."""
        with self._facts() as connection:
            latest: int = connection.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0]
            run_id = RunId(latest + 1)
            body = {
                "id": run_id,
                "kind": kind,
                "data_set": data_set,
                "target": target,
                "outcome": Outcome.RUNNING,
                "started": self._clock.now(),
                "reason": reason,
                "part": part,
                "pid": pid,
            }
            data = (("kind", kind.value), ("data_set", data_set), ("target", target))
            self._record(connection, JournalKind.RUN_STARTED, body, str(run_id), data)
            _set_process(connection, run_id, pid, pid_started)
            # The numbers of what has ended are of no use any more.
            connection.execute("DELETE FROM progress WHERE run NOT IN (SELECT id FROM runs WHERE outcome = 'running')")
            return run_id

    def finish_run(
        self,
        run_id: RunId,
        outcome: Outcome,
        *,
        snapshot: str = "",
        files: int = 0,
        files_new_or_changed: int = 0,
        bytes_total: int = 0,
        bytes_added: int = 0,
        duration_s: float = 0.0,
        error_code: str = "",
        error_data: Pairs = (),
        problems: Sequence[Problem] = (),
        problems_total: int = 0,
    ) -> Run:
        """Record how a run ended; pushes the event "run-finished".

        Keeps the first 100 problems; `problems_total` is at least their number. Raises UnknownRun, RunAlreadyFinished.
        """
        if outcome is Outcome.RUNNING:
            raise ValueError("a run that is running has not finished")
        with self._facts() as connection:
            run = self._run(connection, run_id)
            if run.outcome is not Outcome.RUNNING:
                raise RunAlreadyFinished(run=run_id, outcome=run.outcome.value)
            body = {
                "run": run_id,
                "outcome": outcome,
                "finished": self._clock.now(),
                "snapshot": snapshot,
                "files": files,
                "files_new_or_changed": files_new_or_changed,
                "bytes_total": bytes_total,
                "bytes_added": bytes_added,
                "duration_s": duration_s,
                "error_code": error_code,
                "error_data": error_data,
                "problems": [(problem.what, problem.reason) for problem in problems[:PROBLEMS_KEPT]],
                "problems_total": max(problems_total, len(problems)),
            }
            data = (
                ("kind", run.kind.value), ("data_set", run.data_set), ("target", run.target),
                ("outcome", outcome.value),
            )  # fmt: skip
            self._record(connection, JournalKind.RUN_FINISHED, body, str(run_id), data)
            return self._run(connection, run_id)

    def set_run_process(self, run_id: RunId, pid: int, pid_started: float) -> None:
        """Say which process does the run now. Raises UnknownRun."""
        with self._database.write() as connection:
            self._run(connection, run_id)
            _set_process(connection, run_id, pid, pid_started)

    def run(self, run_id: RunId) -> Run:
        """Return a run with all that is known of it. Raises UnknownRun."""
        with self._database.read() as connection:
            return self._run(connection, run_id)

    def runs(
        self, *, limit: int = 50, data_set: str | None = None, target: str | None = None, kind: RunKind | None = None
    ) -> tuple[Run, ...]:
        """Return the newest runs first, of one data set, target or kind where given."""
        wanted = {"data_set": data_set, "target": target, "kind": None if kind is None else kind.value}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"r.{column} = :{column}" for column in given) or "1"
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_WHOLE_RUN} WHERE {where} ORDER BY r.id DESC LIMIT :limit", given | {"limit": max(0, limit)}
            )
            return self._decoded(decode.whole_run, rows)

    def running(self) -> tuple[Run, ...]:
        """Return the runs that have not said how they ended, the newest first; their process may be gone."""
        with self._database.read() as connection:
            rows = connection.execute(f"{_WHOLE_RUN} WHERE r.outcome = 'running' ORDER BY r.id DESC")
            return self._decoded(decode.whole_run, rows)

    def _run(self, connection: sqlite3.Connection, run_id: RunId) -> Run:
        found = self._decoded(decode.whole_run, connection.execute(f"{_WHOLE_RUN} WHERE r.id = ?", (run_id,)))
        if not found:
            raise UnknownRun(run=run_id)
        return found[0]


def _set_process(connection: sqlite3.Connection, run_id: RunId, pid: int, pid_started: float) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO run_processes (run, pid, pid_started) VALUES (?, ?, ?)", (run_id, pid, pid_started)
    )
