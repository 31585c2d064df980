"""UPSes as a real NUT server tells of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.clock import SystemClock
from app.policy.machine import Ups, UpsId
from app.power.monitor import read_machine_upses
from app.power.nut import probe, read_upses
from tests.rig.nut import NutServer

pytestmark = pytest.mark.rig

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def two_upses() -> Iterator[NutServer]:
    server = NutServer({"server": {}, "kantoor": {"ups.status": "OB DISCHRG", "battery.charge": "41"}})
    try:
        server.start()
        yield server
    finally:
        server.clean_up()


async def test_ups_on_mains_is_read_whole(nut_server: NutServer) -> None:
    (sight,) = await read_upses(HOST, nut_server.port, clock=SystemClock(), names=("ups",))
    assert sight.reachable
    assert sight.flags == ("OL",)
    assert (sight.charge_percent, sight.runtime_s, sight.load_percent) == (100.0, 2460.0, 18.0)
    assert sight.model == "SimPower Back-UPS 700"


async def test_going_on_battery_and_low_shows_in_the_flags(nut_server: NutServer) -> None:
    nut_server.say("ups", ups_status="OB DISCHRG", battery_charge="64")
    (sight,) = await read_upses(HOST, nut_server.port, clock=SystemClock(), names=("ups",))
    assert sight.flags == ("OB", "DISCHRG")
    assert sight.charge_percent == 64.0
    nut_server.say("ups", ups_status="OB LB")
    (sight,) = await read_upses(HOST, nut_server.port, clock=SystemClock(), names=("ups",))
    assert sight.flags == ("OB", "LB")


async def test_lost_driver_and_stopped_server_are_not_reachable(nut_server: NutServer) -> None:
    nut_server.kill_driver("ups")
    (sight,) = await read_upses(HOST, nut_server.port, clock=SystemClock(), names=("ups",))
    assert (sight.reachable, sight.flags) == (False, ())
    nut_server.stop_server()
    (sight,) = await read_upses(HOST, nut_server.port, clock=SystemClock(), names=("ups",))
    assert not sight.reachable


async def test_probe_lists_every_ups_of_a_server(two_upses: NutServer) -> None:
    sights = await probe(HOST, two_upses.port)
    assert [(sight.ups, sight.flags) for sight in sights] == [("kantoor", ("OB", "DISCHRG")), ("server", ("OL",))]


async def test_wrong_name_does_not_hide_the_others(two_upses: NutServer) -> None:
    sights = await read_upses(HOST, two_upses.port, clock=SystemClock(), names=("nobody", "server"))
    assert [(sight.ups, sight.reachable) for sight in sights] == [("nobody", False), ("server", True)]


async def test_upses_of_the_machine_file_keep_their_own_names_and_order(two_upses: NutServer) -> None:
    upses = (
        Ups(UpsId("b"), "Serverkast", HOST, two_upses.port, "server"),
        Ups(UpsId("c"), "Verdwenen", HOST, 1, "ups"),
        Ups(UpsId("a"), "Kantoor", HOST, two_upses.port, "kantoor"),
    )
    sights = await read_machine_upses(upses, clock=SystemClock())
    assert [(s.ups, s.name, s.reachable) for s in sights] == [
        ("b", "Serverkast", True),
        ("c", "Verdwenen", False),
        ("a", "Kantoor", True),
    ]
