"""Killed at any moment: the repository is sound, no listed snapshot is lost, the next run carries on.

Seeded; `VANGNET_LONG=1` tries 210 moments instead of 21. A moment counts when the work held its lock.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.repository import copier, forgetter, pruner
from app.repository.backend.base import FileKind
from app.repository.index_json import PackContents
from app.repository.model import BlobId, Node, NodeType
from app.repository.repacking import PackWriter
from app.repository.repair import repair_index, repair_packs
from app.repository.repair_snapshots import repair_snapshots
from app.repository.retention import KeepPolicy
from app.repository.trees import encode_tree
from tests.fault.places import Kept, contents, raw, use_small_packs, write_noise
from tests.fault.processes import Group, run_apart

LONG = bool(os.environ.get("VANGNET_LONG"))
MOMENTS_EACH = 30 if LONG else 3
KEPT_SNAPSHOTS = KeepPolicy(last=3)


@dataclass
class World:
    """A source, the repository of its back-ups and a second one for copies; what each snapshot must hold."""

    source: Path
    here: Kept
    there: Kept
    noise: random.Random
    held: dict[str, dict[str, bytes]] = field(default_factory=dict)
    generation: int = 0
    holed: str = ""

    def change_source(self) -> None:
        """Replace some files, drop some, add some."""
        self.generation += 1
        files = sorted(path for path in self.source.rglob("*") if path.is_file())
        for path in self.noise.sample(files, len(files) // 6):
            if self.noise.random() < 0.5:
                path.unlink()
            else:
                path.write_bytes(self.noise.randbytes(30_000))
        names = [f"folder {self.noise.randrange(8)}/{self.generation}-{number}.bin" for number in range(20)]
        write_noise(self.source, names, 30_000, self.noise)

    def back_up(self) -> None:
        use_small_packs()
        assert self.here.open().backup([raw(self.source)], state_dir=self.source.parent / "state").complete

    def forget(self) -> None:
        forgetter.forget(self.here.open(), KEPT_SNAPSHOTS)

    def prune(self) -> None:
        use_small_packs()
        pruner.prune(self.here.open(), max_unused=pruner.MaxUnused(share=0.0))

    def copy(self) -> None:
        use_small_packs()
        copier.copy(self.here.open(), self.there.open())

    def repair_index(self) -> None:
        repair_index(self.here.open())

    def repair_packs(self) -> None:
        use_small_packs()
        repository = self.here.open()
        repair_packs(repository, [*repository.index.packs[::3]])

    def repair_snapshots(self) -> None:
        use_small_packs()
        repair_snapshots(self.here.open(), forget=True)

    def end_the_repair(self) -> None:
        """Run the repair of snapshots again; what it makes of the one with a hole goes then too."""
        repository = self.here.open()
        before = self.here.ids()
        repair_snapshots(repository, forget=True)
        self.held.update({new: {} for new in self.here.ids() - before})
        for snapshot in self.here.open().snapshots():
            if snapshot.original == self.holed:
                repository.backend.remove(FileKind.SNAPSHOT, snapshot.id)

    def prepare(self, operation: str) -> None:
        """Give an operation something to do."""
        match operation:
            case "repair index" | "repair packs":
                pass  # what is whole is written anew all the same
            case "repair snapshots":
                self.list_one_with_a_hole()
            case "back up":
                self.change_source()
            case "forget":
                self.list_the_newest_again(9)
            case "prune":
                self.add_a_snapshot()
                self.forget()
            case _ if not self.here.ids() - self.originals():
                self.add_a_snapshot()

    def add_a_snapshot(self) -> None:
        self.change_source()
        before = self.here.ids()
        assert run_apart(self.back_up) == 0
        self.note_new(self.here.ids() - before)

    def list_the_newest_again(self, times: int) -> None:
        """Have more snapshots without more data."""
        repository = self.here.open()
        newest = repository.snapshots()[-1]
        for number in range(times):
            again = replace(newest, time=newest.time + timedelta(microseconds=number + 1))
            self.held[repository.save_snapshot(again).id] = self.held[newest.id]

    def list_one_with_a_hole(self) -> None:
        """List a snapshot, older than all others, of which a folder names a file that is nowhere."""
        repository = self.here.open()
        newest = repository.snapshots()[-1]
        tree = encode_tree((_missing_file(self.generation),))
        self.generation += 1
        written: list[PackContents] = []
        writer = PackWriter(repository, lambda contents, _size: written.append(contents))
        root = BlobId(hashlib.sha256(tree).digest())
        writer.add_plain(root, True, tree)
        writer.flush()
        repository.save_index(written)
        holed = replace(newest, tree=root, time=newest.time - timedelta(days=400 + self.generation))
        self.holed = repository.save_snapshot(holed).id

    def originals(self) -> set[str]:
        return {str(snapshot.original) for snapshot in self.there.open().snapshots()}

    def note_new(self, ids: set[str]) -> None:
        for new in ids:
            self.held[new] = contents(self.source)


def _missing_file(number: int) -> Node:
    return Node(
        name=b"gone %d" % number, type=NodeType.FILE, mode=0o100644, mtime_ns=0, atime_ns=0, ctime_ns=0, size=7,
        content=(BlobId(hashlib.sha256(b"gone %d" % number).digest()),),
    )  # fmt: skip


def assert_none_lost(world: World, operation: str, here: set[str], there: set[str], doomed: set[str]) -> None:
    """Compare what is listed after a kill with what was listed before."""
    now_here, now_there = world.here.ids(), world.there.ids()
    assert there <= now_there
    match operation:
        case "back up":
            assert here <= now_here
            assert len(now_here - here) <= 1
            world.note_new(now_here - here)
        case "forget":
            assert here - doomed <= now_here <= here
        case "repair snapshots":
            repaired = now_here - here
            assert here - now_here <= {world.holed}
            assert len(repaired) <= 1
            assert repaired or here == now_here  # the one takes the other's place only once it is listed
            world.held.update({new: {} for new in repaired})
        case _:
            assert now_here == here


@pytest.mark.slow
@pytest.mark.timeout(1800 if LONG else 120)
def test_killed_at_any_moment_of_any_work_nothing_listed_is_lost(memory_folder: Path) -> None:
    noise = random.Random(20261123)
    here = Kept.make(memory_folder / "here")
    there = Kept.make(memory_folder / "there", master=here.master)
    world = World(memory_folder / "source", here, there, noise)
    write_noise(world.source, [f"folder {number % 8}/{number}.bin" for number in range(60)], 30_000, noise)
    write_noise(world.source, ["large.bin"], 2_000_000, noise)
    world.add_a_snapshot()
    works = {
        "back up": world.back_up,
        "forget": world.forget,
        "prune": world.prune,
        "copy": world.copy,
        "repair index": world.repair_index,
        "repair packs": world.repair_packs,
        "repair snapshots": world.repair_snapshots,
    }
    takes_s = dict.fromkeys(works, 0.2)
    killed: Counter[str] = Counter()
    attempts = 0
    while min(killed[operation] for operation in works) < MOMENTS_EACH:
        attempts += 1
        assert attempts < MOMENTS_EACH * 20 + 100, f"too few were caught at work: {killed}"
        operation = min(works, key=lambda name: (killed[name], noise.random()))
        world.prepare(operation)
        before_here, before_there = here.ids(), there.ids()
        doomed = {str(gone.id) for gone in forgetter.forget(here.open(), KEPT_SNAPSHOTS, dry_run=True).removed}
        delay_s = noise.uniform(0.0, takes_s[operation])
        was_killed = Group(works[operation]).kill_after(delay_s)
        # Aim at the whole length of the work: shorter once it came to its end, longer while it never does.
        takes_s[operation] *= 1.05 if was_killed else 0.9
        touched = there if operation == "copy" else here
        if touched.open().lock_names():
            killed[operation] += 1
            if operation != "repair snapshots":
                touched.assert_sound()
        assert_none_lost(world, operation, before_here, before_there, doomed)
        if operation == "repair snapshots":  # only now is there nothing with a hole in it
            world.end_the_repair()
            touched.assert_sound()
    for kept in (here, there):
        kept.assert_sound()
    for number, snapshot in enumerate(here.open().snapshots()[-3:]):
        to = memory_folder / f"restored {number}"
        assert contents(here.restored(snapshot, to)) == world.held[snapshot.id]
        shutil.rmtree(to)
    for snapshot in there.open().snapshots()[-2:]:
        to = memory_folder / "copied"
        assert contents(there.restored(snapshot, to)) == world.held[str(snapshot.original)]
        shutil.rmtree(to)
    print(f"{sum(killed.values())} moments in {attempts} attempts: {dict(killed)}")
