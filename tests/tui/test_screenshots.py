"""The README shows the screens as they are."""

from __future__ import annotations

import re

import pytest

from tests.tui.screenshots import FOLDER, SHOTS, draw, said


@pytest.mark.parametrize("name", SHOTS)
async def test_a_picture_of_the_readme_says_what_the_screen_says(name: str) -> None:
    assert said((FOLDER / f"{name}.svg").read_text()) == said(await draw(SHOTS[name])), (
        "run python -m tests.tui.screenshots and look at the picture"
    )


def test_the_readme_shows_only_pictures_that_are_kept_current() -> None:
    readme = (FOLDER.parents[1] / "README.md").read_text()
    shown = re.findall(r"assets/screenshots/([a-z-]+)\.svg", readme)
    assert shown
    assert set(shown) <= set(SHOTS)
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(SHOTS)
