from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.i18n import language
from app.records.facts import Outcome, RequestKind, RunKind
from app.tui.theme import PALETTES
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import screen_text, settled, wait_for


def source_of(state: str) -> FixedSource:
    facts = {
        "good": sample.good_facts,
        "attention": sample.attention_facts,
        "error": sample.error_facts,
        "running": sample.running_facts,
    }[state]()
    return FixedSource(sample.picture(facts, progress=(sample.RUNNING,) if state == "running" else ()))


async def test_today_says_in_one_sentence_that_everything_is_safe(make_app: MakeApp) -> None:
    async with make_app(source_of("good")).run_test() as pilot:
        shown = await wait_for(pilot, "Alles is veilig.")
        assert "Te doen" not in shown
        assert "Basisschool De Linde" in shown
        assert "ma 23 november  17:02" in shown
        assert "gisteren 18:04  elke dag" in shown


async def test_today_lists_what_people_must_do_the_most_urgent_under_the_cursor(make_app: MakeApp) -> None:
    async with make_app(source_of("attention")).run_test() as pilot:
        shown = await wait_for(pilot, "▸ Steek de GROENE schijf in")
        assert "6 dagen te laat" in shown
        assert "Hersteltest Puntenboek" in shown
        assert "Is dit een nieuwe back-upschijf?" in shown
        assert "! 2 dagen te laat" in shown


async def test_an_error_names_what_is_wrong_below_the_headline(make_app: MakeApp) -> None:
    async with make_app(source_of("error")).run_test() as pilot:
        shown = await wait_for(pilot, "✖  Let op: 3 gegevenssets zijn niet veilig.")
        assert "NAS school is er niet" in shown
        assert "✖ 3 dagen te laat" in shown


async def test_a_running_copy_shows_how_far_it_is_and_when_the_disk_may_go(make_app: MakeApp) -> None:
    async with make_app(source_of("running")).run_test() as pilot:
        shown = await wait_for(pilot, "Kopie naar Schijf B")
        assert "73 %   nog 17 seconden" in shown
        assert "14 208 van 19 750 bestanden · 1,9 van 2,6 GB · 41 MB/s" in shown.replace("\N{NO-BREAK SPACE}", " ")
        assert "De schijf pas uittrekken als hier ✔ staat." in shown


async def test_enter_on_the_missing_disk_says_where_it_is_kept(make_app: MakeApp) -> None:
    source = source_of("attention")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "▸ Steek de GROENE schijf in")
        await pilot.press("enter")
        shown = await wait_for(pilot, "U vindt ze hier: thuis bij de directeur")
        assert "doorwerken" in shown
        assert source.asked == []
        await pilot.press("escape")
        await wait_for(pilot, "Te doen")


async def test_a_click_on_a_task_does_what_enter_does(make_app: MakeApp) -> None:
    async with make_app(source_of("attention")).run_test() as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.click("#tasks", offset=(10, 1))
        await wait_for(pilot, "Hersteltest Puntenboek")
        await wait_for(pilot, "Welk bestand hebt u geopend?")


@pytest.mark.parametrize(
    ("state", "key", "asked"),
    [
        ("good", "n", (RequestKind.BACKUP, "", "")),
        ("running", "x", (RequestKind.CANCEL, "leerlingadministratie", "schijf-b")),
    ],
)
async def test_a_key_asks_the_agent(
    make_app: MakeApp, state: str, key: str, asked: tuple[RequestKind, str, str]
) -> None:
    source = source_of(state)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Gegevens")
        await pilot.press(key)
        await pilot.pause()
        assert source.asked == [asked]


async def test_of_several_copies_the_one_that_is_shown_is_stopped_and_the_others_are_said_to_go_on(
    make_app: MakeApp,
) -> None:
    both = [
        sample.made_run(
            number, "leerlingadministratie", target.id, timedelta(minutes=1), outcome=Outcome.RUNNING, finished=None,
            snapshot="",
        )
        for number, target in ((91, sample.GREEN), (90, sample.NAS))
    ]  # fmt: skip
    facts = sample.good_facts()
    source = FixedSource(sample.picture(replace(facts, runs=(*both, *facts.runs))))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "x Deze kopie stoppen")
        await pilot.press("x")
        await settled(pilot)
        (said,) = [notice.message for notice in pilot.app._notifications]
        assert "De andere gaan door" in said
    assert source.asked == [(RequestKind.CANCEL, "leerlingadministratie", sample.GREEN.id)]


async def test_every_key_at_the_foot_can_be_clicked(make_app: MakeApp) -> None:
    from app.tui.widgets.keys import KeyButton

    async with make_app(source_of("good")).run_test() as pilot:
        await wait_for(pilot, "Alles is veilig.")
        button = next(b for b in pilot.app.screen.query(KeyButton) if b.hint.key == "2")
        await pilot.click(button)
        await wait_for(pilot, "afloop")


async def test_the_language_changes_while_the_screen_is_open(make_app: MakeApp) -> None:
    async with make_app(source_of("attention")).run_test() as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.press("f2")
        shown = await wait_for(pilot, "To do")
        assert "Almost everything is safe." in shown
        assert language() == "en"
        assert "Te doen" not in shown
        await pilot.press("f2")
        await wait_for(pilot, "Te doen")


async def test_f3_takes_the_next_theme(make_app: MakeApp) -> None:
    async with make_app(source_of("good")).run_test() as pilot:
        await wait_for(pilot, "Alles is veilig.")
        seen = [pilot.app.theme]
        for _ in range(3):
            await pilot.press("f3")
            seen.append(pilot.app.theme)
        assert seen == [*(p.name for p in PALETTES), PALETTES[0].name]


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_explains_the_screen(make_app: MakeApp, key: str) -> None:
    async with make_app(source_of("good")).run_test() as pilot:
        await wait_for(pilot, "Alles is veilig.")
        await pilot.press(key)
        await wait_for(pilot, "Bovenaan staat of alles veilig is.")
        await pilot.press("escape")
        await wait_for(pilot, "Alles is veilig.")


async def test_new_facts_show_by_themselves(make_app: MakeApp) -> None:
    source = source_of("good")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Alles is veilig.")
        source.change(sample.attention_facts())
        await wait_for(pilot, "Er zijn 2 dingen voor u.")


async def test_without_colour_every_state_still_has_its_word(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with make_app(source_of("attention")).run_test() as pilot:
        shown = await wait_for(pilot, "✔ in orde")
        assert "! 2 dagen te laat" in shown
        assert "▸ Steek" in shown


async def test_the_agent_is_started_when_the_app_opens(make_app: MakeApp) -> None:
    source = source_of("good")
    async with make_app(source, start_agent=True).run_test() as pilot:
        await wait_for(pilot, "Alles is veilig.")
        await pilot.app.workers.wait_for_complete()  # the picture does not wait for the agent
        assert source.agent_started == 1


async def test_nothing_is_cut_off_in_eighty_columns(make_app: MakeApp) -> None:
    async with make_app(source_of("good")).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Alles is veilig.")
        assert "…" not in screen_text(pilot.app)


async def test_what_does_not_fit_is_a_page_further_and_the_headline_stays(make_app: MakeApp) -> None:
    async with make_app(source_of("error")).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "✖  Let op: 3 gegevenssets zijn niet veilig.")
        await wait_for(pilot, "PgDn Meer")
        assert "van Puntenboek naar NAS school" not in screen_text(pilot.app)
        await pilot.press("pagedown")
        await wait_for(pilot, "van Puntenboek naar NAS school")
        assert "✖  Let op: 3 gegevenssets zijn niet veilig." in screen_text(pilot.app)


async def test_a_continuous_copy_hides_no_key_and_can_not_be_stopped_by_mistake(make_app: MakeApp) -> None:
    lasting = sample.made_run(
        90, "leerlingadministratie", sample.GREEN.id, timedelta(days=2), kind=RunKind.SYNC, outcome=Outcome.RUNNING,
        finished=None, snapshot="",
    )  # fmt: skip
    facts = sample.good_facts()
    source = FixedSource(sample.picture(replace(facts, runs=(lasting, *facts.runs))))
    async with make_app(source).run_test() as pilot:
        shown = await wait_for(pilot, "n Nu een kopie maken")
        assert "Doorlopende kopie naar" not in shown
        await pilot.press("x")
        await pilot.pause()
        await pilot.press("2")
        await wait_for(pilot, "n Nu een kopie maken")
        await pilot.press("x")
        await pilot.pause()
    assert source.asked == []
