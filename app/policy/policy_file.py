"""What stands where in a policy file: from its YAML nodes to a `Policy`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from app.policy.calendar_file import read_calendar
from app.policy.checks import COPY_DEMANDS, check_duties, check_levels, check_rules, check_tiers
from app.policy.decode import Fields, Item
from app.policy.duty_file import REVIEW_WITHIN, read_duty, read_postponing, read_trigger
from app.policy.errors import Expected, Reason
from app.policy.model import (
    Availability,
    Axis,
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
    LegalRetention,
    Level,
    LocationKind,
    Organisation,
    Policy,
    RestoreTestPlan,
    Retention,
    Revision,
    Role,
    RoleHolder,
    Rule,
    RuleId,
    Tier,
    TierInfo,
    TypicalDataSet,
)
from app.policy.power_rules import USUAL_POWER, PowerRules
from app.policy.yamlfile import Mapping, Report

T = TypeVar("T")

FORMAT: Final = 1
NORM_PROFILES: Final = ("source", "gdpr", "cyfun", "bio2", "nis2", "dora", "iso27001", "cis")
ALWAYS_ON: Final = ("source", "gdpr")
LEVEL_VALUES: Final[dict[Axis, tuple[str, ...]]] = {
    Axis.AVAILABILITY: tuple(Availability),
    Axis.INTEGRITY: tuple(Integrity),
    Axis.CONFIDENTIALITY: tuple(Confidentiality),
}


def read_policy(top: Mapping, sha256: str, report: Report) -> Policy:
    """Read the whole file; what is wrong goes to the report, and then the policy must not be used."""
    with Fields(top, "", report) as fields:
        fields.number("format", FORMAT, FORMAT)
        review = fields.mapping("review")
        with review:
            review_months = review.number("months", 1, 12)
            triggers = tuple(read_trigger(item, n) for n, item in enumerate(review.items("triggers"), 1))
            within = review.optional_duration("within") or REVIEW_WITHIN
        organisation = _organisation(fields.mapping("organisation"))
        policy = Policy(
            organisation=organisation,
            calendar=read_calendar(fields.get("calendar"), organisation),
            document=_document(fields.mapping("document"), review_months),
            norm_profiles=_norm_profiles(fields),
            levels=_levels(fields.mapping("levels")),
            tiers=_tiers(fields.mapping("tiers")),
            rules=_rules(fields),
            roles=_roles(fields.mapping("roles")),
            retention=_retention(fields.mapping("retention")),
            legal_retention=_unique(fields, "legal_retention", _legal_retention, lambda law: f"{law.country}/{law.id}"),
            restore_tests=_restore_tests(fields.mapping("restore_tests")),
            review_triggers=triggers,
            checklist=_unique(fields, "checklist", _checklist_item, lambda item: item.id),
            typical_data_sets=_typical_data_sets(fields.mapping("typical_data_sets")),
            data_sets=_unique(fields, "data_sets", _data_set, lambda data_set: data_set.id),
            revisions=_unique(fields, "revisions", _revision, lambda revision: revision.version),
            sha256=sha256,
            power=_power(fields),
            review_within=within,
            duties=_unique(fields, "duties", read_duty, lambda duty: duty.id) if fields.get("duties") else (),
            postponing=read_postponing(fields.get("postponing")),
        )
        check_duties(policy, fields.line, report)
        return policy


def _unique(fields: Fields, key: str, read: Callable[[Item], T], name: Callable[[T], str]) -> tuple[T, ...]:
    """Read a list whose items have a name each; a second one of a name is reported."""
    values: list[T] = []
    seen: set[str] = set()
    for item in fields.items(key):
        value = read(item)
        if name(value) and name(value) in seen:
            item.problem(Reason.NOT_UNIQUE, found=name(value))
        seen.add(name(value))
        values.append(value)
    return tuple(values)


def _organisation(fields: Fields) -> Organisation:
    with fields:
        zone = fields.need("timezone")
        start = fields.need("school_year_starts")
        return Organisation(
            name=fields.text("name", ""),
            kind=_kind(fields),
            country=_country(fields),
            language="nl" if fields.one_of("language", ("nl", "en")) == "nl" else "en",
            timezone=_timezone(zone) if zone else "",
            school_year_starts=start.month_and_day() if start else (1, 1),
        )


def _kind(fields: Fields) -> Literal["school", "business"]:
    return "school" if fields.one_of("kind", ("school", "business")) == "school" else "business"


def _country(fields: Fields) -> Literal["BE", "NL"]:
    return "BE" if fields.one_of("country", ("BE", "NL")) == "BE" else "NL"


def _timezone(item: Item) -> str:
    name = item.text()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone is a KeyError, an odd name any of the others
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.TIME_ZONE,))
    return name


def _document(fields: Fields, review_months: int) -> Document:
    with fields:
        return Document(
            number=fields.text("number", ""),
            title=fields.label("title"),
            version=fields.text("version"),
            effective_on=fields.optional_day("effective_on"),
            owner=fields.text("owner", ""),
            type=fields.label("type"),
            parent=fields.text("parent", ""),
            governing_body=fields.text("governing_body", ""),
            review_months=review_months,
        )


def _norm_profiles(fields: Fields) -> tuple[str, ...]:
    items = fields.items("norm_profiles")
    chosen = tuple(item.one_of(NORM_PROFILES) for item in items)
    for needed in ALWAYS_ON:
        if items and needed not in chosen:
            items[0].problem(Reason.MISSING_KEY, found="", expected=(needed,))
    return tuple(dict.fromkeys(chosen))


def _levels(fields: Fields) -> tuple[Level, ...]:
    levels: list[Level] = []
    with fields:
        for axis in Axis:
            levels += [_level(item, axis) for item in fields.items(axis)]
    check_levels(tuple(levels), LEVEL_VALUES, fields.line, fields.report)
    return tuple(levels)


def _level(item: Item, axis: Axis) -> Level:
    with item.fields() as fields:
        question = fields.get("question")
        return Level(
            axis=axis,
            id=fields.one_of("id", LEVEL_VALUES[axis]),
            label=fields.label("label"),
            question=question.label() if question else None,
            answer=fields.label("answer"),
        )


def _tiers(fields: Fields) -> tuple[TierInfo, TierInfo, TierInfo]:
    with fields:
        tiers = (
            _tier(fields.mapping("T0"), Tier.T0),
            _tier(fields.mapping("T1"), Tier.T1),
            _tier(fields.mapping("T2"), Tier.T2),
        )
    check_tiers(tiers, fields.line, fields.report)
    return tiers


def _tier(fields: Fields, tier: Tier) -> TierInfo:
    with fields:
        return TierInfo(
            tier=tier,
            label=fields.label("label"),
            consequence=fields.label("consequence"),
            rto=fields.duration("rto"),
            rpo=fields.duration("rpo"),
        )


def _rules(fields: Fields) -> tuple[Rule, ...]:
    rules = _unique(fields, "rules", _rule, lambda rule: rule.id)
    item = fields.get("rules")
    if item is not None and not fields.report.problems:
        check_rules(rules, item.line, fields.report)
    return rules


def _rule(item: Item) -> Rule:
    with item.fields() as fields:
        demand = fields.choice("demand", Demand)
        every = fields.duration("every") if demand in COPY_DEMANDS else fields.optional_duration("every")
        tiers = tuple(t.one_of(tuple(Tier.__members__)) for t in fields.items("tiers", required=False))
        return Rule(
            id=RuleId(fields.slug("id")),
            demand=demand,
            tiers=tuple(sorted({Tier[name] for name in tiers})),
            confidentiality=tuple(c.choice(Confidentiality) for c in fields.items("confidentiality", required=False)),
            every=every,
            basis=fields.choice("basis", Basis),
            source=fields.texts("source"),
            norms=fields.texts("norms"),
            text=fields.label("text"),
        )


def _roles(fields: Fields) -> tuple[RoleHolder, ...]:
    with fields:
        return tuple(_role(fields.mapping(role), role) for role in Role)


def _role(fields: Fields, role: Role) -> RoleHolder:
    with fields:
        return RoleHolder(
            role=role,
            label=fields.label("label"),
            person=fields.text("person", ""),
            deputy=fields.text("deputy", ""),
            email=fields.text("email", ""),
            phone=fields.text("phone", ""),
        )


def _power(fields: Fields) -> PowerRules:
    """An older policy has no such part; what it leaves out is as in the template."""
    part = fields.get("power")
    if part is None:
        return USUAL_POWER
    usual = USUAL_POWER
    with part.fields() as power:
        return PowerRules(
            minimum_runtime=power.optional_duration("minimum_runtime") or usual.minimum_runtime,
            mains_steady=power.optional_duration("mains_steady") or usual.mains_steady,
            self_test_every=power.optional_duration("self_test_every") or usual.self_test_every,
        )


def _retention(fields: Fields) -> Retention:
    with fields:
        return Retention(
            # The newest good version is never thrown away, so at least one is always kept.
            keep_last=fields.number("keep_last", 1, 1000),
            keep_daily=fields.number("keep_daily", 0, 1000),
            keep_weekly=fields.number("keep_weekly", 0, 1000),
            keep_monthly=fields.number("keep_monthly", 0, 1000),
            keep_yearly=fields.number("keep_yearly", 0, 100),
        )


def _legal_retention(item: Item) -> LegalRetention:
    with item.fields() as fields:
        years = fields.get("years")
        return LegalRetention(
            id=fields.slug("id"),
            label=fields.label("label"),
            country=_country(fields),
            years=years.number(1, 100) if years else None,
            note=fields.label("note"),
            verify=fields.true_or_false("verify"),
        )


def _restore_tests(fields: Fields) -> RestoreTestPlan:
    with fields:
        every = fields.mapping("every")
        with every:
            intervals = (every.duration("T0"), every.duration("T1"), every.duration("T2"))
        _check_not_rarer(intervals, every)
        return RestoreTestPlan(
            every=intervals,
            sample_files=fields.number("sample_files", 1, 10_000),
            full_drill_every=fields.duration("full_drill_every"),
        )


def _check_not_rarer(intervals: tuple[timedelta, timedelta, timedelta], fields: Fields) -> None:
    for name, lower, higher in (("T1", *intervals[:2]), ("T2", *intervals[1:])):
        if higher > lower:
            key = fields.path(name)
            fields.report.add(Reason.WEAKER_THAN_LOWER_TIER, fields.line, key, found=name, expected=("restore-test",))


def _checklist_item(item: Item) -> ChecklistItem:
    with item.fields() as fields:
        return ChecklistItem(
            id=ItemId(fields.text("id")),
            question=fields.label("question"),
            evidence=fields.label("evidence"),
            passes=fields.label("passes"),
            kinds=tuple(kind.choice(EvidenceKind) for kind in fields.items("kinds")),
            refs=fields.texts("refs"),
        )


def _classification(fields: Fields) -> Classification:
    return Classification(
        availability=fields.choice("availability", Availability),
        integrity=fields.choice("integrity", Integrity),
        confidentiality=fields.choice("confidentiality", Confidentiality),
    )


def _typical_data_sets(fields: Fields) -> tuple[TypicalDataSet, ...]:
    def read(item: Item, organisation: Literal["school", "business"]) -> TypicalDataSet:
        with item.fields() as entry:
            return TypicalDataSet(
                id=DataSetId(entry.slug("id")),
                organisation=organisation,
                name=entry.label("name"),
                classification=_classification(entry),
                kind=entry.choice("kind", DataSetKind, DataSetKind.DATA),
            )

    with fields:
        school = _unique(fields, "school", lambda item: read(item, "school"), lambda typical: typical.id)
        business = _unique(fields, "business", lambda item: read(item, "business"), lambda typical: typical.id)
        return school + business


def _data_set(item: Item) -> DataSet:
    with item.fields() as fields:
        return DataSet(
            id=DataSetId(fields.slug("id")),
            name=fields.text("name"),
            classification=_classification(fields),
            kind=fields.choice("kind", DataSetKind, DataSetKind.DATA),
            location=fields.choice("location", LocationKind, LocationKind.THIS_PC),
            owner=fields.text("owner", ""),
            classified_on=fields.optional_day("classified_on"),
            kept_in_archive=fields.true_or_false("kept_in_archive", True),
            exemption_reason=fields.text("exemption_reason", "", lines=True),
            exemption_approved_by=fields.text("exemption_approved_by", ""),
            exemption_until=fields.optional_day("exemption_until"),
        )


def _revision(item: Item) -> Revision:
    with item.fields() as fields:
        return Revision(
            version=fields.text("version"),
            on=fields.day("on"),
            change=fields.text("change", lines=True),
            approved_by=fields.text("approved_by", ""),
        )
