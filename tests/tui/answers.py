"""The answers of a set-up that is filled in as far as its summary."""

from __future__ import annotations

from pathlib import Path

from app.policy.calendar import Region
from app.policy.machine import TargetKind
from app.policy.model import DataSetId
from app.setup.answers import DataSetAnswer, OrganisationAnswer, PeopleAnswer, PlaceAnswer, SetupAnswers
from tests.tui import sample


def filled() -> SetupAnswers:
    return SetupAnswers(
        organisation=OrganisationAnswer("Basisschool De Linde", "school", "BE", "nl", Region.BE_NL),
        people=PeopleAnswer(director="An Claes", it_provider="Computerhulp Maes"),
        data_sets=(
            DataSetAnswer(
                DataSetId("pupil-administration"), "Leerlingadministratie", (Path("/home/school/administratie"),),
                sample.DAILY,
            ),
            DataSetAnswer(DataSetId("grade-book"), "Puntenboek", (Path("/home/school/puntenboek"),), sample.DAILY),
            DataSetAnswer(DataSetId("diplomas"), "Diploma's", (Path("/home/school/diplomas"),), sample.HIGHEST),
        ),
        places=(
            PlaceAnswer("nas", "NAS school", TargetKind.FOLDER, Path("/mnt/nas/vangnet"), site="serverlokaal"),
            PlaceAnswer(
                "disk-b", "GROENE schijf", TargetKind.USB, Path("vangnet"), colour="groen",
                site="thuis bij de directeur", offsite=True, fs_uuid="1234-ABCD",
            ),
        ),
    )  # fmt: skip
