"""What a notice is: for whom, about what, how urgent, over which channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.assessment.judgements import Case
from app.assessment.model import Obligation
from app.policy.machine import Person
from app.policy.model import Role
from app.records.facts import Anomaly

DESKTOP: Final = "desktop"
EMAIL: Final = "email"
SERVICE: Final = "service:"
"""Before a service's name: whatever apprise reaches, by an address that is a secret."""
PING: Final = "ping"


class Urgency(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    CRITICAL = "critical"


class Topic(StrEnum):
    """What a notice is about; each has its text."""

    ALARM = "alarm"
    FAILURE = "failure"
    NO_VERDICT = "no-verdict"
    """A day has passed and the director has not said what is to be done."""
    TASK = "task"
    DIGEST = "digest"
    TEST = "test"


EVIDENCE: Final = frozenset({Topic.ALARM, Topic.FAILURE, Topic.NO_VERDICT})
"""That somebody was told of these is journalled."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person over one channel. `keys` name what it says: none of them is said to them twice."""

    keys: tuple[str, ...]
    topic: Topic
    to: Person
    channel: str
    urgency: Urgency
    cases: tuple[Case, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    tasks: tuple[Obligation, ...] = ()

    @property
    def key(self) -> str:
        """How the records keep it: the topic, then what it is about, a line each."""
        return "\n".join(self.keys)


HERE: Final = Person(Role.STAFF, "")
"""Whoever sits at this computer."""


def topic_of(key: str) -> Topic | None:
    """Return what a recorded key is about."""
    word = key.partition(":")[0]
    return {
        "alarm": Topic.ALARM, "case": Topic.FAILURE, "late": Topic.NO_VERDICT, "task": Topic.TASK,
        "digest": Topic.DIGEST, "test": Topic.TEST,
    }.get(word)  # fmt: skip


def is_evidence(key: str) -> bool:
    return topic_of(key) in EVIDENCE
