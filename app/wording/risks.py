"""A risk that the director accepts, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo

from app.clock import parse_utc
from app.i18n import _
from app.wording.times import felt_date


def accepted_text(data: Mapping[str, str], tz: tzinfo = UTC) -> str:
    """Say who lives with a finding, until when and why."""
    return _("Accepted by {by} until {until}: {reason}.").format(
        by=data["accepted_by"],
        until=felt_date(parse_utc(data["accepted_until"]), tz),
        reason=data.get("accepted_because", "").rstrip("."),
    )
