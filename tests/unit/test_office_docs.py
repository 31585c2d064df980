"""What the handbook of the office calls a key or a text, the screens call so too."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import app
from app.i18n import compile as catalogues
from app.i18n import extract

ROOT = Path(app.__file__).parent.parent
HINT = re.compile(r'"([^"]{1,6})", _\("([^"]+)"\)')
NAMED = re.compile(r"\*([^*]+)\*")
KEY_WITH_NAME = re.compile(r"(?:\b(\w+) \(|\((\w+), )\*([^*]+)\*")


def handbook(spoken: str) -> str:
    text = (ROOT / "docs" / f"office.{spoken}.md").read_text()
    return re.sub(r"\*\*.+?\*\*", "", text, flags=re.DOTALL)


@cache
def dutch() -> dict[str, str]:
    return dict(catalogues.merge(catalogues.po_files()))


def said(text: str, spoken: str) -> str:
    return dutch().get(text, text) if spoken == "nl" else text


@pytest.mark.parametrize("spoken", ["nl", "en"])
def test_every_text_that_the_handbook_quotes_stands_on_a_screen(spoken: str) -> None:
    known = {said(text.singular, spoken) for text in extract.texts() if text.plural is None and text.context is None}
    quoted = set(NAMED.findall(handbook(spoken)))
    assert quoted
    assert quoted <= known


@pytest.mark.parametrize("spoken", ["nl", "en"])
def test_every_key_that_the_handbook_names_does_that(spoken: str) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "app" / "tui").rglob("*.py"))
    hints = {(key, said(label, spoken)) for key, label in HINT.findall(sources)}
    named = {(before or inside, label) for before, inside, label in KEY_WITH_NAME.findall(handbook(spoken))}
    assert len(named) >= 8
    assert named <= hints


def test_both_handbooks_name_the_same_keys() -> None:
    in_dutch, in_english = (
        {before or inside for before, inside, _label in KEY_WITH_NAME.findall(handbook(spoken))}
        for spoken in ("nl", "en")
    )
    assert in_dutch == in_english
