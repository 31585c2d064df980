"""`vangnet tasks` and `vangnet task`: what people owe, how it is done, and saying that it was."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TextIO

import click

from app.assessment.model import Assessment, Obligation, Timing
from app.cli.documents import instant, obligation_document, pairs
from app.cli.pins import director_pin, pin_option
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _, language
from app.jobs.installation import Installation
from app.policy.model import Role
from app.wording.task_guides import FORMS, role_name, task_guide
from app.wording.tasks import task_text
from app.wording.times import before

_name_option = click.option("--by", required=True, metavar="NAME", help="Who did it.")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also what is done and what comes later.")
@click.option("--for", "role", type=click.Choice([role.value for role in Role]), help="Only what this role does.")
@json_option
@pass_session
def tasks(session: Session, everything: bool, role: str | None, as_json: bool) -> None:
    """List what people have to do, the most urgent first."""
    installation = session.installation()
    with installation.records() as records:
        assessment = installation.assess(records)
    own = tuple(o for o in assessment.obligations if o.who is not None) if everything else assessment.tasks
    shown = tuple(task for task in own if role is None or task.who == Role(role))
    if as_json:
        listed: list[JsonValue] = [
            obligation_document(task, task_text(task, assessment.at, installation.timezone).title) for task in shown
        ]
        print_json({"at": instant(assessment.at), "tasks": listed})
        return
    for task in shown:
        said = task_text(task, assessment.at, installation.timezone)
        later = task.timing is Timing.MET and task.last_met is None
        when = before(task.due, assessment.at, installation.timezone) if later else said.when
        click.echo(f"  ▸ {said.title:<48} {when:<26} {role_name(installation.policy, task.who)}")
        click.echo(f"      {task.id}")
    if not shown:
        click.echo(_("There is nothing for you to do."))


@click.group()
def task() -> None:
    """One task: how to do it, done, put off."""


@task.command()
@click.argument("task_id", metavar="TASK")
@json_option
@pass_session
def show(session: Session, task_id: str, as_json: bool) -> None:
    """Show how a task is done, why, and what closes it."""
    from app.jobs.people import can_be_closed, find_task

    installation = session.installation()
    with installation.records() as records:
        assessment = installation.assess(records)
        found = find_task(assessment, task_id)
        put_off = [p for p in records.facts().postponements if p.obligation == found.id]
    guide = task_guide(found, installation.policy, assessment.at, installation.timezone)
    if as_json:
        print_json(
            {
                **obligation_document(found, guide.title),
                "who_name": guide.who,
                "reason": guide.reason,
                "steps": list(guide.steps),
                "asks": guide.asks,
                "closed_by": [form.value for form in guide.closed_by],
                "can_be_closed": can_be_closed(found),
                "opens": instant(found.opens),
                "data": pairs(found.data),
                "postponed": [
                    {"until": instant(p.until), "reason": p.reason, "by": p.by, "at": instant(p.at)} for p in put_off
                ],
            }
        )
        return
    click.echo(f"{guide.title}  ({guide.when})")
    click.echo(f"  {guide.who}")
    click.echo(f"  {guide.reason}")
    click.echo(f"  {guide.source}")
    for number, step in enumerate(guide.steps, 1):
        click.echo(f"    {number}. {step}")
    if guide.closed_by:
        forms = ", ".join(_(FORMS[form]) for form in guide.closed_by)
        click.echo(f"  {guide.asks}  [{forms}]")
    for postponement in put_off:
        click.echo("  " + _("Put off by {name}: {reason}").format(name=postponement.by, reason=postponement.reason))


@task.command()
@click.argument("task_id", metavar="TASK")
@_name_option
@click.option("--remark", default="", help="What was done, in a few words.")
@click.option("--document", default="", help="A document that shows it: its number, or where it is.")
@click.option("--photo", type=click.Path(path_type=Path), help="A photo that shows it; its SHA-256 is kept.")
@click.option("--number", default="", help="A number that shows it, such as how many people came.")
@click.option("--answer", "answers", multiple=True, metavar="QUESTION=TEXT", help="An answer of the policy's review.")
@click.option("--part", "parts", multiple=True, help="Only for this site, data set or UPS (its id).")
@json_option
@pass_session
def done(
    session: Session,
    task_id: str,
    by: str,
    remark: str,
    document: str,
    photo: Path | None,
    number: str,
    answers: tuple[str, ...],
    parts: tuple[str, ...],
    as_json: bool,
) -> int:
    """Say that a task was done, with what shows it."""
    from app.jobs.evidence import Closing
    from app.jobs.people import close_task

    closing = Closing(by, remark, document, photo, number, tuple(_answer(answer) for answer in answers), parts)
    installation = session.installation()
    with installation.records() as records:
        attestations = close_task(installation, records, task_id, closing)
        assessment = installation.assess(records)
    if as_json:
        kept: list[JsonValue] = [
            {
                "subject": a.subject,
                "by": a.by,
                "at": instant(a.at),
                "evidence": [{"kind": p.kind.value, "what": p.what, "value": p.value} for p in a.evidence],
            }
            for a in attestations
        ]
        print_json({"attestations": kept, "tasks_left": len(assessment.tasks)})
        return ExitCode.DONE
    click.echo(_("It is in the journal. Thank you."))
    _tell_next(installation, assessment, task_id)
    return ExitCode.DONE


@task.command()
@click.argument("task_id", metavar="TASK")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Until which day.")
@click.option("--reason", required=True, help="Why it has to wait.")
@_name_option
@pin_option
@pass_session
def postpone(session: Session, task_id: str, until: datetime, reason: str, by: str, pin_file: TextIO | None) -> int:
    """Put a task off until a day, with the reason; a second time in a row wants the director's PIN."""
    from app.jobs.people import find_task, needs_director, postpone_task

    installation = session.installation()
    with installation.records() as records:
        found = find_task(installation.assess(records), task_id)
        director = pin_file is not None or needs_director(installation, records, found)
        pin = director_pin(installation, records, pin_file) if director else None
        kept = postpone_task(installation, records, found.id, until=until.date(), reason=reason, by=by, pin=pin)
    day: date = kept.until.astimezone(installation.timezone).date()
    click.echo(_("Put off until {day}. The reason is in the journal.").format(day=f"{day:%d-%m-%Y}"))
    return ExitCode.DONE


@task.command()
@click.argument("task_id", metavar="TASK")
@click.option("--reason", required=True, help="Why it does not apply here.")
@pin_option
@pass_session
def exempt(session: Session, task_id: str, reason: str, pin_file: TextIO | None) -> int:
    """Let the director say that a task does not apply here (PIN)."""
    from app.jobs.people import exempt_task

    installation = session.installation()
    with installation.records() as records:
        pin = director_pin(installation, records, pin_file)
        kept = exempt_task(installation, records, task_id, reason=reason, pin=pin)
    click.echo(_("Exempt, says {name}. The reason is in the journal.").format(name=kept.by))
    return ExitCode.DONE


@task.command()
@click.argument("event", required=False)
@click.option("--remark", default="", help="What has happened.")
@click.option("--by", default="", metavar="NAME", help="Who says so.")
@json_option
@pass_session
def event(session: Session, event: str | None, remark: str, by: str, as_json: bool) -> int:
    """Say that something has happened after which the policy is reviewed; without EVENT: list what that may be."""
    from app.jobs.people import declare_event

    installation = session.installation()
    if event is None:
        _list_events(installation, as_json=as_json)
        return ExitCode.DONE
    with installation.records() as records:
        kept = declare_event(installation, records, event, remark=remark, by=by)
    if as_json:
        print_json({"subject": kept.subject, "by": kept.by, "at": instant(kept.at)})
    else:
        click.echo(_("It is in the journal, and the review of the policy is open now."))
    return ExitCode.DONE


def _list_events(installation: Installation, *, as_json: bool) -> None:
    triggers = installation.policy.review_triggers
    if as_json:
        listed: list[JsonValue] = [
            {"event": t.id, "text": t.label.text(language()), "source": list(t.source)} for t in triggers
        ]
        print_json({"events": listed})
        return
    for trigger in triggers:
        click.echo(f"  {trigger.id:<18} {trigger.label.text(language())}")


def _answer(text: str) -> tuple[str, str]:
    question, equals, answer = text.partition("=")
    if not equals:
        raise click.UsageError(_("Write an answer as QUESTION=TEXT."))
    return question.strip(), answer


def _tell_next(installation: Installation, assessment: Assessment, done_id: str) -> None:
    urgent = (Timing.DUE, Timing.OVERDUE)
    left = [t for t in assessment.tasks if t.timing in urgent and done_id not in (t.id, t.id.removeprefix("duty:"))]
    following: Obligation | None = left[0] if left else None
    if following is not None:
        said = task_text(following, assessment.at, installation.timezone)
        click.echo(_("Next: {task} ({when}).").format(task=said.title, when=said.when))
