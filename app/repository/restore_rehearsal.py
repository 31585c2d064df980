"""What a restore would do, found out without writing anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial

from app.repository.index import Index
from app.repository.model import Cancel, FileProblem, Monitor, Node, NodeType, RestoreOptions, RestoreSummary
from app.repository.overwriting import Room, judge
from app.repository.problems import Paths
from app.repository.restore_files import FolderState
from app.repository.restore_plan import TARGET_ITSELF, RestorePlan


def rehearse(
    plan: RestorePlan,
    index: Index,
    to: bytes,
    *,
    options: RestoreOptions,
    monitor: Monitor,
    cancel: Cancel,
    elapsed_s: Callable[[], float],
) -> RestoreSummary:
    """Return the summary that carrying out a plan below a folder would give, were the disk to give no error.

    Sizes are those that the snapshot names. Raises Cancelled.
    """
    places, states = _look_at_folders(plan, to)
    problems = plan.problems
    problems.extend(
        FileProblem(folder.path, "ENOTDIR")
        for folder, state, above in zip(plan.folders, states, _states_above(plan, states), strict=True)
        if state is FolderState.BLOCKED and above is not FolderState.BLOCKED
    )
    skipped = Paths()
    files = size = 0
    for number in range(len(plan.entries)):
        cancel.heed(monitor)
        entry = plan.entries[number]
        state = states[entry.folder]
        if entry.node.type is NodeType.SOCKET or state is FolderState.BLOCKED:
            continue
        if state is FolderState.FOUND and not _has_room(places[entry.folder], entry.node, options):
            skipped.append(plan.path_of(entry))
        elif any((blob, False) not in index for blob in plan.entries.content(number)):
            problems.append(FileProblem(plan.path_of(entry), "blob-missing"))
        else:
            files += 1
            size += entry.node.size
    return RestoreSummary(
        files=files,
        folders=sum(
            state is FolderState.MADE and folder.parent != TARGET_ITSELF
            for folder, state in zip(plan.folders, states, strict=True)
        ),
        bytes_written=size,
        duration_s=elapsed_s(),
        skipped=skipped.named(),
        skipped_unnamed=skipped.unnamed,
        problems=problems.named(),
        problems_unnamed=problems.unnamed,
    )


def _look_at_folders(plan: RestorePlan, to: bytes) -> tuple[list[bytes], list[FolderState]]:
    """Return where each planned folder would be, and what is there now."""
    places: list[bytes] = []
    states: list[FolderState] = []
    for folder in plan.folders:
        if folder.parent == TARGET_ITSELF:
            places.append(to)
            states.append(FolderState.FOUND if os.path.isdir(to) else FolderState.MADE)
            continue
        place = os.path.join(places[folder.parent], folder.path[folder.path.rfind(b"/") + 1 :])
        places.append(place)
        above = states[folder.parent]
        states.append(_state_of(place) if above is FolderState.FOUND else above)
    return places, states


def _states_above(plan: RestorePlan, states: list[FolderState]) -> list[FolderState]:
    return [FolderState.FOUND if folder.parent == TARGET_ITSELF else states[folder.parent] for folder in plan.folders]


def _state_of(place: bytes) -> FolderState:
    try:
        there = os.lstat(place)
    except FileNotFoundError:
        return FolderState.MADE
    except OSError:
        return FolderState.BLOCKED
    return FolderState.FOUND if stat.S_ISDIR(there.st_mode) else FolderState.BLOCKED


def _has_room(folder: bytes, node: Node, options: RestoreOptions) -> bool:
    place = os.path.join(folder, node.name)
    try:
        there = os.lstat(place)
        return judge(there, node, options.overwrite, partial(os.readlink, place)) is not Room.LEAVE
    except OSError:
        return True
