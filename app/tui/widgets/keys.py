"""The keys at the foot of a screen: what can be done here, and where else one can go. Each is a mouse target too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

_PADDING: Final = 2
"""Of a button, and of the line itself (vangnet.tcss)."""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key as people see it, what it does, and the action that a click on it runs."""

    key: str
    label: str
    action: str
    here: bool = False
    """This is where one is now."""


class KeyButton(Static):
    """One key hint; a click does what the key does."""

    def __init__(self, hint: KeyHint) -> None:
        self._key = Content.styled(hint.key, "bold $accent")
        self._whole = self._key + Content(" ") + Content.styled(hint.label, "bold $ink" if hint.here else "$muted")
        super().__init__(self._whole)
        self.hint = hint
        self.set_class(hint.here, "-here")

    @property
    def saved_by_shortening(self) -> int:
        """How many columns the key alone takes less."""
        return 0 if self.hint.here else self._whole.cell_length - self._key.cell_length

    @property
    def whole_width(self) -> int:
        return self._whole.cell_length + _PADDING

    def shorten(self, short: bool) -> None:
        """Show the key alone, or with what it does."""
        self.update(self._key if short else self._whole)

    async def on_click(self) -> None:
        await self.run_action(self.hint.action)


class KeyBar(Horizontal):
    """A line of key hints. Where they do not all fit, the last ones show their key alone."""

    def __init__(self, hints: Iterable[KeyHint] = (), *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="keybar")
        self._hints: tuple[KeyHint, ...] = tuple(hints)

    def compose(self) -> ComposeResult:
        yield from (KeyButton(hint) for hint in self._hints)

    def fill(self, hints: Sequence[KeyHint]) -> None:
        """Show these keys instead of those before."""
        wanted = tuple(hints)
        if wanted != self._hints:
            self._hints = wanted
            self.refresh(recompose=True)
            self.call_after_refresh(self._fit)

    def on_mount(self) -> None:
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        buttons = list(self.query(KeyButton))
        too_wide = sum(button.whole_width for button in buttons) + _PADDING - self.size.width
        for button in reversed(buttons):
            short = self.size.width > 0 and too_wide > 0 and button.saved_by_shortening > 0
            button.shorten(short)
            too_wide -= button.saved_by_shortening if short else 0

    @property
    def hints(self) -> tuple[KeyHint, ...]:
        return self._hints
