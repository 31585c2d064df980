"""`vangnet agent`: the process that acts. And, hidden, the worker process of one of its jobs."""

from __future__ import annotations

import click

from app.cli.session import Session, pass_session


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@click.option("--requests", "requests_only", is_flag=True, help="With --once: only what has been asked for.")
@pass_session
def agent(session: Session, once: bool, requests_only: bool) -> int:
    """Make the copies that are due, watch disks and UPSes, do what the screens ask for."""
    from app.agent.main import run_agent

    return run_agent(session.home, once=once, requests_only=requests_only)


@click.command(hidden=True)
@click.argument("run_id", type=int)
@pass_session
def worker(session: Session, run_id: int) -> int:
    """Do one run that the agent prepared."""
    from app.agent.worker import run_worker
    from app.records.facts import RunId

    return run_worker(session.home, RunId(run_id))


@click.command(hidden=True)
@pass_session
def deliver(session: Session) -> int:
    """Deliver one message that stands on standard input."""
    from app.notices.delivery import deliver_from_stdin

    return deliver_from_stdin(session.home)
