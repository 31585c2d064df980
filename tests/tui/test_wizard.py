from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.policy.calendar import Region
from app.policy.machine import RemotePlace, TargetKind, Ups, UpsId
from app.policy.model import Availability
from app.power.discovery import Discovery, FoundUps, UsbUps
from app.records.facts import DriveSight, RequestKind, UpsSight
from app.repository.errors import ServerLoginRefused
from app.setup.answers import SetupAnswers
from app.setup.network import ServerLook
from app.targets.discovery import FoundServer
from app.targets.errors import TargetNotThere
from app.targets.suitability import PlaceProblem, PlaceProblemCode, PlaceReport
from app.tui.folders import FolderLook, FolderState
from app.tui.wizard.places import report_text
from app.tui.wizard.route import FIRST, PageId, Stop, page_after, page_before, page_to_resume, pages
from tests.tui import sample
from tests.tui.answers import filled
from tests.tui.conftest import MakeApp
from tests.tui.fixed import KEY, FixedSource
from tests.tui.reading import click, screen_text, typed, wait_for

STICK = DriveSight("/dev/sdb1", "60A44C", "Kingston", "DataTraveler", "", "77AA-11", "ext4", 64_000_000_000, "/media/x")


def at(page: str, answers: SetupAnswers | None = None) -> FixedSource:
    return FixedSource(None, draft=replace(answers or filled(), page=page))


async def fill(pilot: Pilot[Any], field: str, text: str) -> None:
    pilot.app.screen.query_one(f"#{field}", Input).value = text
    await pilot.pause()


# The way


def test_each_data_set_adds_its_folder_and_three_questions() -> None:
    way = [str(page) for page in pages(filled())]
    assert way[:3] == ["organisation", "people", "data"]
    at_grades = way.index("folder:grade-book")
    assert way[at_grades + 1 : at_grades + 4] == [
        "availability:grade-book",
        "integrity:grade-book",
        "confidentiality:grade-book",
    ]
    assert way[-7:] == ["summary", "make", "sheet", "proof", "first-copy", "get-back", "done"]


def test_back_and_forth_lead_to_the_same_page() -> None:
    answers = filled()
    for page in pages(answers)[: list(pages(answers)).index(PageId(Stop.SUMMARY))]:
        assert page_before(answers, page_after(answers, page)) == page


def test_there_is_no_way_back_once_something_was_made() -> None:
    for stop in (Stop.MAKE, Stop.SHEET, Stop.FIRST_COPY, Stop.DONE):
        assert page_before(filled(), PageId(stop)) is None


@pytest.mark.parametrize(
    ("left", "resumed"),
    [
        ("availability:grade-book", "availability:grade-book"),
        ("sheet", "summary"),
        ("folder:gone", str(FIRST)),
        ("", str(FIRST)),
    ],
)
def test_a_draft_resumes_where_it_was_left_but_never_past_the_summary(left: str, resumed: str) -> None:
    assert str(page_to_resume(replace(filled(), page=left))) == resumed


# The walk


async def test_the_whole_set_up_from_welcome_to_today(make_app: MakeApp) -> None:
    source = FixedSource(None)
    source.plugged = (STICK,)
    app = make_app(source, start_agent=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Stap 1 van 8 · Welkom")
        await fill(pilot, "name", "Basisschool De Linde")
        await pilot.press("pagedown")
        await wait_for(pilot, "Stap 1 van 8 · Mensen")
        await fill(pilot, "director", "An Claes")
        await pilot.press("pagedown")
        await wait_for(pilot, "Stap 2 van 8 · Uw gegevens")
        await pilot.press("down", "space", "pagedown")  # Puntenboek

        await wait_for(pilot, "Stap 3 van 8 · Puntenboek")
        await fill(pilot, "path", "/home/school/puntenboek")
        await wait_for(pilot, "204 bestanden, 3,1 GB")
        await pilot.press("pagedown")
        await wait_for(pilot, "Valt het werk stil als dit een halve dag weg is?")
        await pilot.press("enter")  # the usual answer is chosen already
        await wait_for(pilot, "Kan één fout leiden")
        await pilot.press("enter")
        await wait_for(pilot, "Mag iedereen dit zien")
        await pilot.press("enter")

        await wait_for(pilot, "Stap 4 van 8 · Plaatsen")
        await wait_for(pilot, "Kingston DataTraveler, 64 GB")
        await pilot.press("enter")
        await wait_for(pilot, "Hoe noemt u ze?")
        await fill(pilot, "name", "GROENE schijf")
        await click(pilot, "#take")
        await wait_for(pilot, "✔ GROENE schijf")
        await pilot.press("pagedown")
        await wait_for(pilot, "Hoe laat mogen de kopieën")
        await pilot.press("pagedown")
        await wait_for(pilot, "Er is geen UPS gevonden.")
        await pilot.press("pagedown")

        await wait_for(pilot, "Stap 5 van 8 · Samenvatting")
        await pilot.press("pagedown")
        shown = await wait_for(pilot, "Stap 6 van 8 · Het herstelblad")
        assert KEY.reveal().split("-")[0] in shown
        assert "█" in shown
        await pilot.press("pagedown")
        shown = await wait_for(pilot, "Neem het blad.")
        group = int(shown.split("Wat is groep ")[1][0])
        await typed(pilot, KEY.reveal().split("-")[group - 1].lower())
        await pilot.press("pagedown")

        await wait_for(pilot, "Stap 7 van 8 · De eerste kopie")
        await wait_for(pilot, "Alles is gekopieerd.")
        assert source.agent_started == 1
        assert source.asked == [(RequestKind.BACKUP, "", "")]
        await pilot.press("pagedown")
        await wait_for(pilot, "Rapport Kerst 3A.odt")
        await pilot.press("enter")
        await wait_for(pilot, "1 bestand is terug, in /home/school/Teruggehaald 23 november")
        await pilot.press("pagedown")
        await wait_for(pilot, "Uw gegevens hebben nu een vangnet.")
        await pilot.press("pagedown")
        await wait_for(pilot, "Alles is veilig.")
    made = source.applied
    assert made is not None
    assert made.organisation is not None
    assert made.organisation.name == "Basisschool De Linde"
    assert [(d.name, d.paths) for d in made.data_sets] == [("Puntenboek", (Path("/home/school/puntenboek"),))]
    (place,) = made.places
    assert (place.kind, place.fs_uuid, place.serial, place.name) == (
        TargetKind.USB,
        "77AA-11",
        "60A44C",
        "GROENE schijf",
    )
    assert app.recovery_key is None


async def test_every_step_is_kept_and_resumed(make_app: MakeApp) -> None:
    source = at("availability:grade-book")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Stap 3 van 8 · Puntenboek")
        await pilot.press("up", "enter", "enter")  # "work stops", and yes
        await wait_for(pilot, "Kan één fout leiden")
        assert source.draft is not None
        assert source.draft.page == "integrity:grade-book"
        kept = next(d for d in source.draft.data_sets if d.id == "grade-book")
        assert kept.classification is not None
        assert kept.classification.availability is Availability.ESSENTIAL
        await pilot.press("escape")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Kan één fout leiden")


async def test_an_answer_says_at_once_what_it_leads_to(make_app: MakeApp) -> None:
    async with make_app(at("availability:grade-book")).run_test() as pilot:
        shown = await wait_for(pilot, "Elke dag een kopie")
        assert "“belangrijk”" in shown
        await pilot.press("up", "space")
        shown = await wait_for(pilot, "twee")
        assert "noodstroomvoorzieningen" in shown
        assert "“noodzakelijk”" in shown


async def test_back_keeps_the_answer(make_app: MakeApp) -> None:
    source = at("people")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Stap 1 van 8 · Mensen")
        await fill(pilot, "it_provider", "Jan")
        await pilot.press("pageup")
        await wait_for(pilot, "Welkom")
        assert source.draft is not None
        assert source.draft.people.it_provider == "Jan"


@pytest.mark.parametrize(
    ("page", "field", "text", "said"),
    [
        ("organisation", "name", "", "Vul de naam in"),
        ("people", "director_email", "an claes", "an claes is geen e-mailadres."),
        ("folder:grade-book", "path", "", "Vul de map in"),
        ("folder:grade-book", "path", "puntenboek", "Typ het hele pad"),
        ("folder:grade-book", "path", "/home/school/weg", "Deze map bestaat niet: /home/school/weg"),
    ],
)
async def test_a_page_without_a_good_answer_says_what_is_wrong(
    make_app: MakeApp, page: str, field: str, text: str, said: str
) -> None:
    source = at(page)
    gone = Path("/home/school/weg")
    source.folders[gone] = FolderLook(gone, FolderState.NOT_THERE)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Stap")
        await fill(pilot, field, text)
        await pilot.press("pagedown")
        shown = await wait_for(pilot, f"! {said}")
        assert "Stap" in shown


async def test_nothing_ticked_is_no_answer(make_app: MakeApp) -> None:
    async with make_app(at("data", replace(filled(), data_sets=()))).run_test() as pilot:
        await wait_for(pilot, "Welke gegevens hebt u?")
        await pilot.press("pagedown")
        await wait_for(pilot, "! Vink er minstens één aan")


async def test_data_of_ones_own_is_added_by_its_name(make_app: MakeApp) -> None:
    source = at("data")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Welke gegevens hebt u?")
        pilot.app.screen.query_one("#own").focus()
        await typed(pilot, "Toneel")
        await pilot.press("enter")
        await wait_for(pilot, "[✔]  Toneel")
        await pilot.press("pagedown")
        await wait_for(pilot, "Stap 3 van 8")
        assert source.draft is not None
        assert source.draft.data_sets[-1].name == "Toneel"
        assert source.draft.data_sets[-1].classification is None


async def test_a_disk_that_is_plugged_in_appears_by_itself(make_app: MakeApp) -> None:
    source = at("places", replace(filled(), places=()))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Steek er een in en hij verschijnt hier.")
        source.plugged = (STICK,)
        await wait_for(pilot, "Kingston DataTraveler, 64 GB")


async def test_a_server_that_announces_itself_is_tried_and_taken(make_app: MakeApp) -> None:
    source = at("places", replace(filled(), places=()))
    source.servers = (FoundServer("SCHOOL-NAS", TargetKind.SMB, "school-nas.local", 445),)
    source.server_look = ServerLook(ServerLoginRefused(location="smb://school-nas.local"))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "n NAS of server")
        await pilot.press("n")
        await wait_for(pilot, "SCHOOL-NAS")
        pilot.app.screen.query_one("#servers").focus()
        await pilot.press("down", "enter")
        await wait_for(pilot, "smb://school-nas.local/")
        await fill(pilot, "address", "smb://school-nas.local/kopie")
        await fill(pilot, "user", "vangnet")
        await fill(pilot, "password", "geheim")
        await click(pilot, "#take")
        await wait_for(pilot, "! De server aanvaardt")
        source.server_look = ServerLook(None, 800_000_000_000)
        await click(pilot, "#take")
        await wait_for(pilot, "✔ SCHOOL-NAS")
        await pilot.press("pagedown")
        await wait_for(pilot, "Tijdstip")
    assert source.draft is not None
    (place,) = source.draft.places
    assert place.on_network == RemotePlace("smb://school-nas.local/kopie", "vangnet", "place-school-nas")
    assert source.place_secrets["school-nas"].reveal() == "geheim"


async def test_the_key_of_an_ssh_server_is_shown_before_it_is_trusted(make_app: MakeApp) -> None:
    source = at("places", replace(filled(), places=()))
    source.server_look = ServerLook(None, None, "ssh-ed25519 AAAA", "SHA256:abc")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "n NAS of server")
        await pilot.press("n")
        await wait_for(pilot, "Geen enkele server meldt zich.")
        await fill(pilot, "name", "Elders")
        await fill(pilot, "address", "sftp://elders.be/kopie")
        await click(pilot, "#take")
        await wait_for(pilot, "SHA256:abc")
        assert source.draft is None or not source.draft.places
        await click(pilot, "#take")
        await wait_for(pilot, "✔ Elders")
    assert source.servers_looked_at[-1].server_key == "ssh-ed25519 AAAA"


async def test_a_place_inside_the_data_is_refused(make_app: MakeApp) -> None:
    source = at("places", replace(filled(), places=()))
    source.place_problems[Path("/home/school/puntenboek/kopie")] = PlaceProblemCode.INSIDE_SOURCE
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Map toevoegen")
        await pilot.press("a")
        await wait_for(pilot, "Een map voor de kopieën")
        await fill(pilot, "name", "Kopie")
        await fill(pilot, "path", "/home/school/puntenboek/kopie")
        await click(pilot, "#take")
        shown = await wait_for(pilot, "! Daar kunnen geen kopieën komen.")
        assert "✖" in shown
        await pilot.press("escape", "pagedown")
        await wait_for(pilot, "! Kies minstens één plaats voor de kopieën.")


async def test_a_set_up_that_fails_says_why_and_can_be_tried_again(make_app: MakeApp) -> None:
    source = at("summary")
    source.apply_error = TargetNotThere(target="nas", name="NAS school")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Stap 5 van 8 · Samenvatting")
        await pilot.press("pagedown")
        await wait_for(pilot, "✖")
        await wait_for(pilot, "Opnieuw proberen")
        source.apply_error = None
        await pilot.press("pagedown")
        await wait_for(pilot, "Het herstelblad")


async def test_the_recovery_sheet_is_not_closed_by_accident(make_app: MakeApp) -> None:
    source = at("summary")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Samenvatting")
        await pilot.press("pagedown")
        await wait_for(pilot, "Het herstelblad")
        await pilot.press("escape")
        await wait_for(pilot, "Druk het herstelblad eerst af")
        await pilot.press("pagedown")
        await wait_for(pilot, "Neem het blad.")


async def test_a_wrong_group_of_the_sheet_is_no_proof(make_app: MakeApp) -> None:
    source = at("summary")
    app = make_app(source)
    async with app.run_test() as pilot:
        await wait_for(pilot, "Samenvatting")
        await pilot.press("pagedown")
        await wait_for(pilot, "Het herstelblad")
        await pilot.press("pagedown")
        await wait_for(pilot, "Neem het blad.")
        await typed(pilot, "AAAA")
        await pilot.press("pagedown")
        await wait_for(pilot, "! Dat is niet groep")
        assert app.recovery_key == KEY
        await pilot.press("pageup")
        await wait_for(pilot, KEY.reveal().split("-")[0])


async def test_the_language_is_chosen_on_the_first_page(make_app: MakeApp) -> None:
    async with make_app(FixedSource(None)).run_test() as pilot:
        await wait_for(pilot, "Welkom")
        await fill(pilot, "name", "De Linde")
        pilot.app.screen.query_one("#language").focus()
        await pilot.press("down", "space")
        shown = await wait_for(pilot, "Step 1 of 8 · Welcome")
        assert "De Linde" in shown


async def test_the_school_holidays_follow_the_country_and_a_dutch_school_chooses(make_app: MakeApp) -> None:
    source = FixedSource(None)
    async with make_app(source).run_test(size=(80, 24)) as pilot:
        shown = await wait_for(pilot, "Welke schoolvakanties volgt u?")
        assert "(•)  Vlaamse Gemeenschap" in shown
        await fill(pilot, "name", "De Linde")
        pilot.app.screen.query_one("#country").focus()
        await pilot.press("down", "space")
        shown = await wait_for(pilot, "( )  Regio Zuid")
        assert "(•)  Regio" not in shown
        await pilot.press("pagedown")
        await wait_for(pilot, "! Kies de regio van uw schoolvakanties.")
        pilot.app.screen.query_one("#region").focus()
        await pilot.press("end", "up", "space")
        await wait_for(pilot, "(•)  Regio Zuid")
        await pilot.press("pagedown")
        await wait_for(pilot, "Stap 1 van 8 · Mensen")
        await pilot.press("escape")
    assert source.draft is not None
    assert source.draft.organisation is not None
    assert source.draft.organisation.region is Region.NL_ZUID
    async with make_app(at("organisation", source.draft)).run_test() as pilot:
        shown = await wait_for(pilot, "(•)  Regio Zuid")
        pilot.app.screen.query_one("#kind").focus()
        await pilot.press("down", "space")
        await wait_for(pilot, "(•)  Geen schoolvakanties")


async def test_a_half_answer_survives_another_language_and_a_pause(make_app: MakeApp) -> None:
    source = FixedSource(None)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Welkom")
        await fill(pilot, "name", "De Linde")
        pilot.app.screen.query_one("#country").focus()
        await pilot.press("down", "space")
        await wait_for(pilot, "Regio Zuid")
        pilot.app.screen.query_one("#language").focus()
        await pilot.press("down", "space")
        shown = await wait_for(pilot, "Region South")
        assert "De Linde" in shown
        await pilot.press("escape")
    assert source.draft is not None
    assert source.draft.organisation is not None
    assert (source.draft.organisation.country, source.draft.organisation.region) == ("NL", None)


async def test_help_explains_the_page(make_app: MakeApp) -> None:
    async with make_app(at("confidentiality:grade-book")).run_test() as pilot:
        await wait_for(pilot, "Mag iedereen dit zien")
        await pilot.press("f1")
        await wait_for(pilot, "Wie mag het zien?")
        await pilot.press("escape")
        await wait_for(pilot, "Mag iedereen dit zien")


@pytest.mark.parametrize("page", [str(p) for p in pages(filled())[:17]])
async def test_every_page_fits_in_eighty_by_twenty_four(make_app: MakeApp, page: str) -> None:
    async with make_app(at(page)).run_test(size=(80, 24)) as pilot:
        shown = await wait_for(pilot, "Verder →" if page != "summary" else "Instellen →")
        assert pilot.app.screen.query_one("Page").max_scroll_y == 0, shown
        assert "Later verder" in screen_text(pilot.app)


async def test_data_may_stand_in_several_folders(make_app: MakeApp) -> None:
    source = at("folder:grade-book")
    async with make_app(source).run_test(size=(100, 34)) as pilot:
        await wait_for(pilot, "Waar staat “Puntenboek” op deze computer?")
        await wait_for(pilot, "bestanden")
        await click(pilot, "#another")
        await wait_for(pilot, "Alles in de map wordt gekopieerd")
        await fill(pilot, "path", "/home/school/puntenboek/oud")
        await wait_for(pilot, "bestanden")
        await click(pilot, "#another")
        await wait_for(pilot, "/home/school/puntenboek/oud staat al in de lijst.")
        await fill(pilot, "path", "/mnt/nas/punten")
        await wait_for(pilot, "204 bestanden")
        await pilot.press("pagedown")
        await wait_for(pilot, "Valt het werk stil")
        assert source.draft is not None
        kept = next(d for d in source.draft.data_sets if d.id == "grade-book")
        assert kept.paths == (Path("/home/school/puntenboek"), Path("/mnt/nas/punten"))
        await pilot.press("pageup")
        await wait_for(pilot, "▸ ✔  /home/school/puntenboek")
        await wait_for(pilot, "bestanden")
        await pilot.click("#kept")
        await pilot.press("pagedown")
        await wait_for(pilot, "Valt het werk stil")
        kept = next(d for d in source.draft.data_sets if d.id == "grade-book")
        assert kept.paths == (Path("/mnt/nas/punten"),)


async def test_copies_start_at_the_time_that_people_choose(make_app: MakeApp) -> None:
    source = at("time")
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Hoe laat mogen de kopieën")
        await pilot.press("end", "enter")
        await wait_for(pilot, "Uur en minuten")
        await fill(pilot, "own-time", "25:00")
        await pilot.press("pagedown")
        await wait_for(pilot, "Typ het uur en de minuten")
        await fill(pilot, "own-time", "17u45")
        await pilot.press("pagedown")
        await wait_for(pilot, "Hangt deze computer aan")
        assert source.draft is not None
        assert source.draft.backup_time == (17, 45)


async def test_a_ups_that_is_found_is_ticked_and_kept(make_app: MakeApp) -> None:
    source = at("power")
    ups = Ups(UpsId("ups"), "Eaton Ellipse")
    source.upses = Discovery((FoundUps(ups, UpsSight("ups", "ups", sample.NOW, reachable=True, runtime_s=1500.0)),), ())
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Eaton Ellipse: 25 minuten reserve")
        await pilot.press("pagedown")
        await wait_for(pilot, "UPS: Eaton Ellipse")
        assert source.draft is not None
        assert source.draft.upses == (ups,)


async def test_a_ups_that_no_program_reads_is_said_so(make_app: MakeApp) -> None:
    source = at("power")
    source.upses = Discovery((), (UsbUps("0463", "ffff", "EATON", "Ellipse ECO"),))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Er hangt een UPS aan USB (Ellipse ECO)")


async def test_the_help_of_the_set_up_names_its_own_keys(make_app: MakeApp) -> None:
    async with make_app(at("data")).run_test(size=(80, 40)) as pilot:
        await wait_for(pilot, "Welke gegevens hebt u?")
        await pilot.press("f1")
        shown = await wait_for(pilot, "naar de volgende pagina, of terug")
        assert "klikken kan ook" not in shown


async def test_what_is_missing_is_where_the_cursor_goes(make_app: MakeApp) -> None:
    async with make_app(FixedSource(None)).run_test() as pilot:
        await wait_for(pilot, "wie bent u?")
        await pilot.press("pagedown")
        await wait_for(pilot, "! Vul de naam in")
        await typed(pilot, "Basisschool De Linde")
        await pilot.press("pagedown")
        await wait_for(pilot, "Wie is verantwoordelijk")
        await fill(pilot, "it_provider_email", "maes")
        await pilot.press("pagedown")
        await wait_for(pilot, "! maes is geen e-mailadres.")
        assert pilot.app.focused is pilot.app.screen.query_one("#it_provider_email")


async def test_the_keys_at_the_foot_stay_whole_after_the_help(make_app: MakeApp) -> None:
    async with make_app(at("data")).run_test() as pilot:
        before = (await wait_for(pilot, "F1 Hulp")).splitlines()[-2]
        await pilot.press("f1")
        await wait_for(pilot, "Wat is dit?")
        await pilot.press("escape")
        await wait_for(pilot, "Verder →  PgDn")
        assert screen_text(pilot.app).splitlines()[-2] == before


async def test_the_button_onward_shows_its_key_whatever_stood_on_it_before(make_app: MakeApp) -> None:
    async with make_app(at("power")).run_test() as pilot:
        await wait_for(pilot, "Er is geen UPS gevonden.")
        await pilot.press("pagedown")
        await wait_for(pilot, "Instellen →  PgDn")


def test_two_folders_on_one_disk_are_one_warning() -> None:
    twice = PlaceProblem(PlaceProblemCode.SAME_DEVICE, ())
    text = report_text(PlaceReport((), (twice, twice), 5, 10, "ext4", read_only=False)).plain
    assert text.count("!") == 1


async def test_a_narrow_terminal_shows_whole_words(make_app: MakeApp) -> None:
    async with make_app(at("organisation")).run_test(size=(60, 20)) as pilot:
        shown = await wait_for(pilot, "Een school")
        assert "Nederlands" in shown
        foot = shown.splitlines()[-2]
        assert ("Esc Later" in foot, "F1 Hulp" in foot, "Verder →  PgDn" in foot) == (True, True, True)
        await pilot.press("f1")
        await wait_for(pilot, "Esc Terug naar het scherm")
