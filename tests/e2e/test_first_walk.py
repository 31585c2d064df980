"""The first walk, through the real program: set up from a file, copy, change, copy again, get back by path and date."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.rig.commands import Done, vangnet

ANSWERS = """\
organisation: {{name: Basisschool De Linde, kind: school, country: BE, language: en}}
people: {{director: An Claes, it_provider: Computerhulp Maes}}
data_sets:
  - name: Documents
    availability: important
    integrity: required
    confidentiality: confidential
    paths: [{source}]
places:
  - {{name: NAS, kind: folder, path: {nas}, site: school}}
  - {{name: Green disk, kind: folder, path: {disk}, site: home, offsite: true}}
"""


class Office:
    """One office: a folder with documents, two places for copies, a home for Vangnet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "documents"
        self.nas = folder / "nas"
        self.disk = folder / "disk"
        self.home = folder / "home"
        self.sheet = folder / "sheet.txt"
        self.source.mkdir()

    def run(self, *arguments: str, expect: int | None = 0, stdin: str = "") -> Done:
        return vangnet("--home", str(self.home), *arguments, expect=expect, stdin=stdin)

    def set_up(self) -> None:
        answers = self.folder / "answers.yml"
        answers.write_text(ANSWERS.format(source=self.source, nas=self.nas, disk=self.disk))
        self.run("setup", "--from", str(answers), "--recovery-sheet", str(self.sheet), "--json")

    def recovery_key(self) -> str:
        lines = self.sheet.read_text().splitlines()
        start = lines.index("Key") + 1
        groups = []
        for line in lines[start:]:
            if not line.startswith("    "):
                break
            groups += [group for group in line.split() if group != "-"]
        return "-".join(groups)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    for number in range(30):
        folder = office.source / f"class {number % 3}"
        folder.mkdir(exist_ok=True)
        (folder / f"report {number}.txt").write_text(f"report number {number}\n" * 50)
    office.set_up()
    return office


def test_two_copies_and_every_version_can_be_got_back_by_path_and_date(office: Office, tmp_path: Path) -> None:
    report = office.source / "class 0" / "report 0.txt"
    first_content = report.read_bytes()
    first = office.run("backup", "--json").document()
    assert first["outcome"] == "good"
    assert {run["target"] for run in first["runs"]} == {"nas", "green-disk"}
    assert all(run["files"] == 30 for run in first["runs"])
    between = datetime.now(UTC)
    time.sleep(1.1)

    report.write_text("changed since\n")
    (office.source / "new.txt").write_text("new\n")
    second = office.run("backup", "--json").document()
    assert all(run["files"] == 31 and run["files_new_or_changed"] == 2 for run in second["runs"])

    versions = office.run("versions", str(report), "--json").document()["versions"]
    assert [version["size"] for version in versions] == [len("changed since\n"), len(first_content)]

    office.run("restore", "documents", str(report), "--to", str(tmp_path / "now"))
    office.run("restore", "documents", str(report), "--to", str(tmp_path / "then"), "--at", between.isoformat())
    assert [p.read_text() for p in (tmp_path / "now").rglob("report 0.txt")] == ["changed since\n"]
    assert [p.read_bytes() for p in (tmp_path / "then").rglob("report 0.txt")] == [first_content]


def test_the_whole_set_comes_back_byte_for_byte(office: Office, tmp_path: Path) -> None:
    office.run("backup")
    office.run("restore", "Documents", "--to", str(tmp_path / "all"))
    assert _contents(tmp_path / "all" / "documents") == _contents(office.source)


def test_restic_checks_both_places_with_the_recovery_key_alone(office: Office) -> None:
    office.run("backup")
    for place in (office.nas, office.disk):
        subprocess.run(
            ["restic", "-r", str(place), "check", "--read-data", "--no-cache"],
            env={**os.environ, "RESTIC_PASSWORD": office.recovery_key()}, check=True, capture_output=True,
        )  # fmt: skip


def test_status_is_safe_only_after_a_copy(office: Office) -> None:
    before = office.run("status", "--json").document()
    assert before["sets"][0]["last_good"] is None
    assert before["state"] != "ok"
    office.run("backup")
    after = office.run("status", "--json").document()
    assert after["sets"][0]["last_good"] is not None
    assert after["sets"][0]["state"] == "ok"


def test_a_place_that_is_gone_fails_its_run_with_its_own_exit_code_and_leaves_nothing_behind(office: Office) -> None:
    office.run("backup")
    office.nas.rename(office.folder / "pulled-out")
    office.nas.mkdir()  # an empty mount folder
    done = office.run("backup", "--target", "nas", "--json", expect=10)
    assert done.document()["outcome"] == "failed"
    assert list(office.nas.iterdir()) == []


def test_restore_never_replaces_a_file_unless_told_to(office: Office, tmp_path: Path) -> None:
    office.run("backup")
    to = tmp_path / "there"
    office.run("restore", "documents", "--to", str(to))
    mine = next(to.rglob("report 3.txt"))
    mine.write_text("mine")
    office.run("restore", "documents", "--to", str(to), expect=3)
    assert mine.read_text() == "mine"
    office.run("restore", "documents", "--to", str(to), "--overwrite")
    assert mine.read_text() != "mine"


def test_restore_test_is_passed_only_when_a_person_confirms(office: Office) -> None:
    office.run("backup")
    alone = office.run("restore-test", "documents", "--json").document()["tests"][0]["test"]
    assert alone["identical"] is True
    assert alone["passed"] is False
    confirmed = office.run("restore-test", "documents", "--confirm-by", "Els", "--json").document()["tests"][0]["test"]
    assert confirmed["passed"] is True


def test_check_finds_a_flipped_byte_and_names_the_file(office: Office) -> None:
    office.run("backup")
    office.run("check", "--read-data")
    pack = max((office.nas / "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data)
    document = office.run("check", "--target", "nas", "--read-data", "--json", expect=1).document()
    assert any(pack.name[:8] in problem["what"] for problem in document["runs"][0]["problems"])


def test_the_journal_verifies_until_someone_edits_the_database(office: Office) -> None:
    office.run("backup")
    assert office.run("journal", "verify", "--json").document()["ok"] is True
    with contextlib.closing(sqlite3.connect(office.home / "vangnet.db")) as database, database:
        database.execute("DROP TRIGGER journal_is_not_changed")
        database.execute("UPDATE journal SET body = replace(body, 'good', 'fine') WHERE body LIKE '%good%'")
    assert office.run("journal", "verify", "--json", expect=1).document()["ok"] is False


def test_secrets_are_readable_by_this_user_only_and_in_no_other_file(office: Office) -> None:
    office.run("backup")
    for path in (office.home / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((office.home / "secrets").stat().st_mode) == 0o700
    key = office.recovery_key().encode()
    for path in office.home.rglob("*"):
        if path.is_file():
            assert key not in path.read_bytes(), path


def test_broken_answers_name_line_and_key_and_nothing_is_made(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text(
        "organisation: {name: De Linde, kind: scool, country: BE, language: nl}\n"
        "data_sets:\n  - name: Documents\n    availabilty: important\n    paths: [docs]\nplaces: []\n"
    )
    done = vangnet("--home", str(tmp_path / "home"), "setup", "--from", str(answers), expect=2)
    for word in ("answers.yml", "1", "kind", "school", "4", "availabilty", "availability", "5", "paths"):
        assert word in done.err, done.err
    assert not (tmp_path / "home" / "machine.yml").exists()


def test_without_a_set_up_every_command_says_so(tmp_path: Path) -> None:
    for command in ("status", "tasks", "backup", "check"):
        done = vangnet("--home", str(tmp_path / "nothing"), command, expect=2)
        assert done.err.strip()
        assert "Traceback" not in done.err


def test_an_unknown_set_is_said_with_the_one_that_was_meant(office: Office) -> None:
    done = office.run("backup", "documnts", expect=2)
    assert "documents" in done.err


def _contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_lost_sheet_is_replaced_and_the_old_key_opens_nothing_any_more(office: Office) -> None:
    office.run("backup")
    old = office.recovery_key()
    away = office.folder / "in the safe"
    office.disk.rename(away)
    office.sheet = office.folder / "new sheet.txt"
    said = office.run("recovery-sheet", str(office.sheet), "--json").document()
    assert said["waiting"] == ["green-disk"]
    assert stat.S_IMODE(office.sheet.stat().st_mode) == 0o600
    new = office.recovery_key()
    assert new != old
    assert _restic_opens(office.nas, new)
    assert not _restic_opens(office.nas, old)
    away.rename(office.disk)
    office.run("backup")
    assert _restic_opens(office.disk, new)
    assert not _restic_opens(office.disk, old)


def _restic_opens(place: Path, key: str) -> bool:
    done = subprocess.run(
        ["restic", "-r", str(place), "--no-cache", "snapshots"],
        env={**os.environ, "RESTIC_PASSWORD": key}, check=False, capture_output=True,
    )  # fmt: skip
    return done.returncode == 0
