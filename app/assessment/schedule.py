"""What the machine does next, and when; what it may start now. Views of an assessment, with no clock of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.assessment.model import Assessment, ConnectionState, Obligation, ObligationKind, Timing
from app.policy.model import DataSetId

_AWAY = (ConnectionState.DETACHED, ConnectionState.MISSING)


@dataclass(frozen=True, slots=True)
class NextRun:
    """Work of one kind that starts at one moment; `at` is the assessment's own moment when it may start now."""

    at: datetime
    kind: ObligationKind
    pace: str
    """Of copies: "daily", "weekly" or the days between them; empty for other work."""
    data_sets: tuple[DataSetId, ...]
    targets: tuple[str, ...]


def due_now(assessment: Assessment, *, connected: Collection[str] | None = None) -> tuple[Obligation, ...]:
    """Return what the machine may start now, the most urgent first.

    `connected` are the ids of the places that are there; by default those that the assessment does not know to be
    away. Left out is what is under way already, and what failed a short while ago (`Obligation.not_before`).
    """
    there = _there(assessment) if connected is None else connected
    return tuple(
        o
        for o in assessment.obligations
        if o.who is None
        and o.timing in (Timing.DUE, Timing.OVERDUE)
        and not o.running
        and (o.not_before is None or o.not_before <= assessment.at)
        and (o.target is None or o.target in there)
    )


def next_runs(
    assessment: Assessment, *, connected: Collection[str] | None = None, limit: int | None = None
) -> tuple[NextRun, ...]:
    """Return what the machine will do, the soonest first; places that are away are left out until they come back."""
    there = _there(assessment) if connected is None else connected
    groups: dict[tuple[datetime, ObligationKind, str], list[Obligation]] = {}
    for o in assessment.obligations:
        if o.who is not None or (o.target is not None and o.target not in there):
            continue
        if o.timing is Timing.MET and o.opens <= assessment.at:
            continue  # a hold stands in its way: nobody knows for how long
        at = max(assessment.at, o.opens, o.not_before or o.opens)
        groups.setdefault((at, o.kind, dict(o.data).get("pace", "")), []).append(o)
    order = tuple(ObligationKind)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], order.index(item[0][1]), item[0][2]))
    return tuple(
        NextRun(
            at=at,
            kind=kind,
            pace=pace,
            data_sets=tuple(dict.fromkeys(o.data_set for o in group if o.data_set is not None)),
            targets=tuple(dict.fromkeys(o.target for o in group if o.target is not None)),
        )
        for (at, kind, pace), group in ordered[:limit]
    )


def _there(assessment: Assessment) -> frozenset[str]:
    return frozenset(t.target for t in assessment.targets if t.connection not in _AWAY)
