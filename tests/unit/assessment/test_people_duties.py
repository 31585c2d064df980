"""What the policy's duties ask of people, and what opens a review before its year is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from app.assessment.model import Obligation, ObligationKind, Timing
from app.assessment.people_duties import DONE_BY_FACTS
from app.assessment.situation import Situation
from app.policy.duty import Duty, DutyId, DutyScope, ProofForm
from app.policy.load import template_policy
from app.policy.machine import Ups, UpsId
from app.policy.model import Basis, Label, Policy, ReviewTrigger, Role, Tier
from app.records.facts import (
    Anomaly,
    AnomalyVerdict,
    Attestation,
    Facts,
    Outage,
    OutageCause,
    OutageId,
    OutageKind,
    Outcome,
    RunId,
    RunKind,
)
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    SET_UP,
    T0,
    approval,
    at,
    data_set,
    facts,
    judge,
    machine,
    obligation,
    place,
    policy,
    restore_test,
    run,
    tended,
)

_TEXT = Label("tekst", "text")
YEAR = timedelta(days=365)


def duty(id_: str = "contacts", *, scope: DutyScope = DutyScope.ORGANISATION) -> Duty:
    return Duty(
        id=DutyId(id_), title=_TEXT, reason=_TEXT, steps=(_TEXT,), asks=_TEXT, who=Role.IT_PROVIDER, every=YEAR,
        after_approval=None, first=30 * DAY, window=20 * DAY, scope=scope, tiers=(), closed_by=(ProofForm.REMARK,),
        may_be_exempt=False, by_facts=False, basis=Basis.SOURCE, source=("S3-9.1",), norms=(), items=(),
    )  # fmt: skip


def with_duty(*duties: Duty, of: Policy | None = None) -> Policy:
    return replace(of or policy(), duties=duties)


def asked(known: Facts, of: Policy, now: datetime | str = NOW, id_: str = "duty:contacts") -> Obligation:
    return obligation(judge(known, now=now, of=of), id_)


def declared(when: datetime, subject: str = "contacts") -> Attestation:
    return Attestation(subject, "An", when, "gedaan")


def test_a_new_organisation_has_time_for_the_first_time_and_is_asked_in_the_window() -> None:
    def timing(days: float) -> Timing:
        return asked(facts(), with_duty(duty()), SET_UP + days * DAY).timing

    assert [timing(d) for d in (9, 11, 17, 29, 31)] == [
        Timing.MET, Timing.UPCOMING, Timing.DUE, Timing.DUE, Timing.OVERDUE,
    ]  # fmt: skip


def test_a_duty_is_due_at_the_end_of_its_day() -> None:
    assert asked(facts(), with_duty(duty())).due == at("2026-12-02 00:00")


def test_what_was_declared_counts_from_its_own_day() -> None:
    known = facts(attestations=(declared(SET_UP + 40 * DAY),))
    assert asked(known, with_duty(duty()), SET_UP + 300 * DAY).timing is Timing.MET
    assert asked(known, with_duty(duty()), SET_UP + 390 * DAY).timing is Timing.UPCOMING
    assert asked(known, with_duty(duty()), SET_UP + 407 * DAY).timing is Timing.OVERDUE


def test_a_declaration_from_the_future_counts_not() -> None:
    known = facts(attestations=(declared(NOW + DAY),))
    assert asked(known, with_duty(duty()), NOW).last_met is None


def test_every_site_has_its_own_time_and_the_first_decides() -> None:
    fire = duty("fire-protection", scope=DutyScope.SITE)
    of = with_duty(fire)
    where = machine(place("nas"), replace(place("elders"), site="Kluis, 2de"), of=of)
    copies = (run(SET_UP), run(SET_UP + 100 * DAY, target="elders"))

    def data(now: datetime, *attestations: Attestation) -> tuple[Timing, str]:
        known = facts(*copies, attestations=attestations)
        found = obligation(judge(known, now=now, of=of, on=where), "duty:fire-protection")
        return found.timing, dict(found.data)["part_ids"]

    here = declared(SET_UP + 20 * DAY, "fire-protection:here")
    assert data(SET_UP + 29 * DAY) == (Timing.DUE, "here")
    assert data(SET_UP + 90 * DAY, here) == (Timing.MET, "kluis-2de")  # the vault has no copy yet
    assert data(SET_UP + 129 * DAY, here) == (Timing.DUE, "kluis-2de")
    both = declared(SET_UP + 125 * DAY, "fire-protection")
    assert data(SET_UP + 129 * DAY, here, both)[0] is Timing.MET


def test_a_data_set_counts_from_the_day_it_was_classified() -> None:
    again = duty("reclassify", scope=DutyScope.DATA_SET)
    of = with_duty(
        again, of=policy(data_set(classified_on=date(2026, 2, 1)), data_set("x", classified_on=date(2026, 9, 1)))
    )
    found = asked(facts(), of, at("2027-01-20 12:00"), "duty:reclassify")
    assert (found.timing, dict(found.data)["parts"]) == (Timing.DUE, "Puntenboek")
    looked = facts(attestations=(declared(at("2027-01-25 12:00"), "reclassify:puntenboek"),))
    assert asked(looked, of, at("2027-02-05 12:00"), "duty:reclassify").timing is Timing.MET


def test_a_duty_of_a_tier_is_not_asked_without_such_data() -> None:
    fire = replace(duty(), tiers=(Tier.T1, Tier.T2))
    only_photos = with_duty(fire, of=policy(data_set(classification=T0)))
    assert not [o for o in judge(facts(), of=only_photos).obligations if o.kind is ObligationKind.DUTY]


def test_each_approval_asks_again_to_pass_the_policy_on() -> None:
    of = with_duty(replace(duty(), every=None, after_approval=30 * DAY))
    assert not [o for o in judge(facts(), of=of).obligations if o.kind is ObligationKind.DUTY]
    known = facts(approvals=(approval(SET_UP),))
    assert asked(known, of, SET_UP + 32 * DAY).timing is Timing.OVERDUE
    done = replace(known, attestations=(declared(SET_UP + 3 * DAY),))
    assert asked(done, of, SET_UP + 300 * DAY).timing is Timing.MET
    again = replace(done, approvals=(approval(SET_UP + 310 * DAY), approval(SET_UP)))
    assert asked(again, of, SET_UP + 345 * DAY).timing is Timing.OVERDUE


def test_an_exemption_holds_as_long_as_the_interval_and_only_where_the_policy_allows_one() -> None:
    exempt = facts(attestations=(declared(SET_UP + 29 * DAY, "exempt:contacts"),))
    allowed, forbidden = with_duty(replace(duty(), may_be_exempt=True)), with_duty(duty())
    assert asked(exempt, allowed, SET_UP + 40 * DAY).timing is Timing.MET
    assert asked(exempt, forbidden, SET_UP + 40 * DAY).timing is Timing.OVERDUE
    assert asked(exempt, allowed, SET_UP + 400 * DAY).timing is Timing.OVERDUE


def test_what_the_records_show_by_themselves_nobody_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    def tested(situation: Situation, part: str) -> datetime | None:
        return SET_UP + 25 * DAY if part == "ups-a" else None

    monkeypatch.setitem(DONE_BY_FACTS, "self-test", tested)
    of = with_duty(replace(duty("self-test", scope=DutyScope.UPS), by_facts=True))
    where = machine(place("nas"), of=of, upses=(Ups(UpsId("ups-a"), "A"), Ups(UpsId("ups-b"), "B")))
    known = facts(attestations=(declared(SET_UP + 26 * DAY, "self-test"),))
    found = obligation(judge(known, now=SET_UP + 32 * DAY, of=of, on=where), "duty:self-test")
    assert (found.timing, dict(found.data)["parts"]) == (Timing.OVERDUE, "B")


# The review

TRIGGERS = tuple(
    ReviewTrigger(name, Label(name, name), ("S3-9.2",))
    for name in ("law", "major-incident", "new-data-set", "new-storage", "test-finding", "missed-objective", "audit")
)
WATCHFUL = replace(policy(data_set()), review_triggers=TRIGGERS)


ATTACK = Anomaly(RunId(1), "puntenboek", "nas", NOW - DAY, ())
OUTAGE = Outage(OutageId(7), OutageKind.POWER, "ups", OutageCause.MAINS, NOW - DAY, NOW - 19 * HOUR)


def review(known: Facts, now: datetime = NOW, of: Policy = WATCHFUL) -> Obligation:
    return obligation(judge(known, now=now, of=of), "review-policy")


def test_a_declared_event_opens_the_review_for_a_month() -> None:
    law = declared(NOW - DAY, "event:law")
    opened = review(tended(attestations=(law,)))
    assert (opened.timing, opened.due, opened.why) == (Timing.DUE, law.at + 30 * DAY, ("S3-9.2",))
    assert dict(opened.data)["event"] == "law"
    assert review(tended(attestations=(law,)), NOW + 31 * DAY).timing is Timing.OVERDUE
    reviewed = declared(NOW, "review-policy")
    assert review(tended(attestations=(reviewed, law)), NOW + DAY).timing is Timing.MET


def test_an_event_that_the_policy_does_not_name_opens_nothing() -> None:
    assert review(tended(attestations=(declared(NOW - DAY, "event:weather"),))).timing is Timing.MET


def test_before_the_first_approval_only_what_somebody_declares_opens_the_review() -> None:
    assert review(facts(restore_tests=(restore_test(NOW - DAY, identical=False),))).timing is Timing.MET
    assert review(facts(attestations=(declared(NOW - DAY, "event:law"),))).timing is Timing.DUE


@pytest.mark.parametrize(
    ("known", "trigger"),
    [
        (tended(restore_tests=(restore_test(NOW - DAY, identical=False),)), "test-finding"),
        (tended(restore_tests=(restore_test(NOW - DAY, rto_met=False),)), "missed-objective"),
        (
            tended(run(NOW - DAY, Outcome.FAILED, kind=RunKind.CHECK, data_set="", error="repository-damaged")),
            "audit",
        ),
        (tended(anomalies=(ATTACK,)), "major-incident"),
        (tended(outages=(OUTAGE,)), "major-incident"),
    ],
)
def test_what_vangnet_sees_itself_opens_the_review(known: Facts, trigger: str) -> None:
    opened = review(known)
    assert (opened.timing, dict(opened.data)["event"]) == (Timing.DUE, trigger)


def test_a_false_alarm_and_a_flicker_open_nothing() -> None:
    ours = replace(ATTACK, verdict=AnomalyVerdict.OURS)
    flicker = replace(OUTAGE, ended=OUTAGE.began + timedelta(minutes=2))
    assert review(tended(anomalies=(ours,), outages=(flicker,))).timing is Timing.MET


def test_a_new_data_set_opens_the_review() -> None:
    grown = replace(WATCHFUL, data_sets=(*WATCHFUL.data_sets, data_set("nieuw", classified_on=date(2026, 11, 20))))
    opened = review(tended(), of=grown)
    assert (opened.timing, dict(opened.data)["event_what"]) == (Timing.DUE, "Nieuw")
    of_the_day = replace(grown, data_sets=(data_set("nieuw", classified_on=SET_UP.date()),), sha256="b" * 64)
    assert dict(review(tended(), of=of_the_day).data)["event"] == "new-data-set"


def test_a_place_that_comes_into_use_later_opens_the_review() -> None:
    where = machine(place("nas"), place("later"), of=WATCHFUL)

    def timing(first: datetime) -> Timing:
        known = tended(run(SET_UP), run(first, target="later"))
        assessment = judge(known, now=first + HOUR, of=WATCHFUL, on=where)
        return obligation(assessment, "review-policy").timing

    assert timing(SET_UP + 90 * DAY) is Timing.DUE
    assert timing(SET_UP + 20 * DAY) is Timing.MET  # the first weeks belong to the set-up


def test_the_template_asks_a_school_nothing_twice_and_floods_nobody() -> None:
    school = replace(template_policy(), data_sets=(data_set(classified_on=SET_UP.date()),))
    for week in range(52):
        now = SET_UP + week * 7 * DAY
        owed = [o for o in judge(tended(), now=now, of=school).obligations if o.kind is ObligationKind.DUTY]
        assert len({o.id for o in owed}) == len(owed)
        opening = [o for o in owed if now - 7 * DAY < o.opens <= now]
        assert len(opening) <= 4, (now, [o.id for o in opening])
