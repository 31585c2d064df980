"""The places for copies and the disks that are plugged in, one line each; and why a place cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from app.assessment.model import ConnectionState, TargetHealth
from app.i18n import _
from app.records.facts import DriveSight
from app.wording.sets import SIGNS, state_word
from app.wording.sizes import felt_size
from app.wording.times import felt_time


def place_text(health: TargetHealth, now: datetime, tz: tzinfo) -> str:
    """Say of a place whether it is there, how old its newest copy is, and what is free."""
    parts = [connection_text(health.connection, health.reason)]
    if health.last_good is None:
        parts.append(_("no copy yet"))
    else:
        parts.append(_("last copy {when}").format(when=felt_time(health.last_good, now, tz)))
    if health.free_bytes is not None:
        parts.append(_("{size} free").format(size=felt_size(health.free_bytes)))
    return f"{SIGNS[health.state]} {health.name} · {state_word(health.state)} · {', '.join(parts)}"


def connection_text(connection: ConnectionState, reason: str = "") -> str:
    """Say whether a place is there, and where that is known why not."""
    match connection:
        case ConnectionState.MISSING if reason == "login":
            return _("does not accept our password")
        case ConnectionState.MISSING if reason == "no-secret":
            return _("its password is not on this computer")
        case ConnectionState.MISSING if reason == "no-answer":
            return _("does not answer")
        case ConnectionState.MISSING if reason == "other-server":
            return _("another server answers")
        case ConnectionState.CONNECTED:
            return _("connected")
        case ConnectionState.DETACHED:
            return _("not plugged in")
        case ConnectionState.MISSING:
            return _("not there")
        case ConnectionState.UNKNOWN:
            return _("not looked at yet")


def drive_text(drive: DriveSight) -> str:
    """Say which USB disk is plugged in."""
    name = " ".join(part for part in (drive.vendor, drive.model) if part) or drive.label or drive.device
    known = _("one of yours") if drive.target else _("not known yet") if drive.formatted else _("not formatted yet")
    return f"{name} · {felt_size(drive.size_bytes)} · {drive.label or '–'} · {known} · {drive.device}"


def place_problem_text(code: str, data: Mapping[str, str]) -> str:
    """Say why a folder or disk cannot hold copies, or what is worth knowing about it."""
    from app.wording.errors import explain

    return explain("target-unsuitable", {**data, "reason": code}).what


def key_to_compare(fingerprint: str) -> str:
    """Say an SSH server's key, once, to whoever is about to trust it; nothing else proves who answered."""
    return _("It answers. Its key is {key}: compare it with what the server's owner says, then press again.").format(
        key=fingerprint
    )
