"""Carry out a set-up: keys, places, policy and machine file; the same for the wizard and for a file of answers.

The machine file comes last: while it is missing the home is "not set up", and a set-up that was interrupted is simply
done again. Places that were prepared by the interrupted one are recognised by their marker and get the new key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.clock import Clock
from app.i18n import set_language
from app.jobs.canary import place_canaries
from app.jobs.installation import Installation
from app.paths import Home
from app.policy.load import load_machine, template_policy
from app.policy.machine import DataSetFolders, Machine, Target, TargetId
from app.policy.model import DataSet, DataSetId, Organisation, Policy, Role, RoleHolder
from app.policy.write import PolicyEdit, write_machine, write_policy
from app.records.facts import DriveSight
from app.records.store import Records
from app.secret import Secret
from app.setup.answers import DataSetAnswer, OrganisationAnswer, PlaceAnswer, SetupAnswers
from app.setup.draft import discard_draft
from app.setup.errors import AlreadySetUp, SetupIncomplete, SourceNotThere
from app.setup.network import prepare_network_answer
from app.targets.errors import DiskActionRefused, DiskServiceMissing
from app.targets.keys import KeyRing, new_recovery_key
from app.targets.mounting import mount_disk
from app.targets.place import prepare_target

TIMEZONES: Final = {"BE": "Europe/Brussels", "NL": "Europe/Amsterdam"}
SCHOOL_YEAR_STARTS: Final = {"BE": (9, 1), "NL": (8, 1)}


class Step(StrEnum):
    """What the set-up is doing, for a screen that shows it."""

    KEYS = "keys"
    PLACE = "place"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class SetupResult:
    """What a set-up made. The recovery key exists nowhere else: it is shown, printed, and then forgotten."""

    recovery_key: Secret
    policy: Policy
    machine: Machine


def apply_setup(
    home: Home,
    answers: SetupAnswers,
    *,
    clock: Clock,
    drives: tuple[DriveSight, ...] = (),
    on_step: Callable[[Step, str], None] = lambda _step, _name: None,
) -> SetupResult:
    """Make everything the answers ask for; returns the recovery key that the organisation must keep.

    `drives` are the USB disks plugged in now. Raises AlreadySetUp, SetupIncomplete, or what a place gives as its
    error; then nothing counts as set up and the same answers can be applied again.
    """
    if home.machine_file.exists():
        raise AlreadySetUp(home=str(home.config))
    organisation = _complete(answers)
    for folder in (home.config, home.data, home.secrets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    on_step(Step.KEYS, "")
    recovery = new_recovery_key()
    KeyRing.create(home, recovery, clock)
    targets = tuple(_prepare(home, place, answers, organisation, clock, drives, on_step) for place in answers.places)
    on_step(Step.POLICY, "")
    policy = write_policy(home.policy_file, _policy_edit(answers, organisation, clock.now().date()))
    machine = Machine(
        language=organisation.language,
        data_sets=tuple(
            DataSetFolders(DataSetId(a.id), tuple(path.resolve() for path in a.paths), a.exclude)
            for a in answers.data_sets
        ),
        targets=targets,
        upses=answers.upses,
        backup_time=answers.backup_time,
    )
    with Records.open(home, clock) as records:
        records.mark_set_up()
    write_machine(home.machine_file, machine)
    discard_draft(home)
    if answers.watch_files:
        _place_watch_files(home, clock, by=answers.people.director)
    return SetupResult(recovery, policy, load_machine(home.machine_file, policy))


def _place_watch_files(home: Home, clock: Clock, *, by: str) -> None:
    installation = Installation.load(home, clock)
    set_language(installation.machine.language)
    with installation.records() as records:
        for folders in installation.machine.data_sets:
            place_canaries(installation, records, folders.data_set, by=by)


def missing_answers(answers: SetupAnswers) -> tuple[str, ...]:
    """Name what a set-up cannot do without and does not have yet, in the order in which the wizard asks it."""
    missing = []
    if answers.organisation is None or not answers.organisation.name.strip():
        missing.append("organisation")
    if not answers.data_sets:
        missing.append("data-sets")
    missing += [f"folder:{a.id}" for a in answers.data_sets if not a.paths]
    missing += [f"classification:{a.id}" for a in answers.data_sets if a.classification is None]
    if not answers.places:
        missing.append("places")
    return tuple(missing)


def _complete(answers: SetupAnswers) -> OrganisationAnswer:
    missing = missing_answers(answers)
    if missing or answers.organisation is None:
        raise SetupIncomplete(missing=", ".join(missing))
    absent = [str(path) for a in answers.data_sets for path in a.paths if not path.exists()]
    if absent:
        raise SourceNotThere(paths=", ".join(absent))
    return answers.organisation


def _prepare(
    home: Home,
    place: PlaceAnswer,
    answers: SetupAnswers,
    organisation: OrganisationAnswer,
    clock: Clock,
    drives: tuple[DriveSight, ...],
    on_step: Callable[[Step, str], None],
) -> Target:
    on_step(Step.PLACE, place.name)
    if place.on_network is not None:
        return prepare_network_answer(home, place, answers, organisation.name, clock)
    plugged = next((d for d in drives if place.fs_uuid and d.fs_uuid == place.fs_uuid), None)
    mounted = _mounted(plugged) if plugged is not None else ""
    return prepare_target(
        home,
        id=TargetId(place.id),
        name=place.name,
        kind=place.kind,
        path=place.path,
        organisation=organisation.name,
        sources=tuple(path for answer in answers.data_sets for path in answer.paths),
        clock=clock,
        colour=place.colour,
        site=place.site,
        offsite=place.offsite,
        fs_uuid=place.fs_uuid,
        serial=place.serial,
        mount_point=Path(mounted) if mounted else None,
        contact=" ".join(filter(None, (answers.people.it_provider, answers.people.it_provider_phone))),
    )


def _mounted(drive: DriveSight) -> str:
    """Return where a disk is mounted; one that is not is mounted now. What cannot be shows when it is prepared."""
    try:
        return mount_disk(drive).mount_point
    except (DiskServiceMissing, DiskActionRefused):
        return ""


def _policy_edit(answers: SetupAnswers, organisation: OrganisationAnswer, today: date) -> PolicyEdit:
    template = template_policy()
    people = answers.people
    return PolicyEdit(
        organisation=Organisation(
            name=organisation.name,
            kind=organisation.kind,
            country=organisation.country,
            language=organisation.language,
            timezone=TIMEZONES[organisation.country],
            school_year_starts=SCHOOL_YEAR_STARTS[organisation.country],
        ),
        document=replace(template.document, owner=people.director),
        roles=tuple(_with_person(holder, answers) for holder in template.roles),
        data_sets=tuple(_data_set(answer, today) for answer in answers.data_sets),
        region=organisation.region,
    )


def _with_person(holder: RoleHolder, answers: SetupAnswers) -> RoleHolder:
    people = answers.people
    match holder.role:
        case Role.DIRECTOR:
            return replace(holder, person=people.director, email=people.director_email)
        case Role.GOVERNING_BODY:
            return replace(holder, person=people.governing_body, email=people.governing_body_email)
        case Role.IT_PROVIDER:
            return replace(
                holder, person=people.it_provider, email=people.it_provider_email, phone=people.it_provider_phone
            )
        case _:
            return holder


def _data_set(answer: DataSetAnswer, today: date) -> DataSet:
    assert answer.classification is not None, "missing_answers has looked"
    return DataSet(
        id=DataSetId(answer.id),
        name=answer.name,
        classification=answer.classification,
        kind=answer.kind,
        classified_on=today,
    )
