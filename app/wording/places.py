"""The places for copies and the disks that are plugged in, one line each; and why a place cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from app.assessment.model import ConnectionState, Score, TargetHealth
from app.i18n import _
from app.policy.machine import Target
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


def where_text(target: Target) -> str:
    """Say where a place stands: its address or folder, the site, how far off, and what would strike both."""
    parts = [target.where, target.site]
    if target.offsite:
        parts.append(_("in another building"))
    parts.append(target.site_address)
    if target.distance_km is not None:
        parts.append(_("{km} km from here").format(km=target.distance_km))
    if target.same_zone is not None:
        near, far = _("the same fire or flood could reach it"), _("no fire or flood here reaches it")
        parts.append(near if target.same_zone else far)
    return ", ".join(part for part in parts if part)


def score_text(name: str, score: Score, now: datetime, tz: tzinfo) -> str:
    """Say how the 3-2-1-1-0 of a body of data stands: its copies with the original itself, on what, and where."""
    if not score.offline:
        away = _("none out of reach of this computer")
    elif score.detached_since is None:
        away = _("{count} out of reach of this computer").format(count=score.offline)
    else:
        when = felt_time(score.detached_since, now, tz)
        away = _("{count} out of reach of this computer since {when}").format(count=score.offline, when=when)
    counted = _("copies: {copies}, devices: {devices}, buildings: {buildings}, {away}, errors: {errors}").format(
        copies=score.copies, devices=score.media, buildings=score.sites, away=away, errors=score.errors
    )
    return f"{'✔' if score.met else '!'} {name} · {counted}"


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
