"""The sample school's power and lines: a UPS that lived through an outage, a NAS without one, two lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from app.policy.lines import Line, LineId, LineRole, Sla
from app.policy.machine import Machine, Ups, UpsId
from app.records.facts import (
    Facts,
    LineSight,
    Outage,
    OutageCause,
    OutageId,
    OutageKind,
    TestResult,
    UpsReading,
    UpsSight,
    UpsTest,
    UpsTestHow,
)

NOW = datetime(2026, 11, 23, 16, 2, tzinfo=UTC)
LINES = (
    Line(LineId("glasvezel"), "Glasvezel", LineRole.MAIN, "eth0", sla=Sla(date(2027, 6, 30), "0800 12 345")),
    Line(LineId("4g"), "4G-router", LineRole.ALTERNATIVE, "eth1", sla=Sla(not_possible="abonnement voor thuis")),
)
UPSES = (
    Ups(UpsId("bureau"), "UPS bureau", ups="bureau"),
    Ups(UpsId("rek"), "UPS serverrek", ups="rek", protects=("pc", "nas"), battery_since=date(2024, 3, 1)),
)


def machine(before: Machine) -> Machine:
    return replace(before, upses=UPSES, lines=LINES)


def facts(before: Facts, *, on_battery: bool = False) -> Facts:
    bureau = UpsSight(
        "bureau", "UPS bureau", NOW, True, ("OB", "DISCHRG") if on_battery else ("OL",), 71.0 if on_battery else 100.0,
        720.0 if on_battery else 2460.0, 18.0, "Eaton 5E 650",
    )  # fmt: skip
    rack = UpsSight("rek", "UPS serverrek", NOW - timedelta(hours=3), False, trouble="driver")
    outages: tuple[Outage, ...] = (
        Outage(
            OutageId(40), OutageKind.POWER, "bureau", OutageCause.MAINS, NOW - timedelta(hours=9),
            NOW - timedelta(hours=8, minutes=22), True, 8.0, 100.0,
        ),
        Outage(
            OutageId(31), OutageKind.LINE, "glasvezel", OutageCause.SWITCHED_OVER, NOW - timedelta(days=12),
            NOW - timedelta(days=11, hours=20),
        ),
    )  # fmt: skip
    if on_battery:
        now = Outage(OutageId(51), OutageKind.POWER, "bureau", OutageCause.MAINS, NOW - timedelta(minutes=11))
        outages = (now, *outages)
    tested = UpsTest("bureau", NOW - timedelta(days=20), UpsTestHow.SELF_TEST, TestResult.PASSED, 2280.0, 100.0, "Els")
    return replace(
        before,
        upses=(bureau, rack),
        outages=outages,
        ups_tests=(tested,),
        lines=(
            LineSight("glasvezel", NOW, True, NOW - timedelta(days=11), 8.0, in_use=True),
            LineSight("4g", NOW, True, NOW - timedelta(days=40), 41.0),
        ),
    )


def readings(ups: str) -> tuple[UpsReading, ...]:
    """A day of numbers: empty until it was switched on, an outage in the morning, charging after it."""
    if ups != "bureau":
        return ()
    found = []
    for minutes in range(22 * 60, 0, -5):
        ago_h = minutes / 60
        if 8.4 < ago_h <= 9:
            charge, on_battery = 8 + (ago_h - 8.4) / 0.6 * 92, True
        elif 4 < ago_h <= 8.4:
            charge, on_battery = 8 + (8.4 - ago_h) / 4.4 * 92, False
        else:
            charge, on_battery = 100.0, False
        found.append(UpsReading(ups, NOW - timedelta(minutes=minutes), on_battery, charge, charge * 24, 18.0))
    return tuple(found)
