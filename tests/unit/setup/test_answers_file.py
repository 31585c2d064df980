"""A file of answers is read strictly: every mistake with its line, its key and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.policy.calendar import Region
from app.policy.errors import Problem, Reason
from app.policy.load import template_policy
from app.policy.machine import TargetKind
from app.policy.model import Availability, Confidentiality, Integrity
from app.setup.answers import SetupAnswers
from app.setup.answers_file import load_answers
from app.setup.errors import SetupInvalid

GOOD = """\
organisation: {name: De Linde, kind: school, country: BE, language: nl}
data_sets:
  - typical: grade-book
    paths: [/srv/punten]
  - name: Website
    availability: low
    integrity: required
    confidentiality: public
    paths: [/srv/www]
places:
  - {name: NAS, kind: folder, path: /mnt/nas/vangnet}
  - {name: Groene schijf, kind: usb, fs_uuid: 1234-ABCD, colour: groen}
"""


def read(folder: Path, text: str) -> SetupAnswers:
    path = folder / "answers.yml"
    path.write_text(text)
    return load_answers(path, template_policy())


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(SetupInvalid) as caught:
        read(folder, text)
    return caught.value.problems


def test_a_typical_set_brings_its_name_and_levels(tmp_path: Path) -> None:
    answers = read(tmp_path, GOOD)
    punten, website = answers.data_sets
    assert punten.name == "Puntenboek"
    assert punten.classification is not None
    assert punten.classification.availability is Availability.IMPORTANT
    assert punten.classification.confidentiality is Confidentiality.CONFIDENTIAL
    assert website.classification is not None
    assert website.classification.integrity is Integrity.REQUIRED
    assert answers.places[1].kind is TargetKind.USB
    assert answers.places[1].path == Path("vangnet")


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("kind: school", "kind: scool").replace("integrity:", "integrety:").replace("/srv/www", "www")
    found = {(p.line, p.reason) for p in problems(tmp_path, text)}
    assert found == {(1, Reason.UNKNOWN_VALUE), (7, Reason.UNKNOWN_KEY), (9, Reason.IMPOSSIBLE_VALUE)}


def test_a_disk_without_its_uuid_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("fs_uuid: 1234-ABCD, ", ""))
    assert [(p.line, p.key) for p in found] == [(12, "places[1].fs_uuid")]


@pytest.mark.parametrize("path", ["../elsewhere", "/absolute"])
def test_a_folder_on_a_disk_stays_on_the_disk(tmp_path: Path, path: str) -> None:
    found = problems(tmp_path, GOOD.replace("colour: groen", f"path: {path}"))
    assert [p.reason for p in found] == [Reason.IMPOSSIBLE_VALUE]


def test_the_same_name_twice_gets_two_ids(tmp_path: Path) -> None:
    answers = read(tmp_path, GOOD.replace("name: Website", "name: Grade book"))
    assert [a.id for a in answers.data_sets] == ["grade-book", "grade-book-2"]


def test_a_missing_file_is_said_as_such(tmp_path: Path) -> None:
    with pytest.raises(SetupInvalid) as caught:
        load_answers(tmp_path / "nothing.yml", template_policy())
    assert [p.reason for p in caught.value.problems] == [Reason.UNREADABLE]


@pytest.mark.parametrize(
    ("organisation", "region"),
    [
        ("kind: school, country: BE", Region.BE_NL),
        ("kind: school, country: BE, region: be-fr", Region.BE_FR),
        ("kind: school, country: BE, region: be", Region.BE),
        ("kind: school, country: NL, region: nl-midden", Region.NL_MIDDEN),
        ("kind: business, country: NL", Region.NL),
        ("kind: business, country: BE, region: be-de", Region.BE_DE),
    ],
)
def test_the_school_holidays_are_asked_or_follow_from_the_country(
    tmp_path: Path, organisation: str, region: Region
) -> None:
    text = GOOD.replace("typical: grade-book", "typical: website")  # which schools and businesses both have
    answers = read(tmp_path, text.replace("kind: school, country: BE", organisation))
    assert answers.organisation is not None
    assert answers.organisation.region is region


@pytest.mark.parametrize(
    ("organisation", "reason"),
    [
        ("kind: school, country: NL", Reason.MISSING_KEY),
        ("kind: school, country: NL, region: ", Reason.UNKNOWN_VALUE),
        ("kind: school, country: NL, region: be-nl", Reason.UNKNOWN_VALUE),
    ],
)
def test_the_region_of_a_dutch_school_is_never_guessed(tmp_path: Path, organisation: str, reason: Reason) -> None:
    text = GOOD.replace("kind: school, country: BE", organisation)
    assert [(p.key, p.reason) for p in problems(tmp_path, text)] == [("organisation.region", reason)]
