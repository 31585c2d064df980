"""The screens about disks as pictures. Look at a new picture before you accept it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from app.policy.machine import TargetId
from app.policy.model import Language
from app.records.facts import DriveNote, RunKind
from app.targets.prepare import Contents
from app.tui.picture import Picture
from app.tui.screens.disk_dialogs import EraseDisk, SetUpDisk
from tests.tui import disks, sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import wait_for

Compare = Callable[..., bool]
LANGUAGES = pytest.mark.parametrize("spoken", ["nl", "en"])
SMALL = (80, 24)


def rotation(*drives: Any) -> Picture:
    """Two disks that take turns; B lies in the computer with all its copies, A is at somebody's home."""
    facts = disks.done_facts()
    green = replace(sample.GREEN, disk_set="B")
    red = replace(
        sample.GREEN, id=TargetId("schijf-a"), name="Schijf A", colour="rood", disk_set="A", fs_uuid="5678",
        site="kluis", kept_by="Els Maes",
    )  # fmt: skip
    machine = replace(sample.machine(), targets=(sample.NAS, green, red))
    return sample.picture(replace(facts, drives=drives or facts.drives), on=machine)


@LANGUAGES
def test_today_with_a_new_disk(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    app = make_app(FixedSource(disks.picture(disks.NEW, disks.noted(DriveNote.MAY_LEAVE))), spoken)

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "Kingst")
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_is_it_new(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    source = FixedSource(disks.picture())

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        source.change(disks.facts(disks.NEW))
        await wait_for(pilot, "Vangnet kijkt" if spoken == "nl" else "Vangnet looks")
        await pilot.pause(0.8)

    assert snap_compare(make_app(source, spoken), terminal_size=SMALL, run_before=do)


@LANGUAGES
@pytest.mark.parametrize("contents", [Contents.EMPTY, Contents.OURS, Contents.OTHER_ORGANISATION])
def test_setting_a_disk_up(snap_compare: Compare, make_app: MakeApp, contents: Contents, spoken: Language) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    source.disk_found = disks.found(contents)

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.NEW))
        await wait_for(pilot, "31 GB vrij" if spoken == "nl" else "31 GB free")
        await pilot.pause(0.1)

    assert snap_compare(make_app(source, spoken), terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_erasing(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(EraseDisk(disks.NEW))
        await wait_for(pilot, "FOTOS")
        await pilot.pause(0.1)

    assert snap_compare(make_app(FixedSource(disks.picture()), spoken), terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_a_disk_without_a_file_system(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.BLANK))
        await wait_for(pilot, "Formatteren" if spoken == "nl" else "Format it")
        await pilot.pause(0.1)

    assert snap_compare(make_app(FixedSource(disks.picture()), spoken), terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_formatting_what_cannot_be_read(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(EraseDisk(replace(disks.BLANK, holds="crypto_LUKS")))
        await wait_for(pilot, "crypto_LUKS")
        await pilot.pause(0.1)

    assert snap_compare(make_app(FixedSource(disks.picture()), spoken), terminal_size=SMALL, run_before=do)


@LANGUAGES
def test_taking_along(snap_compare: Compare, make_app: MakeApp, spoken: Language) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "Neem mee" if spoken == "nl" else "Take along")
        await pilot.press("enter")
        await wait_for(pilot, "Kerkstraat")
        await pilot.pause(0.1)

    assert snap_compare(
        make_app(FixedSource(sample.picture(disks.done_facts())), spoken), terminal_size=SMALL, run_before=do
    )


@LANGUAGES
@pytest.mark.parametrize("size", [SMALL, (140, 40)], ids=["small", "large"])
def test_the_disks(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    source = FixedSource(rotation(disks.noted(DriveNote.IN_USE), disks.NEW))

    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "Els Maes")
        await pilot.pause(0.1)

    assert snap_compare(make_app(source, spoken), terminal_size=size, run_before=do)


def upkeep() -> Picture:
    """The NAS is cleared and checked; the disk is late, and keeps two years of full back-ups."""
    facts = sample.attention_facts()
    months = timedelta(days=30)
    more = (
        sample.made_run(90, "", sample.NAS.id, timedelta(hours=5), kind=RunKind.PRUNE),
        sample.made_run(91, "", sample.NAS.id, timedelta(days=1), kind=RunKind.CHECK),
        sample.made_run(8, "", sample.GREEN.id, 6 * months, kind=RunKind.FULL, bytes_added=3_100_000_000),
        sample.made_run(7, "", sample.GREEN.id, 18 * months, kind=RunKind.FULL, bytes_added=2_700_000_000),
    )
    return sample.picture(replace(facts, runs=tuple(sorted((*facts.runs, *more), key=lambda r: r.started)[::-1])))


@LANGUAGES
@pytest.mark.parametrize("size", [SMALL, (140, 40)], ids=["small", "large"])
def test_how_the_copies_on_each_place_are_doing(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language
) -> None:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "NAS school")
        await pilot.press("o")
        await wait_for(pilot, "Oude versies opgeruimd" if spoken == "nl" else "Old versions cleared")
        await pilot.pause(0.1)

    assert snap_compare(make_app(FixedSource(upkeep()), spoken), terminal_size=size, run_before=do)
