"""The parts of a machine file about power and lines: from its YAML nodes to values."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from app.policy.decode import Item
from app.policy.errors import Expected, Reason
from app.policy.lines import Line, LineId, LineRole, Sla
from app.policy.machine import THIS_COMPUTER, Target, Ups, UpsId, UpsKind

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252})|\[[0-9a-fA-F:]{2,45}\]|::1?")
_INTERFACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_DEFAULT_PORTS: Final = {UpsKind.NUT: 3493, UpsKind.APCUPSD: 3551, UpsKind.BATTERY: 1}


def read_ups(item: Item) -> Ups:
    with item.fields() as fields:
        kind = fields.choice("kind", UpsKind, UpsKind.NUT)
        host = fields.get("host")
        name = host.text() if host else "127.0.0.1"
        if host and not _HOST.fullmatch(name):
            host.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.TEXT,))
        return Ups(
            id=UpsId(fields.slug("id")),
            name=fields.text("name"),
            host=name,
            port=fields.number("port", 1, 65535, _DEFAULT_PORTS[kind]),
            ups=fields.text("ups", "ups"),
            kind=kind,
            protects=fields.texts("protects") or (THIS_COMPUTER,),
            username=fields.text("username", ""),
            battery_since=fields.optional_day("battery_since"),
        )


def report_unknown_devices(items: tuple[Item, ...], upses: tuple[Ups, ...], targets: tuple[Target, ...]) -> None:
    """Report what a UPS is said to protect and what is neither this computer nor one of its places."""
    known = (THIS_COMPUTER, *(target.id for target in targets))
    for item, ups in zip(items, upses, strict=False):
        for device in ups.protects:
            if device not in known:
                item.problem(Reason.UNKNOWN_VALUE, found=device, expected=known)


def read_line(item: Item) -> Line:
    with item.fields() as fields:
        interface, gateway = fields.get("interface"), fields.get("gateway")
        return Line(
            id=LineId(fields.slug("id")),
            name=fields.text("name"),
            role=fields.choice("role", LineRole),
            interface=_interface(interface) if interface else "",
            gateway=_gateway(gateway) if gateway else "",
            provider=fields.text("provider", ""),
            sla=Sla(
                expires=fields.optional_day("sla_expires"),
                contact=fields.text("sla_contact", ""),
                reference=fields.text("sla_reference", ""),
                not_possible=fields.text("sla_not_possible", ""),
            ),
        )


def _interface(item: Item) -> str:
    name = item.text(filled=False)
    if name and not _INTERFACE.fullmatch(name):
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.TEXT,))
    return name


def _gateway(item: Item) -> str:
    text = item.text(filled=False)
    if not text:
        return ""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=("IPv4",))
    return text
