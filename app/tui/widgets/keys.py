"""The keys at the foot of a screen: what can be done here, and where else one can go. Each is a mouse target too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static


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
        label = Content.styled(hint.label, "bold $ink" if hint.here else "$muted")
        super().__init__(Content.styled(hint.key, "bold $accent") + Content(" ") + label)
        self.hint = hint
        self.set_class(hint.here, "-here")

    async def on_click(self) -> None:
        await self.run_action(self.hint.action)


class KeyBar(Horizontal):
    """A line of key hints."""

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

    @property
    def hints(self) -> tuple[KeyHint, ...]:
        return self._hints
