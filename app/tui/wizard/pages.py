"""From the id of a page to the page."""

from __future__ import annotations

from typing import Final

from app.policy.model import Axis, Policy
from app.setup.answers import SetupAnswers
from app.tui.wizard.data import DataPage
from app.tui.wizard.finish import DonePage, FirstCopyPage, GetBackPage
from app.tui.wizard.folder import FolderPage
from app.tui.wizard.make import MakePage, SummaryPage
from app.tui.wizard.moments import PowerPage, TimePage
from app.tui.wizard.organisation import OrganisationPage, PeoplePage
from app.tui.wizard.page import Page
from app.tui.wizard.places import PlacesPage
from app.tui.wizard.question import QuestionPage
from app.tui.wizard.route import PageId, Stop
from app.tui.wizard.sheet import ProofPage, SheetPage

AXES: Final = {
    Stop.AVAILABILITY: Axis.AVAILABILITY,
    Stop.INTEGRITY: Axis.INTEGRITY,
    Stop.CONFIDENTIALITY: Axis.CONFIDENTIALITY,
}


def page_for(page: PageId, answers: SetupAnswers, template: Policy) -> Page:
    """Make the page with this id, filled with the answers so far."""
    match page.stop:
        case Stop.ORGANISATION:
            return OrganisationPage(page, answers)
        case Stop.PEOPLE:
            return PeoplePage(page, answers)
        case Stop.DATA:
            return DataPage(page, answers, template)
        case Stop.FOLDER:
            return FolderPage(page, answers)
        case Stop.AVAILABILITY | Stop.INTEGRITY | Stop.CONFIDENTIALITY:
            return QuestionPage(page, answers, template, AXES[page.stop])
        case Stop.PLACES:
            return PlacesPage(page, answers)
        case Stop.TIME:
            return TimePage(page, answers)
        case Stop.POWER:
            return PowerPage(page, answers)
        case Stop.SUMMARY:
            return SummaryPage(page, answers, template)
        case Stop.MAKE:
            return MakePage(page, answers)
        case Stop.SHEET:
            return SheetPage(page, answers)
        case Stop.PROOF:
            return ProofPage(page, answers)
        case Stop.FIRST_COPY:
            return FirstCopyPage(page, answers)
        case Stop.GET_BACK:
            return GetBackPage(page, answers)
        case Stop.DONE:
            return DonePage(page, answers)
