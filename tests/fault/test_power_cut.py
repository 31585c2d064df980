"""The power goes at any moment: what lies on the disk then is a sound repository with every earlier snapshot.

A real file system keeps the journal of what was asked of it; what was not made durable is forgotten in several ways.
"""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.repository import copier, forgetter, pruner
from app.repository.backend.base import FileKind
from app.repository.backend.local import LocalBackend
from app.repository.repository import Repository
from app.repository.retention import KeepPolicy
from tests.fault.places import PASSWORD, Kept, contents, raw, use_small_packs, write_noise
from tests.fault.power import (
    Survives,
    leave_behind,
    names_survive,
    nothing_survives,
    only_removals_survive,
    removals_are_lost,
)
from tests.fault.processes import run_apart
from tests.rig.faultfs import Event, FaultyFolder, Order
from tests.rig.restic import Restic

pytestmark = pytest.mark.rig

LONG = bool(os.environ.get("VANGNET_LONG"))
CUTS = 120 if LONG else 25


@dataclass
class Story:
    """What happened to a repository: the journal, and which snapshots must be there from which event on."""

    events: list[Event]
    kept: Kept
    listed: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """From this event on these snapshots are promised."""
    held: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def promised(self, cut: int) -> frozenset[str]:
        return next((ids for at, ids in reversed(self.listed) if at <= cut), frozenset())


@pytest.fixture
def story(faulty_folder: FaultyFolder, memory_folder: Path) -> Story:
    """Return what back-ups, a forget, a prune and a copy asked of a disk."""
    noise = random.Random(77)
    faulty_folder.order(Order(journal=True))
    kept = Kept.make(faulty_folder.folder / "repository", seen_at=faulty_folder.beneath / "repository")
    elsewhere = Kept.make(memory_folder / "elsewhere", master=kept.master)
    source = memory_folder / "source"
    story = Story([], kept)

    def back_up_to(place: Kept) -> None:
        write_noise(source, [f"{noise.randrange(3)}/{noise.randrange(30)}.bin" for _ in range(10)], 20_000, noise)
        held = contents(source)

        def work() -> None:
            use_small_packs(32 << 10, checkpoint_s=0.005)
            place.open().backup([raw(source)])

        before = place.ids()
        assert run_apart(work) == 0
        [new] = place.ids() - before
        story.held[new] = held

    def note() -> None:
        story.listed.append((len(faulty_folder.events()), frozenset(kept.ids())))

    def maintain() -> None:
        use_small_packs(32 << 10)
        forgetter.forget(kept.open(), KeepPolicy(last=2))
        pruner.prune(kept.open(), max_unused=pruner.MaxUnused(share=0.0))

    def copy() -> None:
        use_small_packs(32 << 10)
        copier.copy(elsewhere.open(), kept.open())

    for _ in range(4):
        back_up_to(kept)
        note()
    oldest = [snapshot.id for snapshot in kept.open().snapshots()][:2]
    # Promised no more from the first moment of the forget on.
    story.listed.append((len(faulty_folder.events()), frozenset(kept.ids() - set(oldest))))
    assert run_apart(maintain) == 0
    note()
    back_up_to(elsewhere)
    assert run_apart(copy) == 0
    for snapshot in kept.open().snapshots():
        if snapshot.original:
            story.held[snapshot.id] = story.held[snapshot.original]
    note()
    story.events = faulty_folder.events()
    return story


def telling_moments(events: list[Event], noise: random.Random) -> list[int]:
    """Return moments to cut at: around what publishes and what removes, and some others."""
    around = [
        number + 1
        for number, event in enumerate(events)
        if event.what in ("rename", "unlink", "fsyncdir") and "/locks" not in event.path
    ]
    return sorted({*noise.sample(around, min(CUTS, len(around))), *noise.sample(range(len(events)), CUTS // 3)})


def some_survive(seed: int) -> Survives:
    noise = random.Random(seed)
    return lambda event: noise.random() < 0.5


@pytest.mark.slow
def test_what_a_power_cut_leaves_is_sound_and_holds_every_promised_snapshot(story: Story, memory_folder: Path) -> None:
    noise = random.Random(78)
    moments = telling_moments(story.events, noise)
    cuts = 0
    for number, cut in enumerate(moments):
        policies = [nothing_survives, names_survive, removals_are_lost, only_removals_survive, some_survive(cut)]
        for survives in policies:
            left = memory_folder / "left"
            leave_behind(story.events, cut, survives, left)
            assert_sound(story, cut, left / "repository", memory_folder, by_restic=number % 12 == 0)
            shutil.rmtree(left)
            cuts += 1
    print(f"{cuts} power cuts at {len(moments)} moments of {len(story.events)} events")


def assert_sound(story: Story, cut: int, folder: Path, scratch: Path, *, by_restic: bool) -> None:
    if not (folder / "config").exists():
        assert not story.promised(cut)
        return
    kept = Kept(folder, story.kept.master, Restic.at(folder, PASSWORD, folder=scratch))
    ids = kept.ids()
    assert story.promised(cut) <= ids
    kept.assert_sound_by_ourselves()
    for snapshot in kept.open().snapshots():
        to = scratch / "restored"
        if snapshot.id in story.held:
            assert contents(kept.restored(snapshot, to)) == story.held[snapshot.id]
        shutil.rmtree(to, ignore_errors=True)
    if by_restic:
        kept.restic.run("unlock", "--remove-all")
        kept.restic.check(read_data=True)


def test_the_next_run_after_a_power_cut_heals_what_was_left(story: Story, memory_folder: Path) -> None:
    source = memory_folder / "source"
    first, _ = story.listed[0]
    for cut in random.Random(79).sample(range(first, len(story.events)), 6):
        left = memory_folder / "left"
        leave_behind(story.events, cut, names_survive, left)
        kept = Kept(left / "repository", story.kept.master, story.kept.restic)
        summary = kept.open().backup([raw(source)])
        assert contents(kept.restored(summary.snapshot, memory_folder / "restored")) == contents(source)
        pruner.prune(kept.open())
        kept.assert_sound_by_ourselves()
        shutil.rmtree(memory_folder / "restored")
        assert not [path for path in left.rglob("*.tmp") if path.parent.name != "locks"]
        shutil.rmtree(left)


class Undurable(LocalBackend):
    """A backend as careless as some are: it never makes a folder durable."""

    def _sync_name(self, kind: FileKind, path: bytes) -> None:
        pass


def test_a_careless_backend_would_be_found_out(faulty_folder: FaultyFolder, memory_folder: Path) -> None:
    """The rig can fail: without the folder's fsync a promised snapshot is lost."""
    source = memory_folder / "source"
    write_noise(source, ["a.bin"], 20_000, random.Random(1))
    repository = Repository.init(LocalBackend(faulty_folder.folder / "repository"))
    faulty_folder.order(Order(journal=True))
    careless = Repository.open(Undurable(faulty_folder.folder / "repository"), master=repository.master)
    careless.backup([raw(source)])
    events = faulty_folder.events()
    leave_behind(events, len(events), nothing_survives, memory_folder / "left")
    left = LocalBackend(memory_folder / "left/repository")
    assert Repository.open(left, master=repository.master).snapshots() == ()
    assert len(repository.snapshots()) == 1
