"""`vangnet demo`: a sample school walks the whole way, on two folders that stand for a NAS and a USB disk."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from app.cli.documents import run_document
from app.cli.follow import follow
from app.cli.here import own_run
from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ConfigurationError, ExitCode
from app.i18n import _, language, ngettext
from app.jobs.check import run_check
from app.jobs.installation import Installation
from app.jobs.restore import restore
from app.jobs.restore_test import run_restore_test
from app.paths import Home
from app.records.facts import Outcome, RequestKind, Run, RunKind
from app.records.store import Records
from app.repository.model import Cancel, Monitor
from app.secret import Secret
from app.setup.apply import apply_setup
from app.setup.recovery_sheet import RecoverySheet, save_sheet
from app.setup.sample_school import make_sample_school, sample_answers
from app.wording.headline import headline
from app.wording.sizes import felt_size

BROKEN_FOLDER = Path("Puntenboek/3B")


class DemoFolderUsed(ConfigurationError):
    """The demo wants a new or empty folder: it never mixes with real data (`folder`)."""

    code = "demo-folder-used"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo did; every figure is measured."""

    folder: Path
    files: int
    runs: tuple[Run, ...]
    second_runs: tuple[Run, ...]
    broken: Path
    repaired: bool
    restore_test_identical: bool
    checks_good: bool
    journal_rows: int
    journal_ok: bool
    headline: str
    seconds: float

    @property
    def well(self) -> bool:
        good = all(run.outcome is Outcome.GOOD for run in (*self.runs, *self.second_runs))
        return good and self.repaired and self.restore_test_identical and self.checks_good and self.journal_ok


@click.command()
@click.option("--home", "folder", type=click.Path(path_type=Path), metavar="DIR", help="A new folder for the demo.")
@json_option
@pass_session
def demo(session: Session, folder: Path | None, as_json: bool) -> int:
    """Make a sample school, back it up, break a file, get it back, and say what happened."""
    where = _new_folder(folder, session)
    result = _walk(session, where, quiet=as_json)
    if as_json:
        print_json(_document(result))
    else:
        _summary(result)
    return ExitCode.DONE if result.well else ExitCode.FAILED


def _new_folder(folder: Path | None, session: Session) -> Path:
    asked = folder or (session.home.config if session.home.arguments else None)
    if asked is None:
        return Path(tempfile.mkdtemp(prefix="vangnet-demo-"))
    asked = asked.expanduser().absolute()
    if asked.exists() and any(asked.iterdir()):
        raise DemoFolderUsed(folder=str(asked))
    asked.mkdir(mode=0o700, parents=True, exist_ok=True)
    return asked


def _walk(session: Session, where: Path, *, quiet: bool) -> DemoResult:
    began = session.clock.monotonic()
    teller = _Teller(quiet)
    files = make_sample_school(where / "school")
    teller.say(True, _("A sample school: {count} files.").format(count=files))
    home = Home.in_folder(where / "vangnet")
    _set_up(session, home, where)
    teller.say(True, _("Classified; the policy, the keys and two places for copies are made."))

    installation = Installation.load(home, session.clock)
    of_demo = Session(home, session.clock, language())
    with Records.open(home, session.clock) as records:
        runs = _back_up(of_demo, records)
        teller.say(_all_good(runs), _copies_text(runs))
        second = _back_up(of_demo, records)
        teller.say(_all_good(second), _again_text(second))
        broken = _break_a_file(where)
        teller.say(None, _("“{name}” was broken on purpose.").format(name=broken.name))
        repaired = _get_back(installation, records, broken, where)
        teller.say(repaired, _("It came back from the copy, and is compared with the original, byte for byte."))
        identical = _restore_test(installation, records)
        teller.say(identical, _("A restore test: a sample brought back and compared."))
        checks_good = _checks(installation, records)
        teller.say(checks_good, _("Every byte of both places was read and checked."))
        journal = records.verify_journal()
        teller.say(journal.ok, _("The journal was verified."))
        said = headline(installation.assess(records)).text
    return DemoResult(
        folder=where, files=files, runs=runs, second_runs=second, broken=broken, repaired=repaired,
        restore_test_identical=identical, checks_good=checks_good, journal_rows=journal.rows, journal_ok=journal.ok,
        headline=said, seconds=session.clock.monotonic() - began,
    )  # fmt: skip


class _Teller:
    """Says each step when it is done: ✔ when it went well, ✖ when not, ! for what was meant to go wrong."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, well: bool | None, text: str) -> None:
        if not self._quiet:
            mark = {True: "✔", False: "✖", None: "!"}[well]
            click.echo(f"  {mark} {text}")


def _set_up(session: Session, home: Home, where: Path) -> None:
    answers = sample_answers(where / "school", where / "nas", where / "green-disk", language())
    setup = apply_setup(home, answers, clock=session.clock)
    sheet = RecoverySheet(
        organisation=setup.policy.organisation.name,
        made_on=session.clock.now().date(),
        key=setup.recovery_key,
        places=tuple(target.name for target in setup.machine.targets),
        it_provider=answers.people.it_provider,
    )
    save_sheet(sheet, where / "recovery-sheet.txt")
    # Only a demo keeps the key beside the copies: so that anyone can try restic on them.
    _write_key(where / "recovery-key.txt", setup.recovery_key)


def _write_key(path: Path, key: Secret) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.reveal() + "\n")


def _back_up(session: Session, records: Records) -> tuple[Run, ...]:
    return follow(session, records, [records.ask(RequestKind.BACKUP, by="demo")])


def _all_good(runs: tuple[Run, ...]) -> bool:
    return bool(runs) and all(run.outcome is Outcome.GOOD for run in runs)


def _copies_text(runs: tuple[Run, ...]) -> str:
    copies = ngettext("{count} copy", "{count} copies", len(runs)).format(count=len(runs))
    added = felt_size(sum(run.bytes_added for run in runs))
    return _("The first back-up: {copies}, {size} stored, encrypted.").format(copies=copies, size=added)


def _again_text(runs: tuple[Run, ...]) -> str:
    added = felt_size(sum(run.bytes_added for run in runs))
    return _("A second back-up: only {size} added, because nothing had changed.").format(size=added)


def _break_a_file(where: Path) -> Path:
    """Overwrite the first report of class 3B with zeros, as a failing program would; the original is put aside."""
    victim = min((where / "school" / BROKEN_FOLDER).iterdir())
    (where / "original").write_bytes(victim.read_bytes())
    victim.write_bytes(bytes(100))
    return victim


def _get_back(installation: Installation, records: Records, broken: Path, where: Path) -> bool:
    to = where / "got-back"
    run = restore(
        installation, records, data_set="puntenboek", paths=(broken,), to=to, monitor=Monitor(), cancel=Cancel()
    )
    found = [path.read_bytes() for path in to.rglob(broken.name) if path.is_file()]
    return run.outcome is Outcome.GOOD and found == [(where / "original").read_bytes()]


def _restore_test(installation: Installation, records: Records) -> bool:
    run = own_run(records, RunKind.RESTORE_TEST, data_set="puntenboek", target="nas")
    test = run_restore_test(
        installation, records, run, data_set="puntenboek", target="nas", monitor=Monitor(), cancel=Cancel()
    )
    return test.identical and test.files > 0


def _checks(installation: Installation, records: Records) -> bool:
    outcomes = [
        run_check(
            installation,
            records,
            own_run(records, RunKind.CHECK, data_set="", target=target.id),
            target=target.id,
            monitor=Monitor(),
            cancel=Cancel(),
        ).outcome
        for target in installation.machine.targets
    ]
    return all(outcome is Outcome.GOOD for outcome in outcomes)


def _summary(result: DemoResult) -> None:
    click.echo()
    click.echo(result.headline)
    click.echo(_("Everything is in {folder}; it took {seconds} seconds.").format(
        folder=result.folder, seconds=round(result.seconds)
    ))  # fmt: skip
    click.echo(_("Look at it with:  vangnet --home {home}").format(home=result.folder / "vangnet"))
    click.echo(_("An independent witness, restic, with the recovery key alone:"))
    click.echo(
        f"  restic -r {result.folder / 'nas'} --password-file {result.folder / 'recovery-key.txt'} check --read-data"
    )


def _document(result: DemoResult) -> JsonValue:
    return {
        "well": result.well,
        "folder": str(result.folder),
        "home": str(result.folder / "vangnet"),
        "places": [str(result.folder / "nas"), str(result.folder / "green-disk")],
        "recovery_key_file": str(result.folder / "recovery-key.txt"),
        "files": result.files,
        "first": [run_document(run) for run in result.runs],
        "second": [run_document(run) for run in result.second_runs],
        "broken": str(result.broken),
        "repaired": result.repaired,
        "restore_test_identical": result.restore_test_identical,
        "checks_good": result.checks_good,
        "journal": {"rows": result.journal_rows, "ok": result.journal_ok},
        "headline": result.headline,
        "seconds": result.seconds,
    }
