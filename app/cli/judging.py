"""`vangnet judge`, `vangnet alarm`, `vangnet watch-files`: verdicts, suspicions, and the files that give them away."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

import click

from app.cli.documents import instant, pairs
from app.cli.pins import director_pin, pin_option
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _
from app.records.facts import AnomalyVerdict, Ruling, RunId
from app.wording.cases import case_title, case_when, case_why, data_set_name, sign_texts, verdict_text
from app.wording.times import felt_time


@click.command()
@click.argument("case", default="")
@click.argument("ruling", type=click.Choice([ruling.value for ruling in Ruling]), default=Ruling.ACCEPTED.value)
@click.option("--remark", default="", help="Why, or what must be done.")
@click.option("--owner", default="", help="Who does something about it (with “action”).")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="By when (with “action”).")
@click.option("--by", default="", metavar="NAME", help="Who judges; the director by default.")
@click.option("--all", "everything", is_flag=True, help="List what was judged already, too.")
@pin_option
@json_option
@pass_session
def judge(
    session: Session,
    case: str,
    ruling: str,
    remark: str,
    owner: str,
    due: datetime | None,
    by: str,
    everything: bool,
    pin_file: TextIO | None,
    as_json: bool,
) -> int:
    """List what waits for the director's verdict; with a CASE, give the verdict: accepted, or action."""
    if not case:
        _list_cases(session, everything=everything, as_json=as_json)
        return ExitCode.DONE
    from app.jobs.director import judge as give_verdict

    chosen = Ruling(ruling)
    if chosen is Ruling.ACTION and not (owner and due):
        raise click.UsageError(_("“action” wants to know who and by when: --owner and --due."))
    if not remark:
        raise click.UsageError(_("A verdict wants a remark: --remark."))
    installation = session.installation()
    with installation.records() as records:
        pin = director_pin(installation, records, pin_file, name=by)
        given = give_verdict(
            installation, records, case, chosen, by=by, remark=remark, owner=owner, due=due.date() if due else None,
            pin=pin,
        )  # fmt: skip
    click.echo(verdict_text(given, session.clock.now(), installation.timezone))
    return ExitCode.DONE


def _list_cases(session: Session, *, everything: bool, as_json: bool) -> None:
    from app.assessment.judgements import cases

    installation = session.installation()
    now = session.clock.now()
    with installation.records() as records:
        found = [case for case in cases(records.facts(), now) if everything or case.open]
    if as_json:
        rows: list[JsonValue] = [
            {
                "case": c.id, "kind": c.kind.value, "open": c.open, "count": c.count, "first": instant(c.first),
                "last": instant(c.last), "sets": list(c.data_sets), "target": c.target, "data": pairs(c.data),
                "title": case_title(c, installation.policy, installation.machine),
                "verdict": c.judgement.ruling.value if c.judgement and not c.open else None,
            }
            for c in found
        ]  # fmt: skip
        print_json({"cases": rows})
        return
    for c in found:
        click.echo(f"  {'▸' if c.open else '✔'} {case_title(c, installation.policy, installation.machine)}")
        said = " ".join(text for text in (case_when(c, now, installation.timezone), case_why(c)) if text)
        click.echo(f"      {said}")
        if c.judgement is not None and not c.open:
            click.echo(f"      {verdict_text(c.judgement, now, installation.timezone)}")
        click.echo(f"      {c.id}")
    if not found:
        click.echo(_("Nothing waits for a verdict."))


@click.command()
@click.argument("run", type=int, default=0)
@click.argument("answer", type=click.Choice(["ours", "attack"]), default="ours")
@click.option("--by", default="", metavar="NAME", help="Who says so.")
@click.option("--remark", default="", help="What it was.")
@json_option
@pass_session
def alarm(session: Session, run: int, answer: str, by: str, remark: str, as_json: bool) -> int:
    """List open alarms of possible ransomware; with a RUN, say what it was: ours (it was us) or attack (dealt with)."""
    from app.jobs.suspicion import answer_alarm

    installation = session.installation()
    if run:
        if not by:
            raise click.UsageError(_("Who says so? --by NAME"))
        with installation.records() as records:
            answer_alarm(installation, records, RunId(run), AnomalyVerdict(answer), by=by, remark=remark)
        click.echo(_("It is in the journal. Old versions may be cleared again, as the policy says."))
        return ExitCode.DONE
    from app.assessment.judgements import open_anomalies

    with installation.records() as records:
        waiting = open_anomalies(records.facts())
    if as_json:
        rows: list[JsonValue] = [
            {
                "run": a.run, "data_set": a.data_set, "target": a.target, "at": instant(a.at), "signs": pairs(a.signs),
            }
            for a in waiting
        ]  # fmt: skip
        print_json({"alarms": rows})
        return ExitCode.DONE
    for a in waiting:
        when = felt_time(a.at, session.clock.now(), installation.timezone)
        click.echo(f"  ✖ {data_set_name(installation.policy, a.data_set)}  {when}  (vangnet alarm {a.run} …)")
        for text in sign_texts(a):
            click.echo(f"      {text}")
    if not waiting:
        click.echo(_("There is no alarm."))
    return ExitCode.DONE


@click.command("watch-files")
@click.argument("action", type=click.Choice(["list", "place", "remove"]), default="list")
@click.argument("data_set", default="")
@click.option("--by", default="", metavar="NAME", help="Who asks for it.")
@pass_session
def watch_files(session: Session, action: str, data_set: str, by: str) -> int:
    """Place documents that nobody should touch among the data, or take them away: who touches one raises the alarm."""
    from app.jobs.canary import place_canaries, remove_canaries

    installation = session.installation()
    known = [str(folders.data_set) for folders in installation.machine.data_sets if folders.paths]
    sets = [data_set] if data_set else known
    with installation.records() as records:
        match action:
            case "place":
                for name in sets:
                    for path in place_canaries(installation, records, name, by=by):
                        click.echo(f"  + {path}")
            case "remove":
                for name in sets:
                    for path in remove_canaries(records, name, by=by):
                        click.echo(f"  - {path}")
            case _:
                for canary in records.facts().canaries:
                    if canary.data_set in sets:
                        click.echo(f"  {canary.path}")
    return ExitCode.DONE
