"""The template says what the requirements register says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import yaml

from app.policy.load import template_policy, template_text
from app.policy.model import (
    Availability,
    Axis,
    Basis,
    Classification,
    Confidentiality,
    Demand,
    EvidenceKind,
    Integrity,
    Label,
    Role,
    Tier,
)
from app.policy.questions import consequence, levels_of
from app.policy.tiers import tier

# The ids of REQUIREMENTS section 3, ranges written out, and the few that only section 5 cites.
REGISTER_IDS = """
S0-1 S0-2 S0-3 S0-4 S0-5 S0-6 S0-8 S4-1 S4-3 S4-4 S2-1a S2-1b S2-1d S2-1e S2-1f S2-1g S2-1h S2-3b
S2-2a S2-2b S2-3a S2-4a S2-4b S2-4c S2-4d S2-4e S2-4f S2-5a S2-5b S2-5c S1-H S1-2a S1-2b S1-2c S1-2d
S1-3a S1-3b S1-4.1.1 S1-4.1.2 S1-4.1.3 S1-4.1.4 S1-4.2.1 S1-4.2.2 S1-4.2.3 S1-4.2.4 S1-9.1 S1-9.2
S1-9.3 S1-10 S2-1c S3-10 S1-11 S3-1 S3-2a S3-2b S3-3a S3-3b S3-4.1.3 S3-4.1.4 S3-4.2.2 S3-4.2.3
S3-4.2.4 S3-9.1 S3-9.2 S3-9.3 S3-9.4 S3-11 S1-4 S2-1 S1-3.3 S2-2 S2-3 S2-5 S3-4.1.2 S1-1
"""
REGISTER = set(REGISTER_IDS.split())

# REQUIREMENTS section 6.
NORMS = re.compile(
    r"ISO/IEC 27001 (8\.1|10\.[12])|ISO/IEC 27002 (5\.12|5\.29|5\.30|8\.13|8\.14)"
    r"|NIST (CP-(2|3|4|6|7|9|10)|CP-9\(1\)|MP-6)|GDPR (5\(1\)\(f\)|28|32\(1\)\([a-d]\)|33)"
    r"|NIS2 21\(2\)\(c\)|2024/2690 4\.[123]|DORA 1[12]|COBIT 2019 DSS04(\.07)?|BIO2 8\.13\.0[1-4]|CIS 11\.[1-5]"
    r"|CyFun 2023 (PR\.IP-4(\.[123])?|PR\.IP-5(\.1)?|PR\.DS-3\.1)"
)

TYPICAL = """
school    Leerlingadministratie / leerlingvolgsysteem  important/required/confidential  T1
school    Puntenboek                                   important/required/confidential  T1
school    Diploma's en PV's klassenraad                low/absolute/confidential        T2
school    Zorgdossiers (CLB)                           important/required/secret        T1
school    Boekhouding                                  important/required/confidential  T1
school    Personeelsdossiers                           low/required/confidential        T1
school    E-mail                                       important/required/confidential  T1
school    Foto's van leerlingen                        low/normal/confidential          T0
school    Website                                      low/required/public              T1
school    Lesmateriaal                                 low/normal/internal              T0
school    Configuratie, software, sleutels             essential/absolute/secret        T2
business  Boekhouding                                  important/required/confidential  T1
business  CRM, klanten                                 important/required/confidential  T1
business  HR en loon                                   low/required/confidential        T1
business  E-mail                                       important/required/confidential  T1
business  Contracten                                   low/required/confidential        T1
business  Tekeningen, CAD                              important/required/confidential  T1
business  Bestellingen, webshop                        essential/absolute/confidential  T2
business  Marketing                                    low/normal/internal              T0
business  Website                                      low/required/public              T1
business  Offertes                                     important/required/confidential  T1
business  Configuratie, software, sleutels             essential/absolute/secret        T2
"""

QUESTIONS = [
    ("availability", "essential", "noodzakelijk", "Valt het werk stil als dit een halve dag weg is?",
     "Does work stop if this is gone for half a day?"),
    ("availability", "important", "belangrijk", "Is er merkbare hinder of schade als dit een hele dag weg is?",
     "Is there noticeable harm if this is gone for a full day?"),
    ("availability", "low", "minder belangrijk", None, None),
    ("integrity", "absolute", "absoluut",
     "Kan één fout leiden tot een verkeerde betaling, een fout diploma of gevaar voor iemand?",
     "Could one error cause a wrong payment, a wrong diploma or danger to someone?"),
    ("integrity", "required", "vereist",
     "Zou u een week werk niet kunnen overdoen, of zijn fouten moeilijk te herstellen?",
     "Could you not redo a week's work, or are errors hard to repair?"),
    ("integrity", "normal", "gewoon", None, None),
    ("confidentiality", "public", "openbaar", "Mag iedereen dit zien, zoals op de website?",
     "May anyone see this, as on the website?"),
    ("confidentiality", "secret", "geheim",
     "Gaat het over gezondheid, zorg/CLB, tucht, misbruik of wachtwoorden?",
     "Is it about health, care, discipline, abuse or passwords?"),
    ("confidentiality", "confidential", "vertrouwelijk", "Staan er namen, punten, lonen of contracten in?",
     "Does it hold names, grades, wages or contracts?"),
    ("confidentiality", "internal", "intern", None, None),
]  # fmt: skip


def all_labels(value: object) -> list[Label]:
    """Every text of the policy."""
    if isinstance(value, Label):
        return [value]
    if isinstance(value, tuple):
        return [label for item in value for label in all_labels(item)]
    names = getattr(type(value), "__dataclass_fields__", {})
    return [label for name in names for label in all_labels(getattr(value, name))]


def test_template_is_a_valid_policy_without_data() -> None:
    policy = template_policy()
    assert policy.data_sets == ()
    assert policy.revisions == ()
    assert policy.document.review_months == 12
    assert {"source", "gdpr"} <= set(policy.norm_profiles)
    assert {holder.role for holder in policy.roles} == set(Role)


def test_questions_and_levels_are_the_ones_of_the_register() -> None:
    asked = [
        (level.axis.value, level.id, level.label.nl, level.question and level.question.nl,
         level.question and level.question.en)
        for axis in Axis for level in levels_of(template_policy(), axis)
    ]  # fmt: skip
    assert asked == QUESTIONS


def test_typical_data_sets_and_their_tiers_are_the_ones_of_the_register() -> None:
    listed = [re.split(r"\s{2,}", line) for line in TYPICAL.strip().splitlines()]
    offered = [
        [
            typical.organisation,
            typical.name.nl,
            "/".join((c.availability, c.integrity, c.confidentiality)),
            tier(c).name,
        ]
        for typical in template_policy().typical_data_sets
        for c in [typical.classification]
    ]
    assert offered == listed


def test_every_demand_has_a_rule_and_every_rule_traces_to_the_register() -> None:
    rules = template_policy().rules
    assert {rule.demand for rule in rules} == set(Demand)
    for rule in rules:
        assert rule.source
        assert set(rule.source) <= REGISTER, rule.id


def test_what_the_sources_do_not_demand_is_marked_as_ours() -> None:
    ours = {rule.demand for rule in template_policy().rules if rule.basis is Basis.RECOMMENDED}
    assert ours == {
        Demand.DAILY_VERSIONS, Demand.OFFLINE_COPY, Demand.RESTORE_TEST, Demand.FULL_DRILL, Demand.KEY_TEST,
    }  # fmt: skip


def test_norms_are_cited_right() -> None:
    policy = template_policy()
    cited = {norm for rule in policy.rules for norm in rule.norms}
    cited |= {ref for item in policy.checklist for ref in item.refs if not re.match(r"S[0-4]-", ref)}
    assert [norm for norm in sorted(cited) if not NORMS.fullmatch(norm)] == []


def test_checklist_is_whole() -> None:
    items = template_policy().checklist
    assert [item.id for item in items] == [f"C{number:02}" for number in range(1, 41)]
    assert all(item.kinds for item in items)
    assert all(set(filter(lambda ref: ref.startswith("S"), item.refs)) <= REGISTER for item in items)
    manual_only = {item.id for item in items if item.kinds == (EvidenceKind.MANUAL,)}
    assert manual_only == {"C27", "C28", "C30", "C36", "C39"}
    automatic_only = {item.id for item in items if item.kinds == (EvidenceKind.AUTOMATIC,)}
    assert automatic_only == {f"C{n:02}" for n in (2, 3, 4, 7, 8, 9, 10, 12, 14, 16, 19, 20, 23, 24, 25, 32, 38, 40)}


def test_legal_periods_want_to_be_verified() -> None:
    periods = {(law.country, law.id): law.years for law in template_policy().legal_retention}
    assert periods == {
        ("BE", "accounting"): 10, ("NL", "accounting"): 7, ("BE", "payroll"): 5, ("NL", "payroll"): 5,
        ("BE", "pupil-attendance"): 5, ("NL", "pupil-attendance"): 5, ("BE", "other-pupil-data"): None,
        ("NL", "other-pupil-data"): 2,
    }  # fmt: skip
    assert all(law.verify for law in template_policy().legal_retention)


def test_restore_tests_follow_the_recommended_plan() -> None:
    plan = template_policy().restore_tests
    assert plan.every == (timedelta(days=365), timedelta(weeks=13), timedelta(weeks=13))
    assert plan.full_drill_every == timedelta(days=365)


def test_every_text_stands_in_both_languages_without_stray_spaces() -> None:
    labels = all_labels(template_policy())
    assert len(labels) > 200
    for label in labels:
        for text in (label.nl, label.en):
            assert text == " ".join(text.split())
            assert text
        assert not re.search(r"\b(jij|jouw|je)\b", label.nl), label.nl
    # A Dutch text copied into the English place would go unseen.
    same = {label.nl for label in labels if label.nl == label.en}
    assert same <= {"E-mail", "Website", "Marketing", "100 %"}


def test_screens_never_hear_the_engines_words() -> None:
    for label in all_labels(template_policy()):
        assert not re.search(r"repository|snapshot|prune|blob|\block\b", label.nl + label.en, re.IGNORECASE), label


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ("low/normal/public", Tier.T0),
        ("important/normal/secret", Tier.T1),
        ("low/absolute/internal", Tier.T2),
    ],
)
def test_consequence_shows_the_tier_and_its_rules(levels: str, expected: Tier) -> None:
    policy = template_policy()
    b, i, v = levels.split("/")
    classification = Classification(Availability(b), Integrity(i), Confidentiality(v))
    shown = consequence(policy, classification)
    assert shown.tier.tier is expected
    assert (Demand.ENCRYPTION in {rule.demand for rule in shown.rules}) is (v == "secret")
    if expected is Tier.T2:
        assert "twee noodstroomvoorzieningen" in shown.tier.consequence.nl


def test_any_yaml_reader_reads_the_template_as_we_do() -> None:
    plain = yaml.safe_load(template_text())
    policy = template_policy()
    assert [rule["id"] for rule in plain["rules"]] == [rule.id for rule in policy.rules]
    assert [item["question"]["nl"] for item in plain["checklist"]] == [i.question.nl for i in policy.checklist]
    assert plain["organisation"]["school_year_starts"] == "09-01"


def test_template_is_tidy() -> None:
    text = template_text()
    assert text.endswith("\n")
    assert "\t" not in text
    assert not re.search(r" +$", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= 120


def test_every_duty_traces_to_the_register_and_says_how_it_is_done() -> None:
    policy = template_policy()
    for duty in policy.duties:
        assert duty.source, duty.id
        assert set(duty.source) <= REGISTER, duty.id
        assert all(NORMS.fullmatch(norm) for norm in duty.norms), duty.id
        assert 2 <= len(duty.steps) <= 4, duty.id
        assert duty.asks.nl.endswith("?"), duty.id
        assert duty.asks.en.endswith("?"), duty.id


def test_what_only_people_can_show_for_the_checklist_is_asked_of_them_in_time() -> None:
    served = {item for duty in template_policy().duties for item in duty.items}
    # C02 and C05 stand in the policy itself; C03, C08 to C17, C19, C20, C22 to C25, C32 and C40 Vangnet sees; C39 is
    # the review. The others need somebody to do something every year.
    assert served >= {f"C{n:02}" for n in (4, 6, 18, 21, 26, 27, 28, 29, 30, 31, 33, 34, 35, 36, 37, 38)}


def test_events_that_open_a_review_are_those_of_the_register() -> None:
    triggers = {trigger.id: trigger.source for trigger in template_policy().review_triggers}
    assert len(triggers) == 10
    assert {source for sources in triggers.values() for source in sources} == {"S1-9.1", "S3-9.1", "S3-9.2"}
