"""Disks for the tests and pictures of the screens: two that take turns, an unknown one, and what was found on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.assessment.space import SpaceNeed
from app.records.facts import DriveNote, DriveSight, Facts, Handover, TargetSight
from app.setup.disks import DiskLook
from app.targets.marker import Marker
from app.targets.prepare import Contents
from app.targets.suitability import PlaceProblem, PlaceProblemCode, PlaceReport
from app.targets.udisks import Wear
from app.tui.picture import Picture
from tests.tui import sample

NEW = DriveSight("/dev/sdc1", "60A44C", "Kingston", "DataTraveler_3.0", "FOTOS", "77AA-11", "exfat", 31 * 10**9, "")
BLANK = DriveSight("/dev/sdc", "NBX1", "Seagate", "One_Touch", "", "", "", 2 * 10**12, "")
OURS = DriveSight(
    "/dev/sdb1", "WX11A", "WD", "Elements_25A2", "VANGNET", "1234-ABCD", "ext4", 10**12, "/media/green", "schijf-b"
)


def noted(note: DriveNote, **data: str) -> DriveSight:
    return replace(OURS, note=note, note_data=tuple(data.items()))


def facts(*drives: DriveSight, base: Facts | None = None) -> Facts:
    return replace(base or sample.good_facts(), drives=drives)


def done_facts() -> Facts:
    """The disk has got its copies five hours ago and still lies in the computer."""
    good = sample.good_facts()
    here = TargetSight("schijf-b", connected=True, since=sample.NOW - timedelta(hours=5))
    at = sample.NOW - timedelta(hours=4)
    runs = tuple(
        replace(r, started=at, finished=at + timedelta(minutes=2)) if r.target == "schijf-b" else r for r in good.runs
    )
    told = Handover("schijf-b", "An Claes", "thuis, Kerkstraat 3", sample.NOW - timedelta(days=9), "Els Maes")
    return replace(good, runs=runs, targets=(good.targets[0], here), drives=(noted(DriveNote.NONE),), handovers=(told,))


def picture(*drives: DriveSight, base: Facts | None = None) -> Picture:
    return sample.picture(facts(*drives, base=base))


def found(contents: Contents = Contents.EMPTY, *, suitable: bool = True) -> DiskLook:
    marker = Marker(
        id="0" * 32,
        organisation="Basisschool De Linde" if contents is Contents.OURS else "Sint-Jansschool",
        target="schijf-c",
        name="RODE schijf",
        repository_id="0" * 64,
        created="2026-01-10T08:00:00Z",
        colour="rood",
    )
    small = PlaceProblem(
        PlaceProblemCode.TOO_LITTLE_SPACE, (("free_bytes", "31000000000"), ("need_bytes", "52000000000"))
    )
    owners = PlaceProblem(PlaceProblemCode.NO_PERMISSIONS, (("fs_type", "exfat"),))
    known = contents in (Contents.OURS, Contents.OTHER_ORGANISATION)
    return DiskLook(
        drive=replace(NEW, mount_point="/media/FOTOS"),
        folder=Path("Vangnet"),
        contents=contents,
        marker=marker if known else None,
        copies_until=sample.NOW - timedelta(days=12) if known else None,
        report=PlaceReport(() if suitable else (small,), (owners,), 31 * 10**9, 31 * 10**9, "exfat", False),
        need=SpaceNeed(9 * 10**9, 14 * 10**9) if suitable else SpaceNeed(52 * 10**9, 70 * 10**9),
        wear=Wear.UNKNOWN,
        known_as="schijf-c" if contents is Contents.OURS else "",
    )
