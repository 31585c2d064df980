"""How much memory a file or a blob more takes: a machine with 4 GB must cope with a million of each."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from app.repository.model import BlobId, Node, NodeType
from app.repository.planned_entries import PlannedEntries
from tests.bench.repositories import make_repository, pretend_blobs
from tests.bench.scale import make_files

FEW, MANY = 20_000, 120_000
PASSWORD = "geheim"

BEGIN = """
import sys
from app.clock import SystemClock
from app.repository.backend.local import LocalBackend
from app.repository.repository import Repository
from app.secret import Secret
repository = Repository.open(LocalBackend(sys.argv[1]), password=Secret("geheim"))
"""
LOAD_INDEX = f"""{BEGIN}
assert len(repository.index) == int(sys.argv[2])
"""
BACK_UP = f"""{BEGIN}
summary = repository.backup([sys.argv[2].encode()], state_dir=sys.argv[3])
assert summary.complete
"""
TELL_PEAK = """
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


def peak_bytes(program: str, *arguments: str | int | Path) -> int:
    """Run a program in a process of its own; return its largest resident size."""
    command = [sys.executable, "-c", program + TELL_PEAK, *map(str, arguments)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) * 1024


@pytest.mark.slow
def test_each_blob_in_the_index_takes_few_bytes(tmp_path: Path) -> None:
    peaks = []
    for count in (FEW, MANY):
        pretend_blobs(make_repository(tmp_path / f"{count}", PASSWORD), count)
        peaks.append(peak_bytes(LOAD_INDEX, tmp_path / f"{count}", count))

    # 48 bytes stay; a sixteenth of them is held as objects while it is sorted.
    assert (peaks[1] - peaks[0]) / (MANY - FEW) < 120


@pytest.mark.slow
def test_each_unchanged_file_takes_hardly_any_memory(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 22_000):
        place, source, state = (tmp_path / f"{kind}-{count}" for kind in ("repository", "source", "state"))
        make_repository(place, PASSWORD)
        make_files(source, count)
        for _ in range(2):
            peak = peak_bytes(BACK_UP, place, source, state)
        peaks.append(peak)

    # What is kept is kept for each folder (here of 200 files), not for each file.
    assert (peaks[1] - peaks[0]) / 20_000 < 60


def test_each_file_of_a_restore_is_planned_in_few_bytes() -> None:
    count = 20_000
    tracemalloc.start()
    try:
        entries = PlannedEntries()
        for number in range(count):
            entries.append(number // 100, a_node(number))
        held, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(entries) == count
    assert held / count < 300


def a_node(number: int) -> Node:
    return Node(
        name=b"letter %d.txt" % number,
        type=NodeType.FILE,
        mode=0o100644,
        mtime_ns=1_700_000_000_000_000_000 + number,
        atime_ns=1_700_000_000_000_000_000 + number,
        ctime_ns=1_700_000_000_000_000_001 + number,
        uid=1000,
        gid=1000,
        user="an",
        group="an",
        inode=10_000_000 + number,
        device_id=2049,
        size=number,
        content=(BlobId(number.to_bytes(32, "big")),),
    )
