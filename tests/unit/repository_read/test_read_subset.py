"""Reading a part of the data: which packs, and that all parts together are everything."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from app.repository.backend.local import LocalBackend
from app.repository.model import PackId
from app.repository.read_subset import ReadSubset
from app.repository.repository import Repository

SIZES = {PackId(bytes([number]) + bytes(31)): 100 for number in range(256)}


def test_the_parts_together_are_everything_and_share_nothing() -> None:
    for parts in (1, 2, 3, 7, 256):
        chosen = [ReadSubset.parse(f"{part}/{parts}").choose(SIZES, random.Random(1)) for part in range(1, parts + 1)]
        assert sorted(pack for packs in chosen for pack in packs) == sorted(SIZES)


def test_a_share_or_a_size_is_chosen_at_random() -> None:
    for subset, count in ((ReadSubset.parse("25%"), 64), (ReadSubset.parse("0.1%"), 1), (ReadSubset(bytes=1050), 10)):
        first, second = (set(subset.choose(SIZES, random.Random(seed))) for seed in (1, 2))
        assert len(first) == len(second) == count
        assert first != second or count == 1
    assert len(ReadSubset(bytes=1).choose(SIZES, random.Random(1))) == 1
    assert set(ReadSubset.parse("100%").choose(SIZES, random.Random(1))) == set(SIZES)
    assert not ReadSubset(bytes=10).choose({}, random.Random(1))


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/257", "0%", "101%", "x%", "1/", "/2", "-1/2", "²/3"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a part"):
        ReadSubset.parse(text)


def test_a_damaged_pack_is_found_in_the_part_that_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.repository.storing.PACK_BYTES", 64 << 10)
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number}").write_bytes(os.urandom(50_000))
    repository = Repository.init(LocalBackend(tmp_path / "repository"))
    repository.backup([bytes(source)])
    pack = max((tmp_path / "repository/data").rglob("?" * 64), key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[100] ^= 1
    pack.write_bytes(data)
    found = []
    for part in (1, 2, 3):
        report = repository.check(read_data=True, subset=ReadSubset(part=part, parts=3))
        found += [problem.file for problem in report.problems]
        assert report.packs_read < report.packs
    assert found == [f"data/{pack.name}"]
    assert repository.check(read_data=True).packs_read == repository.check().packs
