"""What the maintaining commands of `vangnet repo` print; see `repo_output` for the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.cli.repo_output import shown, snapshot_document, snapshot_line, text_of
from app.cli.session import JsonValue
from app.i18n import _, ngettext
from app.repository.copier import CopyReport
from app.repository.diff import Change, DiffReport
from app.repository.forgetter import ForgetReport
from app.repository.model import CheckProblem, FileProblem
from app.repository.pruner import PruneReport
from app.repository.repair import IndexRepair, PacksRepair
from app.repository.repair_snapshots import SnapshotsRepair
from app.repository.retention import Decision
from app.repository.stats import Stats, StatsMode

# --- documents -------------------------------------------------------------------------------------------------


def _decision_document(decision: Decision) -> dict[str, JsonValue]:
    return {**snapshot_document(decision.snapshot), "reasons": list(decision.reasons)}


def forget_document(report: ForgetReport, pruned: PruneReport | None) -> dict[str, JsonValue]:
    return {
        "dry_run": report.dry_run,
        "kept": [_decision_document(decision) for decision in report.kept],
        "removed": [snapshot_document(snapshot) for snapshot in report.removed],
        "refused": [_decision_document(decision) for decision in report.refused],
        "prune": prune_document(pruned) if pruned else None,
    }


def prune_document(report: PruneReport) -> dict[str, JsonValue]:
    return {
        "dry_run": report.dry_run,
        "snapshots": report.snapshots,
        "packs_before": report.packs_before,
        "packs_removed": report.packs_removed,
        "packs_unindexed": report.packs_unindexed,
        "packs_repacked": report.packs_repacked,
        "bytes_before": report.bytes_before,
        "bytes_freed": report.bytes_freed,
        "bytes_repacked": report.bytes_repacked,
        "bytes_unneeded_left": report.bytes_unneeded_left,
        "stopped_for_space": report.stopped_for_space,
        "duration_s": round(report.duration_s, 3),
        "problems": _check_problems(report.problems),
    }


def copy_document(report: CopyReport) -> dict[str, JsonValue]:
    return {
        "copied": [{"snapshot": copied.source, "copy": copied.copy} for copied in report.copied],
        "skipped": list(report.skipped),
        "blobs_copied": report.blobs_copied,
        "bytes_added": report.bytes_added,
        "duration_s": round(report.duration_s, 3),
    }


def diff_document(report: DiffReport) -> dict[str, JsonValue]:
    return {
        "changes": [
            {"path": text_of(entry.path), "modifier": entry.change.value, "is_folder": entry.is_folder}
            for entry in report.entries
        ],
        "files_added": report.count(Change.ADDED, folders=False),
        "files_removed": report.count(Change.REMOVED, folders=False),
        "files_changed": report.count(Change.MODIFIED, folders=False),
        "folders_added": report.count(Change.ADDED, folders=True),
        "folders_removed": report.count(Change.REMOVED, folders=True),
        "bytes_added": report.bytes_added,
        "bytes_removed": report.bytes_removed,
        "stored_bytes_added": report.stored_bytes_added,
        "stored_bytes_removed": report.stored_bytes_removed,
    }


def stats_document(report: Stats) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {
        "mode": report.mode.value,
        "snapshots_count": report.snapshots,
        "total_size": report.bytes,
    }
    if report.mode is StatsMode.RAW_DATA:
        return {**document, "total_blob_count": report.blobs, "total_uncompressed_size": report.plain_bytes}
    if report.mode is StatsMode.BLOBS_PER_FILE:
        return {**document, "total_file_count": report.files, "total_blob_count": report.blobs}
    return {**document, "total_file_count": report.files}


def index_repair_document(report: IndexRepair) -> dict[str, JsonValue]:
    return {
        "packs": report.packs,
        "blobs": report.blobs,
        "index_files_removed": report.index_files_removed,
        "problems": _check_problems(report.problems),
    }


def packs_repair_document(report: PacksRepair) -> dict[str, JsonValue]:
    return {
        "packs_removed": report.packs_removed,
        "blobs_saved": report.blobs_saved,
        "blobs_lost": [blob_id.hex() for blob_id in report.blobs_lost],
        "problems": _check_problems(report.problems),
    }


def snapshots_repair_document(report: SnapshotsRepair) -> dict[str, JsonValue]:
    return {
        "dry_run": report.dry_run,
        "repaired": [{"snapshot": each.damaged, "repaired": each.repaired or None} for each in report.repaired],
        "lost": list(report.lost),
        "problems": [{"path": text_of(problem.path), "reason": problem.reason} for problem in report.problems],
    }


def _check_problems(problems: Sequence[CheckProblem]) -> list[JsonValue]:
    return [{"file": problem.file, "reason": problem.reason} for problem in problems]


# --- lines -----------------------------------------------------------------------------------------------------


def forget_lines(report: ForgetReport) -> Iterator[str]:
    for decision in report.decisions:
        mark = "+" if decision.keep else "-"
        reasons = f"  ({', '.join(decision.reasons)})" if decision.reasons else ""
        yield f"{mark} {snapshot_line(decision.snapshot)}{shown(reasons.encode())}"
    count = len(report.removed)
    if report.dry_run:
        text = ngettext("{count} snapshot would be forgotten.", "{count} snapshots would be forgotten.", count)
    else:
        text = ngettext("{count} snapshot is forgotten.", "{count} snapshots are forgotten.", count)
    yield text.format(count=count)


def refused_lines(report: ForgetReport) -> Iterator[str]:
    for decision in report.refused:
        yield _("{id} stays: {reasons}").format(id=decision.snapshot.short_id, reasons=", ".join(decision.reasons))


def prune_lines(report: PruneReport) -> Iterator[str]:
    if report.dry_run:
        text = _("{removed} packs would go, {repacked} be packed anew; {freed} of {before} bytes would be freed.")
    else:
        text = _("{removed} packs are gone, {repacked} packed anew; {freed} of {before} bytes are freed.")
    yield text.format(
        removed=report.packs_removed,
        repacked=report.packs_repacked,
        freed=report.bytes_freed,
        before=report.bytes_before,
    )
    yield _("{left} bytes that nothing needs are left.").format(left=report.bytes_unneeded_left)
    if report.stopped_for_space:
        yield _("There was no room to pack everything anew. What is there is sound.")
    yield from check_problem_lines(report.problems)


def copy_lines(report: CopyReport) -> Iterator[str]:
    for copied in report.copied:
        yield f"{copied.source[:8]} -> {copied.copy[:8]}"
    count = len(report.copied)
    yield ngettext(
        "{count} snapshot copied, {added} bytes added.", "{count} snapshots copied, {added} bytes added.", count
    ).format(count=count, added=report.bytes_added)
    if report.skipped:
        count = len(report.skipped)
        yield ngettext("{count} was there already.", "{count} were there already.", count).format(count=count)


def diff_lines(report: DiffReport) -> Iterator[str]:
    for entry in report.entries:
        slash = "/" if entry.is_folder else ""
        yield f"{entry.change.value}    {shown(entry.path)}{slash}"
    yield _("{added} files new, {removed} gone, {changed} changed.").format(
        added=report.count(Change.ADDED, folders=False),
        removed=report.count(Change.REMOVED, folders=False),
        changed=report.count(Change.MODIFIED, folders=False),
    )
    yield _("{added} bytes stored for the second only, {removed} for the first only.").format(
        added=report.stored_bytes_added, removed=report.stored_bytes_removed
    )


def stats_lines(report: Stats) -> Iterator[str]:
    if report.mode is StatsMode.RAW_DATA:
        yield _("{snapshots} snapshots: {blobs} blobs, {bytes} bytes ({plain} before compression).").format(
            snapshots=report.snapshots, blobs=report.blobs, bytes=report.bytes, plain=report.plain_bytes
        )
    else:
        yield _("{snapshots} snapshots: {files} files and folders, {bytes} bytes.").format(
            snapshots=report.snapshots, files=report.files, bytes=report.bytes
        )


def index_repair_lines(report: IndexRepair) -> Iterator[str]:
    yield _("The new index names {packs} packs with {blobs} blobs.").format(packs=report.packs, blobs=report.blobs)
    yield from check_problem_lines(report.problems)


def packs_repair_lines(report: PacksRepair) -> Iterator[str]:
    yield _("{packs} packs are gone; {saved} blobs are saved, {lost} lost.").format(
        packs=report.packs_removed, saved=report.blobs_saved, lost=len(report.blobs_lost)
    )
    if report.blobs_lost:
        yield _("Now back up again, then repair the snapshots.")
    yield from check_problem_lines(report.problems)


def snapshots_repair_lines(report: SnapshotsRepair) -> Iterator[str]:
    yield from file_problem_lines(report.problems)
    for each in report.repaired:
        yield f"{each.damaged[:8]} -> {each.repaired[:8] or '…'}"
    for snapshot in report.lost:
        yield _("{id}: nothing of it can be read").format(id=snapshot[:8])
    if not report.repaired and not report.lost:
        yield _("All snapshots are whole.")


def check_problem_lines(problems: Sequence[CheckProblem]) -> Iterator[str]:
    return (f"{problem.file}  {problem.reason}" for problem in problems)


def file_problem_lines(problems: Sequence[FileProblem]) -> Iterator[str]:
    return (f"{shown(problem.path)}: {problem.reason}" for problem in problems)
