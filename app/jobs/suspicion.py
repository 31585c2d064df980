"""After each copy: does it look like the work of ransomware? If so, everything is kept and people are called."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.assessment.anomaly import explained_at, signs_of_attack, usual_changes
from app.jobs.canary import forget_touched, place_canaries, touched_among, touched_canaries
from app.jobs.installation import Installation
from app.records.facts import Anomaly, AnomalyVerdict, Changes, Facts, Hold, RunId
from app.records.store import Records
from app.repository.model import BackupSummary

ANOMALY = "anomaly"
BY_VANGNET = "vangnet"
TOGETHER_S = 3600.0
"""For so long the small copies of a session are judged as one."""


def look_for_attack(
    installation: Installation, records: Records, run: RunId, *, data_set: str, target: str, summary: BackupSummary
) -> None:
    """Keep what a run has counted, and raise the alarm when it is suspicious; one open alarm a data set is enough."""
    changes = _changes(installation, records, run, data_set, target, summary)
    if changes is None:
        return
    facts = records.facts()
    history = records.changes_of(data_set)
    records.record_changes(changes)
    if _has_alarm(facts, data_set):
        return
    signs = signs_of_attack(
        changes, usual_changes(history, facts.anomalies), explained_at=explained_at(facts.anomalies, data_set)
    )
    if signs:
        raise_alarm(installation, records, run, data_set=data_set, target=target, signs=signs)


def watch_canaries(installation: Installation, records: Records, facts: Facts) -> None:
    """Look between the copies whether a watch file was touched, and raise the alarm."""
    for data_set in sorted({canary.data_set for canary in facts.canaries}):
        touched = touched_among(facts.canaries, data_set)
        newest = next((run.id for run in facts.runs if run.data_set == data_set), None)
        known = {anomaly.run for anomaly in facts.anomalies}
        # An alarm bears the number of the newest run before it.
        if touched and newest is not None and newest not in known and not _has_alarm(facts, data_set):
            raise_alarm(
                installation, records, newest, data_set=data_set, target="", signs=(("canary", str(len(touched))),)
            )


def raise_alarm(
    installation: Installation,
    records: Records,
    run: RunId,
    *,
    data_set: str,
    target: str,
    signs: tuple[tuple[str, str], ...],
) -> None:
    """Record a suspicion and hold every version of the data set, on every place."""
    now = installation.clock.now()
    anomaly = Anomaly(run, data_set, target, now, signs)
    hold = Hold(anomaly.hold_id, data_set, "", ANOMALY, "", BY_VANGNET, now)
    records.record_anomaly(anomaly, hold)


def answer_alarm(
    installation: Installation, records: Records, run: RunId, verdict: AnomalyVerdict, *, by: str, remark: str = ""
) -> None:
    """Say what an alarm was, and let go of its hold. After "it was us", touched watch files are replaced.

    Raises UnknownAnomaly when it is not open any more.
    """
    concerned = next((a.data_set for a in records.facts().anomalies if a.run == run), "")
    records.close_anomaly(run, verdict, by=by, remark=remark)
    if any(canary.data_set == concerned for canary in records.facts().canaries):
        forget_touched(records, concerned, by=by)
        place_canaries(installation, records, concerned, by=by)


def _has_alarm(facts: Facts, data_set: str) -> bool:
    return any(a.data_set == data_set and a.verdict is AnomalyVerdict.OPEN for a in facts.anomalies)


def _changes(
    installation: Installation, records: Records, run: RunId, data_set: str, target: str, summary: BackupSummary
) -> Changes | None:
    """Put together what is judged; None when nothing has changed, or there was nothing to compare with."""
    touched = touched_canaries(records, data_set)
    found = summary.changes
    if found is None:
        if not touched:
            return None
        return Changes(run, data_set, target, installation.clock.now(), 0, 0, 0, 0, 0, 0, touched)
    if not touched and not (found.new or found.changed or found.removed):
        return None
    return Changes(
        run=run,
        data_set=data_set,
        target=target,
        at=installation.clock.now(),
        files_before=max(0, summary.files - found.new + found.removed),
        new=found.new,
        changed=found.changed,
        removed=found.removed,
        opaque_new=found.opaque_new,
        opaque_changed=found.opaque_changed,
        canaries_touched=touched,
    )


class GrowingSuspicion:
    """Judges many small copies together: an attack that takes minutes is spread over a session's copies."""

    def __init__(self, installation: Installation, records: Records, run: RunId, *, data_set: str, target: str) -> None:
        self._installation = installation
        self._records = records
        self._run = run
        self._data_set = data_set
        self._target = target
        self._since_s = installation.clock.monotonic()
        self._sum: Changes | None = None

    def add(self, summary: BackupSummary) -> None:
        """Take in what a copy has counted, and raise the alarm when the last hour is suspicious."""
        found = _changes(self._installation, self._records, self._run, self._data_set, self._target, summary)
        if found is None:
            return
        now_s = self._installation.clock.monotonic()
        if self._sum is None or now_s - self._since_s > TOGETHER_S:
            self._sum, self._since_s = found, now_s
        else:
            self._sum = _together(self._sum, found)
        facts = self._records.facts()
        known = any(a.run == self._run for a in facts.anomalies)
        if known or _has_alarm(facts, self._data_set):
            return  # a session has one alarm at most: it bears the session's number
        history = usual_changes(self._records.changes_of(self._data_set), facts.anomalies)
        said = explained_at(facts.anomalies, self._data_set)
        # A session sees each change once: what was explained longer ago is no explanation of this.
        recent = said is not None and self._sum.at - said <= timedelta(seconds=TOGETHER_S)
        signs = signs_of_attack(self._sum, history, explained_at=said if recent else None)
        if signs:
            raise_alarm(
                self._installation, self._records, self._run, data_set=self._data_set, target=self._target, signs=signs
            )


def _together(earlier: Changes, later: Changes) -> Changes:
    return replace(
        earlier,
        at=later.at,
        new=earlier.new + later.new,
        changed=earlier.changed + later.changed,
        removed=earlier.removed + later.removed,
        opaque_new=earlier.opaque_new + later.opaque_new,
        opaque_changed=earlier.opaque_changed + later.opaque_changed,
        canaries_touched=later.canaries_touched,
    )
