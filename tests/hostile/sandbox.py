"""Everything that a person does with a repository, done to a hostile one where it can do no harm.

A child process with a bounded address space and a time limit opens, lists, searches, checks, restores and backs up,
then compares, counts, copies, prunes and repairs.
Beside the folder it restores to lies a canary that must never change.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from app.errors import VangnetError
from app.repository.backend.base import Backend, FileKind
from app.repository.backend.memory import MemoryBackend
from app.repository.copier import copy
from app.repository.diff import diff
from app.repository.model import PackId, RestoreOptions
from app.repository.pruner import prune
from app.repository.repair import repair_index, repair_packs
from app.repository.repair_snapshots import repair_snapshots
from app.repository.repository import Repository
from app.repository.stats import StatsMode, stats
from tests.hostile.forge import MASTER
from tests.rig.trees import Entry, describe_tree

MEMORY_BYTES = 1 << 30
"""How much address space a hostile repository may make us take, beyond what the test process has."""

TIME_S = 100
"""How long all uses together may take; on an idle machine they take a hundredth of it."""

Outcomes = dict[str, str]
"""What each use came to: "fine", "N problems", or the code and reason of an error of ours."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A folder to restore to, a source to back up, and the canary beside them."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Sandbox:
        (root / "canary" / "folder").mkdir(parents=True)
        (root / "canary" / "file").write_text("alive")
        (root / "canary" / "folder" / "inside").write_text("alive too")
        (root / "source" / "sub").mkdir(parents=True)
        (root / "source" / "one").write_text("one")
        (root / "source" / "sub" / "two").write_text("two" * 1000)
        (root / "restored").mkdir()
        return cls(root)

    @property
    def restored(self) -> Path:
        return self.root / "restored"

    @property
    def source(self) -> Path:
        return self.root / "source"

    def outside(self) -> dict[bytes, Entry]:
        """Describe all that a restore must leave alone."""
        names = sorted(set(os.listdir(self.root)) - {"restored", "repository"})
        return {
            os.fsencode(name) + b"/" + path: entry
            for name in names
            for path, entry in describe_tree(self.root / name).items()
        }

    def use(self, backend: Backend, *, memory_bytes: int = MEMORY_BYTES, time_s: int = TIME_S) -> Outcomes:
        """Do everything to a repository; fails the test when anything but an error of ours comes of it."""
        before = self.outside()
        outcomes = _in_child(lambda: dict(self._uses(backend)), memory_bytes, time_s)
        assert self.outside() == before, "something was written outside of the restore folder"
        return outcomes

    def _uses(self, backend: Backend) -> Iterator[tuple[str, str]]:
        opened: list[Repository] = []
        yield "open", _outcome(lambda: opened.append(Repository.open(backend, master=MASTER)))
        if not opened:
            return
        (repository,) = opened
        yield "keys", _outcome(repository.keys)
        yield "snapshots", _outcome(repository.snapshots)
        yield "find", _outcome(lambda: sum(1 for _ in repository.find("*")))
        yield "versions", _outcome(lambda: repository.versions(b"/a"))
        for number, name in enumerate(_some_snapshots(repository)):
            for use in (self._list, self._walk, self._restore, self._restore_over, self._restore_keep):
                yield f"{use.__name__.strip('_').replace('_', ' ')} {number}", _outcome(partial(use, repository, name))
        yield "check", _outcome(lambda: repository.check(read_data=False))
        yield "check data", _outcome(lambda: repository.check(read_data=True))
        yield "back up", _outcome(lambda: repository.backup([os.fsencode(self.source)]))
        yield from self._maintain(repository)

    def _maintain(self, repository: Repository) -> Iterator[tuple[str, str]]:
        """Compare, count, copy, and then change it: the repairs last, for they leave something else."""
        yield "diff", _outcome(partial(_diff_with_ours, repository))
        for mode in StatsMode:
            yield f"stats {mode}", _outcome(lambda mode=mode: stats(repository, repository.snapshots(), mode))  # type: ignore[misc]
        yield "copy", _outcome(partial(_copy, repository))
        yield "rehearse", _outcome(partial(_rehearse, repository, self.restored))
        yield "prune dry", _outcome(lambda: prune(repository, repack_small=True, dry_run=True))
        yield "prune", _outcome(lambda: prune(repository, repack_small=True))
        yield "repair snapshots dry", _outcome(lambda: repair_snapshots(repository, dry_run=True))
        yield "repair index", _outcome(lambda: repair_index(repository))
        yield "repair packs", _outcome(partial(_repair_packs, repository))
        yield "repair snapshots", _outcome(lambda: repair_snapshots(repository))
        yield "prune again", _outcome(lambda: prune(repository))

    def _list(self, repository: Repository, name: str) -> object:
        return repository.ls(repository.snapshot(name))

    def _walk(self, repository: Repository, name: str) -> object:
        return sum(1 for _ in repository.walk(repository.snapshot(name)))

    def _restore(self, repository: Repository, name: str) -> object:
        return repository.restore(repository.snapshot(name), os.fsencode(self.restored))

    def _restore_over(self, repository: Repository, name: str) -> object:
        options = RestoreOptions(overwrite="always")
        return repository.restore(repository.snapshot(name), os.fsencode(self.restored), options=options)

    def _restore_keep(self, repository: Repository, name: str) -> object:
        options = RestoreOptions(overwrite="keep")
        return repository.restore(repository.snapshot(name), os.fsencode(self.restored), options=options)


def _diff_with_ours(repository: Repository) -> object:
    """Compare the newest with our own that holds nothing of it: all entries differ."""
    ours = repository.snapshot("latest")
    [theirs, *_] = [*(name for name in _some_snapshots(repository) if name != ours.id), ours.id]
    return diff(repository, ours, repository.snapshot(theirs), metadata=True)


def _copy(repository: Repository) -> object:
    return copy(repository, Repository.init(MemoryBackend()))


def _rehearse(repository: Repository, to: Path) -> object:
    options = RestoreOptions(dry_run=True, overwrite="keep")
    return repository.restore(repository.snapshot("latest"), os.fsencode(to), options=options)


def _repair_packs(repository: Repository) -> object:
    packs = [PackId(bytes.fromhex(info.name)) for info in islice(repository.backend.list(FileKind.PACK), 5)]
    return repair_packs(repository, packs)


def _some_snapshots(repository: Repository) -> list[str]:
    try:
        return sorted(info.name for info in islice(repository.backend.list(FileKind.SNAPSHOT), 3))
    except VangnetError:
        return []


def _outcome(use: Callable[[], object]) -> str:
    try:
        done = use()
    except VangnetError as exc:
        return f"{exc.code} {exc.data.get('reason', '')}".strip()
    problems = getattr(done, "problems", ())
    return f"{len(problems)} problems" if problems else "fine"


def in_child(work: Callable[[], str], *, memory_bytes: int = MEMORY_BYTES, time_s: int = TIME_S) -> str:
    """Return the outcome of one use in a child process with bounds."""
    return _in_child(lambda: {"it": _outcome(work)}, memory_bytes, time_s)["it"]


def _in_child(work: Callable[[], Outcomes], memory_bytes: int, time_s: int) -> Outcomes:
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)
    child = context.Process(target=_live, args=(work, writer, memory_bytes, time_s))
    child.start()
    writer.close()
    try:
        message = reader.recv()
    except EOFError:
        message = f"no answer within {time_s} s, or killed for its memory"
    finally:
        reader.close()
        child.join()
    assert isinstance(message, dict), message
    return message


def _live(work: Callable[[], Outcomes], writer: Connection, memory_bytes: int, time_s: int) -> None:
    """The child's whole life; sends what came of each use, or the traceback of what should not have come of one."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(time_s)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes, taken + memory_bytes))
    try:
        writer.send(work())
    except BaseException:  # noqa: BLE001  the test fails with it, in the parent
        writer.send(traceback.format_exc())
    finally:
        writer.close()
        os._exit(0)
