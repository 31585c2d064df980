"""The phases that a copy goes through on a place: made, carried elsewhere, cleared, checked; each has its health."""

from __future__ import annotations

from app.assessment.history import History
from app.assessment.model import Obligation, ObligationKind, Phase, PhaseHealth, State, Timing
from app.assessment.situation import Situation
from app.policy.machine import Purpose, Target
from app.records.facts import Outcome, Run, RunKind

_FAILURES = (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.INTERRUPTED)
_RUNS = {
    Phase.BACKUP: (RunKind.BACKUP, RunKind.FULL),
    Phase.REPLICATE: (RunKind.BACKUP, RunKind.FULL, RunKind.SYNC),
    Phase.PRUNE: (RunKind.PRUNE,),
    Phase.CHECK: (RunKind.CHECK,),
}
_OBLIGATIONS = {
    Phase.BACKUP: (ObligationKind.BACKUP, ObligationKind.YEARLY_FULL),
    Phase.REPLICATE: (ObligationKind.BACKUP, ObligationKind.YEARLY_FULL),
    Phase.PRUNE: (ObligationKind.PRUNE,),
    Phase.CHECK: (ObligationKind.CHECK,),
}


def phases_of(situation: Situation, target: Target, obligations: tuple[Obligation, ...]) -> tuple[PhaseHealth, ...]:
    """Return the health of every phase on a place, in the order in which a copy goes through them."""
    making = Phase.REPLICATE if target.offsite or target.removable else Phase.BACKUP
    phases = (making, Phase.PRUNE, Phase.CHECK) if target.purpose is Purpose.COPIES else (making, Phase.CHECK)
    return tuple(_phase(situation.history, phase, target, obligations) for phase in phases)


def _phase(history: History, phase: Phase, target: Target, obligations: tuple[Obligation, ...]) -> PhaseHealth:
    runs = history.on_target(target.id, _RUNS[phase])
    good = next((run for run in runs if run.outcome is Outcome.GOOD), None)
    failure = next((run for run in runs if run.outcome in _FAILURES), None)
    own = tuple(o for o in obligations if o.target == target.id and o.who is None and o.kind in _OBLIGATIONS[phase])
    waiting = tuple(o for o in own if o.timing is not Timing.MET)
    late = any(o.timing is Timing.OVERDUE for o in own)
    return PhaseHealth(
        phase=phase,
        state=State.ATTENTION if late or _not_mended(failure, runs) else State.OK,
        last_good=history.moment(good) if good else None,
        last_failure=history.moment(failure) if failure else None,
        failure=failure.error_code or failure.outcome.value if failure else "",
        next_due=min((o.due for o in waiting or own), default=None),
        running=any(run.outcome is Outcome.RUNNING for run in runs),
    )


def _not_mended(failure: Run | None, runs: tuple[Run, ...]) -> bool:
    """Tell whether nothing that the failed run was to do has been done since."""
    if failure is None:
        return False
    since = (run for run in runs if run.outcome is Outcome.GOOD and run.started > failure.started)
    return not any(run.data_set in ("", failure.data_set) for run in since)
