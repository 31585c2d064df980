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


_PLUG_PULLED = """
import asyncio, ctypes, json, sys
from pathlib import Path
from app.agent import power
from app.agent.power import PowerWatch
from app.clock import SystemClock
from app.paths import Home
from app.policy.machine import Machine, Ups, UpsId, UpsKind
from app.policy.power_rules import PowerRules
from app.records.store import Records

power.HEARD_S = 3600.0  # what is noticed, the kernel has told
bed = ctypes.CDLL("libumockdev.so.0")
bed.umockdev_testbed_new.restype = ctypes.c_void_p
here = ctypes.c_void_p(bed.umockdev_testbed_new())
assert bed.umockdev_testbed_add_from_string(here, Path(sys.argv[1]).read_bytes(), None)

def say(device, **attributes):
    path = b"/sys/devices/" + device
    for name, value in attributes.items():
        bed.umockdev_testbed_set_attribute(here, path, name.encode(), value)
    bed.umockdev_testbed_uevent(here, path, b"change")

async def main():
    clock = SystemClock()
    machine = Machine("nl", (), (), (Ups(UpsId("laptop"), "Laptop", kind=UpsKind.BATTERY),))
    looks = []
    with Records.open(Home.in_folder(Path(sys.argv[2])), clock) as records:
        watch = PowerWatch(clock, records)
        async def look():
            looks.append(1)
            await watch.look(machine, PowerRules())
        await look()
        held = [watch.on_battery]
        async with watch.watching(look, lambda: watch.idle_pause_s(machine)):
            say(b"mains", online=b"0")
            say(b"BAT0", status=b"Discharging")
            async with asyncio.timeout(60):
                while not watch.on_battery:
                    await asyncio.sleep(0.02)
            held.append(watch.on_battery)
            before, since = len(looks), clock.monotonic()
            for _event in range(30):
                say(b"BAT0", capacity=b"63")
                await asyncio.sleep(0.01)
            await asyncio.sleep(2)
            took_s = clock.monotonic() - since
            print(json.dumps({"held": held, "looks": len(looks) - before, "took_s": took_s}))

asyncio.run(main())
"""


def test_battery_is_read_at_once_when_the_kernel_tells_of_it_and_a_storm_asks_for_few_looks(tmp_path: Path) -> None:
    need("umockdev-wrapper")
    description = tmp_path / "devices.umockdev"
    description.write_text("\n".join((MAINS.format(online=1), BATTERY.format(status="Full", capacity=64))))
    done = subprocess.run(
        ["umockdev-wrapper", sys.executable, "-c", _PLUG_PULLED, str(description), str(tmp_path / "home")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["held"] == [False, True]
    assert 1 <= found["looks"] <= found["took_s"] + 2, "one a second at most"
