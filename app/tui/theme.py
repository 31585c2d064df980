"""Three themes from one small palette: ink on paper, one accent, green, amber and red.

Every colour on every screen is one of a palette's, by the name of a theme variable (`$muted`, `$on-accent` …), so that
a theme is one small table.
State is never told by colour alone; see `app.tui.widgets.state`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.theme import Theme

LEAST_CONTRAST: Final = 4.5
"""Contrast that text needs against what it stands on (WCAG 2.2, criterion 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    name: str
    dark: bool
    paper: str
    """What everything stands on."""
    leaf: str
    """A sheet laid on the paper: the headline, a panel, an entry field."""
    mark: str
    """What the cursor is on."""
    line: str
    """Thin lines; decoration, never text."""
    ink: str
    muted: str
    """Text that may be overlooked at first glance: headings of columns, explanations."""
    accent: str
    """The next thing to do."""
    on_accent: str
    green: str
    amber: str
    red: str

    def readable_pairs(self) -> Iterator[tuple[str, str, str]]:
        """List what is written on what: (name of the pair, text colour, ground colour)."""
        grounds = {"paper": self.paper, "leaf": self.leaf, "mark": self.mark}
        inks = {
            "ink": self.ink,
            "muted": self.muted,
            "accent": self.accent,
            "green": self.green,
            "amber": self.amber,
            "red": self.red,
        }
        for ground_name, ground in grounds.items():
            for ink_name, ink in inks.items():
                yield f"{ink_name} on {ground_name}", ink, ground
        yield "on-accent on accent", self.on_accent, self.accent


DARK: Final = Palette(
    name="vangnet-dark",
    dark=True,
    paper="#12171c",
    leaf="#1a2128",
    mark="#233341",
    line="#36424d",
    ink="#e8e4da",
    muted="#a3adb5",
    accent="#7cc7ea",
    on_accent="#0c1a23",
    green="#86d19a",
    amber="#ecc26a",
    red="#ff9c90",
)
LIGHT: Final = Palette(
    name="vangnet-light",
    dark=False,
    paper="#fbf9f4",
    leaf="#f2eee5",
    mark="#dfeaf0",
    line="#c9c3b6",
    ink="#22282d",
    muted="#56606a",
    accent="#0b5a80",
    on_accent="#ffffff",
    green="#1b6236",
    amber="#7c4a00",
    red="#a8221b",
)
HIGH_CONTRAST: Final = Palette(
    name="vangnet-contrast",
    dark=True,
    paper="#000000",
    leaf="#000000",
    mark="#2b2b2b",
    line="#ffffff",
    ink="#ffffff",
    muted="#e4e4e4",
    accent="#ffe94d",
    on_accent="#000000",
    green="#6dff9c",
    amber="#ffcf4a",
    red="#ffaca6",
)
PALETTES: Final = (DARK, LIGHT, HIGH_CONTRAST)


def theme(palette: Palette) -> Theme:
    """Make the theme of a palette; each colour is a variable of the style sheets."""
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=palette.accent,
        secondary=palette.muted,
        accent=palette.accent,
        foreground=palette.ink,
        background=palette.paper,
        surface=palette.leaf,
        panel=palette.leaf,
        boost=palette.leaf,
        success=palette.green,
        warning=palette.amber,
        error=palette.red,
        text_alpha=1.0,
        variables={
            "paper": palette.paper,
            "leaf": palette.leaf,
            "mark": palette.mark,
            "line": palette.line,
            "ink": palette.ink,
            "muted": palette.muted,
            "on-accent": palette.on_accent,
            "green": palette.green,
            "amber": palette.amber,
            "red": palette.red,
            "border": palette.accent,
            "border-blurred": palette.line,
            "input-cursor-background": palette.accent,
            "input-cursor-foreground": palette.on_accent,
            "input-selection-background": palette.mark,
            "block-cursor-background": palette.mark,
            "block-cursor-foreground": palette.ink,
            "block-cursor-text-style": "none",
            "scrollbar": palette.line,
            "scrollbar-hover": palette.muted,
            "scrollbar-active": palette.accent,
            "scrollbar-background": palette.paper,
            "scrollbar-background-hover": palette.paper,
            "scrollbar-background-active": palette.paper,
            "scrollbar-corner-color": palette.paper,
        },
    )


def contrast(text: str, ground: str) -> float:
    """Return the contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
