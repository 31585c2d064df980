"""Mistakes in the policy or machine file, each with its line, for whoever edits it."""

from __future__ import annotations

from app.i18n import N_, _
from app.policy.errors import Expected, Problem, Reason
from app.wording.text import filled

REASONS: dict[Reason, str] = {
    Reason.UNREADABLE: N_("the file cannot be read"),
    Reason.TOO_LARGE: N_("the file is too large"),
    Reason.NOT_TEXT: N_("this is no text"),
    Reason.EMPTY: N_("there is nothing in it"),
    Reason.SYNTAX: N_("this is not written as YAML wants it"),
    Reason.SEVERAL_DOCUMENTS: N_("there is more than one document in it"),
    Reason.TOO_DEEP: N_("it is nested too deeply"),
    Reason.ALIAS: N_("references (&, *) are not allowed"),
    Reason.TAG: N_("tags (!) are not allowed"),
    Reason.DUPLICATE_KEY: N_("this key is there twice"),
    Reason.UNKNOWN_KEY: N_("this key is not known"),
    Reason.MISSING_KEY: N_("this is missing"),
    Reason.WRONG_TYPE: N_("this is the wrong kind of value"),
    Reason.UNKNOWN_VALUE: N_("this value is not known"),
    Reason.IMPOSSIBLE_VALUE: N_("this value is not possible"),
    Reason.NOT_UNIQUE: N_("this is used twice"),
    Reason.UNKNOWN_DATA_SET: N_("the policy has no such data set"),
    Reason.MISSING_RULE: N_("a rule that is needed is missing"),
    Reason.WEAKER_THAN_LOWER_TIER: N_("this asks less than for less important data"),
    Reason.INSIDE_ITS_SOURCE: N_("this place lies in the data that are copied to it"),
}

EXPECTED: dict[Expected, str] = {
    Expected.TEXT: N_("a text"),
    Expected.FILLED_TEXT: N_("a text that is not empty"),
    Expected.NUMBER: N_("a whole number"),
    Expected.TRUE_OR_FALSE: N_("true or false"),
    Expected.DATE: N_("a date like 2026-09-01"),
    Expected.MONTH_AND_DAY: N_("a month and a day like 09-01"),
    Expected.TIME: N_("a time like 18:00"),
    Expected.DURATION: N_("a time span like 1d or 12h"),
    Expected.LIST: N_("a list"),
    Expected.MAPPING: N_("keys with values"),
    Expected.SLUG: N_("a short name in small letters, digits and dashes"),
    Expected.ABSOLUTE_PATH: N_("a whole path that starts with /"),
    Expected.RELATIVE_PATH: N_("a path that does not start with /"),
    Expected.TIME_ZONE: N_("a time zone like Europe/Brussels"),
    Expected.ADDRESS: N_("an address of this kind, like sftp://server/folder"),
}

_KINDS = frozenset(Expected)


def file_problem_text(problem: Problem) -> str:
    """Say where a file is wrong, why, what would be right, and what was probably meant."""
    parts = [_(REASONS[problem.reason])]
    if problem.found:
        parts[0] += f" ({problem.found})"
    if problem.expected:
        wanted = ", ".join(_expected(value) for value in problem.expected)
        parts.append(filled(_("wanted: {wanted}"), {"wanted": wanted}))
    if problem.suggestion:
        parts.append(filled(_("did you mean {suggestion}?"), {"suggestion": problem.suggestion}))
    return f"{_where(problem)}: {'; '.join(parts)}"


def _where(problem: Problem) -> str:
    line = filled(_("line {line}"), {"line": problem.line}) if problem.line else ""
    return " · ".join(part for part in (problem.file, line, problem.key) if part)


def _expected(value: str) -> str:
    return _(EXPECTED[Expected(value)]) if value in _KINDS else value
