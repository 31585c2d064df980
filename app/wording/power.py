"""A UPS in one line."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from app.i18n import _
from app.records.facts import UpsSight
from app.wording.times import felt_duration, felt_time


def ups_text(ups: UpsSight, now: datetime, tz: tzinfo = UTC) -> str:
    """Say how a UPS is: "UPS op netstroom, 41 minuten reserve"."""
    if not ups.reachable:
        seen = felt_time(ups.at, now, tz)
        return _("{name}: no sign of life; last heard {when}").format(name=ups.name, when=seen)
    parts = [_supply(ups.flags)]
    if ups.runtime_s is not None:
        parts.append(_("{time} in reserve").format(time=felt_duration(ups.runtime_s)))
    if ups.charge_percent is not None:
        parts.append(_("{percent} % charged").format(percent=round(ups.charge_percent)))
    if "RB" in ups.flags:
        parts.append(_("the battery wants replacing"))
    return f"{ups.name}: {', '.join(parts)}"


def _supply(flags: tuple[str, ...]) -> str:
    if "LB" in flags:
        return _("battery almost empty")
    if "OB" in flags:
        return _("on battery")
    return _("on mains power") if "OL" in flags else _("state unknown")
