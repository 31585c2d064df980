"""The data that benchmarks run on: made from a seed, the same bytes each time."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WORDS = (  # noqa: SIM905 - a hundred quotes would read worse
    "leerling klas rapport punten taal rekenen overleg zorg afspraak ouders leerkracht planning toets resultaat "
    "the of school budget invoice meeting report agreement total amount number customer delivery"
).split()


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the counts stand in the benchmark's table."""

    files: int
    bytes: int


def office_mix(folder: Path, *, files: int, seed: int = 1) -> Made:
    """Make an office's files: many small texts and documents, photos, a few large ones (about 80 kB on average)."""
    chance = random.Random(seed)
    pool = chance.randbytes(64 << 20)
    text = (" ".join(chance.choices(_WORDS, k=400_000))).encode()
    total = 0
    for number, (name, content) in enumerate(_office_files(chance, files, pool, text)):
        path = folder / f"dept{number % 12:02}" / f"year{number % 9}" / f"map{number % 31:02}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        total += len(content)
    return Made(files, total)


def _office_files(chance: random.Random, files: int, pool: bytes, text: bytes) -> Iterator[tuple[str, bytes]]:
    for number in range(files):
        kind = chance.random()
        if kind < 0.62:  # texts and mails: compressible
            size = int(min(400_000, chance.lognormvariate(8.5, 1.3)))
            start = chance.randrange(max(1, len(text) - size))
            yield f"note {number}.txt", text[start : start + size] + str(number).encode()
        elif kind < 0.90:  # documents: half compressible, as office formats are
            size = int(min(3_000_000, chance.lognormvariate(10.4, 1.0)))
            start, at = chance.randrange(len(pool) - size), chance.randrange(max(1, len(text) - size // 2))
            yield f"document {number}.docx", pool[start : start + size // 2] + text[at : at + size // 2]
        elif kind < 0.995:  # photos: not compressible
            size = int(min(6_000_000, chance.lognormvariate(12.6, 0.7)))
            start = chance.randrange(len(pool) - size)
            yield f"IMG_{number}.jpg", str(number).encode() + pool[start : start + size]
        else:  # databases and mail stores
            size = chance.randrange(2 << 20, 12 << 20)
            start = chance.randrange(len(pool) - size)
            yield f"store {number}.db", text[: size // 3] + pool[start : start + size - size // 3]


def change_some(folder: Path, *, share: float = 0.01, insert_bytes: int = 50 << 20, seed: int = 2) -> None:
    """Change a share of the files by a line at their end, and add one new large file."""
    chance = random.Random(seed)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in chance.sample(paths, max(1, int(len(paths) * share))):
        with path.open("ab") as file:
            file.write(b"changed\n")
    (folder / "new.bin").write_bytes(chance.randbytes(insert_bytes))


def tiny_files(folder: Path, *, files: int, seed: int = 3) -> Made:
    """Make very many small files, as mail folders and web caches have."""
    chance = random.Random(seed)
    total = 0
    for number in range(files):
        path = folder / f"{number % 97:02}" / f"{number % 53:02}"
        path.mkdir(parents=True, exist_ok=True)
        content = chance.randbytes(chance.randrange(20, 2000))
        total += len(content)
        with open(os.path.join(path, f"{number}.msg"), "wb") as file:
            file.write(content)
    return Made(files, total)
