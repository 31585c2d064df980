"""What this computer has: the folders of the data sets, the places where copies go, the UPSes. No secrets.

Kept in `machine.yml`, read and validated like the policy (`app.policy.load.load_machine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, NewType

from app.policy.lines import Line, LineRole
from app.policy.model import DataSetId, Role

TargetId = NewType("TargetId", str)
UpsId = NewType("UpsId", str)


@dataclass(frozen=True, slots=True)
class DataSetFolders:
    """The folders (absolute) that make up a data set on this computer, and what in them is left out."""

    data_set: DataSetId
    paths: tuple[Path, ...]
    exclude: tuple[str, ...] = ()


class TargetKind(StrEnum):
    """What kind of place a target is. More kinds come with the backends that reach them."""

    FOLDER = "folder"
    """A folder on this computer or on a mounted share (a NAS)."""
    USB = "usb"
    """A disk that comes and goes, known by its file-system UUID."""
    SFTP = "sftp"
    """A folder on an SSH server."""
    REST = "rest"
    """A repository on a rest-server."""
    S3 = "s3"
    """A folder in a bucket."""
    SMB = "smb"
    """A share of a NAS or a Windows computer, without mounting it."""


class Purpose(StrEnum):
    """What a target is used for."""

    COPIES = "copies"
    FULL = "full"
    """Only the yearly full back-up: a repository of its own."""


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """How a place on a network is reached. No secret: `secret` names the file in `secrets/` that holds it."""

    address: str
    """"sftp://host/folder", "rest:https://host/name", "s3:https://host/bucket/prefix" or "smb://host/share/folder"."""
    user: str = ""
    """The name there; for S3 the access key."""
    secret: str = ""
    server_key: str = ""
    """The server's public key (SFTP), or the SHA-256 of its certificate where no authority vouches for it."""
    append_only: bool = False
    """The server only ever adds: nothing old is cleared out from here."""
    region: str = ""
    virtual_host: bool = False
    retention_days: int = 0
    """S3: for how long the bucket keeps what is written from being removed; 0 where it does not lock objects."""
    compliance: bool = False
    """S3: nobody may shorten that time, not even the owner of the account."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place for copies. `path` is the folder itself; on a USB disk it is relative to the disk's mount point, for a
    place on a network it means nothing and `on_network` says how it is reached.

    Identity is `repository_id` + `marker_id` (+ `fs_uuid` for a disk); all are checked before every run.
    """

    id: TargetId
    name: str
    kind: TargetKind
    path: Path
    repository_id: str
    marker_id: str
    purpose: Purpose = Purpose.COPIES
    colour: str = ""
    site: str = ""
    """Where it stands ("kluis", "thuis bij de directeur")."""
    offsite: bool = False
    fs_uuid: str = ""
    serial: str = ""
    disk_set: str = ""
    """The letter of a disk that is swapped for others of the same kind ("A", "B"); empty for one that is not."""
    kept_by: str = ""
    """Who has the disk at home, or keeps the place where it lies."""
    data_sets: tuple[DataSetId, ...] = ()
    """The sets that go here; all of them when empty."""
    on_network: RemotePlace | None = None
    site_address: str = ""
    distance_km: int | None = None
    """From here to there, as the crow flies."""
    same_zone: bool | None = None
    """Whether one flood or one fire could strike both, as somebody who looked has said; None: nobody has."""

    @property
    def only_adds(self) -> bool:
        """Nothing can be removed there from here, so nothing old is cleared out."""
        return self.on_network is not None and self.on_network.append_only

    @property
    def where(self) -> str:
        """Where it is, as a person would name it."""
        return self.on_network.address if self.on_network else str(self.path)

    @property
    def removable(self) -> bool:
        return self.kind is TargetKind.USB

    @property
    def remote(self) -> bool:
        """Tell whether it is reached over the network by Vangnet itself, without a folder on this computer."""
        return self.kind not in (TargetKind.FOLDER, TargetKind.USB)


class UpsKind(StrEnum):
    """Who tells about a UPS."""

    NUT = "nut"
    APCUPSD = "apcupsd"
    BATTERY = "battery"
    """The kernel: a laptop's battery, or a UPS that it shows as one."""


THIS_COMPUTER: Final = "pc"
"""What a UPS protects, beside the ids of places."""


@dataclass(frozen=True, slots=True)
class Ups:
    """A UPS to watch, by its address at a NUT server or an apcupsd; or this computer's own battery."""

    id: UpsId
    name: str
    host: str = "127.0.0.1"
    port: int = 3493
    ups: str = "ups"
    """Its name at the server, or the battery's at the kernel ("BAT0")."""
    kind: UpsKind = UpsKind.NUT
    protects: tuple[str, ...] = (THIS_COMPUTER,)
    """What hangs on it: THIS_COMPUTER and ids of places."""
    username: str = ""
    """For the server; the password is among the secrets."""
    battery_since: date | None = None
    """When its battery was put in, where the UPS itself does not know."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told when something happens. `services` name ways beside e-mail; their addresses are secrets."""

    role: Role
    name: str
    email: str = ""
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """A whole, validated machine file."""

    language: Literal["nl", "en"]
    data_sets: tuple[DataSetFolders, ...]
    targets: tuple[Target, ...]
    upses: tuple[Ups, ...] = ()
    backup_time: tuple[int, int] = (18, 0)
    """Local (hour, minute) at which the day's copies are preferably made; a missed time is caught up."""
    theme: str = ""
    """Name of the screens' theme; the default when empty."""
    lines: tuple[Line, ...] = ()
    people: tuple[Person, ...] = ()
    """Who is told; for a role that is not here, whoever the policy names."""

    @property
    def alternative_lines(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.role is LineRole.ALTERNATIVE)

    def folders(self, data_set: DataSetId) -> DataSetFolders | None:
        return next((f for f in self.data_sets if f.data_set == data_set), None)

    def target(self, target: TargetId) -> Target:
        """Return a target; raises KeyError when there is none with this id."""
        for candidate in self.targets:
            if candidate.id == target:
                return candidate
        raise KeyError(target)

    def targets_of(self, data_set: DataSetId) -> tuple[Target, ...]:
        """Return the places for the daily copies of a data set, in the file's order."""
        return tuple(
            t for t in self.targets if t.purpose is Purpose.COPIES and (not t.data_sets or data_set in t.data_sets)
        )
