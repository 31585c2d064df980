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


def keys_everywhere() -> tuple[tuple[str, str], ...]:
    """The keys that work on every screen."""
    return (
        ("1 – 6", _("the screens; a click works too")),
        ("t", _("all tasks")),
        ("v", _("give a verdict on what went wrong")),
        ("p", _("who gets told")),
        ("↑ ↓  Enter", _("walk through a list; do what it says")),
        ("Tab", _("to the next field or button")),
        ("Esc", _("back to Today")),
        ("Ctrl+Q", _("close the screens; copies just go on")),
    )


def keys_of_the_set_up() -> tuple[tuple[str, str], ...]:
    """The keys that work on every page of the set-up."""
    return (
        ("PgDn  PgUp", _("to the next page, or back")),
        ("↑ ↓  Enter", _("walk through a list; choose")),
        ("Tab", _("to the next field or button")),
        ("Esc", _("close, and continue here another time")),
    )


class HelpOverlay(ModalScreen[None]):
    """A window over a screen that says what is to be seen and done there."""

    CSS_PATH = "help.tcss"
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-short"),
        (24, "-low"),
        (34, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,enter,q", "dismiss", show=False)]

    def __init__(self, paragraphs: tuple[str, ...], keys: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self._paragraphs = paragraphs
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="help-window"):
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
        self.query_one(Sheet).fill(
            [Row(cell(key, 12, style="bold $accent"), cell(text), pointer=False) for key, text in self._keys]
        )
        self.query_one("#help-text").focus()

    async def retell(self) -> None:
        """Close: the paragraphs come in the other language with the next opening."""
        self.dismiss()
