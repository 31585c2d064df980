"""The help: the screen below it in plain words, and the keys that work everywhere."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.i18n import _
from app.tui.widgets.keys import KeyBar, KeyHint
from app.tui.widgets.rows import Row, Sheet, cell


class HelpOverlay(ModalScreen[None]):
    """A window over a screen that says what is to be seen and done there."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,enter,q", "dismiss", show=False)]

    def __init__(self, paragraphs: tuple[str, ...]) -> None:
        super().__init__()
        self._paragraphs = paragraphs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="help"):
            yield Static(_("What is this?"), classes="title")
            with VerticalScroll(id="help-text"):
                for paragraph in self._paragraphs:
                    yield Static(paragraph, classes="paragraph", markup=False)
                yield Sheet(id="help-keys")
            yield KeyBar(
                (
                    KeyHint("Esc", _("Back to the screen"), "screen.dismiss"),
                    KeyHint("F2", _("Nederlands"), "app.other_language"),
                    KeyHint("F3", _("Light or dark"), "app.other_theme"),
                )
            )

    def on_mount(self) -> None:
        keys = (
            ("1 – 6", _("the screens; a click works too")),
            ("T", _("all tasks")),
            ("V", _("give a verdict on what went wrong")),
            ("P", _("who gets told")),
            ("↑ ↓  Enter", _("walk through a list; do what it says")),
            ("Tab", _("to the next field or button")),
            ("Ctrl+Q", _("close the screens; copies just go on")),
        )
        self.query_one(Sheet).fill(
            [Row(cell(key, 12, style="bold $accent"), cell(text), pointer=False) for key, text in keys]
        )
        self.query_one("#help-text").focus()

    async def retell(self) -> None:
        """Close: the paragraphs come in the other language with the next opening."""
        self.dismiss()
