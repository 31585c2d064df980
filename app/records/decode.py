"""Rows of the database as values. Raises ValueError, LookupError or TypeError on what we never write."""

from __future__ import annotations

import json
import sqlite3
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from sys import intern
from typing import TYPE_CHECKING, Final, NewType, TypeVar, get_args, get_type_hints

from app.records.facts import (
    Anomaly,
    Approval,
    Attestation,
    Canary,
    Changes,
    ChecklistAnswer,
    ChecklistSignature,
    DriveNote,
    DriveSight,
    Event,
    Handover,
    Hold,
    Judgement,
    KeyTest,
    LineSight,
    LineTest,
    Missed,
    Outage,
    Outcome,
    Postponement,
    Problem,
    Progress,
    Proof,
    ProofKind,
    Request,
    RestoreTest,
    RiskAcceptance,
    Run,
    RunId,
    RunKind,
    SentNotice,
    SyncPeriod,
    SyncState,
    TargetSight,
    Told,
    UpsReading,
    UpsSight,
    UpsTest,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Fact = TypeVar("Fact", bound=DataclassInstance)

Reader = Callable[[str], object]
"""Turns what a column holds, when that is no plain text or number, into the value of a field."""

LIGHT_RUNS = (
    "SELECT r.id, r.kind, r.data_set, r.target, r.outcome, r.started, r.finished, r.reason, r.snapshot, r.files, "
    "r.files_new_or_changed, r.bytes_total, r.bytes_added, r.duration_s, r.error_code, r.error_data, r.problems_total, "
    "r.part "
    "FROM runs AS r"
)
"""Selects what `light_run` reads, in its order."""

_KINDS = {kind.value: kind for kind in RunKind}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


# --- columns -------------------------------------------------------------------------------------------------------


def moment(value: str) -> datetime:
    """Read a time that `format_utc` wrote."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is not UTC:
        raise ValueError(f"no UTC time: {value!r}")
    return at


def moment_or_none(value: str | None) -> datetime | None:
    return None if value is None else moment(value)


def pairs(value: str) -> tuple[tuple[str, str], ...]:
    """Read a JSON list of [name, text]."""
    return tuple((str(name), str(item)) for name, item in json.loads(value))


def _texts(value: str) -> tuple[str, ...]:
    return tuple(str(item) for item in json.loads(value))


def _runs(value: str) -> tuple[RunId, ...]:
    return tuple(RunId(int(item)) for item in json.loads(value))


def _problems(value: str) -> tuple[Problem, ...]:
    return tuple(Problem(what, why) for what, why in pairs(value))


def _proofs(value: str) -> tuple[Proof, ...]:
    proofs: list[dict[str, str]] = json.loads(value)
    return tuple(Proof(ProofKind(proof["kind"]), str(proof["what"]), str(proof["value"])) for proof in proofs)


def _words(value: str) -> tuple[str, ...]:
    return tuple(str.split(value))


_READERS: Final[Mapping[object, Reader]] = {
    bool: bool,
    date: date.fromisoformat,
    datetime: moment,
    tuple[Problem, ...]: _problems,
    tuple[Proof, ...]: _proofs,
    tuple[RunId, ...]: _runs,
    tuple[str, ...]: _texts,
    tuple[tuple[str, str], ...]: pairs,
}


def _reader(annotation: object) -> Reader | None:
    """Return what reads a column as a field is declared; None where the column holds the value itself."""
    if isinstance(annotation, types.UnionType):
        [inner] = (kind for kind in get_args(annotation) if kind is not types.NoneType)
        read = _reader(inner)
        return None if read is None else _or_none(read)
    if annotation in (str, int, float) or isinstance(annotation, NewType):
        return None
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return annotation
    return _READERS[annotation]


def _or_none(read: Reader) -> Callable[[str | None], object]:
    return lambda value: None if value is None else read(value)


# --- rows ----------------------------------------------------------------------------------------------------------


def row_of(
    fact: type[Fact], *, columns: Mapping[str, str] | None = None, readers: Mapping[str, Reader] | None = None
) -> Callable[[sqlite3.Row], Fact]:
    """Return what reads a row as a fact: each field from the column of its name, in the way that its type says.

    `columns` names those that are called otherwise than their field, `readers` what is written otherwise than its type.
    """

    @cache  # at the first row: declarations take a while to be read, and most commands see few kinds of facts
    def plan() -> tuple[tuple[str, Reader | None], ...]:
        declared: dict[str, object] = get_type_hints(fact)
        names = [field.name for field in fields(fact)]
        own = readers or {}
        return tuple(
            ((columns or {}).get(name, name), own[name] if name in own else _reader(declared[name])) for name in names
        )

    def read(row: sqlite3.Row) -> Fact:
        return fact(*[row[column] if reader is None else reader(row[column]) for column, reader in plan()])

    return read


def light_run(row: sqlite3.Row) -> Run:
    """Read a run without its list of problems and its process: what many are read of at once."""
    # By position and without a detour through names: a year of runs is read before the first screen is painted. Names
    # are kept once: the agent holds that year for as long as it lives.
    (
        run_id, kind, data_set, target, outcome, started, finished, reason, snapshot, files, files_new_or_changed,
        bytes_total, bytes_added, duration_s, error_code, error_data, problems_total, part,
    ) = row  # fmt: skip
    return Run(
        run_id, _KINDS[kind], intern(data_set), intern(target), _OUTCOMES[outcome], moment(started),
        moment_or_none(finished), intern(reason), snapshot, files, files_new_or_changed, bytes_total, bytes_added,
        duration_s, error_code, () if error_data == "[]" else pairs(error_data), (), problems_total, part=part,
    )  # fmt: skip


whole_run = row_of(Run)
restore_test = row_of(RestoreTest)
target_sight = row_of(TargetSight)
handover = row_of(Handover)
ups_sight = row_of(UpsSight, readers={"flags": _words})
ups_reading = row_of(UpsReading)
ups_test = row_of(UpsTest)
outage = row_of(Outage)
line_sight = row_of(LineSight)
line_test = row_of(LineTest)
approval = row_of(Approval)
key_test = row_of(KeyTest)
attestation = row_of(Attestation)
postponement = row_of(Postponement)
answer = row_of(ChecklistAnswer)
signature = row_of(ChecklistSignature)
risk_acceptance = row_of(RiskAcceptance)
hold = row_of(Hold)
changes = row_of(Changes)
canary = row_of(Canary)
anomaly = row_of(Anomaly)
missed = row_of(Missed)
judgement = row_of(Judgement, columns={"case": "case_id"})
told = row_of(Told)
sent_notice = row_of(SentNotice)
request = row_of(Request)
progress = row_of(Progress)
sync_state = row_of(SyncState)
sync_period = row_of(SyncPeriod)
event = row_of(Event)


def drive_sight(row: sqlite3.Row) -> DriveSight:
    sight: dict[str, object] = json.loads(row["sight"])
    size = sight.pop("size_bytes")
    if not isinstance(size, int):
        raise TypeError("size_bytes")
    note = DriveNote(str(sight.pop("note", "")))
    note_data = pairs(json.dumps(sight.pop("note_data", [])))
    return DriveSight(
        size_bytes=size, note=note, note_data=note_data, **{name: str(value) for name, value in sight.items()}
    )
