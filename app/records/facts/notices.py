"""Who was told of what, and the messages that are to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Told:
    """Proof that somebody was told of something: a failure, an escalation, an alarm."""

    key: str
    """What it was about ("case:…"), and the step of the escalation."""
    role: str
    person: str
    channel: str
    at: datetime


class NoticeState(StrEnum):
    WAITING = "waiting"
    """Not sent yet, or in vain: it is tried again."""
    SENT = "sent"
    GIVEN_UP = "given-up"
    """Too old to be worth sending; it is shown."""


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A message to one person over one channel: a number of ours, not evidence (`Told` is)."""

    id: int
    key: str
    role: str
    person: str
    channel: str
    urgency: str
    title: str
    at: datetime
    """When it was decided on."""
    state: NoticeState
    attempts: int = 0
    tried_at: datetime | None = None
    error: str = ""
