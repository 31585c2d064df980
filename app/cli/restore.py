"""`vangnet find`, `versions`, `restore`, `restore-test`: get files back, and prove that it works.

All of them only read copies, so they run in this process: a person can restore what they may write, where they may.
"""

from __future__ import annotations

import os
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path

import click

from app.cli.backup import exit_code
from app.cli.documents import instant, restore_test_document, run_document
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ConfigurationError, ExitCode
from app.i18n import _
from app.policy.machine import DataSetFolders
from app.records.facts import RestoreTest, Run, RunKind
from app.records.store import Records


class UnclearTime(ConfigurationError):
    """The text is no date or time that we understand (`text`)."""

    code = "unclear-time"


def read_when(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read "2026-11-20", "2026-11-20 18:00", "20-11-2026", "yesterday"/"gisteren" or RFC 3339, in local time.

    A day without a time means its end: "as it was on that day". Raises UnclearTime.
    """
    words = {"now": 0, "nu": 0, "yesterday": 1, "gisteren": 1}
    cleaned = text.strip().lower()
    if cleaned in words:
        if words[cleaned] == 0:
            return now
        day = (now.astimezone(zone) - timedelta(days=1)).date()
        return datetime.combine(day, time.max, zone)
    for form in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"):
        try:
            day = datetime.strptime(cleaned, form).replace(tzinfo=zone).date()
            return datetime.combine(day, time.max, zone)
        except ValueError:
            continue
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        raise UnclearTime(text=text) from exc
    return at if at.tzinfo else at.replace(tzinfo=zone)


def shown(path: Path) -> str:
    """Return a path for a screen or JSON: bytes that are no UTF-8 become \\xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def inside_set(folders: DataSetFolders, path: Path) -> Path:
    """Return where a typed path lies in the data set: seen from here, or from its own folder."""
    here = path.absolute()
    if path.is_absolute() or any(here.is_relative_to(folder) for folder in folders.paths):
        return here
    return folders.paths[0] / path


@click.command()
@click.argument("pattern")
@json_option
@pass_session
def find(session: Session, pattern: str, as_json: bool) -> int:
    """Look for files whose name contains PATTERN (or matches it, with * and ?)."""
    from app.jobs.browse import find_files

    installation = session.installation()
    hits = find_files(installation, pattern)
    if as_json:
        rows: list[JsonValue] = [
            {
                "set": hit.data_set,
                "path": shown(hit.path),
                "size": hit.size,
                "folder": hit.folder,
                "modified": instant(hit.modified_at),
            }
            for hit in hits
        ]
        print_json({"pattern": pattern, "hits": rows})
    else:
        for hit in hits:
            click.echo(f"  {shown(hit.path)}")
        if not hits:
            click.echo(_("No file of that name is in the copies."))
    return ExitCode.DONE


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@pass_session
def versions(session: Session, path: Path, as_json: bool) -> int:
    """List the versions of one file, the newest first."""
    from app.jobs.browse import versions as versions_of
    from app.wording.sizes import felt_size
    from app.wording.times import felt_time

    installation = session.installation()
    found = versions_of(installation, path.absolute())
    if as_json:
        rows: list[JsonValue] = [
            {
                "at": instant(version.copied_at),
                "size": version.size,
                "modified": instant(version.modified_at),
                "set": version.data_set,
                "targets": list(version.targets),
                "snapshot": version.snapshot,
            }
            for version in found
        ]
        print_json({"path": str(path.absolute()), "versions": rows})
    else:
        now = session.clock.now()
        for version in found:
            click.echo(
                f"  {felt_time(version.copied_at, now, installation.timezone):<24} {felt_size(version.size):>10}"
            )
        if not found:
            click.echo(_("This file is not in the copies."))
    return ExitCode.DONE if found else ExitCode.NOT_THERE


@click.command()
@click.argument("data_set", metavar="SET")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]…")
@click.option("--to", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to put them in.")
@click.option("--at", "at_text", default="", metavar="WHEN", help="As it was then: a date, a time, “yesterday”.")
@click.option("--target", default="", metavar="T", help="From this place.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@json_option
@pass_session
def restore(
    session: Session,
    data_set: str,
    paths: tuple[Path, ...],
    to: Path,
    at_text: str,
    target: str,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Get a data set back, or the files and folders named, into a folder of their own."""
    from app.cli.here import recorded_code, say_unrecorded, stoppable
    from app.cli.names import the_data_set, the_target
    from app.jobs.restore import restore as run_restore
    from app.repository.model import Monitor
    from app.wording.runs import outcome_text

    installation = session.installation()
    wanted = the_data_set(installation.policy, data_set)
    place = the_target(installation.machine, target).id if target else None
    at = read_when(at_text, session.clock.now(), installation.timezone) if at_text else None
    with installation.records() as records, stoppable() as cancel:
        folders = installation.folders(wanted.id)
        run = run_restore(
            installation, records, data_set=wanted.id, paths=tuple(inside_set(folders, path) for path in paths),
            to=to, at=at, target=place, overwrite="always" if overwrite else "never", monitor=Monitor(), cancel=cancel,
        )  # fmt: skip
    if as_json:
        print_json({**run_document(run), "to": str(to.absolute())})
    else:
        click.echo(outcome_text(run, installation.policy, installation.machine))
        if run.files:
            click.echo(_("They are in {folder}.").format(folder=to.absolute()))
    say_unrecorded(session, (run,))
    return recorded_code(exit_code((run,)), (run,))


@click.command("restore-test")
@click.argument("data_set", metavar="[SET]", default="")
@click.option("--target", default="", metavar="T", help="From this place.")
@click.option("--confirm-by", default="", metavar="NAME", help="Who opened a restored file and found it right.")
@json_option
@pass_session
def restore_test(session: Session, data_set: str, target: str, confirm_by: str, as_json: bool) -> int:
    """Restore a sample of a data set (of all when none is named) aside and compare it with what was copied."""
    from app.cli.here import own_run, stoppable
    from app.cli.names import the_data_set, the_target
    from app.jobs.restore_test import run_restore_test
    from app.jobs.samples import forget_sample, sample_files, sample_folder
    from app.repository.model import Monitor
    from app.wording.runs import outcome_text

    installation = session.installation()
    wanted = (the_data_set(installation.policy, data_set),) if data_set else installation.policy.data_sets
    place = the_target(installation.machine, target).id if target else ""
    tests: list[tuple[Run, RestoreTest]] = []
    with Records.open(session.home, session.clock) as records, stoppable() as cancel:
        for each in wanted:
            run_id = own_run(records, RunKind.RESTORE_TEST, data_set=each.id, target=place)
            test = run_restore_test(
                installation, records, run_id, data_set=each.id, target=place, monitor=Monitor(), cancel=cancel
            )
            if test.identical and confirm_by:
                opened = next(iter(sample_files(session.home, run_id)), None)
                records.confirm_restore_test(run_id, opened_file=opened.name if opened else "", by=confirm_by)
                forget_sample(session.home, run_id)
                test = next(t for t in records.facts().restore_tests if t.run == run_id)
            tests.append((records.run(run_id), test))
    if as_json:
        print_json({"tests": [{"run": run_document(run), "test": restore_test_document(test)} for run, test in tests]})
    else:
        for run, test in tests:
            click.echo(outcome_text(run, installation.policy, installation.machine))
            if not confirm_by and test.identical:
                folder = sample_folder(session.home, test.run)
                click.echo(
                    "  "
                    + _("Open a file that you know in {folder} and look whether it is right.").format(folder=folder)
                )
    return exit_code(tuple(run for run, _test in tests))
