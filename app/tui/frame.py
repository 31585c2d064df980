"""What every screen has: for whom it is and what time it is, its own content, and its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from app.i18n import _
from app.tui.places import place_keys
from app.tui.texts import clock_text
from app.tui.widgets.keys import KeyBar, KeyHint
from app.tui.widgets.rows import Row, Rows, cell

if TYPE_CHECKING:
    from app.tui.app import VangnetApp
    from app.tui.picture import Picture
    from app.tui.source import Source


class Heading(Static):
    """The name of a part of a screen."""


class Frame(Screen[None]):
    """A whole screen: masthead, content, keys. Subclasses say what is in it and how a picture shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "home", show=False),
        Binding("question_mark,f1", "explain", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-low"),
        (34, "-tall"),
    ]
    AUTO_FOCUS = ""  # each screen chooses, without scrolling its top away
    place: ClassVar[str] = ""
    """Which of the app's places this is: its key in the bar at the foot is marked."""
    _retellings = 0
    _left_at: str | None = None
    _cursors: Mapping[str | None, str | None] = MappingProxyType({})
    """The field that had the cursor, and the row in each list, before every text was said again."""

    @property
    def vangnet(self) -> VangnetApp:
        """The application, as its own type."""
        return cast("VangnetApp", self.app)

    @property
    def source(self) -> Source:
        return self.vangnet.source

    @property
    def retelling(self) -> bool:
        """Tell whether the texts are said again: widgets come and go then, and what wants to show something waits."""
        return self._retellings > 0

    def above(self) -> ComposeResult:
        """What stands above the content and never scrolls away."""
        yield from ()

    def content(self) -> ComposeResult:
        """What the screen itself is made of."""
        yield from ()

    def keys(self) -> Iterable[KeyHint]:
        """The keys that work here, besides those to go elsewhere."""
        return ()

    def explanation(self) -> tuple[str, ...]:
        """The screen in plain words, a paragraph each."""
        return ()

    def show(self, picture: Picture) -> None:
        """Show a new picture; called whenever something has changed."""

    def compose(self) -> ComposeResult:
        yield Static(id="masthead")
        yield from self.above()
        with VerticalScroll(id="content", can_focus=False):
            yield from self.content()
        yield KeyBar(id="actions")
        yield KeyBar(place_keys(self.place), id="places-bar")

    def on_mount(self) -> None:
        self.refresh_all()

    def on_screen_resume(self) -> None:
        self.refresh_all()

    def label_keys(self) -> None:
        """Show the keys that work now."""
        actions = self.query_one("#actions", KeyBar)
        hints = tuple(self.keys())
        actions.fill(hints)
        actions.display = bool(hints)

    def refresh_all(self) -> None:
        """Show the newest picture, with the time and the keys."""
        if self.retelling:
            return
        picture = self.vangnet.picture
        self.label_keys()
        if picture is not None:
            self.query_one("#masthead", Static).update(masthead(picture))
            self.show(picture)

    async def retell(self) -> None:
        """Say every text again, in the language spoken now."""
        if not self._retellings:
            self._left_at = self.focused.id if self.focused is not None else None
            self._cursors = {rows.id: rows.key for rows in self.query(Rows)}
        self._retellings += 1  # a second language may be asked for before the first is spoken
        try:
            await self.recompose()
        finally:
            self._retellings -= 1
        self.refresh_all()
        if not self.retelling:
            self._return()

    def _return(self) -> None:
        """Put the cursor back where it was before every text was said again."""
        for rows in self.query(Rows):
            rows.go_to(self._cursors.get(rows.id))
        if self._left_at is not None and (left := self.query(f"#{self._left_at}")):
            left.first().focus(scroll_visible=False)

    def action_home(self) -> None:
        self.vangnet.action_go("today")

    def action_explain(self) -> None:
        self.vangnet.action_explain()


def masthead(picture: Picture) -> Row:
    """The top line: Vangnet, for whom, and what time it is."""
    who = Content.styled("Vangnet", "bold $accent") + Content.styled(f" · {picture.policy.organisation.name}", "$ink")
    if not picture.agent_running:
        who += Content.styled("   " + _("(starting…)"), "$muted")
    return Row(
        cell(who), cell(clock_text(picture.local(picture.now)), 32, style="$muted", align="right"), pointer=False
    )
