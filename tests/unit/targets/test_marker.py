from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.targets.errors import MarkerDamaged
from app.targets.marker import MARKER_FILE, Marker, printable, read_marker, write_marker
from app.targets.readme import letters

MARKER = Marker(
    id="ab" * 16,
    organisation="Basisschool De Linde",
    target="schijf-a",
    name="Schijf A",
    repository_id="cd" * 32,
    created="2026-09-01T08:00:00.000000Z",
    colour="groen",
    contact="Els Peeters, 011 12 34 56",
)


def damage(folder: Path, data: bytes) -> str:
    (folder / MARKER_FILE).write_bytes(data)
    with pytest.raises(MarkerDamaged) as damaged:
        read_marker(folder)
    return str(damaged.value.data["reason"])


def test_marker_is_read_back_as_written(tmp_path: Path) -> None:
    write_marker(tmp_path, MARKER)
    assert read_marker(tmp_path) == MARKER
    assert os.listdir(tmp_path) == [MARKER_FILE]


def test_folder_without_marker_or_no_folder_has_none(tmp_path: Path) -> None:
    assert read_marker(tmp_path) is None
    assert read_marker(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "../../etc/passwd"}, "field"),
        ({"id": "ab" * 16 + "\n"}, "field"),
        ({"repository_id": "XY" * 32}, "field"),
        ({"name": "x" * 201}, "field"),
        ({"name": ""}, "field"),
        ({"name": "\x1b[2Jgotcha"}, "field"),
        ({"organisation": "abc\u202edef"}, "field"),
        ({"created": "yesterday"}, "field"),
        ({"created": "2026-09-01T08:00:00"}, "field"),
        ({"vangnet": 2}, "version"),
        ({"contact": 7}, "field"),
    ],
)
def test_marker_with_a_field_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    write_marker(tmp_path, MARKER)
    fields = json.loads((tmp_path / MARKER_FILE).read_text())
    assert damage(tmp_path, json.dumps(fields | change).encode()) == reason


def test_what_is_no_json_or_too_long_is_refused(tmp_path: Path) -> None:
    assert damage(tmp_path, b"") == "not-json"
    assert damage(tmp_path, b"\0" * 500) == "not-json"
    assert damage(tmp_path, b"[" * 10_000) in ("not-json", "field")
    assert damage(tmp_path, b" " * 20_000) == "too-long"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_marker_or_a_typed_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert damage(folder, data) in ("not-json", "field", "version")


@given(st.text(max_size=300))
def test_printable_text_is_accepted_by_the_marker(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert len(shown) <= 200
    assert not any(ord(c) < 32 for c in shown)


def test_letters_say_what_it_is_whom_to_call_and_how_to_restore() -> None:
    texts = {name: letter.decode() for name, letter in letters(MARKER).items()}
    assert sorted(texts) == ["README.en.txt", "README.fr.txt", "README.nl.txt"]
    for text in texts.values():
        assert "Schijf A" in text
        assert "groen" in text
        assert "Basisschool De Linde" in text
        assert "Els Peeters, 011 12 34 56" in text
        assert "restic -r . restore" in text
        assert "vangnet repo restore -r . --password-file" in text
        assert "$" not in text
    assert "herstelsleutel" in texts["README.nl.txt"]
    assert "clé de récupération" in texts["README.fr.txt"]
