"""Headline, tasks, findings, evidence, rows and runs in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.assessment.checklist import evidence
from app.assessment.model import Assessment, Finding, FindingCode, Obligation, ObligationKind, Score, State, Timing
from app.assessment.schedule import next_runs
from app.clock import format_utc
from app.policy.machine import RemotePlace, TargetKind
from app.policy.model import Basis, Role
from app.policy.plan import derive_plan
from app.records.facts import Attestation, DriveSight, Outcome, RunKind, UpsSight
from app.wording.checklist import TEXTS, evidence_text
from app.wording.consequences import consequence, reason
from app.wording.findings import finding_advice, finding_text
from app.wording.headline import headline
from app.wording.places import drive_text, place_text, score_text, where_text
from app.wording.power import ups_text
from app.wording.runs import next_run_text, outcome_text
from app.wording.sets import data_set_row
from app.wording.tasks import task_text
from tests.unit.assessment.builders import (
    DAY,
    HOUR,
    NOW,
    T0,
    T1,
    T2,
    TZ,
    at,
    data_set,
    disk,
    facts,
    judge,
    machine,
    obligation,
    place,
    policy,
    quiet_policy,
    run,
    tended,
)

SAFE = judge(tended(run(NOW - HOUR)), of=quiet_policy())


def said(assessment: Assessment) -> str:
    return headline(assessment).text


@pytest.mark.usefixtures("dutch")
def test_headlines_in_dutch() -> None:
    where = machine(place("nas"), disk("b"), of=quiet_policy())
    disk_late = judge(tended(run(NOW - HOUR), run(NOW - 9 * DAY, target="b")), of=quiet_policy(), on=where)
    unapproved = judge(
        tended(run(NOW - HOUR), run(NOW - 9 * DAY, target="b"), approvals=()), of=quiet_policy(), on=where
    )
    assert said(SAFE) == "Alles is veilig."
    assert said(disk_late) == "Bijna alles is veilig. Er is één ding voor u."
    assert said(unapproved) == "Bijna alles is veilig. Er zijn 2 dingen voor u."
    assert said(judge(tended(run(NOW - 30 * HOUR)), of=quiet_policy())) == (
        "Bijna alles is veilig. 1 kopie is te laat."
    )
    assert (
        said(judge(tended(run(NOW - 90 * HOUR)), of=quiet_policy()))
        == "Let op: één gegevensset is niet veilig: Instellingen."
    )
    assert said(judge(tended(), of=quiet_policy())) == "Er is nog geen kopie van uw gegevens."
    assert said(replace(SAFE, data_sets=())) == "Vangnet kent uw gegevens nog niet."


def test_headline_is_never_calmer_than_the_assessment() -> None:
    assert headline(replace(SAFE, data_sets=())).state is State.ATTENTION
    assert headline(judge(tended(), of=quiet_policy())).state is State.ERROR
    assert headline(SAFE).state is State.OK
    broken = judge(
        tended(run(NOW - HOUR), run(NOW, Outcome.FAILED, kind=RunKind.CHECK, data_set="", error="check-failed")),
        of=quiet_policy(),
    )
    assert headline(broken).state is State.ERROR
    assert said(broken) == "Careful: 1 thing is wrong."


@pytest.mark.usefixtures("dutch")
def test_disk_is_asked_for_by_colour_and_name() -> None:
    where = machine(place("nas"), disk("b"))
    task = obligation(judge(tended(run(NOW - HOUR), run(NOW - 9 * DAY, target="b")), on=where), "plug-in-disk:b")
    text = task_text(task, NOW, TZ)
    assert text.title == "Steek de GROENE schijf in (B)"
    assert text.when == "2 dagen te laat"
    assert "kluis" in text.how
    named = replace(task, data=(("target", "GROENE schijf (B)"), ("colour", "groen")))
    assert task_text(named, NOW, TZ).title == "Steek de GROENE schijf (B) in"


def task(kind: ObligationKind, timing: Timing = Timing.DUE) -> Obligation:
    return Obligation(kind.value, kind, None, "nas", timing, NOW, NOW + DAY, None, Role.STAFF, Basis.SOURCE, ())


@pytest.mark.usefixtures("each_language")
@pytest.mark.parametrize("kind", ObligationKind)
def test_every_obligation_has_words(kind: ObligationKind) -> None:
    text = task_text(task(kind), NOW, TZ)
    assert all((text.title, text.when, text.how, text.action))


@pytest.mark.usefixtures("dutch")
def test_when_of_a_task() -> None:
    owed = task(ObligationKind.KEY_TEST)
    assert task_text(owed, NOW, TZ).when == "morgen vóór 17:02"
    assert task_text(replace(owed, timing=Timing.MET), NOW, TZ).when == "klaar"
    until = format_utc(at("2026-11-30 00:00"))
    put_off = replace(owed, due=at("2026-12-05 12:00"), data=(("postponed_until", until),))
    assert task_text(put_off, NOW, TZ).when == "uitgesteld tot ma 30 november"


@pytest.mark.usefixtures("dutch")
def test_who_has_until_midnight_has_the_whole_day_before_it() -> None:
    owed = replace(task(ObligationKind.DUTY), due=at("2026-11-24 00:00"))
    assert task_text(owed, NOW, TZ).when == "vandaag"
    assert task_text(replace(owed, due=at("2026-11-25 00:00")), NOW, TZ).when == "morgen"
    assert task_text(replace(owed, due=at("2026-11-26 00:00")), NOW, TZ).when == "vóór 26 november"


@pytest.mark.usefixtures("each_language")
@pytest.mark.parametrize("code", FindingCode)
def test_every_finding_has_words_without_gaps(code: FindingCode) -> None:
    data = {
        "data_set": "Puntenboek", "data_sets": "A, B", "target": "NAS", "ups": "UPS A", "wanted": "2", "there": "1",
        "problems": "3", "error": "backend-full",
    }  # fmt: skip
    finding = Finding(code, State.ATTENTION, "x", Basis.SOURCE, ("S2-4a",), tuple(data.items()))
    for text in (finding_text(finding), finding_advice(finding)):
        assert text
        assert "{" not in text


@pytest.mark.usefixtures("dutch")
def test_findings_of_an_assessment_fill_their_gaps() -> None:
    organisation = policy(data_set("a", T2), data_set("b", T1))
    for finding in judge(facts(), of=organisation).findings:
        assert "?" not in finding_text(finding), finding


@pytest.mark.usefixtures("dutch")
def test_failed_copy_says_why() -> None:
    failed = judge(facts(run(NOW, Outcome.FAILED, error="backend-unavailable"))).findings
    texts = [finding_text(f) for f in failed if f.code is FindingCode.LAST_RUN_FAILED]
    (text,) = texts
    assert text.startswith("De laatste kopie van Puntenboek naar NAS is niet gelukt. ")
    assert text.endswith("De plaats voor kopieën is er niet, of viel halverwege weg.")


@pytest.mark.usefixtures("each_language")
def test_evidence_has_words_without_gaps() -> None:
    organisation = policy(data_set("puntenboek", T2), data_set("b", T0))
    known = tended(run(NOW - HOUR), attestations=(Attestation("fire-protection", "An", NOW - DAY, "", ""),))
    where = machine(place("nas"), disk("b"), of=organisation)
    for line in evidence(organisation, where, known, judge(known, of=organisation, on=where), NOW):
        text = evidence_text(line, TZ)
        assert "{" not in text
        assert "?" not in text, line


@pytest.mark.usefixtures("dutch")
def test_evidence_in_dutch() -> None:
    known = tended(run(NOW - HOUR))
    lines = {str(e.item.id): e for e in evidence(policy(), machine(), known, judge(known), NOW)}
    assert evidence_text(lines["C01"], TZ) == "Versie 1.0 goedgekeurd door An op 1 november 2026."
    assert evidence_text(lines["C14"], TZ) == "0 van 1 belangrijke gegevenssets. Ontbreekt: Puntenboek."
    assert evidence_text(lines["C30"], TZ) == "Hiervan verzamelt Vangnet nog geen bewijs."
    assert set(TEXTS) >= {line.code for line in lines.values()}


@pytest.mark.usefixtures("dutch")
def test_consequences_in_dutch() -> None:
    organisation = policy(data_set("a", T0), data_set("b", T1), data_set("c", T2))
    weekly, daily, always = (derive_plan(organisation, s) for s in organisation.data_sets)
    assert consequence(weekly)[0] == "Elke week een kopie."
    assert consequence(daily)[:2] == ("Elke dag een kopie.", "Een noodstroomvoorziening (UPS) voor deze computer.")
    assert "2 noodstroomvoorzieningen (UPS) voor deze computer." in consequence(always)
    assert "Wijzigingen gaan ook meteen naar een andere plaats." in consequence(always)
    assert reason(daily) == "Waarom: back-upbeleid §4, §2, §5"


@pytest.mark.usefixtures("dutch")
def test_rows_and_lines_in_dutch() -> None:
    organisation = policy(data_set("fotos", T0, name="Foto's"))
    known = facts(run("2026-11-14 10:00", data_set="fotos"))
    assessment = judge(known, of=organisation)
    row = data_set_row(assessment.data_sets[0], organisation, NOW, TZ)
    assert (row.name, row.last_good, row.demand, row.state) == (
        "Foto's", "za 14 november", "elke week", "! 2 dagen te laat",
    )  # fmt: skip
    assert place_text(assessment.targets[0], NOW, TZ).startswith("! NAS · aandacht · nog niet bekeken, laatste kopie")
    drive = DriveSight("/dev/sdb1", "s", "Kingston", "DT", "SCHIJF B", "u", "ext4", 64 * 10**9, "")
    assert drive_text(drive) == "Kingston DT · 64 GB · SCHIJF B · nog niet bekend · /dev/sdb1"
    ups = UpsSight("a", "UPS", NOW, True, ("OL",), 100.0, 2460.0)
    assert ups_text(ups, NOW) == "UPS: op netstroom, 41 minuten reserve, 100 % geladen"
    silent = replace(ups, reachable=False, at=NOW - DAY)
    assert ups_text(silent, NOW, TZ) == "UPS: geen teken van leven; laatst gehoord gisteren 17:02"


@pytest.mark.usefixtures("dutch")
def test_next_run_in_dutch() -> None:
    planned = [r for r in next_runs(judge(tended(run("2026-11-23 15:00")))) if r.kind is ObligationKind.BACKUP]
    early = next_run_text(planned[0], at("2026-11-23 16:00"), TZ)
    assert early == "vandaag 18:00  dagelijkse kopie"


@pytest.mark.usefixtures("each_language")
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("kind", RunKind)
def test_every_outcome_has_words(kind: RunKind, outcome: Outcome) -> None:
    ended = run(NOW, outcome, kind=kind, error="backend-full", problems=2)
    text = outcome_text(ended, policy(), machine())
    assert "Puntenboek" in text
    assert "NAS" in text
    assert "{" not in text
    assert outcome_text(ended)


def test_a_run_that_failed_never_sounds_like_one_that_did_not() -> None:
    good = outcome_text(run(NOW))
    assert "done" in good
    for outcome in (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.CANCELLED, Outcome.INTERRUPTED):
        assert "done" not in outcome_text(run(NOW, outcome))


@pytest.mark.usefixtures("dutch")
def test_where_a_place_stands_and_how_safe_a_set_is_are_said_in_one_line_each() -> None:
    address = "sftp://elders/kopies"
    far = replace(
        place("elders"), kind=TargetKind.SFTP, path=Path(address), on_network=RemotePlace(address, "linde"),
        site="datacentrum", offsite=True, site_address="Kerkstraat 1", distance_km=12, same_zone=True,
    )  # fmt: skip
    assert where_text(far) == (
        "sftp://elders/kopies, datacentrum, in een ander gebouw, Kerkstraat 1, 12 km hiervandaan, "
        "dezelfde brand of overstroming kan erbij"
    )
    assert score_text("Punten", Score(2, 1, 0, 0, 3), NOW, TZ) == (
        "! Punten · kopieën: 2, toestellen: 1, gebouwen: 1, geen buiten bereik van deze computer, fouten: 3"
    )
    away = Score(4, 3, 1, 1, 0, sites=2, detached_since=NOW - timedelta(days=2))
    assert "✔ Punten · kopieën: 4, toestellen: 3, gebouwen: 2, 1 buiten bereik van deze computer sinds" in score_text(
        "Punten", away, NOW, TZ
    )
