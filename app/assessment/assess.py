"""The assessment: what must be, against what has been, at one moment. A pure function."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo

from app.assessment.checks import check_obligations
from app.assessment.configuration import configuration_tasks
from app.assessment.continuous import sync_healths
from app.assessment.copies import copy_ages, copy_obligations
from app.assessment.disks import disk_obligations
from app.assessment.duties import duties
from app.assessment.findings import findings_of
from app.assessment.full import full_obligations, full_prompts
from app.assessment.health import data_set_healths, target_healths, worst
from app.assessment.judgements import judgement_tasks
from app.assessment.model import Assessment, Obligation, ObligationKind
from app.assessment.passwords import password_tasks
from app.assessment.people_there import in_peoples_time, people_back
from app.assessment.power_tasks import power_tasks
from app.assessment.restore_tests import restore_test_obligations
from app.assessment.retention import prune_obligations
from app.assessment.score import scores
from app.assessment.situation import Situation, situation
from app.assessment.timing import postponed, severity, urgency
from app.policy.machine import Machine
from app.policy.model import Policy
from app.policy.refused import Refused
from app.records.facts import Facts
from app.records.room import RoomTrouble


def assess(
    policy: Policy,
    machine: Machine,
    facts: Facts,
    now: datetime,
    timezone: tzinfo,
    *,
    refused: Refused | None = None,
    trouble: RoomTrouble | None = None,
) -> Assessment:
    """Judge everything at `now` (aware); days and hours are those of `timezone`.

    `refused`: the files have a mistake by now, and policy and machine are the last ones that were right.
    `trouble`: why nothing can be written down on this computer now.
    """
    state = situation(policy, machine, facts, now, timezone)
    return assess_situation(replace(state, refused=refused, trouble=trouble))


def assess_situation(state: Situation) -> Assessment:
    """Judge a situation that has been put together already."""
    ages = copy_ages(state)
    obligations = _obligations(state, copy_obligations(state, ages))
    findings = findings_of(state)
    data_sets = data_set_healths(state, ages, findings)
    targets = target_healths(state, ages, findings, obligations)
    # A late copy is judged with its data set, which may be safe on another place.
    others = tuple(o for o in obligations if o.kind is not ObligationKind.BACKUP)
    lights = [*(d.state for d in data_sets), *(t.state for t in targets), *(f.state for f in findings)]
    return Assessment(
        at=state.now,
        state=worst([*lights, *map(severity, others)]),
        obligations=obligations,
        findings=findings,
        data_sets=data_sets,
        targets=targets,
        scores=scores(state, ages, findings),
        syncs=sync_healths(state),
        people_back=people_back(state.policy.calendar, state.now, state.tz),
    )


def _obligations(state: Situation, copies: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    by_machine = (
        *copies,
        *full_obligations(state),
        *restore_test_obligations(state),
        *check_obligations(state),
        *prune_obligations(state),
    )
    by_people = (
        *disk_obligations(state, by_machine),
        *full_prompts(state, by_machine),
        *duties(state),
        *judgement_tasks(state),
        *configuration_tasks(state),
        *password_tasks(state),
        *power_tasks(state),
    )
    everything = (*by_machine, *by_people)
    everything = tuple(in_peoples_time(state, o) for o in everything)
    put_off = (postponed(o, state.facts.postponements, state.now) for o in everything)
    return tuple(sorted(put_off, key=urgency))
