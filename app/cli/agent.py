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
@click.argument("run_ids", type=int, nargs=-1, required=True)
@pass_session
def worker(session: Session, run_ids: tuple[int, ...]) -> int:
    """Do a run that the agent prepared, or several of one data set."""
    from app.agent.worker import run_worker
    from app.records.facts import RunId

    return run_worker(session.home, tuple(RunId(run_id) for run_id in run_ids))


@click.command(hidden=True)
@pass_session
def deliver(session: Session) -> int:
    """Deliver one message that stands on standard input."""
    from app.notices.delivery import deliver_from_stdin

    return deliver_from_stdin(session.home)
