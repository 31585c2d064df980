"""Small builders of policies, machines and facts: a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.assessment.assess import assess
from app.assessment.model import Assessment, Finding, FindingCode, Obligation
from app.policy.machine import DataSetFolders, Machine, Purpose, Target, TargetId, TargetKind, Ups
from app.policy.model import (
    Availability,
    Basis,
    ChecklistItem,
    Classification,
    Confidentiality,
    DataSet,
    DataSetId,
    DataSetKind,
    Demand,
    Document,
    EvidenceKind,
    Integrity,
    ItemId,
    Label,
    Organisation,
    Policy,
    RestoreTestPlan,
    Retention,
    Role,
    RoleHolder,
    Rule,
    RuleId,
    Tier,
    TierInfo,
)
from app.records.facts import (
    Approval,
    Facts,
    KeyTest,
    Outcome,
    RestoreTest,
    Run,
    RunId,
    RunKind,
    TargetSight,
)

TZ = ZoneInfo("Europe/Brussels")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SHA = "a" * 64
_TEXT = Label("tekst", "text")

T0 = Classification(Availability.LOW, Integrity.NORMAL, Confidentiality.INTERNAL)
T1 = Classification(Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL)
T2 = Classification(Availability.ESSENTIAL, Integrity.ABSOLUTE, Confidentiality.SECRET)


def at(text: str) -> datetime:
    """A local moment, "2026-11-23 17:02", as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=TZ).astimezone(UTC)


NOW = at("2026-11-23 17:02")
SET_UP = at("2026-11-01 12:00")


def rule(
    demand: Demand,
    *tiers: Tier,
    every: timedelta | None = None,
    confidentiality: tuple[Confidentiality, ...] = (),
    basis: Basis = Basis.SOURCE,
    source: str = "S2-4",
) -> Rule:
    return Rule(RuleId(demand.value), demand, tiers, confidentiality, every, basis, (source,), (), _TEXT)


RULES = (
    rule(Demand.WEEKLY_COPY, Tier.T0, every=7 * DAY, source="S2-4c"),
    rule(Demand.DAILY_COPY, Tier.T1, every=DAY, source="S2-4a"),
    rule(Demand.DAILY_VERSIONS, Tier.T2, every=DAY, basis=Basis.RECOMMENDED, source="S2-4b"),
    rule(Demand.CONTINUOUS_OFFSITE, Tier.T2, every=timedelta(minutes=15), source="S2-4b"),
    rule(Demand.YEARLY_FULL, source="S2-4d"),
    rule(Demand.UPS, Tier.T1, source="S2-2a"),
    rule(Demand.REDUNDANT_UPS, Tier.T2, source="S2-2b"),
    rule(Demand.ALTERNATIVE_LINE, Tier.T2, source="S2-3a"),
    rule(Demand.FIRE_PROTECTION, Tier.T1, Tier.T2, source="S2-5a"),
    rule(
        Demand.ENCRYPTION,
        confidentiality=(Confidentiality.CONFIDENTIAL, Confidentiality.SECRET),
        source="S2-4f",
    ),
    rule(Demand.OTHER_MEDIUM_AND_SITE, source="S2-1f"),
    rule(Demand.OFFLINE_COPY, basis=Basis.RECOMMENDED, source="S4-3"),
)


def data_set(
    id_: str = "puntenboek",
    classification: Classification = T1,
    *,
    name: str = "",
    kind: DataSetKind = DataSetKind.DATA,
    kept: bool = True,
    exemption: tuple[str, str] = ("", ""),
    classified_on: date | None = None,
) -> DataSet:
    return DataSet(
        DataSetId(id_),
        name or id_.capitalize(),
        classification,
        kind=kind,
        kept_in_archive=kept,
        exemption_reason=exemption[0],
        exemption_approved_by=exemption[1],
        classified_on=classified_on,
    )


CHECKLIST = tuple(
    ChecklistItem(ItemId(f"C{n:02}"), _TEXT, _TEXT, _TEXT, (EvidenceKind.AUTOMATIC,), ()) for n in range(1, 41)
)


def policy(*data_sets: DataSet, starts: tuple[int, int] = (9, 1), rules: tuple[Rule, ...] = RULES) -> Policy:
    tiers = [TierInfo(t, _TEXT, _TEXT, 4 * HOUR, DAY) for t in Tier]
    return Policy(
        organisation=Organisation("De Linde", "school", "BE", "nl", "Europe/Brussels", starts),
        document=Document("D1", _TEXT, "1.0", date(2026, 11, 1), "IT", _TEXT, "", "", 12),
        norm_profiles=(),
        levels=(),
        tiers=(tiers[0], tiers[1], tiers[2]),
        rules=rules,
        roles=(RoleHolder(Role.DIRECTOR, _TEXT, "An", "Bo"),),
        retention=Retention(3, 7, 5, 12, 2),
        legal_retention=(),
        restore_tests=RestoreTestPlan((365 * DAY, 91 * DAY, 91 * DAY), 20, 365 * DAY),
        review_triggers=(),
        checklist=CHECKLIST,
        typical_data_sets=(),
        data_sets=data_sets or (data_set(),),
        revisions=(),
        sha256=SHA,
    )


def place(id_: str = "nas", *, offsite: bool = False, purpose: Purpose = Purpose.COPIES) -> Target:
    return Target(
        TargetId(id_), id_.upper(), TargetKind.FOLDER, Path("/mnt") / id_, f"r-{id_}", f"m-{id_}", purpose,
        offsite=offsite,
    )  # fmt: skip


def disk(id_: str = "b", *, colour: str = "groen", offsite: bool = True, purpose: Purpose = Purpose.COPIES) -> Target:
    return Target(
        TargetId(id_), id_.upper(), TargetKind.USB, Path("vangnet"), f"r-{id_}", f"m-{id_}", purpose,
        colour=colour, site="kluis", offsite=offsite, fs_uuid=f"uuid-{id_}",
    )  # fmt: skip


def machine(
    *targets: Target, of: Policy | None = None, upses: tuple[Ups, ...] = (), at_time: tuple[int, int] = (18, 0)
) -> Machine:
    sets = (of or policy()).data_sets
    folders = tuple(DataSetFolders(s.id, (Path("/data") / s.id,)) for s in sets)
    return Machine("nl", folders, targets or (place(),), upses, at_time)


_ids = iter(range(1, 10**9))


def run(
    started: datetime | str,
    outcome: Outcome = Outcome.GOOD,
    *,
    data_set: str = "puntenboek",
    target: str = "nas",
    kind: RunKind = RunKind.BACKUP,
    error: str = "",
    problems: int = 0,
) -> Run:
    moment = at(started) if isinstance(started, str) else started
    finished = None if outcome is Outcome.RUNNING else moment + timedelta(minutes=2)
    return Run(
        RunId(next(_ids)), kind, data_set, target, outcome, moment, finished, "due", files=10, error_code=error,
        problems_total=problems,
    )  # fmt: skip


def restore_test(
    when: datetime | str, *, data_set: str = "puntenboek", identical: bool = True, by: str = "An", rto_met: bool = True
) -> RestoreTest:
    moment = at(when) if isinstance(when, str) else when
    return RestoreTest(
        RunId(next(_ids)), data_set, "nas", "s1", moment, 5, 1000, identical, 1.0, 10.0, rto_met, "a.odt" if by else "",
        by, moment if by else None,
    )  # fmt: skip


def sight(target: str, *, connected: bool, since: datetime = SET_UP) -> TargetSight:
    return TargetSight(target, connected, since, 10**9, 10**10)


def approval(when: datetime = SET_UP, sha: str = SHA) -> Approval:
    return Approval(sha, "1.0", "An", "directeur", when)


EMPTY = Facts((), (), (), (), (), (), (), (), (), (), (), SET_UP)


def facts(*runs: Run, **changes: object) -> Facts:
    return replace(EMPTY, runs=tuple(sorted(runs, key=lambda r: r.started, reverse=True)), **changes)  # type: ignore[arg-type]


def tended(*runs: Run, since: datetime = SET_UP, **changes: object) -> Facts:
    """Facts of an organisation whose people did all that is asked of them."""
    kept: dict[str, object] = {
        "approvals": (approval(since),),
        "key_tests": (KeyTest("nas", since, "An"),),
        "restore_tests": (restore_test(since),),
        "set_up_at": since,
    }
    return facts(*runs, **{**kept, **changes})


def judge(
    facts_: Facts, *, now: datetime | str = NOW, of: Policy | None = None, on: Machine | None = None
) -> Assessment:
    organisation = of or policy()
    moment = at(now) if isinstance(now, str) else now
    return assess(organisation, on or machine(of=organisation), facts_, moment, TZ)


def obligation(assessment: Assessment, id_: str) -> Obligation:
    return next(o for o in assessment.obligations if o.id == id_)


def found(assessment: Assessment, code: FindingCode) -> Finding | None:
    return next((f for f in assessment.findings if f.code is code), None)


SMALL_DEMANDS = tuple(
    r for r in RULES if r.demand in (Demand.WEEKLY_COPY, Demand.DAILY_COPY, Demand.DAILY_VERSIONS, Demand.YEARLY_FULL)
)
"""Only copies: for tests that are about nothing else."""


def quiet_policy(*data_sets: DataSet) -> Policy:
    """A policy that wants copies only, with the settings' data set that every organisation needs."""
    settings = data_set("instellingen", T1, kind=DataSetKind.CONFIGURATION)
    return policy(*(data_sets or (replace(settings, id=DataSetId("puntenboek")),)), rules=SMALL_DEMANDS)
