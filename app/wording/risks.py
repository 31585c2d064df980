"""A risk that the director accepts, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo

from app.clock import parse_utc
from app.i18n import _
from app.records.facts import RiskAcceptance
from app.wording.times import felt_date


def acceptance_text(acceptance: RiskAcceptance, tz: tzinfo) -> str:
    """Say who lives with something, until when and why."""
    return _words(acceptance.by, felt_date(acceptance.until, tz), acceptance.reason)


def accepted_text(data: Mapping[str, str], tz: tzinfo = UTC) -> str:
    """Say the same of a finding that carries it."""
    until = felt_date(parse_utc(data["accepted_until"]), tz)
    return _words(data["accepted_by"], until, data.get("accepted_because", ""))


def _words(by: str, until: str, reason: str) -> str:
    return _("Accepted by {by} until {until}: {reason}.").format(by=by, until=until, reason=reason.rstrip("."))
