"""Findings that the director lives with for a while: they stay in sight, but no light burns for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from app.assessment.model import Finding, State
from app.clock import format_utc
from app.records.facts import RiskAcceptance


def accepting(
    finding: str, subject: str, acceptances: Iterable[RiskAcceptance], now: datetime
) -> RiskAcceptance | None:
    """Return the acceptance that holds now for a finding; the newest one counts, and may have ended."""
    own = [a for a in acceptances if a.finding == finding and a.subject == subject and a.at <= now]
    newest = max(own, key=lambda a: a.at, default=None)
    return newest if newest is not None and now < newest.until else None


def with_acceptances(
    findings: tuple[Finding, ...], acceptances: tuple[RiskAcceptance, ...], now: datetime
) -> tuple[Finding, ...]:
    """Put out the light of each finding that the director accepts now, and say who and until when."""
    if not acceptances:
        return findings
    return tuple(_judged(finding, accepting(finding.code, finding.subject, acceptances, now)) for finding in findings)


def _judged(finding: Finding, acceptance: RiskAcceptance | None) -> Finding:
    if acceptance is None:
        return finding
    said = (
        ("accepted_by", acceptance.by),
        ("accepted_until", format_utc(acceptance.until)),
        ("accepted_because", acceptance.reason),
    )
    return replace(finding, state=State.OK, data=(*finding.data, *said))
