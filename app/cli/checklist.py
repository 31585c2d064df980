"""`vangnet checklist`: the director's forty questions with the evidence there is; answer, sign, verify later."""

from __future__ import annotations

from datetime import date, datetime
from typing import TextIO

import click

from app.assessment.model import EvidenceLine
from app.cli.documents import instant, pairs
from app.cli.pins import director_pin, pin_option
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ConfigurationError, ExitCode
from app.i18n import _, language
from app.records.facts import ChecklistAnswer, Verdict


class UnknownItem(ConfigurationError):
    """The checklist has no such item (`item`)."""

    code = "unknown-item"


@click.group()
def checklist() -> None:
    """The director's yearly checklist."""


@checklist.command()
@json_option
@pass_session
def show(session: Session, as_json: bool) -> None:
    """Show every question, the evidence that the records hold, and this school year's answer."""
    from app.jobs.director import checklist as lines_of
    from app.jobs.director import current_school_year, is_answered
    from app.wording.checklist import evidence_text, seen_text

    installation = session.installation()
    with installation.records() as records:
        lines = lines_of(installation, records)
        signatures = records.facts().signatures
    year = current_school_year(installation)
    signed = [s for s in signatures if s.school_year == year]
    if as_json:
        print_json(
            {
                "school_year": year,
                "answered": sum(is_answered(line) for line in lines),
                "signed": [{"by": s.by, "at": instant(s.at), "sha256": s.content_sha256} for s in signed],
                "items": [_line_document(line) for line in lines],
            }
        )
        return
    marks = {None: "○", Verdict.OK: "✔", Verdict.NOT_OK: "✖", Verdict.NOT_APPLICABLE: "–"}
    for line in lines:
        mark = marks[line.answer.verdict if line.answer else None]
        click.echo(f"  {mark} {line.item.id} {line.item.question.text(language())}")
        click.echo(f"        {evidence_text(line)}")
        if line.seen:
            click.echo(f"        {seen_text(line)}")
    done = sum(is_answered(line) for line in lines)
    click.echo(_("{done} of {all} answered.").format(done=done, all=len(lines)))


@checklist.command()
@click.argument("item")
@click.argument("verdict", type=click.Choice([verdict.value for verdict in Verdict]))
@click.option("--remark", default="", help="A remark; the reason when not applicable.")
@click.option("--owner", default="", help="Who acts, when it is not in order.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="By when.")
@click.option("--by", required=True, metavar="NAME", help="Who answers.")
@pass_session
def answer(session: Session, item: str, verdict: str, remark: str, owner: str, due: datetime | None, by: str) -> int:
    """Answer one question: ok, not-ok (with an owner and a date) or not-applicable (with the reason)."""
    from app.jobs.director import current_school_year

    installation = session.installation()
    chosen = Verdict(verdict)
    if chosen is Verdict.NOT_OK and not (owner and due):
        raise click.UsageError(_("“not-ok” wants an action: --owner and --due."))
    if chosen is Verdict.NOT_APPLICABLE and not remark:
        raise click.UsageError(_("“not-applicable” wants the reason: --remark."))
    known = {entry.id: entry for entry in installation.policy.checklist}
    if item.upper() not in known:
        raise UnknownItem(item=item)
    due_on: date | None = due.date() if due else None
    with installation.records() as records:
        records.answer(
            ChecklistAnswer(
                school_year=current_school_year(installation), item=item.upper(), verdict=chosen, remark=remark,
                action_owner=owner, action_due=due_on, by=by, at=session.clock.now(),
            )
        )  # fmt: skip
    return ExitCode.DONE


@checklist.command()
@click.option("--by", default="", metavar="NAME", help="Who signs; the director by default.")
@pin_option
@pass_session
def sign(session: Session, by: str, pin_file: TextIO | None) -> int:
    """Sign this school year's checklist with the director's PIN; every question needs an answer first."""
    from app.jobs.director import sign_checklist

    installation = session.installation()
    with installation.records() as records:
        pin = director_pin(installation, records, pin_file, name=by)
        signed = sign_checklist(installation, records, by=by, pin=pin)
    click.echo(_("Signed by {name}. Fingerprint: {hash}").format(name=signed.by, hash=signed.content_sha256[:16]))
    return ExitCode.DONE


@checklist.command()
@json_option
@pass_session
def verify(session: Session, as_json: bool) -> int:
    """Verify every signed checklist: its content, its signature, and the journal it is bound to."""
    from app.jobs.director import verify_checklists

    installation = session.installation()
    with installation.records() as records:
        reports = verify_checklists(installation, records)
    sound = all(report.sound for report in reports)
    if as_json:
        rows: list[JsonValue] = [
            {
                "school_year": report.signature.school_year,
                "by": report.signature.by,
                "at": instant(report.signature.at),
                "sound": report.sound,
                "reasons": [reason.value for reason in report.reasons],
            }
            for report in reports
        ]
        print_json({"ok": sound, "checklists": rows})
        return ExitCode.DONE if sound else ExitCode.FAILED
    for report in reports:
        state = _("sound") if report.sound else _("NOT as it was signed")
        click.echo(
            f"  {report.signature.school_year}–{report.signature.school_year + 1}  {report.signature.by}  {state}"
        )
    if not reports:
        click.echo(_("No checklist has been signed yet."))
    return ExitCode.DONE if sound else ExitCode.FAILED


def _line_document(line: EvidenceLine) -> JsonValue:
    from app.wording.checklist import evidence_text, seen_texts

    answered = line.answer
    return {
        "item": line.item.id,
        "question": line.item.question.text(language()),
        "known": line.known,
        "verdict": line.verdict.value if line.verdict else None,
        "evidence": evidence_text(line),
        "code": line.code,
        "data": pairs(line.data),
        "seen": [
            {"code": s.code, "text": text, "verdict": s.verdict.value if s.verdict else None, "data": pairs(s.data)}
            for s, text in zip(line.seen, seen_texts(line), strict=True)
        ],
        "answer": None
        if answered is None
        else {
            "verdict": answered.verdict.value,
            "remark": answered.remark,
            "action_owner": answered.action_owner,
            "action_due": answered.action_due.isoformat() if answered.action_due else None,
            "by": answered.by,
            "at": instant(answered.at),
        },
    }
