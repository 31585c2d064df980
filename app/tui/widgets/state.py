"""How a state looks: a sign, a word and a colour, always together."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from app.assessment.model import State
from app.i18n import N_, _
from app.records.facts import Outcome
from app.wording.runs import outcome_word

SIGNS: Final = {State.OK: "✔", State.ATTENTION: "!", State.ERROR: "✖"}
STYLES: Final = {State.OK: "$green", State.ATTENTION: "$amber", State.ERROR: "$red"}
CLASSES: Final = {State.OK: "-ok", State.ATTENTION: "-attention", State.ERROR: "-error"}
_WORDS: Final = {State.OK: N_("in order"), State.ATTENTION: N_("attention"), State.ERROR: N_("error")}

_OUTCOMES: Final = {
    Outcome.RUNNING: ("•", "$accent"),
    Outcome.GOOD: ("✔", "$green"),
    Outcome.INCOMPLETE: ("!", "$amber"),
    Outcome.FAILED: ("✖", "$red"),
    Outcome.CANCELLED: ("–", "$muted"),
    Outcome.INTERRUPTED: ("!", "$amber"),
}


def sign(state: State) -> Content:
    """The sign alone, where the word stands beside it."""
    return Content.styled(SIGNS[state], f"bold {STYLES[state]}")


def state_text(state: State, word: str = "") -> Content:
    """The sign and a word: "✔ in order", or "! 2 days late" when `word` says more."""
    return Content.styled(f"{SIGNS[state]} {word or _(_WORDS[state])}", STYLES[state])


def outcome_text(outcome: Outcome) -> Content:
    """How a run ended, in a sign and a word or two."""
    symbol, style = _OUTCOMES[outcome]
    return Content.styled(f"{symbol} {outcome_word(outcome)}", style)
