"""The 3-2-1-1-0 score of a data set, from facts (REQUIREMENTS S2-4e): only copies that are there and young count."""

from __future__ import annotations

from app.assessment.copies import CopyAge
from app.assessment.model import ConnectionState, Finding, FindingCode, Score
from app.assessment.situation import Situation
from app.policy.model import DataSetId

_ERRORS = (
    FindingCode.LAST_RUN_FAILED,
    FindingCode.LAST_RUN_INCOMPLETE,
    FindingCode.CHECK_FAILED,
    FindingCode.RESTORE_TEST_FAILED,
)


def scores(
    situation: Situation, ages: tuple[CopyAge, ...], findings: tuple[Finding, ...]
) -> tuple[tuple[DataSetId, Score], ...]:
    """Score every data set of the policy."""
    return tuple((data_set.id, _score(situation, data_set.id, ages, findings)) for data_set, _ in situation.plans)


def _score(
    situation: Situation, data_set: DataSetId, ages: tuple[CopyAge, ...], findings: tuple[Finding, ...]
) -> Score:
    good = tuple(age.target for age in ages if age.data_set.id == data_set and age.fresh(situation.now))
    subjects = {data_set, *(target.id for target in situation.machine.targets_of(data_set))}
    # The source is a copy and a medium. A place is refused at the set-up when it is on the source's own device; two
    # folders on one mounted share are one medium.
    media = {target.fs_uuid or (target.kind, target.site or target.path.parent) for target in good}
    away = [t for t in good if t.removable and situation.connection(t) is ConnectionState.DETACHED]
    left = [sight.since for t in away if (sight := situation.history.sights.get(t.id)) is not None]
    return Score(
        copies=1 + len(good),
        media=1 + len(media),
        offsite=sum(target.offsite for target in good),
        offline=len(away),
        errors=sum(f.code in _ERRORS and f.subject in subjects for f in findings),
        sites=1 + len({target.site.casefold() or target.id for target in good if target.offsite}),
        detached_since=max(left, default=None),
    )
