"""Backs up one data set to several places from one reading; each run says honestly how its own place went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import MappingProxyType

from app.errors import VangnetError
from app.jobs.backup import Prepared, backup_options, conclude_backup, prepare_backup
from app.jobs.conduct import Ending, cancelled, ended, finish
from app.jobs.installation import Installation
from app.jobs.progress import ProgressPump
from app.records.facts import Outcome, Run, RunId
from app.records.store import Records
from app.repository.mirror import MirrorResult, backup_to_all, can_mirror
from app.repository.model import Cancel, Monitor


@dataclass(frozen=True, slots=True)
class _Stops:
    """Who can stop the work: all of it, or one run of it; `on_left` hears of a run that ended before the others."""

    whole: Cancel
    one: Mapping[RunId, Cancel]
    on_left: Callable[[RunId], None]


def run_backups(
    installation: Installation,
    records: Records,
    runs: Sequence[Run],
    *,
    monitor: Monitor,
    cancel: Cancel,
    cancels: Mapping[RunId, Cancel] = MappingProxyType({}),
) -> tuple[Run, ...]:
    """Carry out the runs of one data set to several places; never raises for failed runs: each outcome says it.

    What is wrong with a place concerns its own run only. Places whose repositories do not fit together are written to
    one after the other. `cancel` stops them all; of `cancels` each stops one run, whose end is recorded at once.
    """
    clock = installation.clock
    began = clock.monotonic()
    with ExitStack() as stack:
        pumps = {run.id: stack.enter_context(ProgressPump(installation.home, clock, run.id, monitor)) for run in runs}

        def end_early(run: RunId) -> None:
            pumps[run].stop()
            with suppress(VangnetError):  # the others go on; what cannot be recorded now is when they are done
                finish(records, run, cancelled(), clock.monotonic() - began)

        endings = _work(installation, records, runs, monitor, _Stops(cancel, cancels, end_early))
    return tuple(finish(records, run.id, endings[run.id], clock.monotonic() - began) for run in runs)


def _work(
    installation: Installation, records: Records, runs: Sequence[Run], monitor: Monitor, stops: _Stops
) -> Mapping[RunId, Ending]:
    endings: dict[RunId, Ending] = {}
    ready: list[Prepared] = []

    def prepare(run: Run) -> Callable[[], Ending]:
        def work() -> Ending:
            ready.append(prepare_backup(installation, records, run.id, data_set=run.data_set, target=run.target))
            return Ending(run.outcome)

        return work

    for run in runs:
        endings[run.id] = ended(prepare(run))
    for group in _groups(ready):
        endings |= _together(installation, records, group, monitor, stops)
    return endings


def _groups(ready: Sequence[Prepared]) -> list[list[Prepared]]:
    """Put those together whose repositories can be written to at once."""
    groups: list[list[Prepared]] = []
    for each in ready:
        for group in groups:
            if can_mirror([*(member.repository for member in group), each.repository]):
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _together(
    installation: Installation, records: Records, group: Sequence[Prepared], monitor: Monitor, stops: _Stops
) -> dict[RunId, Ending]:
    results: list[MirrorResult] = []

    def work() -> Ending:
        first = group[0]
        results.extend(
            backup_to_all(
                [member.repository for member in group],
                first.source.raw_paths,
                options=backup_options(first.folders, verify=any(member.place.removable for member in group)),
                monitor=monitor,
                cancel=stops.whole,
                cancels=[stops.one.get(member.run) or Cancel() for member in group],
                on_left=lambda number: stops.on_left(group[number].run),
                state_dir=installation.home.engine_cache,
                clock=installation.clock,
            )
        )
        return _NOT_YET

    stopped = ended(work)
    if stopped is not _NOT_YET:
        return {member.run: stopped for member in group}
    return {
        member.run: _ending(installation, records, member, result)
        for member, result in zip(group, results, strict=True)
    }


_NOT_YET = Ending(outcome=Outcome.RUNNING)
"""Of work that went well as a whole: how each run ended is said by its own result."""


def _ending(installation: Installation, records: Records, member: Prepared, result: MirrorResult) -> Ending:
    def work() -> Ending:
        if result.error is not None:
            raise result.error
        assert result.summary is not None
        return conclude_backup(installation, records, member, result.summary)

    return ended(work)
