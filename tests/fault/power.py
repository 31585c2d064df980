"""What a power cut leaves of a disk, from the journal of what was asked of it.

What was made durable (fsync of a file for its bytes, of a folder for the names in it) is there for certain. Of the rest
anything may be there or not, in any order: a test says which.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.rig.faultfs import Event

Survives = Callable[[Event], bool]
"""Tells whether something that was not made durable is there all the same."""


def nothing_survives(event: Event) -> bool:
    """Only what was made durable is there."""
    return False


def names_survive(event: Event) -> bool:
    """Names are there and the bytes are not: files that are empty or short, as many file systems leave them."""
    return event.what not in ("write", "truncate")


def removals_are_lost(event: Event) -> bool:
    """What was removed is there again."""
    return event.what not in ("unlink", "rmdir")


def only_removals_survive(event: Event) -> bool:
    """What was removed is gone, and what was written before it is not there."""
    return event.what in ("unlink", "rmdir")


def leave_behind(events: Sequence[Event], cut: int, survives: Survives, to: Path) -> None:
    """Write to a folder what lies on the disk when the power goes before event number `cut`."""
    names: dict[str, int] = {}
    folders: set[str] = {"/"}
    content: dict[int, bytearray] = {}
    durable = _durable(events, cut)
    for number, event in enumerate(events[:cut]):
        if number in durable or survives(event):
            _apply(event, names, folders, content)
    for folder in sorted(folders):
        os.makedirs(f"{to}{folder}", exist_ok=True)
    for path, file in names.items():
        if os.path.dirname(path) in folders:
            Path(f"{to}{path}").write_bytes(content.get(file, b""))


def _durable(events: Sequence[Event], cut: int) -> set[int]:
    """Return the events before the cut that nothing can undo."""
    durable: set[int] = set()
    synced_files: set[int] = set()
    synced_folders: set[str] = set()
    for number in range(cut - 1, -1, -1):
        event = events[number]
        match event.what:
            case "base":
                durable.add(number)
            case "fsync":
                synced_files.add(event.file)
            case "fsyncdir":
                synced_folders.add(event.path)
            case "write" | "truncate":
                if event.file in synced_files:
                    durable.add(number)
            case _:
                if os.path.dirname(event.path) in synced_folders:
                    durable.add(number)
    return durable


def _apply(event: Event, names: dict[str, int], folders: set[str], content: dict[int, bytearray]) -> None:
    match event.what:
        case "base" if not event.file:
            folders.add(event.path)
        case "base":
            names[event.path] = event.file
            content[event.file] = bytearray(event.data)
        case "create":
            names[event.path] = event.file
        case "mkdir":
            folders.add(event.path)
        case "write":
            held = content.setdefault(event.file, bytearray())
            held.extend(bytes(max(0, event.offset - len(held))))
            held[event.offset : event.offset + len(event.data)] = event.data
        case "truncate":
            held = content.setdefault(event.file, bytearray())
            del held[event.offset :]
            held.extend(bytes(event.offset - len(held)))
        case "rename":
            names.pop(event.path, None)
            names[event.new_path] = event.file
        case "unlink":
            if names.get(event.path) == event.file:
                del names[event.path]
        case "rmdir":
            folders.discard(event.path)
        case _:
            pass
