"""Choosing one of a few, or ticking several, in the way the rest of the screens look: a list to walk through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from app.tui.widgets.rows import Row, Rows, cell


class Choice(Rows):
    """One of a few: `(•)` and `( )`. Enter, space or a click chooses; `chosen` is the key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", show=False)]

    class Changed(Message):
        """Another option was chosen."""

        def __init__(self, choice: Choice, chosen: str) -> None:
            super().__init__()
            self.choice = choice
            self.chosen = chosen

        @property
        def control(self) -> Choice:
            return self.choice

    class Confirmed(Message):
        """The option that was chosen already was chosen again: that is what it shall be."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        chosen: str,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="choice")
        self._offered = tuple(options)
        self.chosen = chosen

    def on_mount(self) -> None:
        self._draw()
        keys = [key for key, _ in self._offered]
        self.highlighted = keys.index(self.chosen) if self.chosen in keys else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is None:
            return
        if event.option_id == self.chosen:
            self.post_message(self.Confirmed(self))
        else:
            self.choose(event.option_id)

    def choose(self, key: str) -> None:
        """Choose an option by its key."""
        self.chosen = key
        self._draw()
        self.post_message(self.Changed(self, key))

    def offer(self, options: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer these options instead, with one of them chosen; empty for none."""
        self._offered, self.chosen = tuple(options), chosen
        self._draw()

    def _draw(self) -> None:
        self.fill((key, self._row(key, text)) for key, text in self._offered)

    def _row(self, key: str, text: str) -> Row:
        chosen = key == self.chosen
        mark = Content.styled("(•)", "bold $accent") if chosen else Content.styled("( )", "$muted")
        return Row(cell(mark, 3), cell(text, style="bold" if chosen else ""), wraps=True)


class Ticks(Rows):
    """Any of several: `[✔]` and `[ ]`. Enter, space or a click ticks; `ticked` holds the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", show=False)]

    class Changed(Message):
        """A tick was set or taken away."""

        def __init__(self, ticks: Ticks) -> None:
            super().__init__()
            self.ticks = ticks

        @property
        def control(self) -> Ticks:
            return self.ticks

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        ticked: Iterable[str] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="choice")
        self._offered = tuple(options)
        self.ticked = frozenset(ticked)

    def on_mount(self) -> None:
        self._draw()

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer these options instead; ticks on those that stay are kept."""
        self._offered = tuple(options)
        self._draw()

    def tick(self, key: str) -> None:
        """Set a tick, or take it away."""
        self.ticked = self.ticked ^ {key}
        self._draw()
        self.post_message(self.Changed(self))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.tick(event.option_id)

    def _draw(self) -> None:
        self.fill((key, self._row(key, text)) for key, text in self._offered)

    def _row(self, key: str, text: str) -> Row:
        ticked = key in self.ticked
        mark = Content.styled("[✔]", "bold $accent") if ticked else Content.styled("[ ]", "$muted")
        return Row(cell(mark, 3), cell(text, style="bold" if ticked else ""), wraps=True)
