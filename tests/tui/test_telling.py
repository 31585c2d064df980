"""The director's inbox, an alarm, and who gets told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.notices.accounts import MailAccount, Security
from app.notices.delivery import Trouble
from app.notices.people import Arrival
from app.policy.machine import Person
from app.policy.model import Language, Role
from app.records.facts import Anomaly, AnomalyVerdict, Facts, Missed, NoticeState, RunId, SentNotice, Told
from app.secret import Secret
from app.tui.picture import Picture
from tests.tui import sample
from tests.tui.conftest import MakeApp
from tests.tui.fixed import FixedSource
from tests.tui.reading import click, typed, wait_for
from tests.tui.test_pictures import LANGUAGES, SIZES, SMALL, Compare, steps

NOW = sample.NOW
ALARM = Anomaly(
    RunId(40), "leerlingadministratie", "nas", NOW - timedelta(minutes=12),
    (("canary", "2"), ("encrypted", "13870"), ("renamed", "13870")),
)  # fmt: skip
MISSED = Missed(
    "plug-in-disk:schijf-b", "plug-in-disk", "", "schijf-b", NOW - timedelta(days=3), NOW - timedelta(days=3)
)
DIRECTOR = Person(Role.DIRECTOR, "An Claes", "an.claes@delinde.be")
IT = Person(Role.IT_PROVIDER, "Computerhulp Maes", "help@maes.be", ("signal-maes",))


def waiting_facts() -> Facts:
    return replace(sample.error_facts(), misses=(MISSED,))


def alarmed() -> Picture:
    return sample.picture(
        replace(
            sample.good_facts(), anomalies=(ALARM,), told=(Told("alarm:40:0", "director", "An Claes", "email", NOW),)
        )
    )


def peopled(*people: Person) -> FixedSource:
    picture = sample.picture(sample.good_facts())
    source = FixedSource(replace(picture, machine=replace(picture.machine, people=people or (DIRECTOR, IT))))
    source.account = MailAccount("smtp.delinde.be", 587, Security.STARTTLS, "vangnet@delinde.be", "v", Secret("x"))
    source.sent = (
        SentNotice(
            2, "case:a", "it-provider", IT.name, "email", "normal", "Kopie niet gelukt: NAS school",
            NOW - timedelta(hours=2), NoticeState.WAITING, 2, NOW, "server-not-there",
        ),
        SentNotice(
            1, "digest:2026-W48", "director", DIRECTOR.name, "email", "low", "Deze week: Alles is veilig.",
            NOW - timedelta(hours=9), NoticeState.SENT, 1, NOW,
        ),
    )  # fmt: skip
    return source


async def test_one_key_from_today_leads_to_the_inbox_and_a_verdict_with_the_pin_empties_it(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.error_facts()))
    source.pin = "4711"
    async with make_app(source).run_test() as pilot:
        await wait_for(pilot, "Oordelen (1)")
        await pilot.press("v")
        await wait_for(pilot, "1 ding wacht op het oordeel")
        await pilot.press("enter")
        await wait_for(pilot, "pincode van de directeur")
        await click(pilot, "#keep")
        await wait_for(pilot, "Zeg waarom")
        await click(pilot, "#remark")
        await typed(pilot, "NAS verhuisd")
        await click(pilot, "#pin")
        await typed(pilot, "1")
        await click(pilot, "#keep")
        await wait_for(pilot, "pincode")
        await typed(pilot, "x")
        pilot.app.screen.query_one("#pin").value = "4711"  # type: ignore[attr-defined]  # an Input
        await click(pilot, "#keep")
        shown = await wait_for(pilot, "Niets wacht op uw oordeel")
        assert "Enter" not in shown.splitlines()[-2]
    assert source.picture is not None
    (judgement,) = source.picture.facts.judgements
    assert (judgement.remark, judgement.by) == ("NAS verhuisd", "An Claes")


async def test_an_action_wants_to_know_who_and_when(make_app: MakeApp) -> None:
    source = FixedSource(sample.picture(sample.error_facts()))
    source.pin = "4711"
    async with make_app(source).run_test(size=(80, 34)) as pilot:
        await wait_for(pilot, "Oordelen (1)")
        await pilot.press("v")
        await wait_for(pilot, "1 ding wacht")
        await pilot.press("enter")
        await wait_for(pilot, "Goed genoeg")
        await pilot.press("down", "space")
        await wait_for(pilot, "Wie doet het?")
        await click(pilot, "#keep")
        await wait_for(pilot, "Vul in wie het doet")


async def test_an_alarm_is_one_enter_from_today_and_one_key_from_its_end(make_app: MakeApp) -> None:
    source = FixedSource(alarmed())
    async with make_app(source).run_test(size=(100, 36)) as pilot:
        await wait_for(pilot, "ransomware")
        await pilot.press("enter")
        shown = await wait_for(pilot, "Wat opviel")
        for words in ("lijken plots versleuteld", "bewaart elke versie", "netwerkkabel", "Computerhulp Maes"):
            assert words in shown
        await pilot.press("w")
        await wait_for(pilot, "Oude versies mogen")
        await click(pilot, "#yes")
        await wait_for(pilot, "Vul uw naam in")
        await click(pilot, "#name")
        await typed(pilot, "Els")
        await click(pilot, "#yes")
        await wait_for(pilot, "Er is geen alarm")
    assert source.picture is not None
    (anomaly,) = source.picture.facts.anomalies
    assert (anomaly.verdict, anomaly.closed_by) == (AnomalyVerdict.OURS, "Els")


async def test_people_are_changed_and_a_test_says_what_arrived(make_app: MakeApp) -> None:
    source = peopled()
    source.arrivals = (Arrival(DIRECTOR, "email", None), Arrival(IT, "email", Trouble.RECIPIENT))
    async with make_app(source).run_test(size=(100, 30)) as pilot:
        await wait_for(pilot, "Vandaag")
        await pilot.press("p")
        shown = await wait_for(pilot, "Mail vertrekt via smtp.delinde.be")
        assert "nog niemand" in shown
        assert "de server is er niet" in shown
        await pilot.press("s")
        await wait_for(pilot, "de server kent dit adres niet")
        await pilot.press("down", "down", "enter")
        await wait_for(pilot, "Bestuur")
        await click(pilot, "#name")
        await typed(pilot, "Jo")
        await click(pilot, "#email")
        await typed(pilot, "jo")
        await click(pilot, "#keep")
        await wait_for(pilot, "Dit is geen e-mailadres")
        await click(pilot, "#email")
        await pilot.press("end")
        await typed(pilot, "@vzw.be")
        await click(pilot, "#keep")
        await wait_for(pilot, "jo@vzw.be")


@LANGUAGES
@SIZES
def test_the_inbox(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(sample.picture(waiting_facts())), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("v", until="NAS"))


@LANGUAGES
@SIZES
def test_the_alarm(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    app = make_app(FixedSource(alarmed()), spoken)
    assert snap_compare(app, terminal_size=size, run_before=steps("enter", until="Wi-Fi" if spoken == "en" else "wifi"))


@LANGUAGES
@SIZES
def test_who_gets_told(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], spoken: Language) -> None:
    assert snap_compare(make_app(peopled(), spoken), terminal_size=size, run_before=steps("p", until="smtp.delinde.be"))


@pytest.mark.parametrize(
    ("keys", "until"), [(("v", "enter"), "pincode"), (("p", "m"), "Mailserver"), (("p", "enter"), "E-mailadres")]
)
def test_the_windows_of_it(snap_compare: Compare, make_app: MakeApp, keys: tuple[str, ...], until: str) -> None:
    source = peopled() if keys[0] == "p" else FixedSource(sample.picture(waiting_facts()))
    assert snap_compare(make_app(source), terminal_size=SMALL, run_before=steps(*keys, until=until))
