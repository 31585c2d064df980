"""Both languages, and back to English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import i18n
from app.i18n import Language


@pytest.fixture(autouse=True)
def english_before_and_after() -> Iterator[None]:
    i18n.set_language("en")
    yield
    i18n.set_language("en")


@pytest.fixture
def dutch() -> None:
    i18n.set_language("nl")


@pytest.fixture(params=["nl", "en"])
def each_language(request: pytest.FixtureRequest) -> Language:
    language: Language = request.param
    i18n.set_language(language)
    return language
