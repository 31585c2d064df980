"""The computer before this one is lost or stolen: its key is taken off every place, at once or when the place is back.

What is taken off are the machine keys that this computer does not know, by their ids as the places showed them when it
was said: never our own, and never the key of the recovery sheet.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from app.errors import VangnetError
from app.jobs.copies import open_connected
from app.jobs.errors import JobError
from app.jobs.evidence import kept_text
from app.jobs.installation import Installation
from app.policy.machine import Target, TargetId
from app.records.facts import Attestation, Proof, ProofKind
from app.records.store import Records
from app.repository.backend.base import FileKind
from app.repository.errors import BackendError, FileMissing
from app.repository.keys import KeyInfo
from app.repository.repository import Repository
from app.targets.keys import KeyRing, machine_keys_of_others, settle_keys

LOST: Final = "computer-lost"
"""The attestation: who said it, and in its evidence the keys by computer and id."""


class NoOtherComputer(JobError):
    """No place that answers now has the key of another computer (`places`: how many answered)."""

    code = "no-other-computer"


@dataclass(frozen=True, slots=True)
class PlaceWithoutKey:
    """What became of the lost computer's keys on a place."""

    target: Target
    here: bool
    """False: it did not answer; the keys go at the next copy there."""
    removed: tuple[KeyInfo, ...] = ()
    kept: tuple[KeyInfo, ...] = ()
    """Those that the place would not give up: a server that only ever adds."""


def declare_lost(installation: Installation, records: Records, *, by: str) -> tuple[PlaceWithoutKey, ...]:
    """Record that the computer before this one is lost, and take its key off every place that answers now.

    Raises NoOtherComputer, EvidenceUnusable, KeyRingMissing.
    """
    ring = KeyRing.load(installation.home)
    found: dict[str, KeyInfo] = {}
    with contextlib.ExitStack() as connections:
        opened: list[tuple[Target, Repository]] = []
        for target, repository in open_connected(installation):
            connections.callback(repository.backend.close)
            with contextlib.suppress(VangnetError):  # a place that cannot be read is none that answers
                found |= {key.name: key for key in machine_keys_of_others(repository, ring)}
                opened.append((target, repository))
        if not found:
            raise NoOtherComputer(places=len({target.id for target, _ in opened}))
        evidence = tuple(
            Proof(ProofKind.DOCUMENT, kept_text(key.hostname, "computer"), key.name) for key in found.values()
        )
        records.attest(Attestation(LOST, kept_text(by, "name"), installation.clock.now(), "", evidence=evidence))
        return _off_all(installation, records, opened, ring, frozenset(found))


def _off_all(
    installation: Installation,
    records: Records,
    opened: Iterable[tuple[Target, Repository]],
    ring: KeyRing,
    lost: frozenset[str],
) -> tuple[PlaceWithoutKey, ...]:
    places = {target.id: PlaceWithoutKey(target, here=False) for target in installation.machine.targets}
    for target, repository in opened:
        with contextlib.suppress(VangnetError):
            removed, kept = _take_off(records, target.id, repository, ring, lost)
            before = places[target.id]
            places[target.id] = replace(
                before, here=True, removed=(*before.removed, *removed), kept=(*before.kept, *kept)
            )
    return tuple(places.values())


def take_off_lost_keys(records: Records, target: TargetId, repositories: Iterable[Repository], ring: KeyRing) -> None:
    """Take the keys of a computer that was said to be lost off a place that is open now.

    A place that will not give them up stays as it is: a copy to it is as good.
    """
    lost = frozenset(
        proof.value for word in records.facts().attestations if word.subject == LOST for proof in word.evidence
    )
    if lost:
        for repository in repositories:
            _take_off(records, target, repository, ring, lost)


def _take_off(
    records: Records, target: TargetId, repository: Repository, ring: KeyRing, lost: frozenset[str]
) -> tuple[tuple[KeyInfo, ...], tuple[KeyInfo, ...]]:
    """Remove the lost keys from a repository; return those that are gone, and those that it kept."""
    there = tuple(key for key in machine_keys_of_others(repository, ring) if key.name in lost)
    if there:
        settle_keys(repository, ring)  # ours is there before another goes
    removed, kept = [], []
    for key in there:
        try:
            repository.backend.remove(FileKind.KEY, key.name)
        except FileMissing:
            continue  # another process was first
        except BackendError:
            kept.append(key)
            continue
        removed.append(key)
        body = {
            "target": target,
            "repository": repository.id,
            "key": key.name,
            "computer": kept_text(key.hostname, "computer"),
        }
        records.note("machine-key-removed", body, subject=target)
    return tuple(removed), tuple(kept)
