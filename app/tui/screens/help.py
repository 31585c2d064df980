"""The help: the screen below it in plain words, and the keys that work everywhere."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
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
        with VerticalScroll(classes="dialog", id="help"):
            yield Static(_("What is this?"), classes="title")
            for paragraph in self._paragraphs:
                yield Static(paragraph, classes="paragraph", markup=False)
            yield Sheet(id="help-keys")
            yield KeyBar((KeyHint("Esc", _("Back to the screen"), "screen.dismiss"),))

    def on_mount(self) -> None:
        keys = (
            ("1 – 4", _("the screens; a click works too")),
            ("↑ ↓  Enter", _("walk through a list; do what it says")),
            ("Tab", _("to the next field or button")),
            ("Esc", _("back to Today")),
            ("F2", _("Nederlands / English")),
            ("F3", _("dark, light or high contrast")),
            ("Ctrl+Q", _("close the screens; copies just go on")),
        )
        self.query_one(Sheet).fill(
            [Row(cell(key, 12, style="bold $accent"), cell(text), pointer=False) for key, text in keys]
        )

    async def retell(self) -> None:
        """Say everything again in the language spoken now; the paragraphs come with the next opening."""
        self.dismiss()
