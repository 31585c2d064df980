"""`vangnet journal`: prove that nothing in the journal was changed, or hand it to an auditor."""

from __future__ import annotations

import click

from app.cli.documents import instant
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _, ngettext
from app.records.store import Records

EXPORT_BATCH = 1000


@click.group()
def journal() -> None:
    """The journal: every fact, chained and signed."""


@journal.command()
@json_option
@pass_session
def verify(session: Session, as_json: bool) -> int:
    """Find any row that was changed, removed, swapped or inserted."""
    with Records.open(session.home, session.clock) as records:
        report = records.verify_journal()
    if as_json:
        problems: list[JsonValue] = [{"seq": p.seq, "reason": str(p.reason)} for p in report.problems]
        print_json({"ok": report.ok, "rows": report.rows, "problems": problems})
    elif report.ok:
        counted = ngettext("{count} row", "{count} rows", report.rows).format(count=report.rows)
        click.echo(_("The journal is whole: {rows}, each signed and linked to the one before.").format(rows=counted))
    else:
        click.echo(_("The journal has been tampered with:"))
        for problem in report.problems:
            click.echo("  " + _("row {seq}: {reason}").format(seq=problem.seq, reason=problem.reason))
    return ExitCode.DONE if report.ok else ExitCode.FAILED


@journal.command()
@pass_session
def export(session: Session) -> None:
    """Print every row as one JSON document a line (JSON Lines), the oldest first."""
    import json

    with Records.open(session.home, session.clock) as records:
        after = 0
        while rows := records.journal_rows(after=after, limit=EXPORT_BATCH):
            for row in rows:
                line = {
                    "seq": row.seq, "at": instant(row.at), "kind": row.kind, "body": json.loads(row.body),
                    "previous_hash": row.previous_hash, "hash": row.hash, "signature": row.signature,
                }  # fmt: skip
                click.echo(json.dumps(line, ensure_ascii=False))
            after = rows[-1].seq
