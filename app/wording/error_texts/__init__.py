"""The texts of the errors, by code, and by code and reason where the reason says more; a module for each subject.

They are looked up, and put into the user's language, when they are shown (`app.wording.errors`).
"""

from __future__ import annotations

from typing import Final

from app.wording.error_texts import copies, people, places, power, program, runs, settings
from app.wording.error_texts.program import FALLBACK
from app.wording.error_texts.shape import ErrorText

__all__ = ["FALLBACK", "REASONS", "TEXTS", "ErrorText"]

TEXTS: Final[dict[str, ErrorText]] = {
    **settings.TEXTS,
    **people.TEXTS,
    **power.TEXTS,
    **places.TEXTS,
    **copies.TEXTS,
    **runs.TEXTS,
    **program.TEXTS,
}
"""Every code of a `VangnetError`, and those that a run may end with besides."""

REASONS: Final[dict[tuple[str, str], ErrorText]] = {
    **people.REASONS,
    **places.REASONS,
    **copies.REASONS,
}
"""Where the reason in an error's data has more to say."""
