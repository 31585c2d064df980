"""The workers of a back-up and what they are given to read: small files together, large ones one by one or in parts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from app.repository.cutting import Cutter
from app.repository.index import StoredPack
from app.repository.reading import SourceChanged
from app.repository.reading_plan import LargeFile, ReadingPlan
from app.repository.shared import ARCHIVER, Board
from app.repository.split_file import SplitFile
from app.repository.worker import Batch, BatchDone, PartDone, Work
from app.repository.workers import Reply, Workers


class Readers:
    """Hands out the files of a plan and puts together what comes back. For one thread; to be closed."""

    def __init__(self, workers: Workers, count: int, plan: ReadingPlan, board: Board, *, seed: int) -> None:
        self._workers = workers
        self._count = count
        self._plan = plan
        self._board = board
        self._cutter = Cutter(seed)
        self._split: dict[int, SplitFile] = {}
        self._splits = 0
        self._being_cut: SplitFile | None = None
        self._again: deque[Batch] = deque()

    def hand_out(self) -> None:
        """Give the workers as much as they can take."""
        while self._workers.can_take() and (work := self._next_work()) is not None:
            self._workers.submit(work)

    def collect(self, timeout_s: float) -> Iterator[BatchDone | StoredPack]:
        """Yield what has been done, waiting up to a time for the first; raises what a worker raised."""
        return self._put_together(self._workers.collect(timeout_s))

    def flush(self) -> Iterator[BatchDone | StoredPack]:
        """Have the last packs written; to be called once, when nothing is left to read."""
        return self._put_together(self._workers.flush())

    def wind_up(self) -> Iterator[BatchDone | StoredPack]:
        """After the board said stop: wait for the workers to notice, and yield what they have finished."""
        return self._put_together(self._workers.wind_up())

    def close(self) -> None:
        """End the workers, whatever they do."""
        for split in self._split.values():
            split.close()
        self._split.clear()
        self._workers.close()

    def _next_work(self) -> Work | None:
        if self._being_cut is None and (file := self._plan.next_shared(self._count)) is not None:
            self._begin(file)
        if self._being_cut is not None:
            part = self._being_cut.take_part()
            if not self._being_cut.has_parts:
                self._being_cut = None
            return part
        if self._again:
            return self._again.popleft()
        return self._plan.next_batch() if self._plan.has_batch else None

    def _begin(self, file: LargeFile) -> None:
        """Begin to cut a file; one that cannot be is left to a worker, who tells what is wrong with it."""
        try:
            split = SplitFile(self._splits, file, self._cutter)
        except (OSError, SourceChanged):
            self._again.append(file.batch)
            return
        if not split.has_parts:  # it has been emptied meanwhile
            split.close()
            self._again.append(file.batch)
            return
        self._split[self._splits] = self._being_cut = split
        self._splits += 1

    def _put_together(self, replies: Iterable[Reply]) -> Iterator[BatchDone | StoredPack]:
        for reply in replies:
            if not isinstance(reply, PartDone):
                yield reply
            elif (done := self._put_part(reply)) is not None:
                yield done

    def _put_part(self, part: PartDone) -> BatchDone | None:
        """Take in a part; return the file's outcome when it was the last."""
        split = self._split[part.file]
        split.put(part)
        if self._being_cut is split and not split.has_parts:
            self._being_cut = None
        if not split.is_done:
            return None
        outcome = split.outcome()
        split.close()
        del self._split[part.file]
        if outcome is None:
            self._again.append(split.file.batch)
            return None
        self._board.add_file(ARCHIVER)
        return BatchDone([outcome], [])
