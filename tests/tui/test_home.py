"""The screens on a real home: set up, copied, looked at, and got back, as a person does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.jobs.backup import run_backup
from app.jobs.installation import Installation
from app.paths import Home
from app.records.facts import Outcome, RequestKind, RunKind
from app.repository.model import Cancel, Monitor
from app.setup.answers import SetupAnswers
from app.setup.apply import apply_setup
from app.setup.sample_school import sample_answers
from app.tui.app import VangnetApp
from app.tui.folders import FolderState, look_at_folder
from app.tui.home import HomeSource, search_pattern
from app.tui.picture import RestoreWish
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import wait_for


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A small school with one data set, set up and copied once."""
    folder = tmp_path / "school" / "Puntenboek"
    folder.mkdir(parents=True)
    (folder / "Rapport Kerst 3B.odt").write_bytes(b"kerst" * 1000)
    (folder / "Rapport Pasen 3B.odt").write_bytes(b"pasen" * 1000)
    answers = sample_answers(tmp_path / "school", tmp_path / "nas", tmp_path / "disk", "nl")
    answers = replace(answers, data_sets=tuple(d for d in answers.data_sets if d.id == "puntenboek"))
    own = Home.in_folder(tmp_path / "home")
    apply_setup(own, answers, clock=SystemClock())
    installation = Installation.load(own, SystemClock())
    with installation.records() as records:
        run_id = records.start_run(
            RunKind.BACKUP, data_set="puntenboek", target="nas", reason="asked", pid=0, pid_started=0.0
        )
        run_backup(
            installation, records, run_id, data_set="puntenboek", target="nas", monitor=Monitor(), cancel=Cancel()
        )
    return own


@pytest.fixture
async def source(home: Home) -> AsyncIterator[HomeSource]:
    made = HomeSource(home, SystemClock())
    yield made
    await made.close()


async def test_a_picture_is_the_same_while_nothing_changes_and_new_after_an_answer(source: HomeSource) -> None:
    first = await source.look()
    assert [run.outcome for run in first.runs] == [Outcome.GOOD]
    assert await source.look() is first
    await source.ask(RequestKind.BACKUP, data_set="puntenboek")
    assert await source.look() is not first


async def test_what_another_process_records_is_seen(home: Home, source: HomeSource) -> None:
    before = await source.look()
    with Installation.load(home, SystemClock()).records() as records:
        records.start_run(RunKind.CHECK, data_set="", target="nas", reason="asked", pid=0, pid_started=0.0)
    after = await source.look()
    assert len(after.running) == len(before.running) + 1


async def test_a_file_is_found_and_got_back_by_a_process_of_its_own(source: HomeSource, tmp_path: Path) -> None:
    (hit,) = await source.find("rapport kerst")
    assert hit.path.name == "Rapport Kerst 3B.odt"
    (version,) = await source.versions(hit.path)
    to = tmp_path / "Teruggehaald"
    result = await source.restore(RestoreWish(hit.data_set, (hit.path,), to, version.copied_at, version.targets[0]))
    assert (result.outcome, result.error_code) == (Outcome.GOOD, "")
    (back,) = (path for path in to.rglob("*") if path.is_file())
    assert back.read_bytes() == b"kerst" * 1000


async def test_a_restore_that_cannot_be_says_why(source: HomeSource, tmp_path: Path) -> None:
    inside = tmp_path / "school" / "Puntenboek" / "terug"
    result = await source.restore(RestoreWish("puntenboek", (), inside))
    assert result.outcome is Outcome.FAILED
    assert result.error_code == "restore-into-source"


async def test_today_opens_on_a_real_home(home: Home) -> None:
    app = VangnetApp(home, SystemClock(), language="nl", start_agent=False)
    async with app.run_test() as pilot:
        shown = await wait_for(pilot, "Basisschool De Linde")
        assert "Puntenboek" in await wait_for(pilot, "✔ in orde"), shown


async def test_the_chosen_language_and_theme_are_there_the_next_time(home: Home) -> None:
    async with VangnetApp(home, SystemClock(), start_agent=False).run_test() as pilot:
        await wait_for(pilot, "veilig")
        await pilot.press("f2", "f3")
        await wait_for(pilot, "safe")
        await pilot.app.workers.wait_for_complete()
    again = VangnetApp(home, SystemClock(), start_agent=False)
    async with again.run_test() as pilot:
        await wait_for(pilot, "safe")
        assert again.theme == "vangnet-light"


async def test_a_language_asked_for_before_the_last_is_spoken_is_spoken_too(make_app: MakeApp) -> None:
    app = make_app(FixedSource(sample.picture(sample.good_facts())), "nl")
    async with app.run_test() as pilot:
        await wait_for(pilot, "veilig")
        for _ in range(5):
            app.action_other_language()
            app.show_picture()
        await wait_for(pilot, "safe")
        await app.workers.wait_for_complete()


async def test_a_home_without_a_set_up_opens_the_wizard_and_keeps_its_draft(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    app = VangnetApp(home, SystemClock(), language="nl", start_agent=False)
    async with app.run_test() as pilot:
        await wait_for(pilot, "Stap 1 van 8")
        pilot.app.screen.query_one("#name").value = "De Linde"  # type: ignore[attr-defined]
        await pilot.press("pagedown")
        await wait_for(pilot, "Mensen")
        await pilot.press("escape")
        await asyncio.sleep(0.1)
    draft = await HomeSource(home, SystemClock()).load_draft()
    assert isinstance(draft, SetupAnswers)
    assert draft.page == "people"
    assert draft.organisation is not None
    assert draft.organisation.name == "De Linde"


def test_words_are_found_in_their_order_with_anything_between() -> None:
    assert search_pattern("rapport  kerst") == "*rapport*kerst*"
    assert search_pattern(" ") == "*"


def test_a_folder_is_counted_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x").write_bytes(b"12345")
    (tmp_path / "a" / "b" / "y").write_bytes(b"123")
    look = look_at_folder(tmp_path / "a")
    assert (look.state, look.files, look.bytes) == (FolderState.FINE, 2, 8)
    assert look_at_folder(tmp_path / "a" / "x").state is FolderState.NOT_A_FOLDER
    assert look_at_folder(tmp_path / "z").state is FolderState.NOT_THERE
    assert look_at_folder(Path("a")).state is FolderState.NOT_ABSOLUTE
