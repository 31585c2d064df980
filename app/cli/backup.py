"""`vangnet backup`: ask the agent for a copy now, and wait for it."""

from __future__ import annotations

import click

from app.cli.documents import run_document
from app.cli.follow import follow
from app.cli.session import Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.records.facts import Outcome, RequestKind, Run
from app.records.store import Records


@click.command()
@click.argument("sets", nargs=-1, metavar="[SET]…")
@click.option("--target", default="", metavar="T", help="Only to this place.")
@click.option("--full", is_flag=True, help="The yearly full back-up: everything is read again, and read back.")
@json_option
@pass_session
def backup(session: Session, sets: tuple[str, ...], target: str, full: bool, as_json: bool) -> int:
    """Make a copy of the data sets named (all of them when none is) to the places that are there."""
    from app.cli.names import the_data_set, the_target
    from app.wording.runs import outcome_text

    installation = session.installation()
    wanted = tuple(the_data_set(installation.policy, name).id for name in sets) or ("",)
    place = the_target(installation.machine, target).id if target else ""
    kind = RequestKind.FULL if full else RequestKind.BACKUP
    with Records.open(session.home, session.clock) as records:
        requests = [records.ask(kind, data_set=data_set, target=place, by="cli") for data_set in wanted]
        runs = follow(session, records, requests)
    if as_json:
        print_json({"outcome": overall(runs).value, "runs": [run_document(run) for run in runs]})
    else:
        for run in runs:
            click.echo(outcome_text(run, installation.policy, installation.machine))
    return exit_code(runs)


def overall(runs: tuple[Run, ...]) -> Outcome:
    """Return the worst outcome; no run at all is a failure: nothing was copied."""
    order = (
        Outcome.GOOD, Outcome.INCOMPLETE, Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.RUNNING, Outcome.FAILED,
    )  # fmt: skip
    return max((run.outcome for run in runs), key=order.index, default=Outcome.FAILED)


def exit_code(runs: tuple[Run, ...]) -> ExitCode:
    """Return what a script should know; one common cause keeps its own code (10 not there, 11 locked, 12 wrong key)."""
    match overall(runs):
        case Outcome.GOOD:
            return ExitCode.DONE
        case Outcome.INCOMPLETE:
            return ExitCode.INCOMPLETE
        case _:
            from app.cli.names import exit_code_of

            codes = {exit_code_of(run.error_code) for run in runs if run.error_code}
            return codes.pop() if len(codes) == 1 else ExitCode.FAILED
