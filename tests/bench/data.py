"""The data that benchmarks run on: made from a seed, the same bytes each time."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_WORDS = (  # noqa: SIM905 - a hundred quotes would read worse
    "leerling klas rapport punten taal rekenen overleg zorg afspraak ouders leerkracht planning toets resultaat "
    "the of school budget invoice meeting report agreement total amount number customer delivery"
).split()


MIX_SIZES = {"office": 40_000, "tiny": 200_000, "photos": 1_000, "huge": 8_000}
"""How many files a mix has by default; of "huge" the MB of its twenty files together."""

MIX_NAMES = tuple(MIX_SIZES)


def make_mix(name: str, folder: Path, size: int) -> Made:
    """Make the mix of this name: `size` is the number of files, for "huge" the MB of its twenty files together."""
    match name:
        case "tiny":
            return tiny_files(folder, files=size)
        case "photos":
            return photos(folder, files=size)
        case "huge":
            return huge_files(folder, megabytes=size)
        case _:
            return office_mix(folder, files=size)


def change_mix(name: str, folder: Path) -> None:
    """Change one percent, as people do between two back-ups of such data."""
    if name == "huge":
        change_huge_files(folder)
    else:
        change_some(folder, insert_bytes=50 << 20 if name == "office" else 0)


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
    """Change a share of the files by a line at their end, and add one new large file (none for 0 bytes)."""
    chance = random.Random(seed)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in chance.sample(paths, max(1, int(len(paths) * share))):
        with path.open("ab") as file:
            file.write(b"changed\n")
    if insert_bytes:
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


def photos(folder: Path, *, files: int, seed: int = 4) -> Made:
    """Make a camera's folders: incompressible files of one to six MB, no two alike."""
    chance = random.Random(seed)
    total = 0
    for number in range(files):
        path = folder / f"{2015 + number // 500 % 10}" / f"{number // 100:03}_DSC"
        path.mkdir(parents=True, exist_ok=True)
        content = chance.randbytes(chance.randrange(1 << 20, 6 << 20))
        total += len(content)
        (path / f"DSC_{number:05}.jpg").write_bytes(content)
    return Made(files, total)


_HUGE_FILES = 20


def huge_files(folder: Path, *, megabytes: int, seed: int = 5) -> Made:
    """Make twenty large files: disk images with holes, mail stores, videos. Their sizes, holes included, make up
    the megabytes."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    block = chance.randbytes(8 << 20)
    text = " ".join(chance.choices(_WORDS, k=400_000)).encode()
    size = max(1 << 20, (megabytes << 20) // _HUGE_FILES)
    for number in range(_HUGE_FILES):
        kind = ("image.img", "mail.mbox", "video.mp4")[number % 3]
        with (folder / f"{number:02} {kind}").open("wb") as file:
            if kind == "image.img":
                _write_image(file, size, chance, block)
            elif kind == "mail.mbox":
                _write_mail(file, size, chance, text)
            else:
                _write_video(file, size, chance)
    return Made(_HUGE_FILES, _HUGE_FILES * size)


def _write_image(file: BinaryIO, size: int, chance: random.Random, block: bytes) -> None:
    """Write a virtual disk: a third of it in use, the rest holes."""
    while file.tell() < size:
        used = min(chance.randrange(256 << 10, 4 << 20), size - file.tell())
        start = chance.randrange(len(block) - used)
        file.write(block[start : start + used // 2] + bytes(used - used // 2))
        file.seek(min(2 * used, size - file.tell()), os.SEEK_CUR)
    file.truncate(size)


def _write_mail(file: BinaryIO, size: int, chance: random.Random, text: bytes) -> None:
    """Write a mail store: letters, every fourth with an attachment."""
    while (left := size - file.tell()) > 0:
        start = chance.randrange(len(text) - 20_000)
        attachment = chance.randbytes(chance.randrange(200_000)) if chance.random() < 0.25 else b""
        file.write((b"From x\n" + text[start : start + 20_000] + attachment)[:left])


def _write_video(file: BinaryIO, size: int, chance: random.Random) -> None:
    while (left := size - file.tell()) > 0:
        file.write(chance.randbytes(min(left, 8 << 20)))


def change_huge_files(folder: Path, *, seed: int = 6) -> None:
    """Insert letters into the mail stores and overwrite a few places of the images; leave the videos."""
    chance = random.Random(seed)
    for path in sorted(folder.iterdir()):
        size = path.stat().st_size
        if path.name.endswith(".mbox"):
            content = path.read_bytes()
            at = chance.randrange(size)
            path.write_bytes(content[:at] + chance.randbytes(100_000) + content[at:])
        elif path.name.endswith(".img"):
            with path.open("r+b") as file:
                for _ in range(4):
                    file.seek(chance.randrange(size))
                    file.write(chance.randbytes(4096))
