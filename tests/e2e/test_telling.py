"""Telling people, from end to end: a failure, an alarm, a verdict; real processes, a real mail server."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import ExitCode
from app.records.facts import Outcome, RunKind
from tests.e2e.installation import ROOT, TestHome, make_installation
from tests.rig.mail import Mail, Post, mail_server

pytestmark = pytest.mark.slow

DIRECTOR, IT = "an@delinde.be", "help@maes.be"


@pytest.fixture
def school(tmp_path: Path) -> TestHome:
    return make_installation(tmp_path)


def vangnet(school: TestHome, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "DBUS_SESSION_BUS_ADDRESS"}
    return subprocess.run(
        [sys.executable, "-m", "app", "--home", str(school.home.config), "--lang", "nl", *arguments],
        cwd=ROOT, capture_output=True, text=True, input=typed, env=environment, check=False, timeout=120,
    )  # fmt: skip


def answer(school: TestHome, *arguments: str) -> dict[str, list[dict[str, object]]]:
    said = vangnet(school, *arguments, "--json")
    assert said.returncode == ExitCode.DONE, said.stderr
    found: dict[str, list[dict[str, object]]] = json.loads(said.stdout)
    return found


def told(school: TestHome, post: Post) -> None:
    """Let the director and the IT provider be told by mail over a server: three commands, in one process for speed."""
    mail = ["notify", "mail", "--host", "localhost", "--port", str(post.port), "--security", "none"]
    commands = [
        ["people", "set", "director", "An Claes", "--email", DIRECTOR],
        ["people", "set", "it-provider", "Computerhulp Maes", "--email", IT],
        [*mail, "--sender", "vangnet@delinde.be"],
    ]
    before = ["--home", str(school.home.config), "--lang", "nl"]
    program = f"from app.cli.main import run\nfor c in {commands!r}:\n    assert run({before!r} + c) == 0, c"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def by_address(mails: list[Mail]) -> dict[str, list[Mail]]:
    found: dict[str, list[Mail]] = {}
    for mail in mails:
        found.setdefault(mail.to[0], []).append(mail)
    return found


def encrypt(folder: Path) -> None:
    for path in folder.iterdir():
        path.with_name(f"{path.name}.locked").write_bytes(os.urandom(4000))
        path.unlink()


def test_a_failure_reaches_it_and_director_at_once_and_only_once(school: TestHome) -> None:
    school.source("marks").rename(school.folder / "away")
    with mail_server() as post:
        told(school, post)
        school.agent("--once")
        mails = by_address(post.arrived)
        assert set(mails) == {DIRECTOR, IT}
        (mail,) = [m for m in mails[DIRECTOR] if "Copy failed" in m.subject]
        assert "Is the data safe?" in mail.text
        school.agent("--once")
        assert len([m for m in post.arrived if "Copy failed" in m.subject]) == 2
    with school.records() as records:
        assert {(fact.role, fact.channel) for fact in records.facts().told} >= {
            ("director", "email"), ("it-provider", "email"),
        }  # fmt: skip
        assert records.verify_journal().ok


def test_what_could_not_be_sent_is_shown_and_sent_later(school: TestHome) -> None:
    school.source("marks").rename(school.folder / "away")
    with mail_server() as post:
        told(school, post)
    school.agent("--once")
    waiting = answer(school, "notify", "list")["notices"]
    assert {(n["state"], n["error"]) for n in waiting} == {("waiting", "server-not-there")}
    with mail_server() as post:
        told(school, post)
        # It is tried again by and by; the pauses have passed when the clock of the records says so.
        with sqlite3.connect(school.home.database) as connection:
            connection.execute("UPDATE notices SET tried_at = '2020-01-01T00:00:00.000000Z'")
        connection.close()
        school.agent("--once")
        assert {m.to[0] for m in post.arrived} == {DIRECTOR, IT}
    assert {n["state"] for n in answer(school, "notify", "list")["notices"]} == {"sent"}


def test_a_verdict_with_the_pin_closes_the_case_until_it_happens_again(school: TestHome) -> None:
    school.source("marks").rename(school.folder / "away")
    school.agent("--once")
    (case,) = answer(school, "judge")["cases"]
    asked = (
        "judge",
        str(case["case"]),
        "action",
        "--remark",
        "map terugzetten",
        "--owner",
        "IT",
        "--due",
        "2027-01-31",
    )
    # The first PIN that is typed is chosen; another one is refused after that.
    assert vangnet(school, *asked, "--by", "An", "--pin-file", "-", typed="4711\n").returncode == ExitCode.DONE
    assert answer(school, "judge")["cases"] == []
    school.agent("--once")
    assert [c["case"] for c in answer(school, "judge")["cases"]] == [case["case"]]
    refused = vangnet(school, "judge", str(case["case"]), "accepted", "--remark", "x", "--pin-file", "-", typed="1\n")
    assert refused.returncode == ExitCode.WRONG_KEY
    assert vangnet(
        school, "judge", "no-such", "accepted", "--remark", "x", "--pin-file", "-", typed="4711\n"
    ).returncode
    with school.records() as records:
        assert records.verify_journal().ok


def test_an_encrypted_folder_calls_everybody_keeps_everything_and_one_word_ends_it(school: TestHome) -> None:
    for number in range(60):
        (school.source("marks") / f"rapport {number}.txt").write_text(f"leerling {number} goed gewerkt\n" * 40)
    with mail_server() as post:
        told(school, post)
        assert vangnet(school, "watch-files", "place", "marks", "--by", "An").returncode == 0
        assert school.agent("--once") == ExitCode.DONE
        assert answer(school, "alarm")["alarms"] == []
        encrypt(school.source("marks"))
        vangnet(school, "backup", "marks", "--target", "nas")
        (alarm,) = answer(school, "alarm")["alarms"]
        signs = alarm["signs"]
        assert isinstance(signs, dict)
        assert {"canary", "encrypted", "renamed"} <= set(signs)
        assert int(signs["encrypted"]) >= 60
        calls = [m for m in post.arrived if "Possible ransomware" in m.subject]
        assert {m.to[0] for m in calls} == {DIRECTOR, IT}
        assert "network cable" in calls[0].text
    with school.records() as records:
        (hold,) = [h for h in records.facts().holds if h.stands]
        assert (hold.data_set, hold.target, hold.reason) == ("marks", "", "anomaly")
        # The copy itself was made: what was there is kept, and what is there now too.
        assert records.runs(kind=RunKind.BACKUP)[0].outcome is Outcome.GOOD
    # The other place sees the same files later: no second alarm, neither before nor after the answer.
    vangnet(school, "backup", "marks", "--target", "annex")
    assert len(answer(school, "alarm")["alarms"]) == 1
    said = vangnet(school, "alarm", str(alarm["run"]), "ours", "--by", "Els", "--remark", "proef")
    assert said.returncode == ExitCode.DONE, said.stderr
    vangnet(school, "backup", "marks", "--target", "annex")
    vangnet(school, "backup", "marks", "--target", "nas")
    assert answer(school, "alarm")["alarms"] == []
    with school.records() as records:
        assert not [h for h in records.facts().holds if h.stands]
        assert records.verify_journal().ok


def test_the_test_says_what_arrived(school: TestHome) -> None:
    with mail_server() as post:
        told(school, post)
        post.refused.add(IT)
        said = vangnet(school, "notify", "test", "--json")
        assert said.returncode == ExitCode.FAILED
        sent = {row["name"]: row["trouble"] for row in json.loads(said.stdout)["sent"]}
        assert sent == {"An Claes": "", "Computerhulp Maes": "recipient-refused"}
        assert [m.to for m in post.arrived] == [(DIRECTOR,)]
