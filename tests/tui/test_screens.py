from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input

from app.assessment.model import Seen
from app.jobs.director import is_answered
from app.records.facts import RequestKind, Verdict
from app.tui.picture import Picture
from app.tui.screens.answer import read_date
from app.tui.widgets.choice import Choice
from app.wording.checklist import evidence_text
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, typed, wait_for


def with_odd_runs() -> Picture:
    picture = sample.picture(sample.good_facts())
    return replace(picture, runs=(*sample.odd_runs(), *picture.runs))


def answered(count: int) -> FixedSource:
    return FixedSource(sample.picture(replace(sample.good_facts(), answers=sample.answers(count))))


# Copies


async def test_the_copies_say_in_words_how_they_ended(make_app: MakeApp) -> None:
    async with make_app(FixedSource(with_odd_runs())).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("2")
        shown = await wait_for(pilot, "afloop")
        for words in ("! niet volledig", "✖ mislukt", "– gestopt", "! afgebroken", "✔ in orde"):
            assert words in shown


async def test_enter_on_a_failed_copy_says_what_is_safe_and_what_to_do(make_app: MakeApp) -> None:
    async with make_app(FixedSource(with_odd_runs())).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("2")
        await wait_for(pilot, "▸ vandaag 16:02")
        await pilot.press("down", "enter")
        shown = await wait_for(pilot, "De schijf is vol")
        assert "eerdere kopieën" in shown
        assert "andere schijf" in shown


async def test_an_incomplete_copy_names_the_files(make_app: MakeApp) -> None:
    async with make_app(FixedSource(with_odd_runs())).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("2")
        await wait_for(pilot, "▸ vandaag 16:02")
        await pilot.press("enter")
        shown = await wait_for(pilot, "niet volledig, 2 bestanden")
        assert "/home/school/fotos/sportdag/IMG_0031.jpg" in shown
        assert "mag niet gelezen" in shown


async def test_the_yearly_full_copy_is_asked_before_it_starts(make_app: MakeApp) -> None:
    source = FixedSource(with_odd_runs())
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("2")
        await wait_for(pilot, "afloop")
        await pilot.press("j")
        await wait_for(pilot, "Dat kan uren duren.")
        assert source.asked == []
        await pilot.press("escape", "j")
        await wait_for(pilot, "Dat kan uren duren.")
        await click(pilot, "#yes")
        await pilot.pause()
        assert source.asked == [(RequestKind.FULL, "", "")]


# Get files back


async def test_a_file_is_got_back_by_name_then_version(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("3")
        await wait_for(pilot, "Typ minstens twee letters.")
        await typed(pilot, "kerst")
        shown = await wait_for(pilot, "Rapport Kerst 3B.odt")
        assert "Rapport Pasen" not in shown
        await pilot.press("enter", "down")
        await wait_for(pilot, "Versies van Rapport Kerst 3B.odt")
        await pilot.press("enter", "down", "enter", "ctrl+r")
        await wait_for(pilot, "1 bestand is terug, in /home/school/Teruggehaald 23 november")
    (wish,) = source.wishes
    versions = await source.versions(Path("x"))
    assert wish.paths == (Path("/home/school/puntenboek/3B/Rapport Kerst 3B.odt"),)
    assert (wish.data_set, wish.at, wish.target) == ("puntenboek", versions[1].copied_at, "nas")


async def test_nothing_found_says_what_may_help(make_app: MakeApp) -> None:
    async with make_app(FixedSource(sample.picture(sample.good_facts()))).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("3")
        await wait_for(pilot, "Typ minstens twee letters.")
        await typed(pilot, "zzz")
        await wait_for(pilot, "In de kopieën zit zo geen bestand.")


async def test_a_folder_that_is_no_whole_path_is_not_used(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.good_facts()))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("3")
        await wait_for(pilot, "Typ minstens")
        await typed(pilot, "kerst")
        await wait_for(pilot, "Versies van")
        pilot.app.screen.query_one("#to", Input).value = "map"
        await pilot.press("ctrl+r")
        await wait_for(pilot, "! Typ het hele pad van de map")
    assert source.wishes == []


# The yearly checklist


async def test_the_year_shows_how_far_it_is(make_app: MakeApp) -> None:
    async with make_app(answered(31)).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        shown = await wait_for(pilot, "31 van 40 klaar · 1 actie")
        assert "Ondertekenen kan als nog 9 vragen een antwoord hebben." in shown
        assert "Het beleid en de mensen" in shown


async def test_what_is_not_gathered_yet_says_so(make_app: MakeApp) -> None:
    source = answered(0)
    assert source.picture is not None
    assert all(line.known for line in source.picture.evidence), "with the duties that ship nothing is left out"
    # As for a policy of which somebody took the duties away.
    *others, last = source.picture.evidence[:5]
    unknown = replace(last, known=False, verdict=None, code="not-gathered", data=())
    source.picture = replace(source.picture, evidence=(*others, unknown, *source.picture.evidence[5:]))
    async with make_app(source).run_test(size=(120, 60)) as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, unknown.item.id)
        rows = pilot.app.screen.query_one("#items")
        rows.highlighted = rows.get_option_index(unknown.item.id)  # type: ignore[attr-defined]
        await wait_for(pilot, evidence_text(unknown))


async def test_what_vangnet_sees_stands_beside_what_was_declared(make_app: MakeApp) -> None:
    source = answered(31)
    assert source.picture is not None
    accounts = (("names", "an, bert, celine, dirk, els, fatima, gert, hanne"),)
    keys = Seen("keys-open", verdict=Verdict.NOT_OK)
    also = (keys, Seen("accounts", accounts), Seen("disk-not-encrypted"), Seen("access-elsewhere"))
    source.picture = replace(
        source.picture,
        evidence=tuple(
            replace(line, seen=also, verdict=Verdict.NOT_OK) if line.item.id == "C18" else line
            for line in source.picture.evidence
        ),
    )
    async with make_app(source).run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "31 van 40 klaar")
        rows = pilot.app.screen.query_one("#items")
        rows.highlighted = rows.get_option_index("C18")  # type: ignore[attr-defined]
        # What is not in order comes first, and fits.
        await wait_for(pilot, "Vangnet ziet: Andere accounts op deze computer kunnen in de map met de")
        await pilot.press("enter")
        shown = await wait_for(pilot, "Niet in orde: er moet iets gebeuren")
        assert "of accounts elders, ziet Vangnet niet." in " ".join(shown.replace("│", " ").split())


async def test_not_in_order_wants_an_owner_and_a_date(make_app: MakeApp) -> None:
    source = answered(31)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "31 van 40 klaar")
        await pilot.press("u", "enter")
        await wait_for(pilot, "C32 Fouten gemeld")
        await pilot.press("home", "down", "space")
        await wait_for(pilot, "Wie doet het?")
        await click(pilot, "#keep")
        await wait_for(pilot, "! Vul in wie het doet.")
        pilot.app.screen.query_one("#owner", Input).value = "Jan"
        await click(pilot, "#keep")
        await wait_for(pilot, "! Vul een datum in")
        pilot.app.screen.query_one("#due", Input).value = "31-1-2027"
        await click(pilot, "#keep")
        await wait_for(pilot, "32 van 40 klaar · 2 acties")
    assert source.picture is not None
    answer = next(a for a in source.picture.facts.answers if a.item == "C32")
    assert (answer.verdict, answer.action_owner, str(answer.action_due)) == (Verdict.NOT_OK, "Jan", "2027-01-31")


async def test_not_applicable_wants_a_reason(make_app: MakeApp) -> None:
    source = answered(31)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "31 van 40 klaar")
        await pilot.press("u", "enter")
        await wait_for(pilot, "C32 Fouten gemeld")
        await pilot.press("end", "space")
        await click(pilot, "#keep")
        await wait_for(pilot, "! Vul in waarom het niet van toepassing is.")


async def test_one_key_says_in_order_and_goes_to_the_next_open_question(make_app: MakeApp) -> None:
    source = answered(31)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "31 van 40 klaar")
        await pilot.press("u", "o")
        await wait_for(pilot, "32 van 40 klaar")
        await wait_for(pilot, "▸ ○  C33")


async def test_it_cannot_be_signed_before_every_question_has_an_answer(make_app: MakeApp) -> None:
    source = answered(39)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "39 van 40 klaar")
        await pilot.press("s")
        await pilot.pause()
        assert not pilot.app.screen.query("#pin")


async def test_the_director_chooses_a_pin_and_signs(make_app: MakeApp) -> None:
    source = answered(40)
    assert source.picture is not None
    assert all(is_answered(line) for line in source.picture.evidence)
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "40 van 40 klaar")
        await pilot.press("s")
        await wait_for(pilot, "Kies een pincode")
        pilot.app.screen.query_one("#pin", Input).value = "4826"
        pilot.app.screen.query_one("#again", Input).value = "4827"
        await click(pilot, "#yes")
        await wait_for(pilot, "! De twee pincodes zijn niet gelijk.")
        pilot.app.screen.query_one("#again", Input).value = "4826"
        await click(pilot, "#yes")
        await wait_for(pilot, "Ondertekend door An Claes")
        await wait_for(pilot, "Er is sindsdien niets veranderd.")
    assert source.pin == "4826"


async def test_a_wrong_pin_signs_nothing(make_app: MakeApp) -> None:
    source = answered(40)
    source.pin = "4826"
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4")
        await wait_for(pilot, "40 van 40 klaar")
        await pilot.press("s")
        await wait_for(pilot, "De pincode van de directeur")
        pilot.app.screen.query_one("#pin", Input).value = "0000"
        await click(pilot, "#yes")
        await wait_for(pilot, "pincode")
        assert pilot.app.screen.query_one("#pin", Input).value == ""
    assert source.picture is not None
    assert source.picture.facts.signatures == ()


def test_dates_are_read_as_people_write_them() -> None:
    assert str(read_date("31-1-2027")) == "2027-01-31"
    assert str(read_date("31/01/2027")) == "2027-01-31"
    assert str(read_date(" 2027-01-31 ")) == "2027-01-31"
    assert read_date("31-2-2027") is None
    assert read_date("morgen") is None


# Tasks


async def test_a_restore_test_is_confirmed_by_a_person_who_opened_a_file(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.attention_facts()))
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.press("down", "enter")
        shown = await wait_for(pilot, "20 bestanden precies zoals ze waren teruggezet")
        assert "/home/school/.cache/vangnet" in shown
        await click(pilot, "#confirm")
        await wait_for(pilot, "! Vul in welk bestand u hebt geopend.")
        pilot.app.screen.query_one("#file", Input).value = "Rapport Kerst 3B.odt"
        await click(pilot, "#confirm")
        await wait_for(pilot, "! Vul uw naam in.")
        pilot.app.screen.query_one("#name", Input).value = "Els"
        await click(pilot, "#confirm")
        await wait_for(pilot, "Er is één ding voor u.")
    assert source.picture is not None
    test = next(t for t in source.picture.facts.restore_tests if t.data_set == "puntenboek")
    assert (test.opened_file, test.confirmed_by) == ("Rapport Kerst 3B.odt", "Els")


async def test_the_director_approves_the_policy_with_the_pin(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(replace(sample.good_facts(), approvals=())))
    source.pin = "4826"
    async with make_app(source).run_test(size=(80, 30)) as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.press("enter")
        shown = await wait_for(pilot, "Hier komt het op neer:")
        assert "sterke bescherming" in shown
        pilot.app.screen.query_one("#pin", Input).value = "4826"
        await click(pilot, "#yes")
        await pilot.pause()
    assert source.approved_by == "An Claes"


async def test_the_recovery_key_is_tried_by_typing_it(make_app: MakeApp) -> None:
    from tests.tui.fixed import KEY

    source = FixedSource(
        sample.picture(replace(sample.good_facts(), key_tests=(), set_up_at=sample.NOW.replace(year=2025)))
    )
    assert source.picture is not None
    number = [task.kind.value for task in source.picture.assessment.tasks].index("key-test")
    async with make_app(source).run_test(notifications=True) as pilot:
        await wait_for(pilot, "Te doen")
        await pilot.press(*["down"] * number, "enter")
        await wait_for(pilot, "negen groepen")
        pilot.app.screen.query_one("#name", Input).value = "Jan"
        pilot.app.screen.query_one("#key", Input).value = "K7QF"
        await click(pilot, "#try")
        await wait_for(pilot, "! Deze sleutel opent de kopieën niet.")
        pilot.app.screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#try")
        await wait_for(pilot, "De sleutel opent")


# The help


async def test_the_key_that_explains_works_in_a_field_too(make_app: MakeApp) -> None:
    async with make_app(FixedSource(sample.picture(sample.good_facts()))).run_test() as pilot:
        await wait_for(pilot, "F1 Hulp")
        await pilot.press("3")
        await wait_for(pilot, "Typ minstens twee letters.")
        await pilot.press("f1")
        await wait_for(pilot, "Wat is dit?")
        await pilot.press("escape")
        await wait_for(pilot, "Typ minstens twee letters.")


async def test_what_is_missing_in_an_answer_is_where_the_cursor_goes(make_app: MakeApp) -> None:
    async with make_app(answered(3)).run_test() as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("4", "u", "enter")
        await wait_for(pilot, "Antwoord bewaren")
        pilot.app.screen.query_one("#verdict", Choice).choose(Verdict.NOT_OK)
        await pilot.pause()
        await click(pilot, "#keep")
        await wait_for(pilot, "! Vul in wie het doet.")
        await typed(pilot, "Els")
        assert pilot.app.screen.query_one("#owner", Input).value == "Els"
