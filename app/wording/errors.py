"""What went wrong, whether the data is safe, and what to do: for every error code that Vangnet has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import VangnetError
from app.i18n import _
from app.policy.errors import FileInvalid
from app.wording.error_texts import FALLBACK, REASONS, TEXTS, ErrorText
from app.wording.file_problems import file_problem_text
from app.wording.sizes import felt_size
from app.wording.text import filled


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error for people. `details` are for whoever helps: the code, the lines of a file."""

    what: str
    safe: str
    do: str
    details: tuple[str, ...] = ()


def explain(error: VangnetError | str, data: Mapping[str, object] | None = None) -> Explanation:
    """Explain an error, or the code and data of one that was recorded; never fails on a code it does not know."""
    code = error if isinstance(error, str) else error.code
    known = dict(data or {}) if isinstance(error, str) else dict(error.data)
    text = _text_of(code, str(known.get("reason", "")))
    gaps = _gaps(known, code)
    return Explanation(
        what=filled(_(text.what), gaps),
        safe=filled(_(text.safe), gaps) if text.safe else "",
        do=filled(_(text.do), gaps) if text.do else "",
        details=_details(error, code, known),
    )


def _text_of(code: str, reason: str) -> ErrorText:
    """The most telling text there is: for the code with its reason, for what was refused, for the code."""
    if code == "request-refused" and reason in TEXTS:
        return TEXTS[reason]
    return REASONS.get((code, reason)) or TEXTS.get(code) or FALLBACK


def _gaps(data: Mapping[str, object], code: str) -> dict[str, object]:
    gaps: dict[str, object] = {"code": code, **data}
    for key, value in data.items():
        if key.endswith("_bytes") and str(value).isdigit():
            gaps[key] = felt_size(int(str(value)))
        elif isinstance(value, (tuple, list)):
            gaps[key] = ", ".join(str(item) for item in value)
    return gaps


def _details(error: VangnetError | str, code: str, data: Mapping[str, object]) -> tuple[str, ...]:
    if isinstance(error, FileInvalid):
        more = (_("There are more mistakes than these."),) if error.more else ()
        return (*(file_problem_text(problem) for problem in error.problems), *more)
    return (code, *(f"{key}: {value}" for key, value in data.items() if str(value)))
