"""`vangnet check`: are the copies whole? Reading only, so it runs in this process, with this user's rights."""

from __future__ import annotations

import click

from app.cli.backup import exit_code, overall
from app.cli.documents import run_document
from app.cli.session import Session, json_option, pass_session, print_json
from app.errors import ExitCode


@click.command()
@click.option("--target", default="", metavar="T", help="Only this place; else every place that is there.")
@click.option("--read-data", is_flag=True, help="Read every byte, not only the structure.")
@json_option
@pass_session
def check(session: Session, target: str, read_data: bool, as_json: bool) -> int:
    """Check the copies and say what is wrong with them, if anything."""
    from app.assessment.checks import STRUCTURE
    from app.cli.here import recorded_code, say_unrecorded, stoppable
    from app.cli.names import the_target
    from app.jobs.check import check_now
    from app.repository.model import Monitor
    from app.wording.runs import outcome_text

    installation = session.installation()
    wanted = (the_target(installation.machine, target),) if target else installation.machine.targets
    part = "" if read_data else STRUCTURE
    with installation.records() as records, stoppable() as cancel:
        runs = [
            check_now(installation, records, target=place.id, part=part, monitor=Monitor(), cancel=cancel)
            for place in wanted
        ]
    done = tuple(runs)
    # A disk that is in the safe cannot be checked today; that alone is no failure unless it was asked for by name.
    judged = done if target else tuple(run for run in done if run.error_code not in _ABSENT) or done
    if as_json:
        print_json({"outcome": overall(judged).value, "runs": [run_document(run) for run in done]})
    else:
        for run in done:
            click.echo(outcome_text(run, installation.policy, installation.machine))
    say_unrecorded(session, done)
    return recorded_code(exit_code(judged), done) if judged else ExitCode.NOT_THERE


_ABSENT = frozenset({"target-not-there"})
