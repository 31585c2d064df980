"""The way through the set-up: the pages there are for the answers so far, and which of eight steps each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.setup.answers import DataSetAnswer, SetupAnswers

STEPS: Final = 8


class Stop(StrEnum):
    """A kind of page. Those from ORGANISATION to SUMMARY only collect answers; nothing is made before MAKE."""

    ORGANISATION = "organisation"
    PEOPLE = "people"
    DATA = "data"
    FOLDER = "folder"
    AVAILABILITY = "availability"
    INTEGRITY = "integrity"
    CONFIDENTIALITY = "confidentiality"
    PLACES = "places"
    TIME = "time"
    POWER = "power"
    SUMMARY = "summary"
    MAKE = "make"
    SHEET = "sheet"
    PROOF = "proof"
    FIRST_COPY = "first-copy"
    GET_BACK = "get-back"
    DONE = "done"


_STEP: Final = {
    Stop.ORGANISATION: 1,
    Stop.PEOPLE: 1,
    Stop.DATA: 2,
    Stop.FOLDER: 3,
    Stop.AVAILABILITY: 3,
    Stop.INTEGRITY: 3,
    Stop.CONFIDENTIALITY: 3,
    Stop.PLACES: 4,
    Stop.TIME: 4,
    Stop.POWER: 4,
    Stop.SUMMARY: 5,
    Stop.MAKE: 5,
    Stop.SHEET: 6,
    Stop.PROOF: 6,
    Stop.FIRST_COPY: 7,
    Stop.GET_BACK: 8,
    Stop.DONE: 8,
}
_OF_EACH_SET: Final = (Stop.FOLDER, Stop.AVAILABILITY, Stop.INTEGRITY, Stop.CONFIDENTIALITY)


@dataclass(frozen=True, slots=True)
class PageId:
    """One page; `data_set` where it is about one. Written in the draft as "folder:puntenboek"."""

    stop: Stop
    data_set: str = ""

    @property
    def step(self) -> int:
        return _STEP[self.stop]

    def __str__(self) -> str:
        return f"{self.stop}:{self.data_set}" if self.data_set else str(self.stop)


FIRST: Final = PageId(Stop.ORGANISATION)


def pages(answers: SetupAnswers) -> tuple[PageId, ...]:
    """Return every page of the way, in order, for the answers so far."""
    return (
        PageId(Stop.ORGANISATION),
        PageId(Stop.PEOPLE),
        PageId(Stop.DATA),
        *(PageId(stop, data_set.id) for data_set in answers.data_sets for stop in _OF_EACH_SET),
        *(
            PageId(stop)
            for stop in (Stop.PLACES, Stop.TIME, Stop.POWER, Stop.SUMMARY, Stop.MAKE, Stop.SHEET, Stop.PROOF)
        ),
        *(PageId(stop) for stop in (Stop.FIRST_COPY, Stop.GET_BACK, Stop.DONE)),
    )


def page_after(answers: SetupAnswers, page: PageId) -> PageId:
    """Return the next page; the last one stays."""
    way = pages(answers)
    return way[min(way.index(page) + 1, len(way) - 1)] if page in way else FIRST


def page_before(answers: SetupAnswers, page: PageId) -> PageId | None:
    """Return the page to go back to; None at the start, and once things have been made."""
    if page.stop in (Stop.MAKE, Stop.SHEET, Stop.FIRST_COPY, Stop.GET_BACK, Stop.DONE):
        return None
    way = pages(answers)
    at = way.index(page) if page in way else 0
    return way[at - 1] if at else None


def page_to_resume(answers: SetupAnswers) -> PageId:
    """Return the page where a draft was left; what is past the summary has to be confirmed again."""
    way = pages(answers)
    left = next((page for page in way if str(page) == answers.page), FIRST)
    summary = PageId(Stop.SUMMARY)
    return summary if way.index(left) > way.index(summary) else left


def data_set_of(answers: SetupAnswers, page: PageId) -> DataSetAnswer:
    """Return the data set that a page is about; raises KeyError when there is none with its id."""
    for data_set in answers.data_sets:
        if data_set.id == page.data_set:
            return data_set
    raise KeyError(page.data_set)
