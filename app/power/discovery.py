"""Which UPSes there are on this computer: at a NUT server, at an apcupsd, at the kernel, or only on a USB cable."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.clock import Clock
from app.policy.machine import Ups, UpsId, UpsKind
from app.power import apcupsd, kernel, nut
from app.records.facts import UpsSight
from app.udev import context

USB_VENDORS: Final[Mapping[str, str]] = {
    "051d": "APC",
    "0463": "Eaton / MGE",
    "0764": "CyberPower",
    "09ae": "Tripp Lite",
    "06da": "Phoenixtec",
    "0665": "Cypress (Voltronic)",
    "050d": "Belkin",
    "0d9f": "Powercom",
    "10af": "Liebert",
    "03f0": "HP",
    "04b4": "Salicru / Cypress",
    "0001": "Fry's / generic",
    "2a37": "Vertiv",
    "0592": "Powerware",
    "047c": "Dell",
    "04d8": "Riello / AEG",
    "0483": "ST (several brands)",
}
"""USB vendor ids of makers of UPSes (source: nut-usbups.rules)."""

_ONLY_UPSES: Final = frozenset({"051d", "0463", "0764", "09ae", "06da", "0665", "0d9f", "10af", "0592", "2a37"})
"""Vendors whose USB devices are UPSes. The others also make printers and mice: those must call themselves a UPS."""

_UPS_NAME: Final = re.compile(r"\bups\b|uninterrupt", re.IGNORECASE)
PROBE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class FoundUps:
    """A UPS that can be read now, ready for the machine file."""

    ups: Ups
    sight: UpsSight


@dataclass(frozen=True, slots=True)
class UsbUps:
    """A device on USB that is a UPS by its maker."""

    vendor_id: str
    product_id: str
    vendor: str
    product: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found. `unread`: UPSes on USB while no program that reads one answers."""

    found: tuple[FoundUps, ...]
    unread: tuple[UsbUps, ...]


async def discover(
    *,
    clock: Clock,
    host: str = "127.0.0.1",
    nut_port: int = nut.DEFAULT_PORT,
    apcupsd_port: int = apcupsd.DEFAULT_PORT,
    timeout_s: float = PROBE_S,
) -> Discovery:
    """Look on this computer (or `host`), within a second or so."""
    by_nut, by_apcupsd = await asyncio.gather(
        nut.read_upses(host, nut_port, timeout_s=timeout_s, clock=clock),
        apcupsd.read_apcupsd(host, apcupsd_port, "ups", timeout_s=timeout_s, clock=clock),
    )
    local = kernel.batteries(clock=clock)
    found = [
        *(_found(s, UpsKind.NUT, host, nut_port) for s in by_nut),
        *(_found(s, UpsKind.APCUPSD, host, apcupsd_port) for s in (by_apcupsd,) if s.reachable),
        *(_found(s, UpsKind.BATTERY, "127.0.0.1", 1) for s in local),
    ]
    served = any(entry.ups.kind is not UpsKind.BATTERY for entry in found)
    return Discovery(tuple(_with_own_ids(found)), () if served else tuple(usb_upses()))


def usb_upses() -> Iterator[UsbUps]:
    """Yield the UPSes on USB, as udev knows them."""
    try:
        for device in context().list_devices(subsystem="usb", DEVTYPE="usb_device"):
            with contextlib.suppress(KeyError, OSError, UnicodeDecodeError):
                vendor_id = device.attributes.get("idVendor", b"").decode().lower()
                said = {
                    name: nut.text(device.attributes.get(name, b"").decode("utf-8", "replace"))
                    for name in ("idProduct", "product", "manufacturer")
                }
                vendor = USB_VENDORS.get(vendor_id)
                if vendor is None or not (vendor_id in _ONLY_UPSES or _UPS_NAME.search(said["product"])):
                    continue
                yield UsbUps(vendor_id, said["idProduct"].lower(), said["manufacturer"] or vendor, said["product"])
    except (ImportError, OSError):
        return


def _found(sight: UpsSight, kind: UpsKind, host: str, port: int) -> FoundUps:
    name = sight.model or sight.name
    return FoundUps(Ups(UpsId(""), name, host, port, sight.ups, kind), sight)


def _with_own_ids(found: list[FoundUps]) -> Iterator[FoundUps]:
    """Give each an id of its own, made of its name at the server."""
    taken: set[str] = set()
    for entry in found:
        base = re.sub(r"[^a-z0-9]+", "-", entry.ups.ups.lower()).strip("-")[:40] or "ups"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        ups = entry.ups
        yield FoundUps(Ups(UpsId(name), ups.name, ups.host, ups.port, ups.ups, ups.kind, ups.protects), entry.sight)
