"""Does this run look like the work of ransomware? Judged by how the files of a data set usually change.

Three things give an attack away: a canary that was touched; many files that turned into something that does not
compress and is no known kind of file; and more changes at once than this set has ever seen. A clean-up removes much
and brings nothing opaque; photos that come in are new, compressed, and of a known kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.records.facts import Anomaly, AnomalyVerdict, Changes

Signs = tuple[tuple[str, str], ...]

OPAQUE_FILES: Final = 15
"""Fewer files that look encrypted prove nothing: somebody may keep a few that are."""
OPAQUE_SHARE: Final = 0.02
OPAQUE_ALONE_SHARE: Final = 0.10
"""So many, and it does not matter whether others have gone for them."""
CHANGED_FILES: Final = 50
CHANGED_SHARE: Final = 0.50
GONE_FILES: Final = 50
GONE_SHARE: Final = 0.80
RENAMED_SHARE: Final = 0.30
OVER_THE_USUAL: Final = 3.0
"""How many times more than ever before."""
USUAL_RUNS: Final = 60


class Sign(StrEnum):
    """What was noticed; its figure is a number of files."""

    CANARY = "canary"
    ENCRYPTED = "encrypted"
    """Files look encrypted that did not before, or that came instead of others."""
    REWRITTEN = "rewritten"
    """Far more files than usual have another content."""
    RENAMED = "renamed"
    """Far more files than usual went away while as many of another name came, none of a content known before."""
    GONE = "gone"
    """Nearly all files are gone."""


def signs_of_attack(changes: Changes, history: Sequence[Changes], *, explained_at: datetime | None = None) -> Signs:
    """Return what is suspicious about a run; nothing when all is as usual.

    `history` are earlier runs of the same data set that were no anomaly, newest first. `explained_at`: when somebody
    last said "it was us" of this data set; a place whose copy is older than that sees the same changes again.
    """
    found: list[tuple[Sign, int]] = []
    if changes.canaries_touched:
        found.append((Sign.CANARY, len(changes.canaries_touched)))
    if not _is_explained(changes, history, explained_at):
        usual = history[:USUAL_RUNS]
        found += [*_encrypted(changes, usual), *_rewritten(changes, usual), *_replaced(changes, usual), *_gone(changes)]
    return tuple((sign.value, str(count)) for sign, count in found)


def explained_at(anomalies: Sequence[Anomaly], data_set: str) -> datetime | None:
    """Return when somebody last said of a data set that it was no attack."""
    answered = (
        a.closed_at for a in anomalies if a.data_set == data_set and a.verdict is AnomalyVerdict.OURS and a.closed_at
    )
    return max(answered, default=None)


def usual_changes(history: Sequence[Changes], anomalies: Sequence[Anomaly]) -> tuple[Changes, ...]:
    """Return the runs that tell what is usual: without those that were suspicious, whatever they turned out to be."""
    suspicious = {anomaly.run for anomaly in anomalies}
    return tuple(changes for changes in history if changes.run not in suspicious)


def _is_explained(changes: Changes, history: Sequence[Changes], at: datetime | None) -> bool:
    if at is None:
        return False
    before = next((earlier.at for earlier in history if earlier.target == changes.target), None)
    return before is None or before <= at


def _encrypted(changes: Changes, usual: Sequence[Changes]) -> tuple[tuple[Sign, int], ...]:
    opaque = changes.opaque_new + changes.opaque_changed
    most = max((earlier.opaque_new + earlier.opaque_changed for earlier in usual), default=0)
    if opaque < OPAQUE_FILES or opaque < most * OVER_THE_USUAL:
        return ()
    share = _share(opaque, changes)
    # Encrypted under another name, the old file goes as the new one comes.
    instead = changes.opaque_changed + min(changes.opaque_new, changes.removed)
    suspicious = (instead >= opaque / 2 and share >= OPAQUE_SHARE) or share >= OPAQUE_ALONE_SHARE
    return ((Sign.ENCRYPTED, opaque),) if suspicious else ()


def _rewritten(changes: Changes, usual: Sequence[Changes]) -> tuple[tuple[Sign, int], ...]:
    share = _share(changes.changed, changes)
    most = max((_share(earlier.changed, earlier) for earlier in usual), default=0.0)
    unusual = changes.changed >= CHANGED_FILES and share >= CHANGED_SHARE and share >= min(1.0, most * OVER_THE_USUAL)
    return ((Sign.REWRITTEN, changes.changed),) if unusual else ()


def _replaced(changes: Changes, usual: Sequence[Changes]) -> tuple[tuple[Sign, int], ...]:
    """Files that are moved keep their content, which is known: only what is opaque besides counts as renamed."""
    renamed = min(changes.removed, changes.new)
    most = max((_share(min(earlier.removed, earlier.new), earlier) for earlier in usual), default=0.0)
    share = _share(renamed, changes)
    unusual = share >= RENAMED_SHARE and share >= min(1.0, most * OVER_THE_USUAL)
    opaque = changes.opaque_new >= max(OPAQUE_FILES, renamed / 2)
    return ((Sign.RENAMED, renamed),) if unusual and opaque else ()


def _gone(changes: Changes) -> tuple[tuple[Sign, int], ...]:
    net = changes.removed - changes.new
    return ((Sign.GONE, net),) if net >= GONE_FILES and _share(net, changes) >= GONE_SHARE else ()


def _share(files: int, changes: Changes) -> float:
    return files / max(1, changes.files_before)
