"""People's tasks on a real home: done with evidence, put off, exempt, and events; each in the journal."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.assessment.model import Timing
from app.clock import SystemClock
from app.errors import VangnetError
from app.jobs.director import choose_pin
from app.jobs.evidence import MAX_TEXT, REVIEW_BLOCKS, Closing, EvidenceMissing, EvidenceUnusable
from app.jobs.people import (
    ExemptionRefused,
    PostponeRefused,
    TaskDoneElsewhere,
    UnknownEvent,
    UnknownTask,
    close_task,
    declare_event,
    exempt_task,
    find_task,
    postpone_task,
)
from app.policy.load import template_text
from app.records.errors import WrongPin
from app.records.facts import ProofKind
from app.secret import Secret
from app.wording.task_guides import BLOCKS
from tests.e2e.installation import TestHome, make_installation
from tests.rig.commands import vangnet

PIN = Secret("4711-1147")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TestHome:
    return make_installation(tmp_path_factory.mktemp("tasks"))


def timing(made: TestHome, task: str) -> Timing:
    with made.records() as records:
        return find_task(made.installation().assess(records), task).timing


def today_at(made: TestHome) -> date:
    """Return the day where the school is: for an hour or two before midnight in UTC it is the next one already."""
    return SystemClock().now().astimezone(made.installation().timezone).date()


def refusal(made: TestHome, **how: object) -> str:
    today = today_at(made)
    given = {"until": today + timedelta(days=5), "reason": "ill", "by": "An", **how}
    with made.records() as records, pytest.raises(PostponeRefused) as caught:
        postpone_task(made.installation(), records, str(given.pop("task", "key-test")), **given)  # type: ignore[arg-type]
    return str(caught.value.data["reason"])


def test_a_task_is_closed_with_a_photo_a_document_and_a_number(made: TestHome, tmp_path: Path) -> None:
    photo = tmp_path / "list.jpg"
    photo.write_bytes(b"\xff\xd8 not much of a photo")
    with made.records() as records:
        closing = Closing("An", "all called", "list 3", photo, "12,5")
        (kept,) = close_task(made.installation(), records, "contacts", closing)
        assert records.facts().attestations[0] == kept
        assert records.verify_journal().ok
    assert [proof.kind for proof in kept.evidence] == [ProofKind.DOCUMENT, ProofKind.PHOTO, ProofKind.NUMBER]
    assert kept.evidence[1].value == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert kept.evidence[2].value == "12.5"
    assert timing(made, "duty:contacts") is Timing.MET


@pytest.mark.parametrize(
    ("closing", "error", "detail"),
    [
        (Closing("An"), EvidenceMissing, "remark, document"),
        (Closing("An", number="3"), EvidenceMissing, "remark, document"),
        (Closing(" ", "x"), EvidenceMissing, "name"),
        (Closing("An", "x" * (MAX_TEXT + 1)), EvidenceUnusable, "too-long"),
        (Closing("An", "x", number="many"), EvidenceUnusable, "no-number"),
        (Closing("An", "x", number="nan"), EvidenceUnusable, "no-number"),
        (Closing("An", "x", photo=Path("/nowhere/a.jpg")), EvidenceUnusable, "unreadable"),
        (Closing("An", "x", photo=Path("/dev/null")), EvidenceUnusable, "no-file"),
        (Closing("An", "x", parts=("attic",)), EvidenceUnusable, "unknown"),
    ],
)
def test_what_shows_nothing_closes_nothing(
    made: TestHome, closing: Closing, error: type[VangnetError], detail: str
) -> None:
    with made.records() as records:
        before = records.journal_head()
        with pytest.raises(error) as caught:
            close_task(made.installation(), records, "physical-access", closing)
        assert detail in caught.value.data.values()
        assert records.journal_head() == before


def test_a_photo_that_is_a_pipe_keeps_nobody_waiting(made: TestHome, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo.jpg")
    with made.records() as records, pytest.raises(EvidenceUnusable):
        close_task(made.installation(), records, "contacts", Closing("An", photo=tmp_path / "photo.jpg"))


def test_some_tasks_are_done_and_not_declared(made: TestHome) -> None:
    with made.records() as records:
        with pytest.raises(TaskDoneElsewhere):
            close_task(made.installation(), records, "key-test", Closing("An", "x"))
        with pytest.raises(UnknownTask) as caught:
            close_task(made.installation(), records, "contcts", Closing("An", "x"))
        assert caught.value.data["suggestion"] == "duty:contacts"


def test_a_review_wants_all_four_answers(made: TestHome) -> None:
    assert [block for block, _question in BLOCKS] == list(REVIEW_BLOCKS)
    answers = tuple((block, "none") for block in REVIEW_BLOCKS)
    with made.records() as records:
        declare_event(made.installation(), records, "law", remark="a new decree", by="An")
        assert timing(made, "review-policy") is Timing.DUE
        with pytest.raises(EvidenceMissing):
            close_task(made.installation(), records, "review-policy", Closing("An", answers=answers[:3]))
        close_task(made.installation(), records, "review-policy", Closing("An", answers=answers))
    assert timing(made, "review-policy") is Timing.MET
    with made.records() as records, pytest.raises(UnknownEvent):
        declare_event(made.installation(), records, "lwa", remark="x", by="An")


def test_putting_off_has_bounds_and_a_second_time_wants_the_director(made: TestHome) -> None:
    today = today_at(made)
    assert refusal(made, reason=" ") == "no-reason"
    assert refusal(made, until=today) == "past"
    assert refusal(made, until=today + timedelta(days=31)) == "too-far"
    assert refusal(made, task="checklist") == "not-open"
    with made.records() as records:
        postpone_task(
            made.installation(), records, "key-test", until=today + timedelta(days=5), reason="sheet is away", by="An"
        )
    assert timing(made, "key-test") is Timing.UPCOMING
    assert refusal(made) == "director"
    with made.records() as records:
        choose_pin(made.installation(), records, name="Els", pin=PIN)
        until = today + timedelta(days=9)
        with pytest.raises(WrongPin):
            postpone_task(
                made.installation(), records, "key-test", until=until, reason="x", by="An", pin=Secret("0000-0000")
            )
        kept = postpone_task(made.installation(), records, "key-test", until=until, reason="x", by="An", pin=PIN)
        assert kept.approved_by == "Els"
        assert len(records.facts().postponements) == 2
        assert records.verify_journal().ok


def test_only_the_director_exempts_and_only_where_the_policy_allows_it(tmp_path: Path) -> None:
    made = make_installation(tmp_path)
    # The template asks for the provider's contract only where data of the highest tier is kept.
    text = re.sub(r"(?s)(- id: isp-sla.*?)    tiers: \[T2\]\n", r"\1", template_text().split("duties:")[1])
    policy = made.home.policy_file.read_text()
    made.home.policy_file.write_text(policy[: policy.index("duties:")] + "duties:" + text)
    with made.records() as records:
        choose_pin(made.installation(), records, name="Els", pin=PIN)
        with pytest.raises(ExemptionRefused):
            exempt_task(made.installation(), records, "contacts", reason="x", pin=PIN)
        with pytest.raises(ExemptionRefused):
            exempt_task(made.installation(), records, "isp-sla", reason=" ", pin=PIN)
        kept = exempt_task(made.installation(), records, "isp-sla", reason="not offered here", pin=PIN)
    assert (kept.by, kept.subject) == ("Els", "exempt:isp-sla")
    assert timing(made, "isp-sla") is Timing.MET


def test_the_it_provider_does_the_same_on_the_command_line(tmp_path: Path) -> None:
    made = make_installation(tmp_path)
    home = ("--home", str(made.home.config), "--lang", "en")
    listed = vangnet(*home, "tasks", "--all", "--json").document()["tasks"]
    assert {"duty:contacts", "review-policy", "key-test"} <= {task["id"] for task in listed}
    shown = vangnet(*home, "task", "show", "contacts", "--json").document()
    assert (len(shown["steps"]), shown["why"], shown["can_be_closed"]) == (3, ["S3-9.1"], True)
    refused = vangnet(*home, "task", "done", "contacts", "--by", "An", "--json", expect=2)
    assert refused.document()["error"]["code"] == "evidence-missing"
    done = vangnet(*home, "task", "done", "contacts", "--by", "An", "--remark", "all called", "--json")
    assert done.document()["attestations"][0]["subject"] == "contacts"
    until = f"{today_at(made) + timedelta(days=3)}"
    later = ("task", "postpone", "key-test", "--until", until, "--reason", "away", "--by", "An")
    vangnet(*home, *later)
    assert vangnet(*home, *later, expect=None).code != 0  # nobody is there to type the director's PIN
    vangnet(*home, "task", "event", "law", "--remark", "a new decree", "--by", "An")
    with made.records() as records:
        kinds = [row.kind for row in records.journal_rows()]
    assert (kinds.count("attested"), kinds.count("postponed")) == (2, 1)
