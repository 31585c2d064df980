"""The power supplies that the kernel itself knows, through udev: a laptop's battery, a UPS that shows as one.

Source: the kernel's Documentation/ABI/testing/sysfs-class-power. Where there is no udev, psutil reads the battery.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.clock import Clock
from app.power.nut import number, text, unreachable
from app.power.nutwire import Trouble
from app.records.facts import UpsSight
from app.udev import context

if TYPE_CHECKING:
    import pyudev

ANY_BATTERY: Final = "ups"
"""The name of a battery in the machine file when it does not matter which: the default of `Ups.ups`."""
LOW_PERCENT: Final = 7.0
"""Below this a battery counts as almost empty: the kernel has no such word of its own but "Critical"."""
_MICRO: Final = 1e-6
_ATTRIBUTES: Final = (
    "type", "scope", "present", "online", "status", "capacity", "capacity_level", "time_to_empty_now",
    "time_to_empty_avg", "energy_now", "energy_full", "power_now", "charge_now", "charge_full", "current_now",
    "manufacturer", "model_name", "health",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Supply:
    """One power supply as the kernel tells of it."""

    name: str
    said: Mapping[str, str]

    @property
    def is_battery(self) -> bool:
        """Tell whether this feeds the computer: a mouse's battery has the scope "Device"."""
        return (
            self.said.get("type") in {"Battery", "UPS"}
            and self.said.get("scope") != "Device"
            and self.said.get("present", "1") != "0"
        )

    @property
    def is_mains(self) -> bool:
        return self.said.get("type") in {"Mains", "USB"}


def supplies() -> tuple[Supply, ...]:
    """Return every power supply of this computer, by name; none where there is no udev."""
    return tuple(sorted(_supplies(), key=lambda supply: supply.name))


def batteries(*, clock: Clock) -> tuple[UpsSight, ...]:
    """Return each battery that feeds this computer; a desktop has none."""
    known = supplies()
    found = tuple(_sight(s, known, clock) for s in known if s.is_battery)
    return found or _with_psutil(clock)


def read_battery(name: str, *, clock: Clock) -> UpsSight:
    """Return what one battery says now; ANY_BATTERY takes the first."""
    found = batteries(clock=clock)
    sight = next((s for s in found if s.ups == name), None)
    if sight is None and name == ANY_BATTERY and found:
        sight = found[0]
    return sight or unreachable(name, clock, Trouble.DRIVER)


def _supplies() -> Iterator[Supply]:
    try:
        for device in context().list_devices(subsystem="power_supply"):
            yield Supply(device.sys_name, _attributes(device))
    except (ImportError, OSError):
        return


def _attributes(device: pyudev.Device) -> dict[str, str]:
    said: dict[str, str] = {}
    for name in _ATTRIBUTES:
        with contextlib.suppress(KeyError, OSError):  # a driver that cannot tell right now answers ENODATA
            said[name] = text(device.attributes.get(name, b"").decode("utf-8", "replace"))
    return {name: value for name, value in said.items() if value}


def _sight(supply: Supply, known: tuple[Supply, ...], clock: Clock) -> UpsSight:
    said = supply.said
    mains = [other.said.get("online") == "1" for other in known if other.is_mains and "online" in other.said]
    status = said.get("status", "")
    if status == "Discharging":
        # A full battery may "discharge" for a moment while the mains are there.
        on_battery: bool | None = not any(mains)
    elif status in {"Charging", "Full", "Not charging"}:
        on_battery = False
    else:
        on_battery = not any(mains) if mains else None
    charge = number(said.get("capacity"), most=100)
    flags = () if on_battery is None else ("OB", "DISCHRG") if on_battery else ("OL",)
    low = said.get("capacity_level") == "Critical" or (charge is not None and charge <= LOW_PERCENT)
    if on_battery and low:
        flags = (*flags, "LB")
    if said.get("health") in {"Dead", "Unspecified failure"}:
        flags = (*flags, "RB")
    maker, model = said.get("manufacturer", ""), said.get("model_name", "")
    return UpsSight(
        ups=supply.name,
        name=supply.name,
        at=clock.now(),
        reachable=bool(flags),
        flags=flags,
        charge_percent=charge,
        runtime_s=_runtime_s(said) if on_battery else None,
        model=" ".join(part for part in (maker, model) if part),
        trouble="" if flags else Trouble.DRIVER,
    )


def _runtime_s(said: Mapping[str, str]) -> float | None:
    """Return how long a battery lasts: as it says, or what it holds by what it gives."""
    for name in ("time_to_empty_now", "time_to_empty_avg"):
        seconds = number(said.get(name), most=7 * 86400)
        if seconds:
            return seconds
    for holds, gives in (("energy_now", "power_now"), ("charge_now", "current_now")):
        # In millionths, which cancel out; a driver that does not measure says 0.
        amount, rate = number(said.get(holds), most=1e12), number(said.get(gives), most=1e12)
        if amount is not None and rate and rate * _MICRO > 0.1:
            return min(amount / rate * 3600, 7 * 86400)
    return None


def _with_psutil(clock: Clock) -> tuple[UpsSight, ...]:
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (OSError, ValueError):  # a kernel without power supplies, or a driver that writes nonsense
        return ()
    if battery is None or battery.power_plugged is None:
        return ()
    low = battery.percent <= LOW_PERCENT
    flags = ("OL",) if battery.power_plugged else ("OB", "DISCHRG", *(("LB",) if low else ()))
    seconds = float(battery.secsleft) if battery.secsleft > 0 and not battery.power_plugged else None
    return (
        UpsSight(
            ups=ANY_BATTERY,
            name=ANY_BATTERY,
            at=clock.now(),
            reachable=True,
            flags=flags,
            charge_percent=min(100.0, max(0.0, float(battery.percent))),
            runtime_s=seconds,
        ),
    )
