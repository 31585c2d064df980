"""Read a file of answers for `vangnet setup --from FILE.yml`: as strict as the policy file, line and key named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from app.errors import NotSetUp
from app.policy.calendar import REGIONS_OF, Region, likely_region
from app.policy.decode import Fields, Item
from app.policy.errors import Expected, Reason
from app.policy.machine import THIS_COMPUTER, TargetKind, Ups, UpsId, UpsKind
from app.policy.model import (
    Availability,
    Classification,
    Confidentiality,
    DataSetKind,
    Integrity,
    Policy,
    TypicalDataSet,
)
from app.policy.network_file import read_network
from app.policy.yamlfile import Report, parse_yaml, read_bytes
from app.setup.answers import DataSetAnswer, OrganisationAnswer, PeopleAnswer, PlaceAnswer, SetupAnswers
from app.setup.errors import SetupInvalid
from app.setup.identifiers import unique_slug

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def load_answers(path: Path, template: Policy) -> SetupAnswers:
    """Read and validate a file of answers; `template` knows the typical data sets.

    Raises SetupInvalid with every problem of the file, also when it cannot be read at all.
    """
    report = Report(path.name, SetupInvalid)
    try:
        content = read_bytes(path, SetupInvalid)
    except NotSetUp as exc:
        raise report.stop(Reason.UNREADABLE) from exc
    top = parse_yaml(content, report)
    with Fields(top, "", report) as fields:
        organisation = _organisation(fields.mapping("organisation"))
        people = _people(item.fields()) if (item := fields.get("people")) else PeopleAnswer()
        answers = SetupAnswers(
            organisation=organisation,
            people=people,
            data_sets=_data_sets(fields.items("data_sets"), template, organisation),
            places=_places(fields.items("places")),
            upses=_upses(fields.items("upses", required=False)),
            watch_files=fields.true_or_false("watch_files", False),
            backup_time=item.time() if (item := fields.get("backup_time")) else SetupAnswers().backup_time,
        )
    report.raise_if_any()
    return answers


def _organisation(fields: Fields) -> OrganisationAnswer:
    with fields:
        kind = fields.one_of("kind", ("school", "business"))
        country = fields.one_of("country", ("BE", "NL"))
        return OrganisationAnswer(
            name=fields.text("name"),
            kind="school" if kind == "school" else "business",
            country="BE" if country == "BE" else "NL",
            language="nl" if fields.one_of("language", ("nl", "en")) == "nl" else "en",
            region=_region(fields, kind, country),
        )


def _region(fields: Fields, kind: str, country: str) -> Region | None:
    """Whose school holidays count; may be left out where the country and the kind of organisation tell it."""
    likely = likely_region(kind, country)
    item = fields.get("region") if likely else fields.need("region")
    return Region(item.one_of(tuple(region.value for region in REGIONS_OF[country]))) if item else likely


def _people(fields: Fields) -> PeopleAnswer:
    with fields:
        return PeopleAnswer(
            director=fields.text("director", ""),
            director_email=_email(fields, "director_email"),
            it_provider=fields.text("it_provider", ""),
            it_provider_email=_email(fields, "it_provider_email"),
            it_provider_phone=fields.text("it_provider_phone", ""),
            governing_body=fields.text("governing_body", ""),
            governing_body_email=_email(fields, "governing_body_email"),
        )


def _email(fields: Fields, key: str) -> str:
    item = fields.get(key)
    if item is None:
        return ""
    address = item.text()
    if not _EMAIL.fullmatch(address):
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.TEXT,))
    return address


def _data_sets(
    items: tuple[Item, ...], template: Policy, organisation: OrganisationAnswer
) -> tuple[DataSetAnswer, ...]:
    typical = {str(t.id): t for t in template.typical_data_sets if t.organisation == organisation.kind}
    answers: list[DataSetAnswer] = []
    for item in items:
        with item.fields() as fields:
            usual = _typical(fields, typical)
            default_name = usual.name.text(organisation.language) if usual else None
            name = fields.text("name", default_name) if default_name else fields.text("name")
            answers.append(
                DataSetAnswer(
                    id=unique_slug(usual.id if usual else name, {answer.id for answer in answers}),
                    name=name,
                    paths=tuple(_absolute(path) for path in fields.items("paths")),
                    classification=_classification(fields, usual),
                    kind=fields.choice("kind", DataSetKind, usual.kind if usual else DataSetKind.DATA),
                    exclude=fields.texts("exclude"),
                )
            )
    return tuple(answers)


def _typical(fields: Fields, known: dict[str, TypicalDataSet]) -> TypicalDataSet | None:
    item = fields.get("typical")
    return known[item.one_of(tuple(known))] if item and known else None


def _classification(fields: Fields, usual: TypicalDataSet | None) -> Classification:
    """The three levels; each may be left out where the data set is a typical one."""
    if usual is None:
        return Classification(
            fields.choice("availability", Availability),
            fields.choice("integrity", Integrity),
            fields.choice("confidentiality", Confidentiality),
        )
    levels = usual.classification
    return Classification(
        fields.choice("availability", Availability, levels.availability),
        fields.choice("integrity", Integrity, levels.integrity),
        fields.choice("confidentiality", Confidentiality, levels.confidentiality),
    )


def _places(items: tuple[Item, ...]) -> tuple[PlaceAnswer, ...]:
    answers: list[PlaceAnswer] = []
    for item in items:
        with item.fields() as fields:
            name = fields.text("name")
            kind = fields.choice("kind", TargetKind)
            remote = kind not in (TargetKind.FOLDER, TargetKind.USB)
            path = None if remote else fields.need("path") if kind is TargetKind.FOLDER else fields.get("path")
            secret_file = fields.get("secret_file") if remote else None
            distance, same_zone = fields.get("distance_km"), fields.get("same_zone")
            answers.append(
                PlaceAnswer(
                    id=unique_slug(name, {answer.id for answer in answers}),
                    name=name,
                    kind=kind,
                    path=_place_path(kind, path),
                    colour=fields.text("colour", ""),
                    site=fields.text("site", ""),
                    offsite=fields.true_or_false("offsite", False),
                    fs_uuid=fields.text("fs_uuid") if kind is TargetKind.USB else fields.text("fs_uuid", ""),
                    serial=fields.text("serial", ""),
                    on_network=read_network(fields, kind) if remote else None,
                    secret_file=_absolute(secret_file) if secret_file else None,
                    site_address=fields.text("site_address", ""),
                    distance_km=distance.number(0, 20_100) if distance else None,
                    same_zone=same_zone.true_or_false() if same_zone else None,
                )
            )
    return tuple(answers)


def _place_path(kind: TargetKind, item: Item | None) -> Path:
    """A folder has an absolute path; on a USB disk it is relative to the disk, "vangnet" by default."""
    if kind is TargetKind.FOLDER:
        return _absolute(item) if item else Path("/")
    path = Path(item.text() if item else "vangnet")
    if item and (path.is_absolute() or ".." in path.parts):
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.RELATIVE_PATH,))
    return path


def _absolute(item: Item) -> Path:
    path = Path(item.text()).expanduser()
    if not path.is_absolute() or ".." in path.parts:
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.ABSOLUTE_PATH,))
    return path


def _upses(items: tuple[Item, ...]) -> tuple[Ups, ...]:
    answers: list[Ups] = []
    for item in items:
        with item.fields() as fields:
            name = fields.text("name")
            kind = fields.choice("kind", UpsKind, UpsKind.NUT)
            answers.append(
                Ups(
                    id=UpsId(unique_slug(name, {answer.id for answer in answers})),
                    name=name,
                    host=fields.text("host", "127.0.0.1"),
                    port=fields.number("port", 1, 65535, 3551 if kind is UpsKind.APCUPSD else 3493),
                    ups=fields.text("ups", "ups"),
                    kind=kind,
                    protects=fields.texts("protects") or (THIS_COMPUTER,),
                )
            )
    return tuple(answers)
