from __future__ import annotations

import re
from pathlib import Path

import pytest

import app.tui
from app.tui.theme import LEAST_CONTRAST, PALETTES, Palette, contrast, theme


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.name)
def test_every_text_can_be_read_on_every_ground(palette: Palette) -> None:
    unreadable = {
        name: round(contrast(ink, ground), 2)
        for name, ink, ground in palette.readable_pairs()
        if contrast(ink, ground) < LEAST_CONTRAST
    }
    assert unreadable == {}


def test_the_high_contrast_theme_has_more_contrast_than_the_others() -> None:
    dark, light, high = (min(contrast(ink, ground) for _name, ink, ground in p.readable_pairs()) for p in PALETTES)
    assert high > dark
    assert high > light
    assert high >= 7.0  # WCAG 2.2, enhanced contrast


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == pytest.approx(1.0)


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.name)
def test_a_theme_knows_every_colour_of_its_palette_by_name(palette: Palette) -> None:
    variables = theme(palette).variables
    for name in ("paper", "leaf", "mark", "line", "ink", "muted", "on-accent", "green", "amber", "red"):
        assert variables[name] == getattr(palette, name.replace("-", "_"))


def test_no_style_sheet_reaches_into_another_screen() -> None:
    # Once a screen has been opened its rules hold everywhere: a name that two screens have must name its screen too.
    folder = Path(app.tui.__file__).parent
    modules = {path: path.read_text() for path in folder.rglob("*.py")}
    reached: list[str] = []
    for sheet in (*folder.glob("screens/*.tcss"), *folder.glob("wizard/*.tcss")):
        own = set(folder.glob("wizard/*.py")) if sheet.stem == "wizard" else {sheet.with_suffix(".py")}
        for rule in re.findall(r"^([^\s}/][^{]*){", sheet.read_text(), re.MULTILINE):
            for name in re.findall(r"(?:^|, |^\.-\w+ )#([\w-]+)", rule):
                others = [path.name for path, text in modules.items() if path not in own and f'id="{name}"' in text]
                reached += [f"{sheet.name}: #{name} is also in {other}" for other in others]
            if re.match(r"\.(?!-)", rule):
                reached.append(f"{sheet.name}: {rule.strip()} holds on every screen")
    assert reached == []
