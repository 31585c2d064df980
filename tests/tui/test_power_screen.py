"""The power screen: what it tells, what its windows ask of the source, and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from app.assessment.assess import assess
from app.policy.model import Language
from app.power.errors import UpsCannotTest
from app.tui.picture import Picture
from app.tui.widgets.choice import Ticks
from tests.tui import sample, sample_power
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, settled, wait_for

Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (140, 40)


def picture(*, on_battery: bool = False) -> Picture:
    before = sample.picture(sample.good_facts())
    machine = sample_power.machine(before.machine)
    facts = sample_power.facts(before.facts, on_battery=on_battery)
    judged = assess(before.policy, machine, facts, before.now, before.timezone)
    return replace(before, machine=machine, facts=facts, assessment=judged)


async def fill(pilot: Pilot[Any], **fields: str) -> None:
    for field, value in fields.items():
        pilot.app.screen.query_one(f"#{field.replace('_', '-')}", Input).value = value
    await pilot.pause()


async def test_it_tells_how_each_ups_is_and_why_one_cannot_be_read(make_app: MakeApp) -> None:
    app = make_app(FixedSource(picture(on_battery=True)))
    async with app.run_test(size=LARGE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("6")
        await wait_for(pilot, "op batterij, nog 12 minuten")
        await wait_for(pilot, "kijk de kabel na")
        await wait_for(pilot, "het duurt nog")


async def test_test_of_a_ups_and_what_hangs_on_it_are_recorded_under_a_name(make_app: MakeApp) -> None:
    source = FixedSource(picture())
    app = make_app(source, "en")
    async with app.run_test(size=LARGE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("6")
        await wait_for(pilot, "UPS serverrek")
        await pilot.press("enter")
        await wait_for(pilot, "What hangs on it?")
        await click(pilot, "#test")
        await wait_for(pilot, "Fill in your name")
        await fill(pilot, by="Els Maes")
        await click(pilot, "#test")
        await wait_for(pilot, "good, lasts 38 minutes")
        app.screen.query_one("#protects", Ticks).tick("nas")
        await fill(pilot, since="1-3-2024", minutes="12,5")
        await pilot.click("#keep")
        await pilot.pause()
    assert source.power_asked == (
        ("test", "bureau", "Els Maes"),
        ("keep", "bureau", "nas,pc", "2024-03-01", "Els Maes"),
        ("unplugged", "bureau", "12.5", "Els Maes"),
    )


async def test_ups_that_cannot_test_itself_says_what_to_do(make_app: MakeApp) -> None:
    source = FixedSource(picture())
    source.power_error = UpsCannotTest(ups="UPS bureau")
    app = make_app(source, "en")
    async with app.run_test(size=LARGE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("6", "enter")
        await wait_for(pilot, "What hangs on it?")
        await fill(pilot, by="Els", since="30-2-2024")
        await pilot.click("#keep")
        await wait_for(pilot, "Write a date as")
        await pilot.click("#test")
        await wait_for(pilot, "cannot test itself")
    assert source.power_asked == ()


async def test_line_gets_its_agreement_and_its_test(make_app: MakeApp) -> None:
    source = FixedSource(picture())
    app = make_app(source, "en")
    async with app.run_test(size=LARGE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("6")
        await wait_for(pilot, "4G-router")
        await pilot.press("down", "down", "down", "enter")
        await wait_for(pilot, "Whom to call")
        await fill(pilot, by="Els", expires="31-12-2027")
        await pilot.click("#keep")
        await wait_for(pilot, "or why there is none")
        await fill(pilot, not_possible="")
        await pilot.click("#test")
        await wait_for(pilot, "in use again")
        await pilot.click("#keep")
        await pilot.pause()
    assert source.power_asked == (("line", "4g", "Els"), ("sla", "4g", "2027-12-31", "", "Els"))


async def test_director_accepts_a_finding_with_reason_day_and_pin(make_app: MakeApp) -> None:
    source = FixedSource(replace_ups(picture()))
    source.pin = "1234"
    app = make_app(source, "en")
    async with app.run_test(size=LARGE) as pilot:
        await wait_for(pilot, "De Linde")
        await pilot.press("6")
        await wait_for(pilot, "does not stand behind a UPS")
        await pilot.press("end", "enter")
        await wait_for(pilot, "Why can it be lived with?")
        await fill(pilot, reason="ordered", until="1-1-2020", pin="1234")
        await pilot.click("#accept")
        await wait_for(pilot, "still to come")
        await fill(pilot, until="30-6-2027")
        app.screen.query_one("#accept", Button).press()
        await wait_until(pilot, lambda: bool(source.power_asked))
    assert source.power_asked == (("accept", "ups-not-covering", "nas", "ordered", "2027-06-30", "An Claes"),)


def replace_ups(before: Picture) -> Picture:
    """Nothing stands before the NAS."""
    machine = replace(before.machine, upses=before.machine.upses[:1])
    facts = replace(before.facts, upses=before.facts.upses[:1])
    judged = assess(before.policy, machine, facts, before.now, before.timezone)
    return replace(before, machine=machine, facts=facts, assessment=judged)


async def wait_until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    for _try in range(200):
        if true():
            return
        await pilot.pause(0.02)
    raise AssertionError([str(w.render()) for w in pilot.app.screen.query("#dialog-wrong")])


def opened(*keys: str, until: str) -> Callable[[Pilot[Any]], Any]:
    async def do(pilot: Pilot[Any]) -> None:
        await wait_for(pilot, "De Linde")
        await pilot.press("6")
        await wait_for(pilot, "UPS bureau")
        for key in keys:
            await pilot.press(key)
        await wait_for(pilot, until)
        await settled(pilot)

    return do


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("spoken", ["nl", "en"])
@pytest.mark.parametrize("on_battery", [False, True], ids=["mains", "battery"])
def test_how_it_looks(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language, on_battery: bool
) -> None:
    app = make_app(FixedSource(picture(on_battery=on_battery)), spoken)
    assert snap_compare(app, terminal_size=size, run_before=opened(until="▇"))


@pytest.mark.parametrize("spoken", ["nl", "en"])
@pytest.mark.parametrize(("keys", "name"), [((), "ups"), (("down", "down", "down"), "line"), (("end",), "risk")])
def test_how_its_windows_look(
    snap_compare: Compare, make_app: MakeApp, keys: tuple[str, ...], name: str, spoken: Language
) -> None:
    app = make_app(FixedSource(replace_ups(picture()) if name == "risk" else picture()), spoken)
    until = {"ups": "minut", "line": "thuis", "risk": "30-6-2027"}[name]
    assert snap_compare(app, terminal_size=SMALL, run_before=opened(*keys, "enter", until=until))
