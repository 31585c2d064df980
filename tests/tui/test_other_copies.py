"""Opening the copies of another computer: the key, what is in them, getting back, going on with them."""

from __future__ import annotations

from textual.widgets import Input

from app.jobs.other_copies import OnServer
from app.policy.machine import RemotePlace
from app.records.facts import DriveSight
from app.repository.errors import ServerLoginRefused
from app.secret import Secret
from app.setup.network import ServerLook
from tests.tui.conftest import MakeApp
from tests.tui.fixed import KEY, FixedSource
from tests.tui.reading import click, typed, wait_for

DISK = DriveSight("/dev/sdb1", "60A", "Kingston", "DataTraveler", "BACKUP", "77AA", "ext4", 64_000_000_000, "/media/x")


def new_computer() -> FixedSource:
    source = FixedSource(None)
    source.plugged = (DISK,)
    return source


async def test_a_new_computer_opens_the_copies_and_gets_files_back(make_app: MakeApp) -> None:
    source = new_computer()
    async with make_app(source).run_test(size=(90, 34)) as pilot:
        await wait_for(pilot, "Welkom")
        await click(pilot, "#other-computer")
        await wait_for(pilot, "Kingston DataTraveler")
        await pilot.click("#disks")
        await pilot.pause(0.1)
        assert pilot.app.screen.query_one("#place", Input).value == "/media/x"
        pilot.app.screen.query_one("#key", Input).value = "K7QF"
        await click(pilot, "#open")
        await wait_for(pilot, "groep 2")
        pilot.app.screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#open")
        shown = await wait_for(pilot, "Kopieën van Basisschool De Linde, in /media/x/vangnet")
        assert "Daar wordt niets geschreven." in shown
        assert "3 versies" in shown
        assert pilot.app.screen.query_one("#key", Input).value == ""
        await pilot.press("down", "enter")
        await wait_for(pilot, "Terughalen: Puntenboek")
        await pilot.press("down", "enter", "enter")
        await wait_for(pilot, "1 204 bestanden zijn terug")
    ((data_set, _at, to),) = source.got_back
    assert (data_set, to.name) == ("puntenboek", "Teruggehaald 23 november")
    assert source.picture is None  # nothing has been set up


async def test_going_on_with_the_copies_wants_a_name_and_leads_to_today(make_app: MakeApp) -> None:
    source = new_computer()
    async with make_app(source).run_test(size=(90, 34)) as pilot:
        await wait_for(pilot, "Welkom")
        await click(pilot, "#other-computer")
        await wait_for(pilot, "Steek de schijf")
        pilot.app.screen.query_one("#place", Input).value = "/media/x"
        pilot.app.screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#open")
        await wait_for(pilot, "Kopieën van Basisschool De Linde")
        await click(pilot, "#take")
        await wait_for(pilot, "Doe dit alleen als de oude computer definitief weg is")
        await click(pilot, "#yes")
        await wait_for(pilot, "Vul uw naam in")
        await pilot.click("#name")
        await typed(pilot, "Els")
        await click(pilot, "#yes")
        await wait_for(pilot, "Leerlingadministratie")
        await wait_for(pilot, "1 Vandaag")
    assert source.taken_by == "Els"


async def test_closing_goes_back_to_the_set_up(make_app: MakeApp) -> None:
    async with make_app(new_computer()).run_test() as pilot:
        await wait_for(pilot, "Welkom")
        await click(pilot, "#other-computer")
        await wait_for(pilot, "Steek de schijf")
        await pilot.press("escape")
        await wait_for(pilot, "Welkom")


async def test_copies_on_a_server_are_opened_once_its_key_was_compared(make_app: MakeApp) -> None:
    source = new_computer()
    source.server_look = ServerLook(None, None, "ssh-ed25519 AAAA", "SHA256:abc")
    async with make_app(source).run_test(size=(90, 34)) as pilot:
        await wait_for(pilot, "Welkom")
        await click(pilot, "#other-computer")
        await wait_for(pilot, "Steek de schijf")
        assert not pilot.app.screen.query_one("#login").display
        pilot.app.screen.query_one("#place", Input).value = "sftp://nas/vangnet"
        await wait_for(pilot, "Gebruikersnaam daar")
        pilot.app.screen.query_one("#user", Input).value = "school"
        pilot.app.screen.query_one("#password", Input).value = "geheim"
        pilot.app.screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#open")
        await wait_for(pilot, "Zijn sleutel is SHA256:abc")
        assert source.opened is None
        await click(pilot, "#open")
        await wait_for(pilot, "Kopieën van Basisschool De Linde, in sftp://nas/vangnet")
    place = RemotePlace("sftp://nas/vangnet", "school", server_key="ssh-ed25519 AAAA")
    assert source.opened == OnServer(place, Secret("geheim"))


async def test_a_server_that_does_not_let_us_in_is_said_plainly(make_app: MakeApp) -> None:
    source = new_computer()
    source.server_look = ServerLook(ServerLoginRefused(location="smb://nas/copies", operation="connect"))
    async with make_app(source).run_test(size=(90, 34)) as pilot:
        await wait_for(pilot, "Welkom")
        await click(pilot, "#other-computer")
        await wait_for(pilot, "Steek de schijf")
        pilot.app.screen.query_one("#place", Input).value = "smb://nas/copies"
        pilot.app.screen.query_one("#key", Input).value = KEY.reveal()
        await click(pilot, "#open")
        await wait_for(pilot, "wachtwoord")
    assert source.opened is None
