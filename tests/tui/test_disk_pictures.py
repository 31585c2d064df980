"""The screens about disks as pictures. Look at a new picture before you accept it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from app.policy.machine import TargetId
from app.policy.model import Language
from app.records.facts import DriveNote
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
        await pilot.pause(0.1)

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
