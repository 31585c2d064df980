"""A text in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["nl", "en"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text in both languages."""

    nl: str
    en: str

    def text(self, language: Language) -> str:
        return self.nl if language == "nl" else self.en
