"""Lines with columns: one way to lay out every table and every list of the screens.

A `Row` is one line of cells. `Rows` is a list of them to walk through with the arrow keys or the mouse; `Sheet` only
shows them. Columns are as wide as they say; those without a width share what is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from textual.content import Content
from textual.css.styles import RulesMap
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

GAP = 2
POINTER = "▸ "


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text in a row. `width` in cells; None takes a share of what is left, `most` cells of it at most."""

    text: Content
    width: int | None = None
    align: Literal["left", "right"] = "left"
    share: int = 1
    most: int | None = None

    def fit(self, width: int) -> Content:
        text = self.text if self.text.cell_length <= width else self._shortened(width)
        padding = max(0, width - text.cell_length)
        return text.pad_left(padding) if self.align == "right" else text.pad_right(padding)

    def _shortened(self, width: int) -> Content:
        """Leave off whole words; a word is cut only where little would be left otherwise (a long name, a path)."""
        cut = self.text.truncate(width, ellipsis=True)
        whole = cut.plain.rfind(" ")
        return cut if whole < len(cut.plain) // 2 else cut[:whole].rstrip(" ,;:") + Content("…")


def cell(
    text: str | Content,
    width: int | None = None,
    *,
    style: str = "",
    align: Literal["left", "right"] = "left",
    share: int = 1,
) -> Cell:
    """Make a cell; `style` is a Textual style with theme variables, e.g. "$muted" or "bold $accent"."""
    content = text if isinstance(text, Content) else Content(text)
    return Cell(content.stylize(style) if style else content, width, align, share)


class Row(Visual):
    """One line of cells; `pointed` while the cursor is on it. A row with `pointer` keeps room for the cursor's mark.

    With `wraps` the last cell, a sentence to be read whole, goes on below itself where the line is too short.
    """

    def __init__(self, *cells: Cell, pointer: bool = True, wraps: bool = False) -> None:
        self.cells = cells
        self.pointer = pointer
        self.wraps = wraps
        self.pointed = False

    def line(self, width: int) -> Content:
        """Lay the cells out over `width` cells."""
        lead = (
            Content.styled(POINTER if self.pointed else " " * len(POINTER), "$accent") if self.pointer else Content("")
        )
        free = width - lead.cell_length - GAP * (len(self.cells) - 1) - sum(c.width or 0 for c in self.cells)
        shares = sum(c.share for c in self.cells if c.width is None)
        parts: list[Content] = []
        for each in self.cells:
            own = each.width if each.width is not None else max(0, free * each.share // max(1, shares))
            parts.append(each.fit(own if each.most is None else min(own, each.most)))
        return lead + Content(" " * GAP).join(parts)

    def _lines(self, width: int) -> list[Content]:
        if not self.wraps:
            return [self.line(width)]
        *before, last = self.cells
        lead = Row(*before, Cell(Content(""), 0), pointer=self.pointer)
        lead.pointed = self.pointed
        indent = (len(POINTER) if self.pointer else 0) + sum((c.width or 0) + GAP for c in before)
        room = max(1, width - indent)
        first, *rest = (Cell(line, room).fit(room) for line in last.text.wrap(room) or [Content("")])
        return [lead.line(indent) + first, *(Content(" " * indent) + line for line in rest)]

    @property
    def plain(self) -> str:
        """The text without layout, for tests and for the terminal's own search."""
        return "  ".join(c.text.plain for c in self.cells)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        strips = [strip for line in self._lines(width) for strip in line.render_strips(width, None, style, options)]
        return strips if height is None else strips[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:  # noqa: ARG002 - the base's signature
        fixed = sum(c.width if c.width is not None else c.text.cell_length for c in self.cells)
        return fixed + GAP * (len(self.cells) - 1) + (len(POINTER) if self.pointer else 0)

    def get_height(self, rules: RulesMap, width: int) -> int:  # noqa: ARG002 - the base's signature
        return len(self._lines(width))


class Note(Visual):
    """Wrapped text between rows (a heading, an explanation); the cursor passes over it.

    `lead` stands before the first line; the lines after it are indented as far.
    """

    def __init__(self, text: Content, lead: Content = Content("")) -> None:  # noqa: B008 - Content is immutable
        self.text = text
        self.lead = lead

    @property
    def plain(self) -> str:
        return self.lead.plain + self.text.plain

    def _lines(self, width: int) -> list[Content]:
        indent = self.lead.cell_length
        wrapped = self.text.wrap(max(1, width - indent))
        return [(self.lead if number == 0 else Content(" " * indent)) + line for number, line in enumerate(wrapped)]

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        strips = [strip for line in self._lines(width) for strip in line.render_strips(width, None, style, options)]
        return strips[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:  # noqa: ARG002 - the base's signature
        return self.lead.cell_length + self.text.cell_length

    def get_height(self, rules: RulesMap, width: int) -> int:  # noqa: ARG002 - the base's signature
        return len(self._lines(width))


Line = Row | Note


class Rows(OptionList):
    """A list of rows to walk through; Enter or a click chooses one. It keeps its place when it is filled again."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._keys: tuple[str, ...] = ()

    def fill(self, rows: Iterable[tuple[str, Line]]) -> None:
        """Show these rows by key. The cursor stays on its key, else where it was. Notes have any unique key."""
        wanted = tuple(rows)
        key = self.key
        place = self.highlighted or 0
        keys = tuple(k for k, _ in wanted)
        if keys == self._keys:
            for index, (_, line) in enumerate(wanted):
                if isinstance(line, Row):
                    line.pointed = self.has_focus and index == self.highlighted
                self.replace_option_prompt_at_index(index, line)
            return
        self._keys = keys
        self.clear_options()
        self.add_options(Option(line, id=k, disabled=isinstance(line, Note)) for k, line in wanted)
        if not wanted:
            return
        self.highlighted = keys.index(key) if key in keys else min(place, len(keys) - 1)
        if self.options[self.highlighted].disabled:
            self.action_cursor_down()

    @property
    def key(self) -> str | None:
        """The key of the row that the cursor is on."""
        option = self.highlighted_option
        return option.id if option is not None else None

    def go_to(self, key: str | None) -> None:
        """Put the cursor on a row, where it is still there."""
        if key in self._keys:
            self.highlighted = self._keys.index(key)

    def lines(self) -> tuple[str, ...]:
        """The text of every row."""
        return tuple(o.prompt.plain for o in self.options if isinstance(o.prompt, Row | Note))

    def watch_highlighted(self, highlighted: int | None) -> None:
        self._point()
        super().watch_highlighted(highlighted)

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._point()

    def _point(self) -> None:
        """Put the cursor's mark where the cursor is, while the list has it."""
        for index, option in enumerate(self.options):
            line = option.prompt
            pointed = self.has_focus and index == self.highlighted
            if isinstance(line, Row) and line.pointed is not pointed:
                line.pointed = pointed
                self.replace_option_prompt_at_index(index, line)  # what was drawn of it before is not right any more


def columns(
    table: Sequence[Sequence[str | Content]],
    *,
    flexible: int = 0,
    right: Collection[int] = (),
    room: int | None = None,
    wraps: bool = False,
) -> tuple[Row, ...]:
    """Make rows of which every column is as wide as its widest text; the `flexible` one takes what is left.

    With `room` it takes no more than that beside its widest text: a table to look at stays together on a wide screen.
    With `wraps` the last column goes on below itself where it is too narrow.
    """
    cells = [[text if isinstance(text, Content) else Content(text) for text in line] for line in table]
    widths = [max((line[n].cell_length for line in cells), default=0) for n in range(len(cells[0]) if cells else 0)]

    def fitted(n: int, text: Content) -> Cell:
        align: Literal["left", "right"] = "right" if n in right else "left"
        if n != flexible:
            return Cell(text, widths[n], align)
        return Cell(text, None, align, most=None if room is None else widths[n] + room)

    return tuple(Row(*(fitted(n, text) for n, text in enumerate(line)), wraps=wraps) for line in cells)


class Stack(Visual):
    """Lines under each other, only to be looked at."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = tuple(lines)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return [strip for line in self.lines for strip in line.render_strips(width, None, style, options)][:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return max((line.get_optimal_width(rules, container_width) for line in self.lines), default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return sum(line.get_height(rules, width) for line in self.lines)


class Sheet(Widget):
    """Rows to look at: a table that asks nothing."""

    DEFAULT_CSS = "Sheet { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._stack = Stack(())

    def fill(self, lines: Sequence[Line]) -> None:
        """Show these lines instead of those before."""
        self._stack = Stack(lines)
        self.refresh(layout=True)

    def render(self) -> Stack:
        return self._stack

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - the base's
        return self._stack.get_height(cast(RulesMap, self.styles), width)

    def lines(self) -> tuple[str, ...]:
        """The text of every row."""
        return tuple(line.plain for line in self._stack.lines)
