"""The Dutch and English texts: found in the code, translated whole, compiled, and switched live."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import i18n
from app.i18n import compile as catalogues
from app.i18n import extract

PO_HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: nl\\n"\n\n'


@pytest.fixture(autouse=True)
def english_before_and_after() -> Iterator[None]:
    i18n.set_language("en")
    yield
    i18n.set_language("en")


@pytest.fixture
def dutch_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    po = tmp_path / "nl" / "words.po"
    po.parent.mkdir()
    po.write_text(
        PO_HEAD
        + 'msgid "Data"\nmsgstr "Gegevens"\n\n'
        + 'msgctxt "button"\nmsgid "Back"\nmsgstr "Terug"\n\n'
        + 'msgid "{count} file"\nmsgid_plural "{count} files"\n'
        + 'msgstr[0] "{count} bestand"\nmsgstr[1] "{count} bestanden"\n',
        encoding="utf-8",
    )
    mo = tmp_path / "nl" / "LC_MESSAGES" / "vangnet.mo"
    mo.parent.mkdir()
    mo.write_bytes(catalogues.mo_bytes(catalogues.merge((po,))))
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path)
    monkeypatch.setattr(i18n, "_loaded", {"en": i18n._loaded["en"]})


@pytest.mark.usefixtures("dutch_catalogue")
def test_language_switches_live() -> None:
    title = i18n.N_("Data")
    assert i18n._(title) == "Data"
    i18n.set_language("nl")
    assert i18n._(title) == "Gegevens"
    assert i18n.language() == "nl"
    i18n.set_language("en")
    assert i18n._(title) == "Data"


@pytest.mark.usefixtures("dutch_catalogue")
def test_plural_and_context_are_looked_up() -> None:
    i18n.set_language("nl")
    assert i18n.ngettext("{count} file", "{count} files", 1) == "{count} bestand"
    assert i18n.ngettext("{count} file", "{count} files", 0) == "{count} bestanden"
    assert i18n.pgettext("button", "Back") == "Terug"
    assert i18n._("Back") == "Back"


@pytest.mark.usefixtures("dutch_catalogue")
def test_empty_text_stays_empty() -> None:
    i18n.set_language("nl")
    assert i18n._("") == ""


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="no such language"):
        i18n.set_language("fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "damage",
    [b"", b"\xde\x12\x04\x95", b"not a catalogue at all, but long enough", b"\xde\x12\x04\x95" + b"\xff" * 60],
    ids=["empty", "cut", "text", "wild-offsets"],
)
def test_damaged_catalogue_falls_back_to_english(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "vangnet.mo"
    path.write_bytes(damage)
    assert i18n.read_catalogue(path).gettext("Today") == "Today"


def test_missing_catalogue_falls_back_to_english(tmp_path: Path) -> None:
    assert i18n.read_catalogue(tmp_path / "vangnet.mo").gettext("Today") == "Today"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LANG": "nl_BE.UTF-8"}, "nl"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "nl_BE.UTF-8"}, "en"),
        ({"LC_MESSAGES": "nl_NL", "LANG": "fr_BE"}, "nl"),
        ({}, "en"),
    ],
)
def test_language_follows_the_session(env: dict[str, str], expected: str) -> None:
    assert i18n.language_of(env) == expected


def test_catalogues_that_disagree_are_refused(tmp_path: Path) -> None:
    for name, dutch in (("a.po", "schijf"), ("b.po", "disk")):
        (tmp_path / name).write_text(PO_HEAD + f'msgid "disk"\nmsgstr "{dutch}"\n', encoding="utf-8")
    with pytest.raises(catalogues.CatalogueConflictError, match=r"a\.po says 'schijf', b\.po says 'disk'"):
        catalogues.merge(catalogues.po_files(tmp_path))


def test_fuzzy_and_empty_entries_count_as_untranslated(tmp_path: Path) -> None:
    po = tmp_path / "a.po"
    po.write_text(
        PO_HEAD
        + '#, fuzzy\nmsgid "disk"\nmsgstr "schijf"\n\nmsgid "copy"\nmsgstr ""\n\n'
        + 'msgid "one"\nmsgid_plural "more"\nmsgstr[0] "een"\nmsgstr[1] ""\n',
        encoding="utf-8",
    )
    assert catalogues.read_translations(po) == {}


def test_texts_are_found_in_code(tmp_path: Path) -> None:
    (tmp_path / "tui").mkdir()
    (tmp_path / "tui" / "screen.py").write_text(
        'TITLE = N_("Today")\nx = _("Set "\n      "up")\ny = ngettext("a", "b", n)\nz = pgettext("verb", "Open")\n',
        encoding="utf-8",
    )
    found = list(extract.texts(tmp_path))
    assert [text.key for text in found] == ["Today", "Set up", "a\0b", "verb\x04Open"]
    assert {text.catalogue for text in found} == {"tui"}


def test_every_text_has_a_dutch_translation() -> None:
    lacking = extract.missing()
    assert not lacking, "python -m app.i18n.extract shows:\n" + "\n".join(map(extract.po_entry, lacking))


def test_compiled_catalogue_is_up_to_date() -> None:
    fresh = catalogues.mo_bytes(catalogues.merge(catalogues.po_files()))
    assert catalogues.mo_file().read_bytes() == fresh, "run `python -m app.i18n.compile` and commit the .mo"


def fields(text: str) -> set[str]:
    """The names of the placeholders, of both styles."""
    braces = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    return braces | set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("path", catalogues.po_files(), ids=lambda path: path.stem)
def test_translations_keep_the_placeholders(path: Path) -> None:
    for key, translation in catalogues.read_translations(path).items():
        *_, ids = key.split("\x04")
        singular, *plural = ids.split("\0")
        forms = translation.split("\0")
        if plural:
            assert fields(forms[1]) == fields(plural[0]), key
            assert fields(forms[0]) <= fields(plural[0]), key
        else:
            assert fields(forms[0]) == fields(singular), key


def test_no_text_is_formatted_before_it_is_looked_up() -> None:
    early = [
        f"{path}:{call.lineno}"
        for path in extract.APP_FOLDER.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "N_", "ngettext", "pgettext"}
        and any(isinstance(argument, (ast.JoinedStr, ast.BinOp)) for argument in call.args[:2])
    ]
    assert not early
