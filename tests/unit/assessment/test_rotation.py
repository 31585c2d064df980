"""Disks that take turns: one is asked for, by what is known of all of them, and the one that is done is carried off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from app.assessment.model import Assessment, Obligation, ObligationKind, Timing
from app.policy.machine import Machine, Target
from app.policy.model import DataSetKind
from app.records.facts import Anomaly, DriveNote, DriveSight, Facts, Handover, Run, RunId, RunKind, TargetSight
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    at,
    data_set,
    disk,
    judge,
    machine,
    obligation,
    place,
    quiet_policy,
    run,
    sight,
    tended,
)

POLICY = quiet_policy(data_set(kind=DataSetKind.CONFIGURATION, kept=False, exemption=("not kept", "An")))
"""One data set that owes no yearly full back-up: that would be a reason of its own to fetch a disk."""
FULL_TOO = quiet_policy()


def of_set(letter: str) -> Target:
    return replace(disk(letter.lower()), disk_set=letter, kept_by=f"Keeper {letter}")


def two_disks(*others: Target) -> Machine:
    return machine(*(others or (place("nas"),)), of_set("A"), of_set("B"), of=POLICY)


def plugged(target: str, note: DriveNote = DriveNote.NONE) -> DriveSight:
    return DriveSight("/dev/sdb1", "S", "V", "M", "L", f"uuid-{target}", "ext4", 1, "/mnt", target, note)


def known(a: datetime | None, b: datetime | None, *sights: TargetSight, **more: object) -> Facts:
    runs = [run(NOW - HOUR)]
    runs += [run(when, target=name) for name, when in (("a", a), ("b", b)) if when is not None]
    runs += [checked("a"), checked("b")]
    return tended(*runs, targets=sights, **more)  # type: ignore[arg-type]


def checked(target: str) -> Run:
    return run(NOW - HOUR, kind=RunKind.CHECK, data_set="", target=target)


def asked(assessment: Assessment) -> list[tuple[str, Timing]]:
    return [
        (o.target or "", o.timing)
        for o in assessment.obligations
        if o.kind is ObligationKind.PLUG_IN_DISK and o.timing is not Timing.MET
    ]


def take_off(assessment: Assessment, target: str) -> Obligation:
    return obligation(assessment, f"take-off-site:{target}")


def test_only_the_disk_with_the_oldest_copies_is_asked_for() -> None:
    judged = judge(known(NOW - 8 * DAY, NOW - 15 * DAY), of=POLICY, on=two_disks())
    assert [target for target, _ in asked(judged)] == ["b"]


def test_a_disk_without_any_copy_comes_first() -> None:
    judged = judge(known(NOW - 20 * DAY, None), of=POLICY, on=two_disks())
    assert [target for target, _ in asked(judged)] == ["b"]


def test_nobody_is_asked_while_the_newest_disk_is_young() -> None:
    judged = judge(known(NOW - 2 * DAY, NOW - 9 * DAY), of=POLICY, on=two_disks())
    assert asked(judged) == []


def test_turns_are_a_week_each_whoever_has_the_older_disk() -> None:
    def after(days: float) -> list[tuple[str, Timing]]:
        return asked(judge(known(NOW - days * DAY, NOW - (days + 7) * DAY), of=POLICY, on=two_disks()))

    assert after(5.9) == []
    assert after(6.5) == [("b", Timing.UPCOMING)]
    assert after(7.5) == [("b", Timing.DUE)]
    assert after(9) == [("b", Timing.OVERDUE)]


def test_prompt_tells_who_has_the_disk_and_where_as_it_was_last_said() -> None:
    said = Handover("b", "Juf An", "thuis, Kerkstraat 3", NOW - 8 * DAY, "Bo")
    older = Handover("b", "Bo", "kluis", NOW - 20 * DAY, "Bo")
    facts = known(NOW - 8 * DAY, NOW - 15 * DAY, handovers=(said, older))
    data = dict(obligation(judge(facts, of=POLICY, on=two_disks()), "plug-in-disk:b").data)
    assert (data["kept_by"], data["site"], data["colour"], data["disk_set"]) == (
        "Juf An", "thuis, Kerkstraat 3", "groen", "B",
    )  # fmt: skip
    nobody = dict(obligation(judge(known(None, NOW - DAY), of=POLICY, on=two_disks()), "plug-in-disk:a").data)
    assert nobody["kept_by"] == "Keeper A"


def test_disk_that_stays_plugged_in_makes_way_after_a_week() -> None:
    here = sight("a", connected=True, since=NOW - 8 * DAY)
    judged = judge(known(NOW - HOUR, NOW - 9 * DAY, here), of=POLICY, on=two_disks())
    assert [target for target, _ in asked(judged)] == ["b"]
    fresh = sight("a", connected=True, since=NOW - 2 * DAY)
    assert asked(judge(known(NOW - HOUR, NOW - 9 * DAY, fresh), of=POLICY, on=two_disks())) == []


def test_disk_is_to_be_carried_off_once_it_has_its_copies() -> None:
    def stands(copied: datetime, since: datetime) -> Timing:
        here = sight("a", connected=True, since=since)
        return take_off(judge(known(copied, NOW - 3 * DAY, here), of=POLICY, on=two_disks()), "a").timing

    assert stands(NOW - 2 * DAY, NOW - HOUR) is Timing.MET, "its copy is due first"
    assert stands(NOW - HOUR, NOW - 2 * HOUR) is Timing.UPCOMING
    assert stands(NOW - HOUR, NOW - 6 * HOUR) is Timing.DUE
    assert stands(NOW - HOUR, NOW - 30 * HOUR) is Timing.OVERDUE


def test_disk_stays_until_the_check_that_is_due_on_it_is_done() -> None:
    here = sight("a", connected=True, since=NOW - 2 * HOUR)
    copies = (run(NOW - HOUR), run(NOW - HOUR, target="a"), run(NOW - 9 * DAY, target="b"))
    unchecked = judge(tended(*copies, targets=(here,)), of=POLICY, on=two_disks())
    assert obligation(unchecked, "check:a").timing is Timing.DUE
    assert take_off(unchecked, "a").timing is Timing.MET
    done = judge(tended(*copies, checked("a"), targets=(here,)), of=POLICY, on=two_disks())
    assert take_off(done, "a").timing is not Timing.MET


def test_disk_that_is_away_need_not_be_carried_off() -> None:
    judged = judge(known(NOW - HOUR, NOW - 3 * DAY, sight("a", connected=False)), of=POLICY, on=two_disks())
    assert take_off(judged, "a").timing is Timing.MET


def test_disk_that_carries_the_daily_copy_stays_until_the_other_one_s_turn() -> None:
    only_disks = machine(of_set("A"), of_set("B"), of=POLICY)

    def stands(days: float) -> tuple[Timing, list[str]]:
        here = sight("a", connected=True, since=NOW - days * DAY)
        copies = (run(NOW - HOUR, target="a"), run(NOW - (days + 1) * DAY, target="b"))
        facts = tended(*copies, checked("a"), targets=(here,))
        judged = judge(facts, of=POLICY, on=only_disks)
        return take_off(judged, "a").timing, [target for target, _ in asked(judged)]

    assert stands(3) == (Timing.MET, [])
    timing, wanted = stands(8)
    assert timing is not Timing.MET
    assert wanted == ["b"]


def test_only_disks_and_none_plugged_in_asks_for_the_older_one() -> None:
    only_disks = machine(of_set("A"), of_set("B"), of=POLICY)
    facts = tended(run(NOW - 30 * HOUR, target="a"), run(NOW - 3 * DAY, target="b"))
    assert asked(judge(facts, of=POLICY, on=only_disks)) == [("b", Timing.OVERDUE)]


def test_nothing_is_swapped_while_something_looks_like_malware() -> None:
    anomaly = Anomaly(RunId(1), "puntenboek", "nas", NOW - HOUR, (("renamed", "0.9"),))
    facts = known(NOW - 8 * DAY, NOW - 15 * DAY, anomalies=(anomaly,))
    assert asked(judge(facts, of=POLICY, on=two_disks())) == []


def test_disks_without_a_letter_are_asked_for_each_by_itself() -> None:
    where = machine(place("nas"), disk("a"), disk("b"), of=POLICY)
    judged = judge(known(NOW - 9 * DAY, NOW - 15 * DAY), of=POLICY, on=where)
    assert sorted(target for target, _ in asked(judged)) == ["a", "b"]


def test_score_says_since_when_a_copy_is_out_of_reach() -> None:
    left = NOW - 2 * DAY
    facts = known(NOW - 3 * DAY, NOW - 9 * DAY, sight("a", connected=False, since=left), sight("b", connected=False))
    score = dict(judge(facts, of=POLICY, on=two_disks()).scores)[POLICY.data_sets[0].id]
    assert (score.offline, score.detached_since, score.sites) == (2, left, 2)
    both_here = (sight("a", connected=True), sight("b", connected=True))
    here = dict(judge(known(NOW - 3 * DAY, NOW - 9 * DAY, *both_here), of=POLICY, on=two_disks()).scores)
    assert (here[POLICY.data_sets[0].id].offline, here[POLICY.data_sets[0].id].detached_since) == (0, None)


def test_a_clone_is_not_taken_for_the_disk_itself() -> None:
    facts = known(NOW - 8 * DAY, NOW - 15 * DAY, drives=(plugged("b", DriveNote.WRONG),))
    assert [target for target, _ in asked(judge(facts, of=POLICY, on=two_disks()))] == ["b"]


def test_a_long_rotation_never_asks_for_two_disks_at_once() -> None:
    """A year of three disks, each brought when it is asked for: never two prompts, and no disk forgotten."""
    where = machine(place("nas"), of_set("A"), of_set("B"), of_set("C"), of=POLICY)
    copies: dict[str, datetime] = {}
    brought: list[str] = []
    start = NOW
    for day in range(364):
        now = start + day * DAY
        runs = [run(now - HOUR), *(run(when, target=name) for name, when in copies.items())]
        judged = judge(tended(*runs, since=start - DAY), now=now, of=POLICY, on=where)
        wanted = [target for target, timing in asked(judged) if timing is not Timing.UPCOMING]
        assert len(wanted) <= 1
        for target in wanted:
            copies[target] = now - timedelta(minutes=5)
            brought.append(target)
    assert {brought.count(name) for name in "abc"} <= {17, 18}
    assert all(first != second for first, second in pairwise(brought))


def test_disk_that_the_yearly_full_belongs_on_goes_first_when_it_presses() -> None:
    where = machine(place("nas"), of_set("A"), of_set("B"), of=FULL_TOO)
    end = at("2027-08-28 12:00")
    runs = [run(end - HOUR), run(end - 8 * DAY, target="a"), run(end - 15 * DAY, target="b")]
    judged = judge(tended(*runs, since=end - 300 * DAY), now=end, of=FULL_TOO, on=where)
    assert [target for target, _ in asked(judged)] == ["a"]
    assert dict(obligation(judged, "plug-in-disk:a").data)["for"] == "yearly-full"
