"""Ransomware sense on histories: what happens in a school in a year, and what must never happen."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.assessment.anomaly import Sign, explained_at, signs_of_attack, usual_changes
from app.records.facts import Anomaly, AnomalyVerdict, Changes, RunId

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def run(
    number: int = 500,
    *,
    files: int = 4000,
    new: int = 0,
    changed: int = 0,
    removed: int = 0,
    opaque: tuple[int, int] = (0, 0),
    target: str = "nas",
    at: datetime = NOW,
    canaries: tuple[str, ...] = (),
) -> Changes:
    return Changes(RunId(number), "puntenboek", target, at, files, new, changed, removed, *opaque, canaries)


def ordinary_days(count: int = 60, *, files: int = 4000) -> tuple[Changes, ...]:
    dice = random.Random(3)
    return tuple(
        run(
            count - day,
            files=files,
            new=dice.randrange(30),
            changed=dice.randrange(60),
            removed=dice.randrange(8),
            opaque=(dice.randrange(2), dice.randrange(2)),
            at=NOW - timedelta(days=day + 1),
        )
        for day in range(count)
    )


def names(signs: tuple[tuple[str, str], ...]) -> set[str]:
    return {sign for sign, _figure in signs}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(run(), id="a day without changes"),
        pytest.param(run(new=25, changed=80, removed=5, opaque=(1, 1)), id="a busy day"),
        pytest.param(run(removed=1900, new=40, changed=30), id="the year-end clean-up"),
        pytest.param(run(new=1200), id="photos of all classes"),
        pytest.param(run(new=2500, removed=2500), id="folders moved to another place"),
        pytest.param(run(changed=900, new=20), id="a program that rewrites its files"),
        pytest.param(run(new=12, opaque=(12, 0)), id="a few encrypted archives"),
        pytest.param(run(new=5000, files=10), id="a set that was nearly empty is filled"),
    ],
)
def test_what_a_school_does_in_a_year_is_no_alarm(changes: Changes) -> None:
    assert signs_of_attack(changes, ordinary_days()) == ()


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        pytest.param(run(changed=3900, opaque=(0, 3850)), Sign.ENCRYPTED, id="everything encrypted in place"),
        pytest.param(run(new=3900, removed=3900, opaque=(3890, 0)), Sign.ENCRYPTED, id="encrypted and renamed"),
        pytest.param(run(new=3900, removed=3900, opaque=(3890, 0)), Sign.RENAMED, id="and seen as renamed"),
        pytest.param(run(changed=150, opaque=(0, 150)), Sign.ENCRYPTED, id="stopped at the first class"),
        pytest.param(run(new=600, opaque=(600, 0)), Sign.ENCRYPTED, id="encrypted copies before the originals go"),
        pytest.param(run(changed=2600), Sign.REWRITTEN, id="most files rewritten at once"),
        pytest.param(run(removed=3700), Sign.GONE, id="everything wiped"),
        pytest.param(run(canaries=("/data/a.docx",)), Sign.CANARY, id="a canary alone"),
    ],
)
def test_an_attack_is_an_alarm(changes: Changes, sign: Sign) -> None:
    assert sign.value in names(signs_of_attack(changes, ordinary_days()))


def test_an_attack_on_the_second_day_is_seen_without_any_history() -> None:
    assert names(signs_of_attack(run(files=200, changed=200, opaque=(0, 200)), ())) >= {Sign.ENCRYPTED.value}


def test_a_set_that_is_always_rewritten_is_not_an_alarm_each_day() -> None:
    usual = tuple(run(n, changed=3000, at=NOW - timedelta(days=60 - n)) for n in range(59, 0, -1))
    assert signs_of_attack(run(changed=3200), usual) == ()


def test_a_set_of_encrypted_containers_is_judged_by_its_own_history() -> None:
    usual = tuple(
        run(n, files=300, changed=40, opaque=(0, 40), at=NOW - timedelta(days=9 - n)) for n in range(8, 0, -1)
    )
    assert signs_of_attack(run(files=300, changed=45, opaque=(0, 45)), usual) == ()
    assert names(signs_of_attack(run(files=300, changed=290, opaque=(0, 290)), usual)) >= {Sign.ENCRYPTED.value}


def test_what_somebody_explained_is_no_alarm_on_the_disk_that_comes_back_later() -> None:
    said = NOW - timedelta(days=2)
    on_disk = run(9, target="schijf-b", at=NOW - timedelta(days=9))
    changes = run(changed=3900, opaque=(0, 3850), target="schijf-b")
    assert signs_of_attack(changes, (on_disk, *ordinary_days()), explained_at=said) == ()
    # Where the same files were seen after that already, a second wave is one.
    seen_since = run(10, target="schijf-b", at=NOW - timedelta(days=1))
    assert signs_of_attack(changes, (seen_since, on_disk), explained_at=said) != ()


def test_an_explanation_never_covers_a_canary() -> None:
    signs = signs_of_attack(run(changed=3900, canaries=("/x",)), (), explained_at=NOW)
    assert names(signs) == {Sign.CANARY.value}


def test_suspicious_runs_do_not_become_what_is_usual() -> None:
    history = ordinary_days(5)
    wrong = Anomaly(history[0].run, "puntenboek", "nas", history[0].at, ((Sign.ENCRYPTED.value, "99"),))
    assert usual_changes(history, (wrong,)) == history[1:]
    assert explained_at((wrong,), "puntenboek") is None
    ours = Anomaly(
        history[1].run, "puntenboek", "nas", NOW, (), AnomalyVerdict.OURS, closed_at=NOW, closed_by="An", remark=""
    )
    assert explained_at((wrong, ours), "puntenboek") == NOW
    assert explained_at((wrong, ours), "fotos") is None
