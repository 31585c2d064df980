"""The tasks of people: by role, how, ticked off with evidence, put off with a reason, and what opens a review."""

from __future__ import annotations

from dataclasses import replace

from app.assessment.model import ObligationKind
from app.tui.screens.task_dialogs import DoneDialog
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, screen_text, typed, wait_for


def tasks() -> FixedSource:
    return FixedSource(sample.picture(sample.tasks_facts()))


async def test_tasks_stand_under_the_role_that_does_them(make_app: MakeApp) -> None:
    async with make_app(tasks()).run_test(size=(100, 34)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t")
        shown = await wait_for(pilot, "Directeur (An Claes)")
        assert shown.index("Medewerkers") < shown.index("Directeur (An Claes)") < shown.index("Computerhulp Maes")
        assert shown.index("Directeur (An Claes)") < shown.index("Laat de brandveiligheid nakijken: hier")
        assert shown.index("Computerhulp Maes") < shown.index("Bel alle contactgegevens na")


async def test_only_the_tasks_of_one_role_are_shown_when_asked(make_app: MakeApp) -> None:
    async with make_app(tasks()).run_test(size=(100, 34)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t", "r", "r")
        shown = await wait_for(pilot, "Taken · Directeur (An Claes)")
        assert "Bel alle contactgegevens na" not in shown


async def test_enter_tells_how_and_ticking_off_wants_evidence(make_app: MakeApp) -> None:
    source = tasks()
    async with make_app(source).run_test(size=(100, 40)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t", "r", "r", "r")
        await wait_for(pilot, "Taken · IT-dienstverlener")
        await pilot.press("home", "enter")
        shown = await wait_for(pilot, "1. Neem de lijst met de rollen")
        assert "Verplicht: S3-9.1 (NIST CP-2)" in shown
        await click(pilot, "#done")
        await wait_for(pilot, "Wat hebt u geprobeerd")
        await click(pilot, "#keep")
        await wait_for(pilot, "Vul minstens één van deze in")
        await pilot.click("#remark")
        await typed(pilot, "alles gebeld")
        await click(pilot, "#keep")
        await pilot.pause(0.2)
        ((task, closing),) = source.closed
        assert (task, closing.remark, closing.by) == ("duty:contacts", "alles gebeld", "Computerhulp Maes")
        assert "Bel alle contactgegevens na" not in screen_text(pilot.app)


async def test_later_wants_a_day_and_a_reason(make_app: MakeApp) -> None:
    source = tasks()
    async with make_app(source).run_test(size=(100, 40)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t", "r", "r", "r")
        await wait_for(pilot, "Taken · IT-dienstverlener")
        await pilot.press("home", "l")
        await wait_for(pilot, "Dit kan hoogstens 30 dagen wachten.")
        await typed(pilot, "gisteren")
        await click(pilot, "#keep")
        await wait_for(pilot, "Vul een datum in")
        await pilot.click("#until")
        await pilot.press("home", "ctrl+k")
        await typed(pilot, "30-11-2026")
        await click(pilot, "#keep")
        await wait_for(pilot, "Uitstellen kan alleen met een reden.")
        await pilot.click("#reason")
        await typed(pilot, "ziek")
        await click(pilot, "#keep")
        await wait_for(pilot, "uitgesteld tot ma 30 november")
        await pilot.press("l")
        await wait_for(pilot, "Nog eens kan alleen de directeur.")


async def test_why_names_the_source_and_the_norm(make_app: MakeApp) -> None:
    async with make_app(tasks()).run_test(size=(100, 34)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t", "r", "r", "r")
        await wait_for(pilot, "Taken · IT-dienstverlener")
        await pilot.press("home", "w")
        await wait_for(pilot, "Verplicht: S3-9.1 (NIST CP-2)")


async def test_something_changed_opens_the_review(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source).run_test(size=(110, 40)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.press("t")
        await wait_for(pilot, "Er is niets voor u te doen.")
        await pilot.press("e")
        await wait_for(pilot, "Wat is er veranderd?")
        await pilot.press("down", "down", "down", "enter", "enter")
        await typed(pilot, "nieuw decreet")
        await click(pilot, "#keep")
        shown = await wait_for(pilot, "Herzie het back-upbeleid")
        assert "Een wet of regel is veranderd. (nieuw decreet)" in shown


async def test_a_review_asks_its_four_questions(make_app: MakeApp) -> None:
    source = tasks()
    picture = source.picture
    assert picture is not None
    review = next(t for t in picture.assessment.tasks if t.kind is ObligationKind.REVIEW_POLICY)
    async with make_app(source).run_test(size=(100, 40)) as pilot:
        await wait_for(pilot, "Basisschool De Linde")
        await pilot.app.push_screen(DoneDialog(picture, review))
        await wait_for(pilot, "Welke nieuwe risico's zijn er?")
        for block in ("new-risks", "objectives", "suppliers-contacts", "changes"):
            await pilot.click(f"#{block}")
            await typed(pilot, "geen")
        await click(pilot, "#keep")
        await pilot.pause(0.1)
        assert [answer for _block, answer in source.closed[0][1].answers] == ["geen"] * 4


async def test_today_shows_the_most_urgent_and_leads_to_the_rest(make_app: MakeApp) -> None:
    facts = replace(sample.tasks_facts(), attestations=())
    async with make_app(FixedSource(sample.picture(facts))).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "en nog")
        await pilot.press("end", "enter")
        await wait_for(pilot, "Taken · iedereen")


async def test_keys_that_do_not_fit_keep_their_key_and_lose_their_words(make_app: MakeApp) -> None:
    async with make_app(tasks()).run_test(size=(60, 24)) as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.press("6")
        shown = await wait_for(pilot, "6 Stroom")
        last = shown.splitlines()[-1].rstrip()
        assert last.endswith("F1")
        assert last.strip().startswith("1 Vandaag")
        assert "6 Stroom" in last
