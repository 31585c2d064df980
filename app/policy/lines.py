"""The internet lines of this site and what was agreed about them (REQUIREMENTS S2-3, S2-1h)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

LineId = NewType("LineId", str)


class LineRole(StrEnum):
    """What a line is for."""

    MAIN = "main"
    ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True)
class Sla:
    """The agreement with the provider of a line: until when, whom to call; or the reason why there is none."""

    expires: date | None = None
    contact: str = ""
    reference: str = ""
    """Where the contract is kept."""
    not_possible: str = ""
    """Why there is no agreement; empty when there is one, or when nobody has looked into it yet."""

    @property
    def known(self) -> bool:
        return self.expires is not None or bool(self.not_possible)


@dataclass(frozen=True, slots=True)
class Line:
    """An internet line: the network card or the router over which it is reached, and its agreement."""

    id: LineId
    name: str
    role: LineRole
    interface: str = ""
    """The network card that leads to it ("eth1"); empty when a router on a shared network does."""
    gateway: str = ""
    """The IPv4 address of its router."""
    provider: str = ""
    sla: Sla = Sla()
