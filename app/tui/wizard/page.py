"""What every page of the set-up is: a question, an answer, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from app.i18n import _
from app.setup.answers import SetupAnswers
from app.tui.source import Source
from app.tui.wizard.route import PageId

if TYPE_CHECKING:
    from app.tui.app import VangnetApp


class NotYet(Exception):
    """A page cannot be left yet; its text says what is still wanted, in the user's language, `at` which field."""

    def __init__(self, text: str, *, at: str = "") -> None:
        super().__init__(text)
        self.at = at


class Page(VerticalScroll, can_focus=False):
    """One page. It starts from the answers so far and gives them back with its own added."""

    class Changed(Message):
        """What the page shows has changed: the buttons at its foot may be different now."""

    class Onward(Message):
        """The page is done by itself (a wait that is over, Enter in its last field)."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__()
        self.page = page
        self.answers = answers

    def title(self) -> str:
        """What the page is about, for the line at the top."""
        return ""

    def onward_label(self) -> str:
        """What the button onward says."""
        return _("Next →")

    def may_go_on(self) -> bool:
        """Whether the button onward is there to press; a page that is waiting says no."""
        return True

    def may_leave(self) -> str:
        """Why the set-up had better not be closed on this page; empty when it may."""
        return ""

    def collect(self) -> SetupAnswers:
        """Return the answers with this page's added; raises NotYet."""
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        """The page in plain words, for the help."""
        return ()

    @property
    def vangnet(self) -> VangnetApp:
        return cast("VangnetApp", self.app)

    @property
    def source(self) -> Source:
        return self.vangnet.source


def key_label(key: str, text: str) -> Content:
    """What stands on a button that has a key of its own."""
    return Content.styled(f"{key} ", "bold $accent") + Content(text)


def question(text: str) -> Static:
    """The question of a page."""
    return Static(text, classes="question", markup=False)


def explain_line(text: str, *, id: str | None = None) -> Static:  # noqa: A002 - Textual's name
    """A calm line of explanation."""
    return Static(text, classes="explain", markup=False, id=id)


def label(text: str) -> Static:
    """The name of an entry field."""
    return Static(text, classes="label", markup=False)
