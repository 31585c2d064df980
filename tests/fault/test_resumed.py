"""What a killed run had read before its last checkpoint is not read again."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from app.repository import pruner, reading_plan
from app.repository.earlier import Earlier
from app.repository.errors import Cancelled
from app.repository.model import BackupOptions, BackupSummary, Cancel
from app.repository.unfinished import Unfinished
from tests.fault.places import Kept, contents, raw, use_small_packs, write_noise
from tests.fault.processes import Group

MOST_AGAIN = 0.05
FILES, FILE_BYTES = 600, 40_000
PACKS_BEFORE_THE_KILL = 180
"""About half of all there will be: what the workers hold at that moment is little beside it."""

write_note = Earlier.note


class CancelAfterBytes(Cancel):
    """Is set once the repository holds so many packs."""

    def __init__(self, kept: Kept, packs: int) -> None:
        super().__init__()
        self._data = kept.folder / "data"
        self._packs = packs

    def is_set(self) -> bool:
        return sum(1 for path in self._data.rglob("*") if path.is_file()) >= self._packs


def note_of(state: Path) -> Path | None:
    return next(iter(state.glob("*.unfinished")), None)


def make_source(folder: Path, per_folder: int) -> None:
    write_noise(folder, [f"{n // per_folder}/{n}.bin" for n in range(FILES)], FILE_BYTES, random.Random(per_folder))


def back_up(kept: Kept, source: Path, state: Path, *, options: BackupOptions | None = None) -> BackupSummary:
    return kept.open().backup([raw(source)], state_dir=state, options=options)


def kill_after_a_checkpoint(kept: Kept, source: Path, state: Path) -> int:
    """Kill a back-up after a checkpoint; return how many bytes of files were durable and listed then."""

    reached = state.with_name("reached")

    def note_and_wait(before: Earlier, so_far: Unfinished) -> None:
        write_note(before, so_far)
        if sum(1 for path in (kept.folder / "data").rglob("*") if path.is_file()) >= PACKS_BEFORE_THE_KILL:
            reached.touch()
            time.sleep(60)  # killed long before: a fast machine must not come to the end first

    def work() -> None:
        use_small_packs(checkpoint_s=0.005)
        # In proportion: what a worker holds at a time must be little beside what has been finished.
        reading_plan._BATCH_BYTES = 80_000
        setattr(Earlier, "note", note_and_wait)  # noqa: B010 - in this forked process only
        back_up(kept, source, state)

    group = Group(work)
    deadline = time.monotonic() + 30
    while not reached.exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert group.kill(), "it came to its end before it could be killed"
    return sum(place.plain_length or place.length for _, place in kept.open().index.blobs() if not place.is_tree)


@pytest.mark.slow
@pytest.mark.parametrize("per_folder", [10, FILES], ids=["many folders", "one folder"])
def test_what_was_listed_at_a_checkpoint_is_not_read_again(kept: Kept, memory_folder: Path, per_folder: int) -> None:
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, per_folder)
    finished = kill_after_a_checkpoint(kept, source, state)
    assert kept.ids() == set()
    assert finished > 0.05 * FILES * FILE_BYTES
    summary = back_up(kept, source, state)
    assert summary.bytes_total == FILES * FILE_BYTES
    again = summary.bytes_read - (FILES * FILE_BYTES - finished)
    print(f"{finished} bytes were finished, {again} of them read again")
    assert again <= MOST_AGAIN * finished
    assert note_of(state) is None
    kept.assert_sound()
    assert contents(kept.restored(summary.snapshot, memory_folder / "restored")) == contents(source)


def test_a_file_that_changed_since_the_kill_is_read(kept: Kept, memory_folder: Path) -> None:
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, 30)
    kill_after_a_checkpoint(kept, source, state)
    noise = random.Random(8)
    for path in source.rglob("*.bin"):
        at = path.stat()
        path.write_bytes(noise.randbytes(FILE_BYTES))
        os.utime(path, ns=(at.st_mtime_ns, at.st_mtime_ns))  # a tool that sets the old time back
    summary = back_up(kept, source, state)
    assert summary.bytes_read == FILES * FILE_BYTES
    assert contents(kept.restored(summary.snapshot, memory_folder / "restored")) == contents(source)


def test_what_a_prune_took_away_since_the_kill_is_read_again(kept: Kept, memory_folder: Path) -> None:
    """The note is believed only as far as the index bears it out."""
    source, state = memory_folder / "source", memory_folder / "state"
    write_noise(memory_folder / "other", ["a.bin"], 1000, random.Random(1))
    kept.open().backup([raw(memory_folder / "other")])
    make_source(source, 30)
    kill_after_a_checkpoint(kept, source, state)
    pruner.prune(kept.open(), max_unused=pruner.MaxUnused(share=0.0))
    summary = back_up(kept, source, state)
    assert summary.bytes_read == FILES * FILE_BYTES
    kept.assert_sound()
    assert contents(kept.restored(summary.snapshot, memory_folder / "restored")) == contents(source)


def test_a_cancelled_run_is_taken_up_where_it_stopped(
    kept: Kept, memory_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.repository.storing.PACK_BYTES", 64 << 10)
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, 30)
    with pytest.raises(Cancelled):
        kept.open().backup([raw(source)], state_dir=state, cancel=CancelAfterBytes(kept, 100))
    repository = kept.open()
    finished = sum(place.plain_length or place.length for _, place in repository.index.blobs() if not place.is_tree)
    assert finished > 0.1 * FILES * FILE_BYTES
    summary = back_up(kept, source, state)
    # A batch that was being read is given up with the run: some of its files are stored, but nobody has said so.
    given_up = summary.bytes_read - (FILES * FILE_BYTES - finished)
    assert given_up < 8 << 20
    assert summary.bytes_read < FILES * FILE_BYTES
    assert kept.open().check(read_data=True).sound


def test_a_forced_run_reads_everything_all_the_same(kept: Kept, memory_folder: Path) -> None:
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, 30)
    kill_after_a_checkpoint(kept, source, state)
    assert back_up(kept, source, state, options=BackupOptions(force=True)).bytes_read == FILES * FILE_BYTES


def test_a_forced_run_that_goes_on_from_one_that_was_cut_off_reads_only_the_rest(
    kept: Kept, memory_folder: Path
) -> None:
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, 30)
    finished = kill_after_a_checkpoint(kept, source, state)
    summary = back_up(kept, source, state, options=BackupOptions(force=True, resume=True))
    again = summary.bytes_read - (FILES * FILE_BYTES - finished)
    assert again <= MOST_AGAIN * finished
    after = back_up(kept, source, state, options=BackupOptions(force=True, resume=True))
    assert after.bytes_read == FILES * FILE_BYTES, "what came to its end leaves nothing to go on from"
    kept.assert_sound()


def test_a_torn_note_costs_only_time(kept: Kept, memory_folder: Path) -> None:
    source, state = memory_folder / "source", memory_folder / "state"
    make_source(source, 30)
    kill_after_a_checkpoint(kept, source, state)
    note = note_of(state)
    assert note is not None
    note.write_bytes(note.read_bytes()[:-7])
    summary = back_up(kept, source, state)
    assert summary.complete
    assert summary.bytes_read == FILES * FILE_BYTES
