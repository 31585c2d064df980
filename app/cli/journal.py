"""`vangnet journal`: prove that nothing in the journal was changed, or hand it to an auditor."""

from __future__ import annotations

import click

from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _, ngettext
from app.records.store import Records


@click.group()
def journal() -> None:
    """The journal: every fact, chained and signed."""


@journal.command()
@json_option
@pass_session
def verify(session: Session, as_json: bool) -> int:
    """Find any row that was changed, removed, swapped or inserted."""
    from app.wording.journal import journal_problem_text

    with Records.open_to_read(session.home, session.clock) as records:
        report = records.verify_journal()
    if as_json:
        problems: list[JsonValue] = [{"seq": p.seq, "reason": str(p.reason), "what": p.what} for p in report.problems]
        print_json({"ok": report.ok, "rows": report.rows, "problems": problems})
    elif report.ok:
        counted = ngettext("{count} row", "{count} rows", report.rows).format(count=report.rows)
        click.echo(_("The journal is whole: {rows}, each signed and linked to the one before.").format(rows=counted))
    else:
        click.echo(_("The journal has been tampered with:"))
        for problem in report.problems:
            click.echo(f"  {journal_problem_text(problem)}")
    return ExitCode.DONE if report.ok else ExitCode.FAILED


@journal.command()
@pass_session
def export(session: Session) -> None:
    """Print every row as one JSON document a line (JSON Lines), the oldest first."""
    with Records.open_to_read(session.home, session.clock) as records:
        for line in records.export_journal():
            click.echo(line)
