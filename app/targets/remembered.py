"""What this computer remembers of places, and forgetting it again once a place was taken away.

Of those on a network their index files and snapshots; of each what the engine keeps for its next back-up.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.paths import Home
from app.policy.machine import Target
from app.repository.kept_names import key_of, keys_in

KEPT: Final = timedelta(days=1)
"""So long after it was last used: whoever took a place out of the machine file by mistake puts it back."""
UNUSED: Final = timedelta(days=30)
"""So long after it was last written, what is kept of a repository that is no place's own goes: of one taken away, of a
yearly full copy that has long been made, of one that somebody wrote to by hand."""
_FILES_AT_ONCE: Final = 5_000
_GONE: Final = ".gone"
"""Ends the name of what is being forgotten, so that the next look goes on with it at once."""
_is_ours = re.compile(rf"[0-9a-f]{{64}}({re.escape(_GONE)})?").fullmatch


def remembered_folder(home: Home, repository_id: str) -> Path:
    """Return the folder with what is remembered of a repository."""
    return home.engine_cache / "places" / repository_id


def forget_places_taken_away(home: Home, targets: tuple[Target, ...], now: datetime) -> int:
    """Remove what is remembered of repositories that no target has; returns how many files went.

    At most some thousands at once: the next look goes on from there. A target need not be there, however long. Only
    what we know the name of is touched; a link is never followed. Raises OSError.
    """
    wanted = {target.repository_id for target in targets}
    removed = _forget_unused({key_of(repository_id) for repository_id in wanted}, home.engine_cache, now)
    for folder in _folders(home):
        if folder.suffix != _GONE:
            if folder.name in wanted or now - _last_used(folder) < KEPT:
                continue
            try:
                folder = folder.rename(folder.with_suffix(_GONE))
            except OSError:  # what went before under this name has to go first
                continue
        removed += _empty(folder, _FILES_AT_ONCE - removed)
        if removed >= _FILES_AT_ONCE:
            break
    return removed


def _forget_unused(wanted: Collection[str], folder: Path, now: datetime) -> int:
    """Remove what the engine keeps of repositories other than these, once nothing of them has been written for long."""
    kept: list[tuple[str, tuple[str, ...]]] = []
    last_used: dict[str, float] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if (keys := keys_in(entry.name)) and entry.is_file(follow_symlinks=False):
                kept.append((entry.path, keys))
                used = entry.stat(follow_symlinks=False).st_mtime
                last_used |= {key: max(used, last_used.get(key, used)) for key in keys}
    before = (now - UNUSED).timestamp()
    unused = {key for key, used in last_used.items() if key not in wanted and used < before}
    given_up = [path for path, keys in kept if not unused.isdisjoint(keys)][:_FILES_AT_ONCE]
    for path in given_up:
        os.unlink(path)  # noqa: PTH108  as below
    return len(given_up)


def _folders(home: Home) -> Iterator[Path]:
    try:
        entries = list(os.scandir(remembered_folder(home, "")))
    except FileNotFoundError:
        return
    yield from (Path(entry.path) for entry in entries if _is_ours(entry.name) and entry.is_dir(follow_symlinks=False))


def _last_used(folder: Path) -> datetime:
    """Return when something was last added or removed below a folder."""
    return datetime.fromtimestamp(max(part.lstat().st_mtime for part in (folder, *folder.iterdir())), UTC)


def _empty(folder: Path, most: int) -> int:
    """Remove up to so many files, and the folders once they are empty."""
    removed = 0
    for part in (path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
        with os.scandir(part) as entries:
            files = [entry.path for entry in entries if not entry.is_dir(follow_symlinks=False)]
        for file in files[: most - removed]:
            os.unlink(file)  # noqa: PTH108  thousands of them
        removed += min(len(files), most - removed)
        with contextlib.suppress(OSError):  # not empty yet, or something else lies there: it is not ours
            part.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
    return removed
