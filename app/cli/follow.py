"""Wait for what was asked of the agent; start one for it when none runs. Progress goes to stderr, on a terminal."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import click

from app.cli.session import Session
from app.errors import VangnetError
from app.records.facts import Outcome, Progress, Request, RequestId, RequestState, Run
from app.records.presence import agent_pid
from app.records.store import Records

POLL_S = 0.1
AGENT_GONE_S = 10.0
"""How long a request may wait without any agent before we say so."""


class RequestRefused(VangnetError):
    """The agent could not do what was asked (`reason`: an error code)."""

    code = "request-refused"


class AgentGone(VangnetError):
    """No agent took the request, or it stopped before the work was done (`log`)."""

    code = "agent-gone"


def follow(session: Session, records: Records, requests: Sequence[RequestId]) -> tuple[Run, ...]:
    """Wait until every request is closed; returns the runs they led to, in order.

    Raises RequestRefused when one was refused, AgentGone when nobody works on them. Ctrl-C leaves the work running: the
    agent goes on.
    """
    helper = _start_helper(session) if agent_pid(session.home) is None else None
    meter = _Meter()
    alone_since: float | None = None
    try:
        while True:
            states = [records.request(request) for request in requests]
            if all(state.state in (RequestState.DONE, RequestState.REFUSED) for state in states):
                break
            alone_since = _alone_since(session, helper, alone_since)
            meter.show(records, states)
            time.sleep(POLL_S)
    finally:
        meter.clear()
    if helper is not None:
        helper.wait()
    for state in states:
        if state.state is RequestState.REFUSED:
            raise RequestRefused(reason=state.refusal, request=state.id)
    return tuple(records.run(run) for state in states for run in state.runs)


def _start_helper(session: Session) -> subprocess.Popen[bytes]:
    # Its own session: closing this terminal does not stop a copy half-way.
    return subprocess.Popen(
        [sys.executable, "-m", "app", *session.home.arguments, "agent", "--once", "--requests"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _alone_since(session: Session, helper: subprocess.Popen[bytes] | None, since: float | None) -> float | None:
    working = (helper is not None and helper.poll() is None) or agent_pid(session.home) is not None
    now = session.clock.monotonic()
    if working:
        return None
    since = now if since is None else since
    if now - since > AGENT_GONE_S:
        raise AgentGone(log=str(session.home.agent_log))
    return since


class _Meter:
    """One line on stderr that says how far the running copy is; nothing when stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = False
        self._enabled = sys.stderr.isatty()

    def show(self, records: Records, requests: Sequence[Request]) -> None:
        if not self._enabled:
            return
        for run in records.running():
            progress = records.progress(run.id)
            if progress is not None and run.outcome is Outcome.RUNNING:
                click.echo(f"\r\x1b[K{_line(run, progress)}", nl=False, err=True)
                self._shown = True
                return

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _line(run: Run, progress: Progress) -> str:
    from app.wording.sizes import felt_size

    share = f"{100 * progress.bytes_done // progress.bytes_total:3d} %  " if progress.bytes_total else ""
    counted = f"{progress.files_done}/{progress.files_total or '…'}"
    return f"{run.data_set or '*'} → {run.target}  {share}{counted}  {felt_size(progress.bytes_done)}"
