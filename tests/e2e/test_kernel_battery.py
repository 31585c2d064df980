"""Batteries and USB devices as the real kernel interface shows them, in a test bed of umockdev."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.programs import need

pytestmark = pytest.mark.rig
ROOT = Path(__file__).parents[2]

MAINS = """P: /devices/mains
E: SUBSYSTEM=power_supply
A: type=Mains
A: online={online}
"""
BATTERY = """P: /devices/BAT0
E: SUBSYSTEM=power_supply
A: type=Battery
A: present=1
A: status={status}
A: capacity={capacity}
A: energy_now=20000000
A: power_now=10000000
A: manufacturer=SANYO
A: model_name=45N1023
"""
MOUSE = """P: /devices/mouse
E: SUBSYSTEM=power_supply
A: type=Battery
A: scope=Device
A: status=Discharging
A: capacity=3
"""
USB = """P: /devices/usb1/{name}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: idVendor={vendor}
A: idProduct=0002
A: product={product}
A: manufacturer={maker}
"""
_BATTERIES = """
import json
from app.clock import SystemClock
from app.power.kernel import batteries, read_battery
found = batteries(clock=SystemClock())
one = read_battery("ups", clock=SystemClock())
print(json.dumps({"found": [[s.ups, list(s.flags), s.charge_percent, s.runtime_s, s.model] for s in found],
                  "one": [one.reachable, one.trouble]}))
"""
_USB = """
import asyncio, json
from app.clock import SystemClock
from app.power.discovery import discover
found = asyncio.run(discover(clock=SystemClock(), nut_port=9, apcupsd_port=9))
print(json.dumps([[u.vendor_id, u.vendor, u.product] for u in found.unread]))
"""


def beside(devices: str, code: str, folder: Path) -> object:
    """Run Python where these are the devices that there are; returns the JSON it prints."""
    need("umockdev-run")
    description = folder / "devices.umockdev"
    description.write_text(devices)
    done = subprocess.run(
        ["umockdev-run", "-d", str(description), "--", sys.executable, "-c", code],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: object = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("online", "status", "capacity", "flags", "runtime_s"),
    [
        (1, "Full", 100, ["OL"], None),
        (1, "Charging", 40, ["OL"], None),
        (0, "Discharging", 64, ["OB", "DISCHRG"], 7200.0),
        (0, "Discharging", 5, ["OB", "DISCHRG", "LB"], 7200.0),
        (1, "Discharging", 99, ["OL"], None),
        (0, "Unknown", 64, ["OB", "DISCHRG"], 7200.0),
    ],
)
def test_battery_says_how_the_computer_is_fed(
    tmp_path: Path, online: int, status: str, capacity: int, flags: list[str], runtime_s: float | None
) -> None:
    devices = "\n".join((MAINS.format(online=online), BATTERY.format(status=status, capacity=capacity), MOUSE))
    found = beside(devices, _BATTERIES, tmp_path)
    battery = ["BAT0", flags, float(capacity), runtime_s, "SANYO 45N1023"]
    assert found == {"found": [battery], "one": [True, ""]}


def test_computer_without_a_battery_has_none(tmp_path: Path) -> None:
    found = beside(f"{MAINS.format(online=1)}\n{MOUSE}", _BATTERIES, tmp_path)
    assert found == {"found": [], "one": [False, "driver"]}


def test_ups_on_usb_that_nobody_reads_is_known_by_its_maker_and_a_mouse_is_none(tmp_path: Path) -> None:
    devices = "\n".join(
        (
            USB.format(name="1-1", vendor="051d", product="Back-UPS ES 700G", maker="American Power Conversion"),
            USB.format(name="1-2", vendor="03f0", product="Optical Mouse", maker="HP"),
            USB.format(name="1-3", vendor="03f0", product="T1500 G3 UPS", maker="HP"),
            USB.format(name="1-4", vendor="046d", product="Receiver", maker="Logitech"),
        )
    )
    assert beside(devices, _USB, tmp_path) == [
        ["051d", "American Power Conversion", "Back-UPS ES 700G"],
        ["03f0", "HP", "T1500 G3 UPS"],
    ]
