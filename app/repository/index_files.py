"""The index files of a repository and which packs each names: changed one file at a time, so that little space will do.

At every moment the files together name every blob that is needed: what replaces a file is durable before it goes, and a
pack goes only when no file names it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from app.repository.backend.base import FileKind
from app.repository.errors import BackendFull, FileMissing
from app.repository.index import Index
from app.repository.index_json import INDEX_FILE_LIMIT, MAX_BLOBS_A_FILE, PackContents, decode_index
from app.repository.model import PackId
from app.repository.repository import Repository

_SMALL = MAX_BLOBS_A_FILE // 2


class IndexFiles:
    """Reads all index files once, and remembers which packs each names. For one thread, under an exclusive lock.

    Raises RepositoryDamaged when one cannot be read.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._packs: dict[str, frozenset[PackId]] = {}
        self._blobs: dict[str, int] = {}
        self.index = Index(self._read_all())
        self.files_written = 0
        self.files_removed = 0

    def _read_all(self) -> Iterator[Sequence[PackContents]]:
        for name in sorted(info.name for info in self._repository.backend.list(FileKind.INDEX)):
            contents = self._read(name)
            self._note(name, contents)
            yield contents

    def _read(self, name: str) -> list[PackContents]:
        plain = self._repository.load_unpacked(FileKind.INDEX, name, limit=INDEX_FILE_LIMIT)
        return list(decode_index(plain, file=f"index/{name}"))

    def _note(self, name: str, contents: Iterable[PackContents]) -> None:
        found = list(contents)
        self._packs[name] = frozenset(pack for pack, _ in found)
        self._blobs[name] = sum(len(entries) for _, entries in found)

    def names(self, pack: PackId) -> bool:
        """Tell whether any file names a pack."""
        return any(pack in packs for packs in self._packs.values())

    def add(self, packs: Iterable[PackContents]) -> None:
        """Name new packs, which are durable already."""
        self._write(packs)

    def drop(self, doomed: Collection[PackId], *, before_removal: Callable[[], None]) -> set[PackId]:
        """Have no file name the doomed packs; return those that none names any more.

        A file that cannot be written for lack of space stays as it is, and its packs are not returned.
        `before_removal` is called before each file is removed, and may raise to prevent it.
        """
        doomed = set(doomed)
        affected = [name for name, packs in self._packs.items() if not packs.isdisjoint(doomed)]
        # First those that need no successor, then the smallest: each makes room for the next.
        affected.sort(key=lambda name: (not self._packs[name] <= doomed, self._blobs[name]))
        for name in affected:
            surviving = [contents for contents in self._read(name) if contents.pack not in doomed]
            try:
                if surviving:
                    self._write(surviving)
            except BackendFull:
                continue
            before_removal()
            self._remove(name)
        return doomed.difference(*self._packs.values())

    def merge_small(self, *, before_removal: Callable[[], None]) -> None:
        """Join the small files that many back-ups leave; without the space for it they stay."""
        small = [name for name, blobs in self._blobs.items() if blobs < _SMALL]
        if len(small) < 2:
            return
        for group in self._groups(small):
            # A pack may be named twice; what is named alike is needed once.
            joined = dict.fromkeys(contents for name in group for contents in self._read(name))
            try:
                self._write(joined)
            except BackendFull:
                return
            before_removal()
            for name in group:
                self._remove(name)

    def _groups(self, names: Sequence[str]) -> Iterator[list[str]]:
        group: list[str] = []
        blobs = 0
        for name in names:
            if group and blobs + self._blobs[name] > MAX_BLOBS_A_FILE:
                yield group
                group, blobs = [], 0
            group.append(name)
            blobs += self._blobs[name]
        if len(group) > 1:
            yield group

    def _write(self, contents: Iterable[PackContents]) -> None:
        for part in _split(contents):
            self._note(self._repository.save_index(part), part)
            self.files_written += 1

    def _remove(self, name: str) -> None:
        try:
            self._repository.backend.remove(FileKind.INDEX, name)
        except FileMissing:
            pass
        else:
            self.files_removed += 1
        del self._packs[name], self._blobs[name]


def _split(packs: Iterable[PackContents]) -> Iterator[list[PackContents]]:
    part: list[PackContents] = []
    blobs = 0
    for contents in packs:
        if part and blobs + len(contents.entries) > MAX_BLOBS_A_FILE:
            yield part
            part, blobs = [], 0
        part.append(contents)
        blobs += len(contents.entries)
    if part:
        yield part
