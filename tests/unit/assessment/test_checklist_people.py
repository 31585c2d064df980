"""The checklist's evidence over the school year: copies on time, what people declared, and what they put off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from app.assessment.checklist import evidence
from app.assessment.model import EvidenceLine
from app.policy.calendar import Calendar, Days
from app.policy.duty import DutyScope
from app.policy.model import ItemId, Label, Policy, Tier
from app.records.facts import Attestation, Facts, Postponement, Proof, ProofKind, Run, Verdict
from app.wording.checklist import evidence_text
from tests.unit.assessment.builders import DAY, HOUR, NOW, T0, at, data_set, facts, judge, machine, place, policy, run
from tests.unit.assessment.test_people_duties import duty

BEGUN = at("2026-09-01 08:00")


def lines(known: Facts, of: Policy) -> dict[str, EvidenceLine]:
    where = machine(place("nas"), replace(place("elders"), site="kluis"), of=of)
    return {e.item.id: e for e in evidence(of, where, known, judge(known, of=of, on=where), NOW)}


def every_evening(but: frozenset[date] = frozenset()) -> tuple[Run, ...]:
    evenings = (at("2026-09-01 18:00") + n * DAY for n in range(83))
    return tuple(run(evening) for evening in evenings if evening.date() not in but)


def test_copies_of_every_evening_are_on_time_all_year() -> None:
    line = lines(facts(*every_evening(), set_up_at=BEGUN), policy(data_set()))["C08"]
    data = dict(line.data)
    assert (line.verdict, data["count"], data["total"]) == (Verdict.OK, "82", "82")
    assert evidence_text(line) == "82 of 82 times on time this school year; longest gap 24 hours."


def test_a_week_without_copies_is_not_made_good_by_those_of_today() -> None:
    away = frozenset(date(2026, 10, d) for d in range(5, 10))
    line = lines(facts(*every_evening(away), set_up_at=BEGUN), policy(data_set()))["C08"]
    assert line.verdict is Verdict.NOT_OK
    assert dict(line.data)["count"] == "77"
    assert "Missing: Puntenboek." in evidence_text(line)


def test_days_on_which_nobody_is_there_do_not_count() -> None:
    closed = Days(date(2026, 10, 5), date(2026, 10, 9), Label("herfstvakantie", "autumn holiday"))
    shut = replace(policy(data_set()), calendar=Calendar(closed=(closed,)))
    away = frozenset(date(2026, 10, d) for d in range(5, 10))
    line = lines(facts(*every_evening(away), set_up_at=BEGUN), shut)["C08"]
    assert line.verdict is Verdict.OK
    assert (dict(line.data)["count"], dict(line.data)["total"]) == ("77", "77")


def test_weekly_copies_count_by_the_week() -> None:
    weeks = tuple(run(at("2026-09-04 18:00") + n * 7 * DAY) for n in range(12))
    line = lines(facts(*weeks, set_up_at=BEGUN), policy(data_set(classification=T0)))["C09"]
    assert (line.verdict, dict(line.data)["total"]) == (Verdict.OK, "11")


def test_a_data_set_of_today_is_not_late_since_september() -> None:
    young = policy(data_set(), data_set("nieuw", classified_on=NOW.date()))
    known = facts(*every_evening(), run(NOW - HOUR, data_set="nieuw"), set_up_at=BEGUN)
    assert lines(known, young)["C08"].verdict is Verdict.OK


CALLED = replace(duty("contacts"), items=(ItemId("C31"),))


def test_what_was_declared_stands_with_its_item() -> None:
    organisation = policy(data_set())
    reached = (replace(organisation.roles[0], phone="02 123 45 67"),)
    of = replace(organisation, duties=(CALLED,), roles=reached)
    assert lines(facts(), of)["C31"].code == "not-declared"
    photo = (Proof(ProofKind.PHOTO, "/tmp/a.jpg", "ab" * 32),)
    line = lines(facts(attestations=(Attestation("contacts", "An", NOW - DAY, "", "lijst 3", photo),)), of)["C31"]
    assert (line.code, line.verdict, line.known) == ("declared", None, True)
    assert evidence_text(line) == "Declared by An on 22 November 2026. lijst 3 With a photo."


def test_what_is_too_late_to_be_declared_is_not_in_order() -> None:
    of = replace(policy(data_set()), duties=(replace(CALLED, first=5 * DAY),))
    assert lines(facts(), of)["C31"].verdict is Verdict.NOT_OK
    old = Attestation("contacts", "An", NOW - 400 * DAY, "")
    line = lines(facts(attestations=(old,), set_up_at=NOW - 500 * DAY), of)["C31"]
    assert (line.code, line.verdict) == ("declared-too-long-ago", Verdict.NOT_OK)


def test_parts_that_nobody_looked_at_are_named() -> None:
    fire = replace(duty("fire-protection", scope=DutyScope.SITE), items=(ItemId("C27"),), tiers=(Tier.T1,))
    of = replace(policy(data_set()), duties=(fire,))
    known = facts(run(NOW - HOUR, target="elders"), attestations=(Attestation("fire-protection:here", "An", NOW, ""),))
    line = lines(known, of)["C27"]
    assert line.code == "parts-declared"
    assert evidence_text(line) == "1 of 2 declared, the last by An on 23 November 2026. Missing: kluis."


def test_the_directors_exemption_is_shown_while_it_holds() -> None:
    sla = replace(duty("isp-sla"), items=(ItemId("C26"),), may_be_exempt=True)
    of = replace(policy(data_set()), duties=(sla,))
    exempt = Attestation("exempt:isp-sla", "An", NOW - DAY, "de provider biedt dat niet")
    assert lines(facts(attestations=(exempt,)), of)["C26"].verdict is Verdict.NOT_APPLICABLE
    long_ago = replace(exempt, at=NOW - 366 * DAY)
    known = facts(attestations=(long_ago,), set_up_at=NOW - 400 * DAY)
    assert lines(known, of)["C26"].verdict is not Verdict.NOT_APPLICABLE


def test_how_often_something_was_put_off_this_school_year_is_counted() -> None:
    of = replace(policy(data_set()), duties=(CALLED,))

    def put_off(when: str) -> Postponement:
        return Postponement("duty:contacts", at(when) + 7 * DAY, "ziek", "An", at(when))

    known = facts(postponements=(put_off("2026-11-20 12:00"), put_off("2026-11-05 12:00"), put_off("2026-06-05 12:00")))
    assert evidence_text(lines(known, of)["C31"]) == "Nobody has declared this yet. Put off 2 times."


def test_the_review_is_in_order_with_its_four_answers_of_this_year() -> None:
    def verdict(answers: int, ago: timedelta) -> Verdict | None:
        proofs = tuple(Proof(ProofKind.ANSWER, str(n), "geen") for n in range(answers))
        known = facts(attestations=(Attestation("review-policy", "An", NOW - ago, "", "", proofs),))
        return lines(known, policy(data_set()))["C39"].verdict

    assert [verdict(4, DAY), verdict(3, DAY), verdict(4, 400 * DAY)] == [Verdict.OK, Verdict.NOT_OK, Verdict.NOT_OK]


def test_reclassified_data_counts_as_classified() -> None:
    of = policy(data_set(classified_on=date(2025, 1, 1)))
    assert lines(facts(), of)["C06"].verdict is Verdict.NOT_OK
    again = Attestation("reclassify:puntenboek", "Els", NOW - DAY, "klopt nog")
    assert lines(facts(attestations=(again,)), of)["C06"].verdict is Verdict.OK


def test_exceptions_that_ended_are_named() -> None:
    sla = replace(duty("isp-sla"), title=Label("Contract", "Contract"), may_be_exempt=True)
    of = replace(policy(data_set(kept=False, exemption=("oud", "An"))), duties=(sla,))
    assert lines(facts(), of)["C40"].verdict is Verdict.OK
    exempt = Attestation("exempt:isp-sla", "An", NOW - 400 * DAY, "kan niet")
    line = lines(facts(attestations=(exempt,), set_up_at=NOW - 500 * DAY), of)["C40"]
    assert (line.verdict, dict(line.data)["missing"]) == (Verdict.NOT_OK, "Contract")
    assert lines(facts(), policy(data_set()))["C40"].verdict is Verdict.NOT_APPLICABLE
