"""The wizard's draft survives closing half-way, and a damaged one is no disaster."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.paths import Home
from app.policy.calendar import Region
from app.policy.machine import TargetKind, Ups, UpsId
from app.policy.model import Availability, Classification, Confidentiality, Integrity
from app.setup.answers import DataSetAnswer, OrganisationAnswer, PeopleAnswer, PlaceAnswer, SetupAnswers
from app.setup.draft import discard_draft, load_draft, save_draft

LEVELS = Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.SECRET)
ANSWERS = SetupAnswers(
    organisation=OrganisationAnswer("De Linde", "school", "BE", "nl", Region.BE_FR),
    people=PeopleAnswer(director="An"),
    data_sets=(
        DataSetAnswer("punten", "Punten", (Path("/srv/punten"),), LEVELS),
        DataSetAnswer("foto-s", "Foto's"),
    ),
    places=(PlaceAnswer("schijf", "Schijf", TargetKind.USB, Path("vangnet"), colour="groen", fs_uuid="1234-ABCD"),),
    upses=(Ups(UpsId("ups"), "UPS bureau"),),
    page="question:punten:integrity",
)


def test_what_was_answered_comes_back(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path / "new")
    save_draft(home, ANSWERS)
    assert load_draft(home) == ANSWERS
    assert stat.S_IMODE(home.setup_draft.stat().st_mode) == 0o600
    assert [path.name for path in home.config.iterdir()] == [home.setup_draft.name]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"page": 3}', b"\xff\xfe", b'{"page":"' + b"x" * (1 << 20)])
def test_a_damaged_draft_starts_afresh(tmp_path: Path, content: bytes) -> None:
    home = Home.in_folder(tmp_path)
    home.setup_draft.write_bytes(content)
    assert load_draft(home) is None


def test_discarding_twice_is_harmless(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    save_draft(home, ANSWERS)
    discard_draft(home)
    discard_draft(home)
    assert load_draft(home) is None
