"""A sample school as the screens see it: real policy, real assessment, fixed facts, fixed time."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.assessment.assess import assess
from app.assessment.checklist import evidence
from app.assessment.schedule import next_runs
from app.policy.load import template_policy
from app.policy.machine import THIS_COMPUTER, DataSetFolders, Machine, Target, TargetId, TargetKind, Ups, UpsId
from app.policy.model import (
    Availability,
    Classification,
    Confidentiality,
    DataSet,
    DataSetId,
    DataSetKind,
    Integrity,
    Policy,
    Role,
)
from app.policy.plan import derive_plans
from app.records.facts import (
    Approval,
    Attestation,
    ChecklistAnswer,
    DriveSight,
    Facts,
    KeyTest,
    Outcome,
    Postponement,
    Problem,
    Progress,
    RestoreTest,
    Run,
    RunId,
    RunKind,
    TargetSight,
    TestResult,
    UpsSight,
    UpsTest,
    UpsTestHow,
    Verdict,
)
from app.tui.picture import Picture

BRUSSELS = ZoneInfo("Europe/Brussels")
NOW = datetime(2026, 11, 23, 17, 2, tzinfo=BRUSSELS).astimezone(UTC)
"""Monday 23 November 2026, two minutes past five in Brussels."""

DAILY = Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL)
WEEKLY = Classification(Availability.LOW, Integrity.NORMAL, Confidentiality.CONFIDENTIAL)
HIGHEST = Classification(Availability.LOW, Integrity.ABSOLUTE, Confidentiality.CONFIDENTIAL)

_SETS = (
    ("leerlingadministratie", "Leerlingadministratie", DAILY, DataSetKind.DATA),
    ("puntenboek", "Puntenboek", DAILY, DataSetKind.DATA),
    ("fotos", "Foto's", WEEKLY, DataSetKind.DATA),
    ("configuratie", "Instellingen en sleutels", DAILY, DataSetKind.CONFIGURATION),
)
NAS = Target(
    id=TargetId("nas"),
    name="NAS school",
    kind=TargetKind.FOLDER,
    path=Path("/mnt/nas/vangnet"),
    repository_id="a" * 64,
    marker_id="nas-1",
    site="serverlokaal",
)
GREEN = Target(
    id=TargetId("schijf-b"),
    name="Schijf B",
    kind=TargetKind.USB,
    path=Path("vangnet"),
    repository_id="b" * 64,
    marker_id="disk-b",
    colour="groen",
    site="thuis bij de directeur",
    offsite=True,
    fs_uuid="1234-ABCD",
    serial="WX11A",
)


def policy() -> Policy:
    """The template with the sample school's name, people and data."""
    template = template_policy()
    people = {Role.DIRECTOR: "An Claes", Role.IT_PROVIDER: "Computerhulp Maes"}
    return replace(
        template,
        organisation=replace(template.organisation, name="Basisschool De Linde"),
        roles=tuple(replace(r, person=people.get(r.role, ""), deputy="") for r in template.roles),
        data_sets=tuple(
            DataSet(DataSetId(i), name, levels, kind, classified_on=(NOW - timedelta(days=60)).date())
            for i, name, levels, kind in _SETS
        ),
    )


def machine() -> Machine:
    return Machine(
        language="nl",
        data_sets=tuple(DataSetFolders(DataSetId(i), (Path("/home/school") / i,)) for i, *_rest in _SETS),
        targets=(NAS, GREEN),
        upses=(Ups(UpsId("ups"), "UPS", protects=(THIS_COMPUTER, NAS.id)),),
    )


def made_run(number: int, data_set: str, target: str, ago: timedelta, **more: object) -> Run:
    started = NOW - ago
    run = Run(
        id=RunId(number),
        kind=RunKind.BACKUP,
        data_set=data_set,
        target=target,
        outcome=Outcome.GOOD,
        started=started,
        finished=started + timedelta(minutes=2),
        reason="due",
        snapshot=f"{number:064x}",
        files=14208,
        files_new_or_changed=37,
        bytes_total=1_900_000_000,
        bytes_added=4_200_000,
        duration_s=120.0,
    )
    return dataclasses.replace(run, **more)  # type: ignore[arg-type]  # the fields of a Run, by name


def good_facts() -> Facts:
    """Everything has been done in time."""
    yesterday, last_week = timedelta(hours=22, minutes=58), timedelta(days=2, hours=3)
    runs: list[Run] = []
    for number, (data_set, *_rest) in enumerate(_SETS):
        runs.append(made_run(40 + number, data_set, NAS.id, yesterday - timedelta(minutes=2 * number)))
        runs.append(made_run(30 + number, data_set, GREEN.id, last_week - timedelta(minutes=3 * number)))
        runs.append(
            made_run(10 + number, data_set, NAS.id, timedelta(days=20), kind=RunKind.RESTORE_TEST, duration_s=9.0)
        )
    for number, target in enumerate((NAS, GREEN)):
        runs.append(made_run(20 + number, "", target.id, timedelta(days=2), kind=RunKind.CHECK, duration_s=300.0))
    tests = tuple(
        RestoreTest(
            run=RunId(10 + number),
            data_set=data_set,
            target=NAS.id,
            snapshot="c" * 64,
            at=NOW - timedelta(days=20),
            files=20,
            bytes=8_000_000,
            identical=True,
            duration_s=9.0,
            full_restore_estimate_s=1200.0,
            rto_met=True,
            opened_file="rapport.odt",
            confirmed_by="Els Maes",
            confirmed_at=NOW - timedelta(days=20),
        )
        for number, (data_set, *_rest) in enumerate(_SETS)
    )
    own = policy()
    return Facts(
        runs=tuple(sorted(runs, key=lambda r: r.started, reverse=True)),
        restore_tests=tests,
        targets=(
            TargetSight(NAS.id, connected=True, since=NOW - timedelta(days=60), free_bytes=900 << 30),
            TargetSight(GREEN.id, connected=False, since=NOW - timedelta(days=2), free_bytes=400 << 30),
        ),
        drives=(),
        upses=(UpsSight("ups", "UPS", NOW, reachable=True, flags=("OL",), charge_percent=100.0, runtime_s=2460.0),),
        ups_tests=(
            UpsTest(
                "ups", NOW - timedelta(days=40), UpsTestHow.SELF_TEST, TestResult.PASSED, 2460.0, 100.0, "An Claes"
            ),
        ),
        approvals=(Approval(own.sha256, own.document.version, "An Claes", "Directeur", NOW - timedelta(days=50)),),
        key_tests=(KeyTest(NAS.id, NOW - timedelta(days=40), "An Claes"),),
        attestations=tuple(
            Attestation(duty.id, "An Claes", NOW - timedelta(days=40), "gedaan")
            for duty in own.duties
            if not duty.by_facts
        ),
        answers=(),
        signatures=(),
        postponements=(),
        set_up_at=NOW - timedelta(days=60),
        journal_rows=812,
    )


def attention_facts() -> Facts:
    """The disk has been away too long, a restore test waits for a person, an unknown disk is plugged in."""
    facts = good_facts()
    older = timedelta(days=11)
    late = {"fotos": timedelta(days=9)}
    runs = tuple(
        replace(r, started=r.started - older, finished=(r.finished or r.started) - older)
        if r.target == GREEN.id
        else replace(r, started=NOW - late[r.data_set]) if r.data_set in late and r.kind is RunKind.BACKUP
        else r
        for r in facts.runs
    )  # fmt: skip
    tests = tuple(
        replace(t, confirmed_by="", confirmed_at=None) if t.data_set == "puntenboek" else t for t in facts.restore_tests
    )
    return replace(
        facts,
        runs=tuple(sorted(runs, key=lambda r: r.started, reverse=True)),
        restore_tests=tests,
        drives=(
            DriveSight(
                "/dev/sdc1", "60A44C", "Kingston", "DataTraveler_3.0", "FOTOS", "77AA-11", "vfat", 31_000_000_000, ""
            ),
        ),
    )


def tasks_facts() -> Facts:
    """People have something to do: late, now, soon and put off; the law has changed."""
    facts = attention_facts()
    waiting = ("contacts", "fire-protection", "training", "policy-distribution")
    done = tuple(a for a in facts.attestations if a.subject not in waiting)
    law = Attestation("event:law", "An Claes", NOW - timedelta(days=2), "nieuw decreet over leerlinggegevens")
    later = Postponement(
        "duty:policy-distribution",
        NOW + timedelta(days=7),
        "personeelsvergadering",
        "An Claes",
        NOW - timedelta(days=1),
    )
    return replace(facts, attestations=(law, *done), postponements=(later,))


def error_facts() -> Facts:
    """The NAS has been away for four days, and what was tried has failed."""
    facts = good_facts()
    older = timedelta(days=4)
    runs = tuple(
        replace(r, started=r.started - older, finished=(r.finished or r.started) - older)
        if r.kind is RunKind.BACKUP
        else r
        for r in facts.runs
    )
    failed = tuple(
        made_run(
            60 + number,
            data_set,
            NAS.id,
            timedelta(hours=22, minutes=50 - number),
            outcome=Outcome.FAILED,
            error_code="target-not-there",
            error_data=(("target", "NAS school"), ("name", "NAS school"), ("path", "/mnt/nas/vangnet")),
            files=0,
            bytes_total=0,
            bytes_added=0,
            duration_s=1.0,
        )
        for number, data_set in enumerate(("leerlingadministratie", "puntenboek"))
    )
    sights = (TargetSight(NAS.id, connected=False, since=NOW - timedelta(days=4)), facts.targets[1])
    return replace(facts, runs=(*failed, *runs), targets=sights)


def running_facts() -> Facts:
    """A copy to the disk is busy."""
    facts = good_facts()
    busy = made_run(
        70,
        "leerlingadministratie",
        GREEN.id,
        timedelta(seconds=46),
        outcome=Outcome.RUNNING,
        finished=None,
        snapshot="",
    )
    sights = (facts.targets[0], TargetSight(GREEN.id, connected=True, since=NOW - timedelta(minutes=1)))
    return replace(facts, runs=(busy, *facts.runs), targets=sights)


RUNNING = Progress(
    run=RunId(70),
    at=NOW,
    phase="copying",
    files_done=14208,
    files_total=19750,
    bytes_done=1_900_000_000,
    bytes_total=2_600_000_000,
    current="/home/school/leerlingadministratie/klas 3B.csv",
)


def odd_runs() -> tuple[Run, ...]:
    """Runs of every outcome."""
    return (
        made_run(
            81, "fotos", NAS.id, timedelta(hours=1), outcome=Outcome.INCOMPLETE, problems_total=2,
            problems=(
                Problem("/home/school/fotos/sportdag/IMG_0031.jpg", "EACCES"),
                Problem("/home/school/fotos/zeeklassen/IMG_0007.jpg", "EIO"),
            ),
        ),
        made_run(
            82, "puntenboek", GREEN.id, timedelta(hours=3), outcome=Outcome.FAILED, error_code="backend-full",
            error_data=(("free_bytes", "200000000"), ("total_bytes", "931000000000")), bytes_added=0,
        ),
        made_run(83, "leerlingadministratie", GREEN.id, timedelta(hours=4), outcome=Outcome.CANCELLED),
        made_run(84, "configuratie", NAS.id, timedelta(hours=6), outcome=Outcome.INTERRUPTED),
    )  # fmt: skip


def answers(count: int) -> tuple[ChecklistAnswer, ...]:
    """The first `count` questions answered; of these the twentieth is not in order."""
    given: list[ChecklistAnswer] = []
    for number in range(1, count + 1):
        bad = number == 20
        given.append(
            ChecklistAnswer(
                school_year=2026,
                item=f"C{number:02}",
                verdict=Verdict.NOT_OK if bad else Verdict.NOT_APPLICABLE if number == 25 else Verdict.OK,
                remark="Zorgdossiers nog te testen" if bad else "geen internet nodig" if number == 25 else "",
                action_owner="Els Maes" if bad else "",
                action_due=NOW.date() + timedelta(days=30) if bad else None,
                by="An Claes",
                at=NOW - timedelta(days=1),
            )
        )
    return tuple(given)


def picture(
    facts: Facts,
    *,
    progress: tuple[Progress, ...] = (),
    runs: tuple[Run, ...] | None = None,
    now: datetime = NOW,
    on: Machine | None = None,
) -> Picture:
    """Take the picture that the screens would get for these facts."""
    own, here = policy(), on or machine()
    assessment = assess(own, here, facts, now, BRUSSELS)
    return Picture(
        now=now,
        timezone=BRUSSELS,
        policy=own,
        machine=here,
        facts=facts,
        assessment=assessment,
        plans=derive_plans(own),
        evidence=evidence(own, here, facts, assessment, now),
        school_year=2026,
        next_runs=next_runs(assessment, limit=3),
        runs=facts.runs if runs is None else runs,
        progress=progress,
        agent_running=True,
    )
