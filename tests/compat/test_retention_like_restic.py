"""What a policy keeps is what restic keeps: random histories, random policies, restic as the judge."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.clock import SystemClock
from app.repository.backend.base import FileKind
from app.repository.index_json import PackContents
from app.repository.model import BlobId
from app.repository.repacking import PackWriter
from app.repository.repository import Repository
from app.repository.retention import NEWEST_REASON, UNLIMITED, GroupBy, KeepPolicy, Span, decide, group_snapshots
from app.repository.trees import encode_tree
from tests.rig.restic import Restic, ResticFailed, restic_version

# From this version on restic knows "unlimited", and keeps the oldest snapshot too while a count lasts.
KEEPS_THE_OLDEST = (0, 16)
# From this version on it refuses to remove the last snapshot of a group, where we spare the newest.
KEEPS_THE_LAST = (0, 17)

MakeRepository = Callable[[], Repository]

ZONES = ("Z", "+01:00", "+02:00", "-05:00", "+05:30")
COUNTS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
SPANS = ("within", "within_hourly", "within_daily", "within_weekly", "within_monthly", "within_yearly")
TAGS = ("exam", "full", "office")


def list_snapshots(repository: Repository, rng: random.Random, count: int) -> None:
    """List snapshots of one empty tree at random times: in clusters, over years, in several zones."""
    there = repository.snapshots()
    tree = there[0].tree.hex() if there else store_empty_tree(repository)
    at = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    for _ in range(count):
        at -= timedelta(seconds=rng.randrange(1, rng.choice((7200, 200_000, 9_000_000))))
        zone = rng.choice(ZONES)
        offset = datetime.fromisoformat(f"2026-01-01T00:00:00{zone}").utcoffset()
        assert offset is not None
        local = (at + offset).strftime("%Y-%m-%dT%H:%M:%S")
        document = {
            "time": f"{local}.{rng.randrange(10**9):09d}{zone}",
            "tree": tree,
            "paths": rng.choice((["/srv"], ["/srv"], ["/home", "/srv"])),
            "hostname": rng.choice(("pc", "pc", "laptop")),
            "username": "u",
            "tags": rng.sample(TAGS, rng.randrange(3)) or None,
        }
        repository.save_unpacked(FileKind.SNAPSHOT, msgspec.json.encode(document))


def store_empty_tree(repository: Repository) -> str:
    stored: list[PackContents] = []
    writer = PackWriter(repository, lambda contents, _size: stored.append(contents))
    plain = encode_tree(())
    tree = BlobId(hashlib.sha256(plain).digest())
    writer.add_plain(tree, True, plain)
    writer.flush()
    repository.save_index(stored)
    return tree.hex()


def random_policy(rng: random.Random) -> KeepPolicy:
    choices = (1, 2, 3, 5, 12, UNLIMITED) if restic_version() >= KEEPS_THE_OLDEST else (1, 2, 3, 5, 12)

    def count() -> int:
        return rng.choice(choices) if rng.random() < 0.3 else 0

    def span() -> Span:
        if rng.random() < 0.8:
            return Span()
        return Span(rng.choice((0, 0, 1)), rng.choice((0, 0, 1, 5, 13)), rng.choice((0, 3, 40)), rng.choice((0, 7)))

    return KeepPolicy(
        last=count(),
        hourly=count(),
        daily=count(),
        weekly=count(),
        monthly=count(),
        yearly=count(),
        within=span(),
        within_hourly=span(),
        within_daily=span(),
        within_weekly=span(),
        within_monthly=span(),
        within_yearly=span(),
        tags=tuple(tuple(rng.sample(TAGS, rng.choice((1, 1, 2)))) for _ in range(rng.choice((0, 0, 0, 1, 2)))),
    )


def as_options(policy: KeepPolicy) -> list[str]:
    options = []
    for name in COUNTS:
        if number := getattr(policy, name):
            options += [f"--keep-{name}", "unlimited" if number == UNLIMITED else str(number)]
    for name in SPANS:
        if span := getattr(policy, name):
            options += [f"--keep-{name.replace('_', '-')}", str(span)]
    for tags in policy.tags:
        options += ["--keep-tag", ",".join(tags)]
    return options


def kept_by_restic(restic: Restic, policy: KeepPolicy, group_by: frozenset[GroupBy]) -> set[str]:
    grouping = ",".join(sorted(group_by))
    out = restic.run("forget", "--dry-run", "--json", "--no-lock", "--group-by", grouping, *as_options(policy))
    groups = json.loads(out.splitlines()[0])
    return {snapshot["id"] for group in groups for snapshot in group["keep"] or ()}


GROUPINGS = (
    frozenset({GroupBy.HOST, GroupBy.PATHS}),
    frozenset({GroupBy.HOST}),
    frozenset({GroupBy.HOST, GroupBy.PATHS, GroupBy.TAGS}),
    frozenset[GroupBy](),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_policy_keeps_what_restic_keeps(seed: int, make_repository: MakeRepository, restic: Restic) -> None:
    rng = random.Random(seed)
    repository = make_repository()
    for _ in range(4):
        list_snapshots(repository, rng, 25)
        snapshots = repository.snapshots()
        for _ in range(5):
            policy, group_by = random_policy(rng), rng.choice(GROUPINGS)
            if policy.is_empty:
                continue
            decisions = decide(snapshots, policy, now=SystemClock().now(), group_by=group_by)
            ours = {decision.snapshot.id for decision in decisions if decision.keep}
            spared = {decision.snapshot.id for decision in decisions if decision.reasons == (NEWEST_REASON,)}
            groups = group_snapshots(snapshots, group_by)
            if restic_version() >= KEEPS_THE_LAST and any(
                {snapshot.id for snapshot in group} & ours <= spared for group in groups
            ):
                with pytest.raises(ResticFailed, match="refusing to delete last snapshot"):
                    kept_by_restic(restic, policy, group_by)
                continue
            theirs = kept_by_restic(restic, policy, group_by)
            if restic_version() < KEEPS_THE_OLDEST:
                theirs |= ours & {group[-1].id for group in groups}
            assert ours - spared == theirs - spared, (as_options(policy), group_by)
