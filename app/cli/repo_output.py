"""What `vangnet repo` prints: JSON documents with stable fields, and plain lines for a person at a terminal.

Times are RFC 3339 in UTC, sizes bytes, durations seconds. A path that is no UTF-8 is shown with \\xNN.
"""

from __future__ import annotations

import signal
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType

import click

from app.cli.session import JsonValue
from app.clock import format_utc
from app.i18n import _, ngettext
from app.repository.model import (
    BackupSummary,
    Cancel,
    CheckReport,
    FileProblem,
    FoundEntry,
    Monitor,
    NodeType,
    Phase,
    RestoreSummary,
    Snapshot,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LINES_AT_ONCE = 1000


def text_of(path: bytes) -> str:
    """Return a path for JSON."""
    return path.decode("utf-8", "backslashreplace")


def shown(path: bytes) -> str:
    """Return a path for a terminal: nothing in a name may move the cursor or change colours."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text_of(path))


def time_of(at_ns: int) -> datetime:
    """Return nanoseconds since 1970 as a time; the farthest one there is for what a file only claims."""
    try:
        return _EPOCH + timedelta(microseconds=at_ns // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if at_ns > 0 else datetime.min.replace(tzinfo=UTC)


def echo_lines(lines: Iterable[str]) -> None:
    """Print many lines with few writes."""
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == _LINES_AT_ONCE:
            click.echo("\n".join(block))
            block.clear()
    if block:
        click.echo("\n".join(block))


# --- documents -------------------------------------------------------------------------------------------------


def snapshot_document(snapshot: Snapshot) -> dict[str, JsonValue]:
    return {
        "id": snapshot.id,
        "short_id": snapshot.short_id,
        "time": format_utc(snapshot.time),
        "tree": snapshot.tree.hex(),
        "paths": [text_of(path) for path in snapshot.paths],
        "hostname": snapshot.hostname,
        "username": snapshot.username,
        "tags": list(snapshot.tags),
        "parent": snapshot.parent,
        "program_version": snapshot.program_version,
    }


def entry_document(entry: FoundEntry) -> dict[str, JsonValue]:
    node = entry.node
    document: dict[str, JsonValue] = {
        "path": text_of(entry.path),
        "type": node.type.value,
        "size": node.size,
        "mode": stat.filemode(node.mode),
        "mtime": format_utc(time_of(node.mtime_ns)),
        "uid": node.uid,
        "gid": node.gid,
        "snapshot": entry.snapshot.id,
    }
    if node.type is NodeType.SYMLINK:
        document["link_target"] = text_of(node.link_target)
    return document


def backup_document(summary: BackupSummary, *, dry_run: bool = False) -> dict[str, JsonValue]:
    return {
        "snapshot": None if dry_run else summary.snapshot.id,
        "parent": summary.snapshot.parent,
        "dry_run": dry_run,
        "complete": summary.complete,
        "files": summary.files,
        "folders": summary.folders,
        "files_new_or_changed": summary.files_new_or_changed,
        "bytes_read": summary.bytes_read,
        "bytes_total": summary.bytes_total,
        "bytes_added": summary.bytes_added,
        "blobs_added": summary.blobs_added,
        "duration_s": round(summary.duration_s, 3),
        "problems": _problems(summary.problems),
        "problems_count": summary.problems_count,
    }


def restore_document(summary: RestoreSummary, snapshot: Snapshot, *, dry_run: bool = False) -> dict[str, JsonValue]:
    return {
        "snapshot": snapshot.id,
        "dry_run": dry_run,
        "complete": summary.complete,
        "files": summary.files,
        "folders": summary.folders,
        "bytes_written": summary.bytes_written,
        "duration_s": round(summary.duration_s, 3),
        "skipped": [text_of(path) for path in summary.skipped],
        "skipped_count": summary.skipped_count,
        "set_aside": [text_of(path) for path in summary.set_aside],
        "problems": _problems(summary.problems),
        "problems_count": summary.problems_count,
    }


def check_document(report: CheckReport) -> dict[str, JsonValue]:
    return {
        "sound": report.sound,
        "snapshots": report.snapshots,
        "packs": report.packs,
        "blobs": report.blobs,
        "read_data": report.read_data,
        "packs_read": report.packs_read,
        "bytes_read": report.bytes_read,
        "duration_s": round(report.duration_s, 3),
        "problems": [
            {"file": problem.file, "reason": problem.reason, "snapshots": list(problem.snapshots)}
            for problem in report.problems
        ],
    }


def _problems(problems: Sequence[FileProblem]) -> list[JsonValue]:
    return [{"path": text_of(problem.path), "reason": problem.reason} for problem in problems]


# --- lines -----------------------------------------------------------------------------------------------------


def snapshot_line(snapshot: Snapshot) -> str:
    at = snapshot.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    tags = ",".join(snapshot.tags)
    paths = "  ".join(shown(path) for path in snapshot.paths)
    return f"{snapshot.short_id}  {at}  {shown(snapshot.hostname.encode()):<16}  {tags:<12}  {paths}".rstrip()


def entry_line(entry: FoundEntry, *, long: bool) -> str:
    if not long:
        return shown(entry.path)
    node = entry.node
    at = time_of(node.mtime_ns).strftime("%Y-%m-%d %H:%M:%SZ")
    target = f" -> {shown(node.link_target)}" if node.type is NodeType.SYMLINK else ""
    owner = f"{node.uid:>5} {node.gid:>5}"
    return f"{stat.filemode(node.mode)} {owner} {node.size:>12} {at} {shown(entry.path)}{target}"


def backup_lines(summary: BackupSummary, *, dry_run: bool = False) -> Iterator[str]:
    if dry_run:
        yield _("Nothing was stored: this was only to see what would be.")
    else:
        yield _("Snapshot {id} is stored.").format(id=summary.snapshot.short_id)
    yield _("{files} files ({changed} new or changed), {total} bytes; {added} bytes added.").format(
        files=summary.files,
        changed=summary.files_new_or_changed,
        total=summary.bytes_total,
        added=summary.bytes_added,
    )


def restore_lines(summary: RestoreSummary, *, dry_run: bool = False) -> Iterator[str]:
    if dry_run:
        yield _("Nothing was restored: this was only to see what would be.")
    yield ngettext(
        "{count} file restored, {written} bytes.", "{count} files restored, {written} bytes.", summary.files
    ).format(count=summary.files, written=summary.bytes_written)
    if summary.skipped:
        yield ngettext(
            "{count} file was there already and was left as it is.",
            "{count} files were there already and were left as they are.",
            summary.skipped_count,
        ).format(count=summary.skipped_count)
    if summary.set_aside:
        yield ngettext(
            "{count} file was another; it is kept as NAME.original.",
            "{count} files were others; they are kept as NAME.original.",
            len(summary.set_aside),
        ).format(count=len(summary.set_aside))


def check_lines(report: CheckReport) -> Iterator[str]:
    yield _("{snapshots} snapshots, {packs} packs, {blobs} blobs; {read} bytes read.").format(
        snapshots=report.snapshots, packs=report.packs, blobs=report.blobs, read=report.bytes_read
    )
    for problem in report.problems:
        touched = " ".join(snapshot[:8] for snapshot in problem.snapshots) or "-"
        yield f"{problem.file}  {problem.reason}  [{touched}]"
    if report.sound:
        yield _("No errors were found.") if report.read_data else _("No errors were found; the data was not read.")
    else:
        yield ngettext("{count} error was found.", "{count} errors were found.", len(report.problems)).format(
            count=len(report.problems)
        )


def tell_skipped(summary: RestoreSummary) -> None:
    """Name on stderr what a restore left as it was, and what it could not restore."""
    for path in summary.skipped:
        click.echo(_("{path}: was there already").format(path=shown(path)), err=True)
    if summary.skipped_unnamed:
        click.echo(_("… and {count} more.").format(count=summary.skipped_unnamed), err=True)
    tell_problems(summary)


def tell_problems(summary: BackupSummary | RestoreSummary) -> None:
    """Name on stderr what could not be read, stored or restored."""
    for problem in summary.problems:
        click.echo(f"{shown(problem.path)}: {problem.reason}", err=True)
    if summary.problems_unnamed:
        click.echo(_("… and {count} more.").format(count=summary.problems_unnamed), err=True)


# --- while it runs ---------------------------------------------------------------------------------------------


@contextmanager
def watched(monitor: Monitor, cancel: Cancel) -> Iterator[None]:
    """Show a line of progress on stderr when it is a terminal, and turn Ctrl-C and SIGTERM into a cancel.

    Driven by a timer signal rather than a thread: the engine forks its workers from this process.
    """
    stopping = {number: signal.signal(number, lambda *_: cancel.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    ticking = None
    if sys.stderr.isatty():

        def tick(_number: int, _frame: FrameType | None) -> None:
            click.echo(f"\r\x1b[K{_progress(monitor)}", nl=False, err=True)

        ticking = signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.25, 0.25)
    try:
        yield
    finally:
        if ticking is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, ticking)
            click.echo("\r\x1b[K", nl=False, err=True)
        for number, handler in stopping.items():
            signal.signal(number, handler)


def _progress(monitor: Monitor) -> str:
    share = f"{100 * monitor.bytes_done // monitor.bytes_total:3d} %" if monitor.bytes_total else "    …"
    mib = monitor.bytes_done >> 20
    if monitor.phase is Phase.PAUSED:
        share = _("paused")
    return f"{share}  {monitor.files_done}/{monitor.files_total or '…'}  {mib} MiB  {shown(monitor.current)[-60:]}"
