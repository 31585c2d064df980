"""The school of the simulated year: ten data sets, a NAS and two disks that take turns, Flemish holidays."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from app.policy.load import parse_policy, template_text
from app.policy.machine import DataSetFolders, Machine, Person, Target, TargetId, TargetKind
from app.policy.model import Policy, Role

TZ = ZoneInfo("Europe/Brussels")
FIRST_DAY = date(2026, 9, 1)
DAYS = 365
POWER_OFFS = 60
NOT_BROUGHT = 20
DISKS = ("green", "red")
_LEVELS = {0: ("low", "normal"), 1: ("important", "required"), 2: ("essential", "absolute")}
_TIERS = (1, 1, 2, 1, 1, 1, 0, 0, 1, 0)


def moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, TZ).astimezone(UTC)


def policy() -> Policy:
    """The template's policy for ten data sets. What people owe beside it has tests of its own."""
    rows = [
        {
            "id": f"set-{number}",
            "name": f"Set {number}",
            "availability": _LEVELS[tier][0],
            "integrity": _LEVELS[tier][1],
            "confidentiality": "internal",
        }
        for number, tier in enumerate(_TIERS)
    ]
    listed = yaml.safe_dump({"data_sets": rows}, sort_keys=False)
    text = re.sub(r"^data_sets: \[\]$", listed, template_text(), count=1, flags=re.MULTILINE)
    return replace(parse_policy(text.encode(), "policy.yml"), duties=())


def machine(of: Policy) -> Machine:
    nas = Target(TargetId("nas"), "NAS", TargetKind.FOLDER, Path("/mnt/nas"), "r-nas", "m-nas")
    disks = tuple(
        Target(
            TargetId(name), f"Disk {name}", TargetKind.USB, Path("vangnet"), f"r-{name}", f"m-{name}",
            colour=name, site="home", offsite=True, fs_uuid=f"uuid-{name}", disk_set=name,
        )
        for name in DISKS
    )  # fmt: skip
    folders = tuple(DataSetFolders(data_set.id, (Path("/data") / data_set.id,)) for data_set in of.data_sets)
    return Machine("en", folders, (nas, *disks), backup_time=(12, 30))


PEOPLE = (
    Person(Role.STAFF, "Bo", "bo@school.invalid"),
    Person(Role.IT_PROVIDER, "Kim", "kim@it.invalid"),
    Person(Role.DIRECTOR, "An", "an@school.invalid"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What chance does to the school: when the computer is on, and on which days nobody brings the disk."""

    on: tuple[tuple[datetime, datetime], ...]
    """Stretches of time in which the computer is on, in order."""
    not_brought: frozenset[date]
    power_offs: int


def fate(of: Policy, seed: int) -> Fate:
    """Draw a year: on school days the computer is on from eight to half past six, but for sixty power cuts."""
    chance = random.Random(seed)
    days = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
    school_days = [day for day in days if of.calendar.is_open(day)]
    # Now and then somebody forgets to switch it off over the weekend.
    forgotten = set(chance.sample([day for day in school_days if day.weekday() == 4], 6))
    on = []
    for day in school_days:
        end = moment(day + timedelta(days=3), time(7, 0)) if day in forgotten else moment(day, time(18, 30))
        on.append((moment(day, time(8, 0)), end))
    # The first week is quiet: what is cut later is a year's life, not a set-up that was never finished.
    cuts = sorted(chance.choice(on[5:])[0] + timedelta(minutes=chance.randrange(0, 600)) for _ in range(POWER_OFFS))
    lasting = [timedelta(minutes=chance.choice((2, 10, 45, 240, 1500, 4000))) for _ in cuts]
    for cut, length in zip(cuts, lasting, strict=True):
        on = [piece for begin, end in on for piece in _without(begin, end, cut, cut + length)]
    absent = frozenset(chance.sample(school_days[5:], NOT_BROUGHT))
    return Fate(tuple(on), absent, len(cuts))


def _without(begin: datetime, end: datetime, cut: datetime, back: datetime) -> list[tuple[datetime, datetime]]:
    pieces = [(begin, min(end, cut)), (max(begin, back), end)]
    return [(first, last) for first, last in pieces if first < last]
