"""`vangnet policy`: look at the policy, check it, approve it, see its versions."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli.documents import instant
from app.cli.pins import director_pin, pin_option
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _, language
from app.policy.model import Plan, Policy


@click.group()
def policy() -> None:
    """The policy: what must happen, and why."""


@policy.command()
@json_option
@pass_session
def show(session: Session, as_json: bool) -> None:
    """Show what the policy asks for each data set, and which document demands it."""
    from app.policy.plan import derive_plans

    installation = session.installation()
    plans = derive_plans(installation.policy)
    if as_json:
        print_json({"sets": [_plan_document(plan, installation.policy) for plan in plans]})
        return
    for plan in plans:
        click.echo(f"{installation.policy.data_set(plan.data_set).name}  ({plan.tier.name})")
        for requirement in plan.requirements:
            rule = requirement.rule
            click.echo(f"  {rule.text.text(language())}  [{', '.join(rule.source) or rule.basis.value}]")
        click.echo()


@policy.command()
@json_option
@pass_session
def validate(session: Session, as_json: bool) -> int:
    """Check the policy and the machine file; every problem with its line and key."""
    from app.policy.load import load_machine, load_policy

    loaded = load_policy(session.home.policy_file)
    load_machine(session.home.machine_file, loaded)
    if as_json:
        print_json({"ok": True, "sha256": loaded.sha256, "sets": len(loaded.data_sets)})
    else:
        click.echo(_("The policy and the machine file are in order."))
    return ExitCode.DONE


@policy.command()
@click.option("--by", default="", metavar="NAME", help="Who approves; the director by default.")
@pin_option
@pass_session
def approve(session: Session, by: str, pin_file: TextIO | None) -> int:
    """Approve the policy as it stands now (director's PIN)."""
    from app.jobs.director import approve_policy

    installation = session.installation()
    with installation.records() as records:
        pin = director_pin(installation, records, pin_file, name=by)
        approval = approve_policy(installation, records, by=by, pin=pin)
    click.echo(_("Version {version} of the policy is approved by {name}.").format(
        version=approval.version, name=approval.by
    ))  # fmt: skip
    return ExitCode.DONE


@policy.command()
@json_option
@pass_session
def history(session: Session, as_json: bool) -> None:
    """List the approvals, the newest first."""
    installation = session.installation()
    with installation.records() as records:
        approvals = records.facts().approvals
    rows: list[JsonValue] = [
        {"version": a.version, "by": a.by, "function": a.function, "at": instant(a.at), "sha256": a.policy_sha256}
        for a in approvals
    ]
    if as_json:
        print_json({"approvals": rows})
        return
    for approval in approvals:
        click.echo(f"  {approval.version:<10} {approval.at.astimezone(installation.timezone):%Y-%m-%d}  {approval.by}")
    if not approvals:
        click.echo(_("No version has been approved yet."))


def _plan_document(plan: Plan, whole: Policy) -> JsonValue:
    return {
        "set": plan.data_set,
        "name": whole.data_set(plan.data_set).name,
        "tier": plan.tier.name,
        "max_age_s": int(plan.max_age.total_seconds()),
        "continuous": plan.continuous,
        "encrypted": plan.encrypted,
        "ups_count": plan.ups_count,
        "requirements": [
            {
                "demand": requirement.demand.value,
                "every_s": None if requirement.every is None else int(requirement.every.total_seconds()),
                "rule": requirement.rule.id,
                "basis": requirement.rule.basis.value,
                "source": list(requirement.rule.source),
                "norms": list(requirement.rule.norms),
            }
            for requirement in plan.requirements
        ],
    }
