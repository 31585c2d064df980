"""Restoring: a snapshot, or a part of it, becomes files below a folder again.

The order: plan, folders, contents (on several processes, while this one plans what comes next), other entries and hard
links, attributes of the folders with the deepest first. A file appears under its name only when it is whole.
"""

from __future__ import annotations

import collections
import contextlib
import os
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from app.clock import SystemClock
from app.errors import VangnetError
from app.repository.model import (
    Cancel,
    FileProblem,
    Monitor,
    Phase,
    RestoreOptions,
    RestoreSummary,
    Snapshot,
)
from app.repository.overwriting import Overwriting, Room
from app.repository.parallel import run_tasks, worker_count
from app.repository.planned_entries import EntryKind
from app.repository.problems import Paths
from app.repository.reading_lock import reading_lock
from app.repository.repository import Repository
from app.repository.restore_content import BLOB_DAMAGED, ContentWriter, TaskOutcome, reason_of
from app.repository.restore_files import (
    FolderState,
    Target,
    make_link,
    make_special,
    publish,
    set_attributes,
    temporary_name,
)
from app.repository.restore_plan import (
    TARGET_ITSELF,
    ReadPlan,
    RestorePlan,
    Segment,
    plan_reads,
    plan_restore,
)
from app.repository.restore_rehearsal import rehearse

BLOB_MISSING = "blob-missing"

_WORTH_WORKERS_BYTES = 4 << 20
_WORTH_WORKERS_FILES = 500
_ENTRIES_A_PART = 500
_OVER = object()


def restore(
    repository: Repository,
    snapshot: Snapshot,
    to: bytes,
    *,
    options: RestoreOptions,
    monitor: Monitor,
    cancel: Cancel,
) -> RestoreSummary:
    """Restore what `options` ask for below the folder `to`, which is made when it is not there.

    A file that cannot be restored is named in the summary's `problems` (its path in the snapshot, and "blob-damaged",
    "blob-missing", "tree-damaged", "not-in-snapshot", "not-as-written", "too-deep" or an errno name), and nothing of
    it is left; a folder that cannot be made stands for all it holds. Owners are restored only by root, sockets never.
    With `dry_run` nothing is written and the summary says what would be, with the sizes that the snapshot names.
    Raises Cancelled, RepositoryLocked while a prune is at work, BackendUnavailable, OSError when `to` cannot be made.
    """
    clock = SystemClock()
    started = clock.monotonic()
    monitor.phase = Phase.OPENING
    with contextlib.ExitStack() as stack:
        stack.enter_context(reading_lock(repository))
        plan = RestorePlan()
        planning = plan_restore(plan, repository, snapshot, options, monitor, cancel)
        if options.dry_run:
            collections.deque(planning, maxlen=0)
            return rehearse(
                plan,
                repository.readable_index,
                to,
                options=options,
                monitor=monitor,
                cancel=cancel,
                elapsed_s=lambda: clock.monotonic() - started,
            )
        target = stack.enter_context(Target(to, plan.folders))
        overwriting = stack.enter_context(Overwriting(options.overwrite, target))
        run = _Restore(repository, plan, target, overwriting, options, monitor, cancel)
        run.bring_contents(planning)
        run.make_others()
        set_aside = overwriting.settle()
        run.finish_folders()
    return RestoreSummary(
        files=run.files,
        folders=sum(state is FolderState.MADE for state in run.states),
        bytes_written=run.bytes_written,
        duration_s=clock.monotonic() - started,
        skipped=run.skipped.named(),
        skipped_unnamed=run.skipped.unnamed,
        set_aside=set_aside,
        problems=plan.problems.named(),
        problems_unnamed=plan.problems.unnamed,
    )


@dataclass(slots=True)
class _Totals:
    """How much was planned so far; of use to a person only once it is all."""

    files: int = 0
    bytes: int = 0
    is_all: bool = False


class _Restore:
    """One restore on its way; its methods are its steps, in their order."""

    def __init__(
        self,
        repository: Repository,
        plan: RestorePlan,
        target: Target,
        overwriting: Overwriting,
        options: RestoreOptions,
        monitor: Monitor,
        cancel: Cancel,
    ) -> None:
        self._repository = repository
        self._plan = plan
        self._target = target
        self._overwriting = overwriting
        self._options = options
        self._monitor = monitor
        self._cancel = cancel
        self._reads = ReadPlan()
        self._next_reads = ReadPlan()
        self._planned = _Totals()
        self._planning_failed: VangnetError | None = None
        self._first_names: dict[tuple[object, ...], int] = {}
        self._others: list[int] = []
        self._links: list[tuple[int, int]] = []
        self._shared_names: dict[int, bytes] = {}
        self._failed: set[int] = set()
        self.states: list[FolderState] = []
        self.skipped = Paths()
        self.files = 0
        self.bytes_written = 0

    # --- what is done ahead, while workers write what was made ready before ---

    def _make_ready(self, planning: Iterator[None]) -> Iterator[None]:
        """Plan a part, make its folders and say how to read its files; and so on to the end of the plan."""
        entries = self._plan.entries
        try:
            is_over = False
            while not is_over:
                first = len(entries)
                is_over = self._plan_part(planning)
                self._make_folders()
                files = self._sort_out(first)
                plan_reads(self._next_reads, entries, files, self._repository.readable_index)
                self._planned.files += len(files)
                yield
        except VangnetError as exc:
            self._planning_failed = exc
            return
        self._planned.files += len(self._others) + len(self._links)
        self._planned.is_all = True
        self._tell_totals()

    def _plan_part(self, planning: Iterator[None]) -> bool:
        """Plan a part; return whether it was the last. Of what may have no end all is planned before any is begun."""
        entries, folders = self._plan.entries, self._plan.folders
        enough_entries, enough_folders = len(entries) + _ENTRIES_A_PART, len(folders) + _ENTRIES_A_PART
        for _ in planning:
            is_enough = len(entries) >= enough_entries or len(folders) >= enough_folders
            if is_enough and not self._plan.unfolding.is_odd:
                return False
        return True

    def _tell_totals(self) -> None:
        self._monitor.problems = len(self._plan.problems)
        if self._planned.is_all:
            self._monitor.files_total = self._planned.files
            self._monitor.bytes_total = self._planned.bytes + self._next_reads.bytes_total

    def _make_folders(self) -> None:
        for number in range(len(self.states), len(self._plan.folders)):
            folder = self._plan.folders[number]
            if folder.parent != TARGET_ITSELF and self.states[folder.parent] is FolderState.BLOCKED:
                self.states.append(FolderState.BLOCKED)
                continue
            try:
                state, reason = self._target.make_folder(number), "ENOTDIR"
            except OSError as exc:
                state, reason = FolderState.BLOCKED, reason_of(exc)
            self.states.append(state)
            if state is FolderState.BLOCKED:
                self._problem(folder.path, reason)

    def _sort_out(self, first: int) -> array[int]:
        """Return the files to bring among the entries from `first` on; note the others and the hard links."""
        files = array("I")
        entries = self._plan.entries
        for number in range(first, len(entries)):
            if entries.is_plain_file(number) and self.states[entries.folder(number)] is FolderState.MADE:
                files.append(number)  # as nearly all are
                continue
            kind = entries.kind(number)
            if kind is EntryKind.SOCKET or not self._has_room(number):
                continue  # a socket is made anew by its program
            if kind is EntryKind.OTHER:
                self._others.append(number)
                continue
            if kind is EntryKind.FILE_OF_SEVERAL_NAMES:
                node = entries[number].node
                key = (node.device_id, node.inode, node.mtime_ns, entries.content(number))
                file = self._first_names.setdefault(key, number)
                if file != number:
                    self._links.append((number, file))
                    continue
            files.append(number)
        return files

    def _has_room(self, number: int) -> bool:
        """Tell whether an entry can be made; what stands in its place is skipped, or marked to be replaced."""
        state = self.states[self._plan.entries.folder(number)]
        if state is not FolderState.FOUND:
            return state is FolderState.MADE
        entry = self._plan.entries[number]
        try:
            room = self._overwriting.make_room(entry.folder, entry.node, self._plan.path_of(entry))
        except OSError as exc:
            self._problem(self._plan.path_of(entry), reason_of(exc))
            return False
        if room is Room.LEAVE:
            self.skipped.append(self._plan.path_of(entry))
        elif room is Room.REPLACE:
            self._plan.entries.mark_replacing(number)
        return room is not Room.LEAVE

    # --- contents ---

    def bring_contents(self, planning: Iterator[None]) -> None:
        """Bring the files, part by part: while workers write one, this process makes the next ready.

        The first is small, so that the workers soon have something to do; what is ready when they are done is the next.
        """
        ahead = self._make_ready(planning)
        self._monitor.phase = Phase.RESTORING
        is_over = False
        while not is_over or self._next_reads.is_something:
            is_over = next(ahead, _OVER) is _OVER
            if self._planning_failed is not None:
                raise self._planning_failed
            self._reads, self._next_reads = self._next_reads, ReadPlan()
            self._planned.bytes += self._reads.bytes_total
            self._tell_totals()
            self._bring_part(ahead)

    def _bring_part(self, ahead: Iterator[None]) -> None:
        reads = self._reads
        for number in reads.missing:
            self._fail(number, BLOB_MISSING)
        try:
            for number in reads.segments:
                self._attempt(number, self._prepare_shared)
            writer = ContentWriter(
                self._repository,
                self._plan.entries,
                self._target,
                reads,
                shared_names=self._shared_names,
                verify=self._options.verify,
                cancel=self._cancel,
            )
            worth_it = reads.bytes_total >= _WORTH_WORKERS_BYTES or len(reads.order) >= _WORTH_WORKERS_FILES
            workers = worker_count(self._repository.backend, len(reads.tasks)) if worth_it else 0
            run_tasks(
                len(reads.tasks),
                writer.perform,
                self._collect,
                workers=workers,
                cancel=self._cancel,
                monitor=self._monitor,
                meanwhile=ahead,
            )
        finally:
            for number in tuple(self._shared_names):
                self._discard_shared(number)

    def _prepare_shared(self, number: int) -> None:
        """Make a file that several tasks will write, at its full size and under a temporary name."""
        name = temporary_name()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(name, flags, 0o600, dir_fd=self._target.folder(self._plan.entries[number].folder))
        self._shared_names[number] = name
        try:
            os.ftruncate(fd, self._reads.sizes[number])
        finally:
            os.close(fd)

    def _collect(self, outcome: TaskOutcome) -> None:
        self.bytes_written += outcome.bytes_written
        self._monitor.bytes_done = self.bytes_written
        for number, reason in outcome.failed:
            self._fail(number, reason)
        if outcome.done:
            # One of them is enough to show; looking at each would copy the plan's pages from those of the workers.
            self.files += len(outcome.done) - 1
            self._done(outcome.done[-1])
        task = self._reads.tasks[outcome.task]
        if not isinstance(task, Segment) or task.is_whole_file:
            return
        self._reads.segments[task.file] -= 1
        was_last = self._reads.segments[task.file] == 0
        if was_last and task.file not in self._failed and self._attempt(task.file, self._publish_shared):
            self._done(task.file)

    def _publish_shared(self, number: int) -> None:
        entry = self._plan.entries[number]
        folder = self._target.folder(entry.folder)
        name = self._shared_names[number]
        fd = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            set_attributes(fd, entry.node)
        finally:
            os.close(fd)
        publish(folder, name, entry)
        del self._shared_names[number]

    def _discard_shared(self, number: int) -> None:
        name = self._shared_names.pop(number)
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._target.folder(self._plan.entries[number].folder))

    # --- all the rest ---

    def make_others(self) -> None:
        """Make symlinks, fifos and devices, and the further names of files that have several."""
        for number in self._others:
            if self._attempt(number, self._make_special):
                self._done(number)
        for number, first in self._links:
            if first in self._failed:
                self._fail(number, BLOB_DAMAGED)
                continue
            if self._attempt(number, partial(self._make_link, first)):
                self._done(number)

    def _make_special(self, number: int) -> None:
        entry = self._plan.entries[number]
        make_special(self._target.folder(entry.folder), entry)

    def _make_link(self, first: int, number: int) -> None:
        link, file = self._plan.entries[number], self._plan.entries[first]
        # Asking for the second folder could close the first one's descriptor: hold on to it.
        source = os.dup(self._target.folder(file.folder))
        try:
            make_link(source, file.node.name, self._target.folder(link.folder), link)
        finally:
            os.close(source)

    def finish_folders(self) -> None:
        """Give the folders we made their attributes; those we found only when overwriting was asked for."""
        self._monitor.phase = Phase.FINISHING
        wanted = {FolderState.MADE}
        if self._options.overwrite == "always":
            wanted.add(FolderState.FOUND)
        for number in range(len(self.states) - 1, -1, -1):
            if self.states[number] not in wanted:
                continue
            try:
                self._target.finish_folder(number)
            except (OSError, OverflowError) as exc:
                self._problem(self._plan.folders[number].path, reason_of(exc))

    # --- keeping the books ---

    def _attempt(self, number: int, step: Callable[[int], None]) -> bool:
        try:
            step(number)
        except (OSError, OverflowError) as exc:
            self._fail(number, reason_of(exc))
            return False
        return True

    def _done(self, number: int) -> None:
        self.files += 1
        self._monitor.files_done = self.files
        self._monitor.current = self._plan.path_of(self._plan.entries[number])

    def _fail(self, number: int, reason: str) -> None:
        if number not in self._failed:  # several parts of one file may fail
            self._failed.add(number)
            self._problem(self._plan.path_of(self._plan.entries[number]), reason)

    def _problem(self, path: bytes, reason: str) -> None:
        self._plan.problems.append(FileProblem(path, reason))
        self._monitor.problems = len(self._plan.problems)
