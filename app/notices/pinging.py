"""The dead-man's signal: a web address that hears of copies that were made, and raises the alarm when it hears nothing.

    URL/start   a copy has begun          URL   a copy was good, and nothing is late          URL/fail   one was not

Only evidence is sent: a good run, and an assessment in which no data set is without its copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.assessment.model import Assessment, State
from app.records.facts import Facts, Outcome, Run, RunKind, SentNotice

_COPIES: Final = (RunKind.BACKUP, RunKind.FULL)
OLD: Final = timedelta(hours=6)
"""A run that ended longer ago is no news, whatever it was."""


class Beat(StrEnum):
    """What is said; the value is what the path of the address ends in."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


@dataclass(frozen=True, slots=True)
class Ping:
    beat: Beat
    key: str
    """"ping:success:812", after the run that it is about."""


def ping_due(facts: Facts, assessment: Assessment, said: Sequence[SentNotice], now: datetime) -> Ping | None:
    """Return what is to be signalled now, None when nothing is."""
    known = {sent.key for sent in said}
    copies = sorted((run for run in facts.runs if run.kind in _COPIES), key=lambda run: run.id)
    running = [run for run in copies if run.outcome is Outcome.RUNNING]
    if running:
        # One for the whole round: the runs of an evening follow each other.
        first = running[0]
        begun = any(sent.key.startswith("ping:start:") and sent.at > now - timedelta(hours=1) for sent in said)
        return None if begun else _unless_known(Ping(Beat.START, f"ping:start:{first.id}"), known)
    ended = [run for run in copies if run.finished is not None and run.outcome is not Outcome.CANCELLED]
    if not ended or not timedelta(0) <= now - (ended[-1].finished or now) <= OLD:
        return None
    return _unless_known(_verdict(ended[-1], assessment), known)


def _verdict(newest: Run, assessment: Assessment) -> Ping | None:
    match newest.outcome:
        case Outcome.GOOD:
            late = any(h.last_good is None or h.state is State.ERROR for h in assessment.data_sets)
            beat = Beat.FAIL if late else Beat.SUCCESS
        case Outcome.FAILED | Outcome.INCOMPLETE:
            beat = Beat.FAIL
        case _:
            return None
    return Ping(beat, f"ping:{beat.name.lower()}:{newest.id}")


def _unless_known(ping: Ping | None, known: set[str]) -> Ping | None:
    return None if ping is None or ping.key in known else ping
