"""The director's acts through the real program: approve, answer forty questions, sign, verify; and what must fail."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.paths import Home
from app.records.facts import ChecklistAnswer, Verdict
from app.records.store import Records
from tests.rig.commands import vangnet


@pytest.fixture
def home(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's home for each test; the places stay where they are."""
    copied = tmp_path / "vangnet"
    shutil.copytree(demo, copied)
    return copied


def test_an_approval_archives_the_version_for_the_director_only(home: Path) -> None:
    vangnet("--home", str(home), "policy", "approve", "--by", "An Claes", "--pin-file", "-", stdin="2468\n")
    approvals = vangnet("--home", str(home), "policy", "history", "--json").document()["approvals"]
    assert [approval["by"] for approval in approvals] == ["An Claes"]
    archived = list((home / "policy-archive").glob("*.yml"))
    assert len(archived) == 1
    assert archived[0].read_bytes() == (home / "policy.yml").read_bytes()
    assert stat.S_IMODE(archived[0].stat().st_mode) == 0o400
    tasks = vangnet("--home", str(home), "tasks", "--json").document()["tasks"]
    assert "approve-policy" not in {task["kind"] for task in tasks}


def test_a_change_after_the_approval_asks_for_a_new_one(home: Path) -> None:
    vangnet("--home", str(home), "policy", "approve", "--by", "An", "--pin-file", "-", stdin="2468\n")
    policy = home / "policy.yml"
    policy.write_text(policy.read_text().replace("keep_daily: 14", "keep_daily: 15"))
    tasks = vangnet("--home", str(home), "tasks", "--json").document()["tasks"]
    assert "approve-policy" in {task["kind"] for task in tasks}


def test_the_checklist_sees_whether_a_replaced_version_lies_open(home: Path) -> None:
    def seen() -> tuple[str, str]:
        items = vangnet("--home", str(home), "checklist", "show", "--json").document()["items"]
        (found,) = (item for item in items if item["item"] == "C03")
        return found["code"], found["verdict"]

    assert seen() == ("no-old-versions", "not-applicable")
    policy = home / "policy.yml"
    for days in (14, 15):
        policy.write_text(policy.read_text().replace("keep_daily: 14", f"keep_daily: {days}"))
        vangnet("--home", str(home), "policy", "approve", "--by", "An", "--pin-file", "-", stdin="2468\n")
    assert seen() == ("old-versions-restricted", "ok")
    (home / "policy-archive").chmod(0o755)
    assert seen() == ("old-versions-restricted", "not-ok")


def test_a_wrong_pin_approves_nothing(home: Path) -> None:
    vangnet("--home", str(home), "policy", "approve", "--by", "An", "--pin-file", "-", stdin="2468\n")
    vangnet("--home", str(home), "policy", "approve", "--by", "Iemand", "--pin-file", "-", stdin="1357\n", expect=12)
    approvals = vangnet("--home", str(home), "policy", "history", "--json").document()["approvals"]
    assert [approval["by"] for approval in approvals] == ["An"]


def test_the_checklist_is_signed_when_every_question_has_an_answer_and_verifies_until_it_is_changed(home: Path) -> None:
    run = ("--home", str(home), "checklist")
    shown = vangnet(*run, "show", "--json").document()
    assert [item["item"] for item in shown["items"]] == [f"C{number:02}" for number in range(1, 41)]
    assert any(not item["known"] for item in shown["items"]), "what is not gathered yet is said"

    early = vangnet(*run, "sign", "--by", "An", "--pin-file", "-", stdin="2468\n", expect=1)
    assert "Traceback" not in early.err
    vangnet(*run, "answer", "c01", "ok", "--by", "An")
    with Records.open(Home.in_folder(home), SystemClock()) as records:
        for item in shown["items"][1:-1]:
            records.answer(
                ChecklistAnswer(shown["school_year"], item["item"], Verdict.OK, "", "", None, "An", SystemClock().now())
            )
    vangnet(*run, "answer", "C40", "not-ok", "--by", "An", expect=2)
    vangnet(*run, "answer", "C40", "not-ok", "--owner", "Els", "--due", "2027-01-31", "--by", "An")
    vangnet(*run, "sign", "--by", "An Claes", "--pin-file", "-", stdin="2468\n")
    assert vangnet(*run, "verify", "--json").document()["ok"] is True
    assert vangnet("--home", str(home), "journal", "verify", "--json").document()["ok"] is True

    with contextlib.closing(sqlite3.connect(home / "vangnet.db")) as database, database:
        database.execute("UPDATE signatures SET content = replace(content, '\"ok\"', '\"not-ok\"')")
    document = vangnet(*run, "verify", "--json", expect=1).document()
    assert set(document["checklists"][0]["reasons"]) == {"content-changed", "signature-wrong"}
    assert vangnet("--home", str(home), "journal", "verify", "--json", expect=1).document()["ok"] is False
