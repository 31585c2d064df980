"""How time and memory grow with the number of files and of blobs: 10,000, 100,000, a million and on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.measure import Measure, measure
from tests.bench.repositories import make_password, make_repository, pretend_blobs
from tests.bench.settle import settle
from tests.bench.tools import Tool, Work, tools

_FILES_A_FOLDER = 200
_FEW_CONTENTS = 100


def measure_scale(disk: Path, memory: Path, *, most: int) -> None:
    """Print the two curves, for Vangnet and each restic: files that did not change, and blobs that are stored."""
    compared = tools(with_borg=False)
    counts = [count for count in (10_000, 100_000, 1_000_000, 4_000_000) if count <= most]
    _print_head("a folder of 100 files into a repository of that many blobs", compared)
    for count in counts:
        _print_row(count, compared, _with_blobs(disk / f"blobs-{count}", memory / "few", count, compared))
    files = [count for count in counts if count <= most // 4] or counts[:1]
    _print_head("nothing changed among that many files", compared)
    for count in files:
        first, again = _with_files(disk / f"files-{count}", memory / "many", count, compared)
        _print_row(count, compared, again, note=f"first back-up {' · '.join(f'{m.wall_s:.1f} s' for m in first)}")


def _with_blobs(disk: Path, source: Path, blobs: int, compared: tuple[Tool, ...]) -> list[Measure]:
    make_files(source, 100)
    works = _works(disk, compared, blobs=blobs)
    try:
        return [_measure(tool, work, source) for tool, work in zip(compared, works, strict=True)]
    finally:
        shutil.rmtree(disk)
        shutil.rmtree(source)


def _with_files(
    disk: Path, source: Path, files: int, compared: tuple[Tool, ...]
) -> tuple[list[Measure], list[Measure]]:
    make_files(source, files)
    works = _works(disk, compared)
    try:
        first = [_measure(tool, work, source) for tool, work in zip(compared, works, strict=True)]
        return first, [_measure(tool, work, source) for tool, work in zip(compared, works, strict=True)]
    finally:
        shutil.rmtree(disk)
        shutil.rmtree(source)


def make_files(folder: Path, count: int) -> None:
    """Make small files of few different contents: it is their number that counts."""
    for number in range(count):
        if number % _FILES_A_FOLDER == 0:
            inside = folder / f"{number // _FILES_A_FOLDER % 100:02}" / f"{number // _FILES_A_FOLDER:06}"
            inside.mkdir(parents=True)
        with open(os.path.join(inside, f"letter {number}.txt"), "wb") as file:
            file.write(b"a letter of kind %d\n" % (number % _FEW_CONTENTS))


def _works(disk: Path, compared: tuple[Tool, ...], *, blobs: int = 0) -> list[Work]:
    password = disk / "password"
    disk.mkdir()
    password.write_text(make_password())
    made = make_repository(disk / "new", password.read_text())
    if blobs:
        pretend_blobs(made, blobs)
    works = []
    for number, _tool in enumerate(compared):
        work = Work(disk / f"repository-{number}", password, disk / "restored")
        shutil.copytree(disk / "new", work.repository)
        works.append(work)
    return works


def _measure(tool: Tool, work: Work, source: Path) -> Measure:
    settle()
    try:
        return measure(tool.backup(work, source, 0), tool.environment(work))
    except subprocess.CalledProcessError as exc:
        sys.exit(f"{tool.name} failed\n{exc.output.decode(errors='replace')}")


def _print_head(what: str, compared: tuple[Tool, ...]) -> None:
    print()
    print(f"| {what} | " + " | ".join(f"{tool.name}: s / CPU s / MB" for tool in compared) + " | to the better |")
    print("| --- |" + " --- |" * (len(compared) + 1), flush=True)


def _print_row(count: int, compared: tuple[Tool, ...], found: list[Measure], *, note: str = "") -> None:
    mine, *others = found
    assert len(compared) == len(found)
    cells = [f"{m.wall_s:.2f} / {m.cpu_s:.2f} / {m.peak_bytes / 1e6:.0f}" for m in found]
    time = mine.wall_s / min(other.wall_s for other in others)
    memory = mine.peak_bytes / min(other.peak_bytes for other in others)
    ratio = f"**{time:.2f}** time, **{memory:.2f}** memory{'; ' if note else ''}{note}"
    print(f"| {count:,} | " + " | ".join(cells) + f" | {ratio} |", flush=True)
