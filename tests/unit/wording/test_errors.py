"""Every error and finding is explained, in both languages and in the handbook, with words people know."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import app
from app import i18n
from app.assessment.model import FindingCode
from app.errors import ExitCode, NotSetUp, VangnetError
from app.i18n import compile as catalogues
from app.i18n import extract
from app.policy.errors import Expected, PolicyInvalid, Problem, Reason
from app.repository.errors import BackendFull
from app.wording import error_texts
from app.wording.error_texts import REASONS, TEXTS
from app.wording.errors import explain
from app.wording.file_problems import file_problem_text

HANDBOOK = Path(app.__file__).parent.parent / "docs" / "errors.md"
FOREIGN_CODES = dict.fromkeys(
    ("os-error", "internal", "process-gone", "worker-not-started", "not-for-a-worker", "stopped-for-power"),
    ExitCode.FAILED,
)
"""Codes that a run may end with although no class of ours has them."""


@cache
def error_kinds() -> tuple[type[VangnetError], ...]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if module.name != "app.__main__":
            importlib.import_module(module.name)
    return tuple(_below(VangnetError))


def _below(kind: type[VangnetError]) -> Iterator[type[VangnetError]]:
    if kind.__module__.startswith("app."):
        yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def codes() -> dict[str, ExitCode]:
    return {kind.code: kind.exit_code for kind in error_kinds()} | FOREIGN_CODES


def test_every_error_code_has_a_text_and_every_text_a_code() -> None:
    assert set(TEXTS) == set(codes())
    assert {code for code, _reason in REASONS} <= set(codes())


def test_every_error_is_told_in_one_place_only() -> None:
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.iter_modules(error_texts.__path__, f"{error_texts.__name__}.")
    ]
    told = [code for module in modules for code in getattr(module, "TEXTS", ())]
    told_with_reason = [code for module in modules for code in getattr(module, "REASONS", ())]
    assert sorted(told) == sorted(TEXTS)
    assert sorted(told_with_reason) == sorted(REASONS)


def test_every_error_text_says_what_and_whether_the_data_is_safe_in_both_languages() -> None:
    dutch = catalogues.merge(catalogues.po_files())
    for text in (*TEXTS.values(), *REASONS.values()):
        assert text.what
        assert text.safe
        for sentence in (text.what, text.safe, text.do):
            assert not sentence or dutch.get(sentence), sentence


@pytest.mark.usefixtures("each_language")
def test_no_error_text_fails_on_missing_data() -> None:
    for code in codes():
        said = explain(code, {})
        assert said.what
        assert "{" not in said.what + said.safe + said.do


@pytest.mark.usefixtures("dutch")
def test_error_fills_in_what_it_knows() -> None:
    said = explain(BackendFull(location="/mnt/b", operation="write", reason="ENOSPC", free_bytes=200_000_000))
    assert said.what == "De schijf is vol (200 MB vrij)."
    assert said.safe == "Uw gegevens zijn onaangeroerd en eerdere kopieën zijn er nog."
    assert said.do
    assert said.details[0] == "backend-full"


@pytest.mark.usefixtures("dutch")
def test_recorded_code_says_the_same_as_the_error() -> None:
    error = BackendFull(location="/mnt/b", free_bytes=200_000_000)
    recorded = explain("backend-full", {"location": "/mnt/b", "free_bytes": "200000000"})
    assert recorded == explain(error)


def test_reason_makes_it_more_telling() -> None:
    assert explain("target-not-there", {"target": "B", "reason": "not-connected"}).what == "B is not plugged in."
    assert explain("target-not-there", {"target": "B", "reason": "never heard of"}).what == "B is not there."
    assert explain("request-refused", {"reason": "pin-not-set"}).what == "There is no PIN yet."


def test_unknown_code_is_still_explained() -> None:
    said = explain("from-a-newer-version", {"x": 1})
    assert said.what == "Something went wrong (from-a-newer-version)."
    assert said.safe
    assert said.do


def test_file_with_mistakes_names_each_line() -> None:
    wrong = Problem("policy.yml", 12, "kind", Reason.UNKNOWN_VALUE, "datta", ("data", "system-image"), "data")
    said = explain(PolicyInvalid("policy.yml", (wrong,), more=True))
    assert "policy.yml" in said.what
    assert said.details == (
        "policy.yml · line 12 · kind: this value is not known (datta); wanted: data, system-image; did you mean data?",
        "There are more mistakes than these.",
    )


@pytest.mark.usefixtures("each_language")
@pytest.mark.parametrize("reason", Reason)
def test_every_mistake_in_a_file_has_words(reason: Reason) -> None:
    for expected in Expected:
        text = file_problem_text(Problem("m.yml", 3, "a", reason, expected=(expected.value,)))
        assert text.startswith("m.yml · ")
        assert "{" not in text
        if "-" in expected:
            assert expected.value not in text


def rows(heading: str) -> dict[str, str]:
    """The codes of a table of the handbook, with the second column."""
    section = HANDBOOK.read_text(encoding="utf-8").split(heading)[1]
    return dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", section, re.MULTILINE))


def test_handbook_has_every_error_with_its_exit_code_and_no_other() -> None:
    errors = HANDBOOK.read_text(encoding="utf-8").split("## Findings")[0]
    listed = {code: int(number) for code, number in re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", errors, re.MULTILINE)}
    assert listed == {code: int(number) for code, number in codes().items()}


def test_handbook_has_every_finding_and_no_other() -> None:
    assert set(rows("## Findings")) == {code.value for code in FindingCode}


FORBIDDEN = re.compile(
    r"\b(repository|repositories|snapshots?|prune\w*|blobs?|locks?|lockfile|BIV|backend|chunks?)\b",
    re.IGNORECASE,
)


OF_THE_REPO_COMMAND = ("A bare repository, for the IT provider.",)
"""How the list of commands announces `vangnet repo`."""


def literal(text: str) -> str:
    """A text without its gaps: their names are never shown."""
    return "".join(part for part, *_ in string.Formatter().parse(text))


def test_no_word_of_the_engine_reaches_the_screens() -> None:
    """`vangnet repo` alone speaks restic's words: it is for the IT provider, who knows them."""
    dutch = catalogues.merge(catalogues.po_files())
    shown = [
        part
        for text in extract.texts()
        if not text.file.name.startswith("repo") and text.singular not in OF_THE_REPO_COMMAND
        for part in (text.singular, text.plural or "", *dutch.get(text.key, "").split("\0"))
    ]
    assert [text for text in shown if FORBIDDEN.search(literal(text))] == []


def test_dutch_speaks_politely() -> None:
    familiar = re.compile(r"\b(je|jij|jouw|jullie)\b", re.IGNORECASE)
    texts = [text for path in catalogues.po_files() for text in catalogues.read_translations(path).values()]
    assert [text for text in texts if familiar.search(text)] == []


def test_language_is_looked_up_when_shown() -> None:
    error = NotSetUp(home="/x")
    i18n.set_language("nl")
    dutch = explain(error).what
    i18n.set_language("en")
    assert explain(error).what != dutch
