"""`vangnet status`: the assessment in words or as JSON. Loads neither Textual nor the engine."""

from __future__ import annotations

import click

from app.assessment.model import Assessment
from app.assessment.room import ROOM_CODES
from app.cli.documents import (
    data_set_document,
    finding_document,
    instant,
    obligation_document,
    run_document,
    sync_document,
    target_document,
)
from app.cli.session import Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.jobs.installation import Installation
from app.records.facts import Run
from app.records.presence import agent_pid
from app.wording.continuous import continuous_text
from app.wording.findings import finding_advice, finding_text
from app.wording.headline import headline
from app.wording.sets import data_set_row
from app.wording.tasks import task_text


def _look(installation: Installation) -> tuple[Assessment, tuple[Run, ...]]:
    """Return the assessment, and the runs that are busy right now."""
    with installation.records() as records:
        return installation.assess(records), records.running()


@click.command()
@json_option
@pass_session
def status(session: Session, as_json: bool) -> ExitCode:
    """Say in one sentence whether everything is safe, then what is where."""
    installation = session.installation()
    assessment, running = _look(installation)
    said = headline(assessment)
    trouble = next((f for f in assessment.findings if f.code in ROOM_CODES.values()), None)
    code = ExitCode.DONE if trouble is None else ExitCode.INCOMPLETE
    if as_json:
        scores = dict(assessment.scores)
        print_json(
            {
                "at": instant(assessment.at),
                "state": assessment.state.name.lower(),
                "headline": said.text,
                "agent_running": agent_pid(session.home) is not None,
                "sets": [data_set_document(health, scores.get(health.data_set)) for health in assessment.data_sets],
                "targets": [target_document(health) for health in assessment.targets],
                "continuous": [sync_document(health) for health in assessment.syncs],
                "findings": [finding_document(finding, finding_text(finding)) for finding in assessment.findings],
                "tasks": [
                    obligation_document(task, task_text(task, assessment.at, installation.timezone).title)
                    for task in assessment.tasks
                ],
                "running": [run_document(run) for run in running],
            }
        )
        return code
    click.echo(said.text)
    if trouble is not None:
        click.echo(f"{finding_text(trouble)} {finding_advice(trouble)}")
    click.echo()
    for health in assessment.data_sets:
        row = data_set_row(health, installation.policy, assessment.at, installation.timezone)
        click.echo(f"  {row.name:<28} {row.last_good:<24} {row.demand:<14} {row.state}")
    if assessment.syncs:
        names = {str(s.data_set): s.name for s in assessment.data_sets} | {t.target: t.name for t in assessment.targets}
        click.echo(f"  {continuous_text(assessment.syncs, names)}")
    _echo_tasks(installation, assessment)
    return code


def _echo_tasks(installation: Installation, assessment: Assessment) -> None:
    for task in assessment.tasks:
        said = task_text(task, assessment.at, installation.timezone)
        click.echo(f"  ▸ {said.title:<48} {said.when}")
