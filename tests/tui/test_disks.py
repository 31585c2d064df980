"""The screens about disks: what is asked, when, and what comes of the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.assessment.model import Timing
from app.jobs.lost_computer import NoOtherComputer, PlaceWithoutKey
from app.policy.machine import TargetId
from app.records.facts import DriveNote, RequestKind
from app.repository.keys import KeyInfo
from app.targets.errors import DiskServiceMissing
from app.targets.prepare import Contents
from app.tui.screens.disk_dialogs import EraseDisk, IsNewDisk, IsSameDisk, SetUpDisk, TakeAlong
from tests.tui import disks, sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, screen_text, wait_for

SIZE = (100, 40)


async def fill(pilot: Pilot[Any], **values: str) -> None:
    for field, value in values.items():
        pilot.app.screen.query_one(f"#{field.replace('_', '-')}", Input).value = value
    await pilot.pause()


async def test_a_disk_that_comes_is_asked_about_and_one_that_was_there_only_stands_on_today(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "Is this a new back-up disk?")
        assert not isinstance(pilot.app.screen, IsNewDisk)
        source.change(disks.facts(disks.NEW, replace(disks.NEW, device="/dev/sdd1", fs_uuid="88BB-22", label="OTHER")))
        await wait_for(pilot, "Yes, look at it")
        assert isinstance(pilot.app.screen, IsNewDisk)
        assert pilot.app.screen.drive.device == "/dev/sdd1"


async def test_nobody_is_interrupted_at_something_else(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("3")
        await pilot.pause(0.2)
        source.change(disks.facts(disks.NEW))
        await pilot.pause(0.6)
        assert not isinstance(pilot.app.screen, IsNewDisk)


async def test_a_disk_that_is_not_for_copies_is_never_asked_about_again(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        source.change(disks.facts(disks.NEW))
        await wait_for(pilot, "No, never ask again")
        await click(pilot, "#never")
        await pilot.pause(0.5)
        assert "Is this a new back-up disk?" not in screen_text(pilot.app)
        source.change(replace(disks.facts(), attestations=source.picture.facts.attestations if source.picture else ()))
        await pilot.pause(0.4)
        source.change(
            replace(disks.facts(disks.NEW), attestations=source.picture.facts.attestations if source.picture else ())
        )
        await pilot.pause(0.6)
        assert not isinstance(pilot.app.screen, IsNewDisk)


async def test_an_empty_disk_is_set_up(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    source.disk_found = disks.found()
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.NEW))
        await wait_for(pilot, "What do you call it?")
        await click(pilot, "#use")
        await wait_for(pilot, "Give it a name")
        await fill(pilot, name="RED disk", colour="red", site="safe", kept_by="An")
        await click(pilot, "#use")
        await pilot.pause(0.3)
        ((device, new),) = source.added
        assert device == "/dev/sdc1"
        assert (new.name, new.colour, new.site, new.kept_by, new.disk_set, new.offsite) == (
            "RED disk", "red", "safe", "An", "", False,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        (Contents.OURS, "with copies until"),
        (Contents.OTHER_ORGANISATION, "belongs to Sint-Jansschool, with copies until"),
    ],
)
async def test_existing_copies_are_told(make_app: MakeApp, contents: Contents, text: str) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    source.disk_found = disks.found(contents)
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.NEW))
        await wait_for(pilot, text)
        assert pilot.app.screen.query_one("#use").display is (contents is Contents.OURS)
        assert pilot.app.screen.query_one("#erase").display is (contents is not Contents.OURS)
        if contents is Contents.OURS:
            assert pilot.app.screen.query_one("#name", Input).value == "RODE schijf"


async def test_a_disk_is_erased_only_with_its_name(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    source.disk_found = disks.found(Contents.OTHER_FILES)
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.NEW))
        await wait_for(pilot, "Erase it first")
        await click(pilot, "#erase")
        await wait_for(pilot, "This cannot be undone")
        await fill(pilot, typed="FOTO")
        await click(pilot, "#erase-now")
        await wait_for(pilot, "That is not the name of the disk")
        assert isinstance(pilot.app.screen, EraseDisk)
        assert source.erased == []
        source.disk_found = disks.found()
        await fill(pilot, typed="FOTOS")
        await click(pilot, "#erase-now")
        await wait_for(pilot, "What do you call it?")
        assert source.erased == [("/dev/sdc1", "ext4")]


async def test_a_disk_fresh_from_the_shop_is_formatted_with_its_name_and_then_set_up(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.BLANK))
    source.disk_found = disks.found()
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "Is this a new back-up disk?")
        pilot.app.push_screen(IsNewDisk(disks.BLANK))
        await wait_for(pilot, "Vangnet finds nothing on this disk")
        await click(pilot, "#yes")
        await wait_for(pilot, "Format it")
        assert not pilot.app.screen.query_one("#use").display
        await click(pilot, "#erase")
        await wait_for(pilot, "Format this disk?")
        assert "gone for good" not in screen_text(pilot.app)
        await fill(pilot, typed="Seagate")
        await click(pilot, "#erase-now")
        await wait_for(pilot, "That is not the name of the disk")
        await fill(pilot, typed="One Touch")
        await click(pilot, "#erase-now")
        await wait_for(pilot, "What do you call it?")
        assert source.erased == [("/dev/sdc", "ext4")]


async def test_what_cannot_be_read_is_told_before_it_is_wiped(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(EraseDisk(replace(disks.BLANK, holds="crypto_LUKS")))
        await wait_for(pilot, "Erase everything on this disk?")
        assert "(crypto_LUKS)" in screen_text(pilot.app)
        assert "gone for good" in screen_text(pilot.app)


async def test_a_computer_that_mounts_nothing_says_what_to_do(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.NEW))
    source.disk_found = DiskServiceMissing(reason="no-bus")
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        pilot.app.push_screen(SetUpDisk(disks.NEW))
        await wait_for(pilot, "nothing that mounts disks")


async def test_a_disk_is_taken_along_and_the_screen_says_when(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(disks.done_facts()))
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "Take along")
        await pilot.press("enter")
        await wait_for(pilot, "Who takes it along?")
        assert isinstance(pilot.app.screen, TakeAlong)
        assert pilot.app.screen.query_one("#holder", Input).value == "An Claes"
        await fill(pilot, holder="Bo", site="home")
        await click(pilot, "#take")
        await wait_for(pilot, "everything is written")
        assert source.asked[-1] == (RequestKind.RELEASE, "", "schijf-b")
        assert source.picture is not None
        told = source.picture.facts.handovers[0]
        assert (told.holder, told.site) == ("Bo", "home")
        source.change(replace(source.picture.facts, drives=(disks.noted(DriveNote.MAY_LEAVE),)))
        await wait_for(pilot, "may be taken out")


@pytest.mark.parametrize(
    ("note", "data", "text"),
    [
        (DriveNote.IN_USE, {}, "is being used. Leave it in"),
        (DriveNote.MAY_LEAVE, {}, "may be taken out"),
        (DriveNote.DONE_BUT_OPEN, {"reason": "busy"}, "another window or program still uses it"),
        (DriveNote.DONE_BUT_OPEN, {"reason": "no-service"}, "Remove it safely in the file manager"),
        (DriveNote.WRONG, {"code": "wrong-disk", "reason": "serial"}, "it is another device"),
        (DriveNote.WRONG, {"code": "wrong-disk", "reason": "ambiguous"}, "Schijf B"),
        (DriveNote.NOT_MOUNTED, {"code": "disk-service-missing", "reason": "no-bus"}, "Open the disk once"),
    ],
)
async def test_today_says_how_a_disk_stands(
    make_app: MakeApp, note: DriveNote, data: dict[str, str], text: str
) -> None:
    source = FixedSource(disks.picture(disks.noted(note, **data)))
    async with make_app(source, "en").run_test(size=(140, 50)) as pilot:
        await wait_for(pilot, text)


async def test_another_of_our_disks_than_asked_for_is_said_so(make_app: MakeApp) -> None:
    picture = disks.picture(disks.noted(DriveNote.IN_USE), base=sample.attention_facts())
    red = replace(sample.GREEN, id=TargetId("schijf-a"), name="Schijf A", colour="rood", fs_uuid="5678")
    machine = replace(picture.machine, targets=(*picture.machine.targets, red))
    asked = [o for o in picture.assessment.obligations if o.id == "plug-in-disk:schijf-b"]
    assert asked, "the sample asks for its disk"
    other = replace(
        asked[0], id="plug-in-disk:schijf-a", target="schijf-a", timing=Timing.OVERDUE,
        data=(("target", "Schijf A"), ("colour", "rood"), ("site", "")),
    )  # fmt: skip
    assessment = replace(picture.assessment, obligations=(other, *picture.assessment.obligations))
    source = FixedSource(replace(picture, machine=machine, assessment=assessment))
    async with make_app(source, "en").run_test(size=(140, 50)) as pilot:
        await wait_for(pilot, "This is GREEN disk (Schijf B). Asked for is RED disk (Schijf A).")


async def test_a_disk_in_another_housing_is_accepted_on_a_person_s_word(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture(disks.noted(DriveNote.WRONG, code="wrong-disk", reason="serial")))
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "Plugged in now")
        await pilot.press("enter")
        await wait_for(pilot, "Is this really Schijf B?")
        assert isinstance(pilot.app.screen, IsSameDisk)
        await click(pilot, "#same")
        await pilot.pause(0.2)
        assert source.accepted == ["schijf-b"]


async def test_the_disks_tell_who_has_which_and_since_when_one_is_out_of_reach(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(replace(disks.done_facts(), drives=(), targets=sample.good_facts().targets)))
    async with make_app(source, "en").run_test(size=(120, 50)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "An Claes, thuis, Kerkstraat 3")
        await wait_for(pilot, "since")
        await pilot.press("l")
        assert source.asked == []


async def test_o_tells_of_every_place_when_its_copies_were_made_cleared_and_checked(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source, "en").run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "serverlokaal")
        await pilot.press("o")
        shown = await wait_for(pilot, "How the copies on each place are doing")
        lines = [" ".join(line.strip(" │").split()) for line in shown.splitlines()]
        nas = lines.index("NAS school")
        assert lines[nas + 1].startswith("Copied ✔ yesterday 18:")
        assert lines[nas + 2] == "Old versions cleared – not needed yet"
        assert lines[nas + 3].startswith("Checked ✔ Sat 21 November before")
        assert any(line.startswith("Copied, for elsewhere ✔") for line in lines)
        await pilot.press("escape")
        await wait_for(pilot, "serverlokaal")
        assert "Checked" not in screen_text(pilot.app)


async def test_only_keys_that_do_something_are_offered(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        shown = await wait_for(pilot, "No disk is plugged in.")
        assert "About this disk" not in shown
        assert "Let it go" not in shown
        source.change(disks.facts(disks.noted(DriveNote.NONE)))
        shown = await wait_for(pilot, "About this disk")
        assert "Let it go" in shown
        source.change(disks.facts(disks.NEW))
        await wait_for(pilot, "Not now")
        await pilot.press("escape")
        shown = await wait_for(pilot, "About this disk")
        assert "Let it go" not in shown


async def test_the_name_of_data_is_read_whole_on_a_small_dutch_screen(make_app: MakeApp) -> None:
    async with make_app(FixedSource(sample.picture(disks.done_facts())), "nl").run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        shown = await wait_for(pilot, "gebouwen")
        assert "Leerlingadministratie" in shown, shown


async def test_when_each_place_was_copied_is_read_whole_on_a_small_screen(make_app: MakeApp) -> None:
    for spoken in ("nl", "en"):
        async with make_app(FixedSource(disks.picture()), spoken).run_test(size=(80, 24)) as pilot:
            await wait_for(pilot, "De Linde")
            await pilot.press("5", "o")
            shown = await wait_for(pilot, "Sluiten" if spoken == "nl" else "Close")
            assert "…" not in shown


def _lost_places() -> tuple[PlaceWithoutKey, ...]:
    nas, green = sample.machine().targets[:2]
    old = KeyInfo("a" * 64, "2026-01-10T08:00:00Z", "school", "oude-laptop")
    return PlaceWithoutKey(nas, here=True, removed=(old,)), PlaceWithoutKey(green, here=False)


async def test_the_key_of_a_stolen_computer_is_taken_off_and_every_place_says_so(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    source.lost_keys = _lost_places()
    async with make_app(source, "nl").run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5")
        await wait_for(pilot, "Computer kwijt?")
        await pilot.press("k")
        await wait_for(pilot, "Neem de sleutel weg")
        await click(pilot, "#yes")
        await wait_for(pilot, "Vul uw naam in.")
        assert not source.said_lost
        await fill(pilot, name="Maes")
        await click(pilot, "#yes")
        shown = await wait_for(pilot, "de sleutel van oude-laptop is weg.")
        assert "nu niet hier" in shown
        assert "wachtwoorden" in shown
        assert source.said_lost == ["Maes"]


async def test_no_other_computer_is_said_where_it_was_asked(make_app: MakeApp) -> None:
    source = FixedSource(disks.picture())
    source.lost_keys = NoOtherComputer(places=2)
    async with make_app(source, "en").run_test(size=SIZE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("5", "k")
        await wait_for(pilot, "Take its key away")
        await fill(pilot, name="Maes")
        await click(pilot, "#yes")
        await wait_for(pilot, "key of another computer")
        assert not pilot.app.screen.query_one("#yes").disabled
