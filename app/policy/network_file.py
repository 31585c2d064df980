"""What stands in a machine file about how a place on a network is reached."""

from __future__ import annotations

import re
from typing import Final

from app.policy.decode import Fields, Item
from app.policy.errors import Expected, Reason
from app.policy.machine import RemotePlace, TargetKind

_SECRET: Final = re.compile(r"place-[a-z0-9][a-z0-9-]{0,63}")
_PASSWORD_IN_ADDRESS: Final = re.compile(r"//[^/@]*:[^/@]*@")


def read_network(fields: Fields, kind: TargetKind) -> RemotePlace:
    """Read the keys of a place on a network among those of a target."""
    item = fields.need("address")
    return RemotePlace(
        address=network_address(item, kind) if item else "",
        user=fields.text("user", ""),
        secret=_secret_name(fields),
        server_key=fields.text("server_key", ""),
        append_only=fields.true_or_false("append_only", False),
        region=fields.text("region", ""),
        virtual_host=fields.true_or_false("virtual_host", False),
        retention_days=fields.number("retention_days", 0, 36_500, 0),
        compliance=fields.true_or_false("compliance", False),
    )


def network_address(item: Item, kind: TargetKind) -> str:
    """Read an address of a kind. Its parts are looked at where the place is reached; a password in it never passes."""
    text = item.text()
    if not text.startswith(f"{kind.value}:") or _PASSWORD_IN_ADDRESS.search(text):
        found = _PASSWORD_IN_ADDRESS.sub("//…@", text)
        item.problem(Reason.IMPOSSIBLE_VALUE, found=found, expected=(Expected.ADDRESS,))
    return text


def _secret_name(fields: Fields) -> str:
    item = fields.get("secret")
    name = item.text() if item else ""
    if item and not _SECRET.fullmatch(name):
        item.problem(Reason.IMPOSSIBLE_VALUE, found="…", expected=(Expected.TEXT,))  # it might be the secret itself
    return name
