"""The answers of a set-up: one model for the wizard, its draft on disk, and `vangnet setup --from FILE.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.policy.calendar import Region
from app.policy.machine import RemotePlace, TargetKind, Ups
from app.policy.model import Classification, DataSetKind, Language


@dataclass(frozen=True, slots=True)
class OrganisationAnswer:
    name: str
    kind: Literal["school", "business"]
    country: Literal["BE", "NL"]
    language: Language
    region: Region | None = None
    """Whose school holidays count; None: not asked yet."""


@dataclass(frozen=True, slots=True)
class PeopleAnswer:
    """Who fills the roles; empty strings where nobody is named yet. An address is an e-mail address."""

    director: str = ""
    director_email: str = ""
    it_provider: str = ""
    it_provider_email: str = ""
    it_provider_phone: str = ""
    governing_body: str = ""
    governing_body_email: str = ""
    """Who hears of it when the director gives no verdict on what went wrong within a day."""


@dataclass(frozen=True, slots=True)
class DataSetAnswer:
    """A body of data: what it is called, where it is, and how much it matters (None: not asked yet)."""

    id: str
    name: str
    paths: tuple[Path, ...] = ()
    classification: Classification | None = None
    kind: DataSetKind = DataSetKind.DATA
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """Where copies go. On a USB disk `path` is the folder on the disk, relative to its mount point."""

    id: str
    name: str
    kind: TargetKind
    path: Path
    colour: str = ""
    site: str = ""
    offsite: bool = False
    fs_uuid: str = ""
    serial: str = ""
    on_network: RemotePlace | None = None
    """How a place on a network is reached; its secret lies in `secrets/` already, or in `secret_file`."""
    secret_file: Path | None = None
    site_address: str = ""
    distance_km: int | None = None
    same_zone: bool | None = None


@dataclass(frozen=True, slots=True)
class SetupAnswers:
    """Everything the set-up needs to know. `page` is where the wizard was left."""

    organisation: OrganisationAnswer | None = None
    people: PeopleAnswer = PeopleAnswer()
    data_sets: tuple[DataSetAnswer, ...] = ()
    places: tuple[PlaceAnswer, ...] = ()
    upses: tuple[Ups, ...] = ()
    backup_time: tuple[int, int] = (18, 0)
    watch_files: bool = False
    """Place documents among the data that nobody should touch: they give ransomware away."""
    page: str = ""
