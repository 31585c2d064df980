"""The values that the options of `vangnet repo` take, written as restic writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from app.i18n import _

if TYPE_CHECKING:
    from app.repository.model import Snapshot
    from app.repository.prune_plan import MaxUnused
    from app.repository.read_subset import ReadSubset
    from app.repository.repository import Repository
    from app.repository.retention import GroupBy, Span

_SIZE = re.compile(r"(\d{1,15})([kmgt]?)b?", re.IGNORECASE | re.ASCII).fullmatch
_POWERS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def count(text: str) -> int:
    """Read a number, or "unlimited"."""
    if text in ("unlimited", "-1"):
        return -1
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise click.BadParameter(_("“{value}” is no number and not “unlimited”.").format(value=text))
    return int(text)


def split_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of options that each name one or several."""
    return tuple(tag for group in tags for tag in _parts(group))


def marker(text: str) -> str:
    """Read FILENAME[:HEADER]."""
    from app.repository.exclusion import Marker

    try:
        Marker.parse(text)
    except ValueError as exc:
        raise click.BadParameter(_("“{value}” is no name of a file.").format(value=text)) from exc
    return text


def moment(text: str) -> datetime | None:
    """Read a time in the computer's own zone, or with one; "now" is None."""
    if text == "now":
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise click.BadParameter(_("“{value}” is no time such as 2026-11-20 18:00:00.").format(value=text)) from exc


def span(text: str) -> Span:
    """Read a length of time: 1y5m7d2h."""
    from app.repository.retention import Span

    try:
        return Span.parse(text)
    except ValueError as exc:
        raise click.BadParameter(_("“{value}” is no length of time such as 1y5m7d2h.").format(value=text)) from exc


def size(text: str) -> int:
    """Read bytes, with k, M, G or T."""
    match = _SIZE(text)
    if match is None:
        raise click.BadParameter(_("“{value}” is no size such as 500M.").format(value=text))
    return int(match[1]) << _POWERS[match[2].lower()]


def subset(text: str) -> ReadSubset:
    """Read n/t, x% or a size."""
    from app.repository.read_subset import ReadSubset

    try:
        return ReadSubset.parse(text) if "/" in text or "%" in text else ReadSubset(bytes=max(size(text), 1))
    except ValueError as exc:
        raise click.BadParameter(_("“{value}” is no part such as 2/7, 5% or 1G.").format(value=text)) from exc


def latest_or_named(repository: Repository, wanted: str, only: Callable[[Snapshot], bool] | None) -> Snapshot:
    """Return a snapshot by its id, or the latest of those that the filter means; raises SnapshotNotFound."""
    from app.repository.errors import SnapshotNotFound

    if wanted != "latest" or only is None:
        return repository.snapshot(wanted)
    meant = [snapshot for snapshot in repository.snapshots() if only(snapshot)]
    if not meant:
        raise SnapshotNotFound(wanted=wanted)
    return meant[-1]


def max_unused(text: str) -> MaxUnused:
    """Read a share in %, a size, or "unlimited"."""
    from app.repository.prune_plan import MaxUnused

    if text == "unlimited":
        return MaxUnused(share=None)
    if match := re.fullmatch(r"(\d{1,3}(?:\.\d{1,6})?)%", text, re.ASCII):
        return MaxUnused(share=float(match[1]) / 100)
    return MaxUnused(bytes=size(text))


def group_by(text: str) -> frozenset[GroupBy]:
    """Read host, paths and tags, separated by commas; nothing makes one group of all."""
    from app.repository.retention import GroupBy

    try:
        return frozenset(GroupBy({"path": "paths", "tag": "tags"}.get(part, part)) for part in _parts(text))
    except ValueError as exc:
        raise click.BadParameter(_("“{value}” is not made of host, paths and tags.").format(value=text)) from exc


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def filter_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `-H` or `--host`, `--tag` and `--path`, which choose among the snapshots."""
    return _filter_options(command, "-H", "--host")


def long_filter_options(command: Callable[..., int]) -> Callable[..., int]:
    """Do the same for a command of which `-H` is something else."""
    return _filter_options(command, "--host")


def _filter_options(command: Callable[..., int], *host: str) -> Callable[..., int]:
    for option in (
        click.option("--path", "paths", multiple=True, metavar="PATH", help="Only those of this path."),
        click.option("--tag", "tags", multiple=True, metavar="TAG[,TAG…]", help="Only those with all these tags."),
        click.option(*host, "hosts", multiple=True, metavar="HOST", help="Only those of this computer."),
    ):
        command = option(command)
    return command


def snapshot_filter(
    hosts: Sequence[str], tags: Sequence[str], paths: Sequence[str]
) -> Callable[[Snapshot], bool] | None:
    """Return what tells whether a snapshot is meant; None when all are."""
    if not (hosts or tags or paths):
        return None
    wanted_tags = [frozenset(_parts(group)) for group in tags]
    wanted_paths = {path.encode(errors="surrogateescape") for path in paths}

    def is_meant(snapshot: Snapshot) -> bool:
        return (
            (not hosts or snapshot.hostname in hosts)
            and (not wanted_tags or any(group <= set(snapshot.tags) for group in wanted_tags))
            and wanted_paths <= set(snapshot.paths)
        )

    return is_meant


def chosen_snapshots(
    repository: Repository, ids: Sequence[str], only: Callable[[Snapshot], bool] | None
) -> list[Snapshot]:
    """Return the snapshots that were named, or else all that the filter means; raises SnapshotNotFound."""
    if ids:
        return [repository.snapshot(text) for text in ids]
    return [snapshot for snapshot in repository.snapshots() if only is None or only(snapshot)]
