"""A disk on which Vangnet can write nothing down: no copy is made and nothing can be signed, until that is mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.assessment.model import Finding, FindingCode, State
from app.assessment.situation import Situation
from app.policy.model import Basis
from app.records.room import RoomTrouble

ROOM_CODES: Final = {
    RoomTrouble.FULL: FindingCode.HOME_FULL,
    RoomTrouble.READ_ONLY: FindingCode.HOME_READ_ONLY,
}


def room_findings(situation: Situation) -> Iterator[Finding]:
    if situation.trouble is not None:
        yield Finding(ROOM_CODES[situation.trouble], State.ERROR, "", Basis.SOURCE, ("S1-4.2.2",))
