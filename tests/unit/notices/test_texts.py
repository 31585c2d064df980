"""What people read: short, in their language, and true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from app.assessment.judgements import open_cases
from app.i18n import Language, language, set_language
from app.notices.model import DESKTOP, EMAIL, HERE, Notice, Topic, Urgency
from app.notices.texts import Background, Letter, letter
from app.policy.machine import Person
from app.policy.model import Role
from app.records.facts import Anomaly, Facts, RunId
from tests.tui import sample

DIRECTOR = Person(Role.DIRECTOR, "An Claes", "an@delinde.be")
IT = Person(Role.IT_PROVIDER, "Maes", "help@maes.be")
BOARD = Person(Role.GOVERNING_BODY, "vzw De Linde", "vzw@delinde.be")
ALARM = Anomaly(
    RunId(40), "puntenboek", "nas", sample.NOW - timedelta(minutes=5), (("canary", "1"), ("encrypted", "900"))
)


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    spoken = language()
    yield
    set_language(spoken)


def written(facts: Facts, topic: Topic, to: Person, channel: str = EMAIL, spoken: Language = "nl") -> Letter:
    set_language(spoken)
    picture = sample.picture(facts)
    background = Background(
        picture.policy, picture.machine, picture.assessment, facts, "balie", sample.NOW, sample.BRUSSELS
    )
    tasks = picture.assessment.tasks[:4] if topic is Topic.TASK else ()
    anomalies = facts.anomalies if topic is Topic.ALARM else ()
    cases = open_cases(facts, sample.NOW) if topic in (Topic.FAILURE, Topic.NO_VERDICT) else ()
    notice = Notice(("x",), topic, to, channel, Urgency.NORMAL, cases, anomalies, tasks)
    return letter(notice, background)


def alarmed() -> Facts:
    return replace(sample.good_facts(), anomalies=(ALARM,))


def test_a_failure_says_what_whether_the_data_is_safe_and_what_to_do() -> None:
    said = written(sample.error_facts(), Topic.FAILURE, DIRECTOR)
    assert said.title == "Kopie niet gelukt: Leerlingadministratie, Puntenboek → NAS school · Basisschool De Linde"
    for words in ("2 keer", "NAS school is er niet", "Zijn de gegevens veilig?", "geef uw oordeel", "balie"):
        assert words in said.body
    assert "geef uw oordeel" not in written(sample.error_facts(), Topic.FAILURE, IT).body


def test_what_is_not_safe_is_never_called_safe() -> None:
    said = written(sample.error_facts(), Topic.FAILURE, IT, spoken="en")
    assert "Not safe now:" in said.body
    assert "There is a good copy of all data" not in said.body


def test_the_governing_body_reads_what_waits_and_whom_to_ask() -> None:
    said = written(sample.error_facts(), Topic.NO_VERDICT, BOARD)
    assert "meer dan een dag" in said.body
    assert "Vraag de directeur" in said.body


@pytest.mark.parametrize("spoken", ["nl", "en"])
@pytest.mark.parametrize("topic", list(Topic))
def test_every_mail_is_plain_short_and_one_line_in_its_subject(topic: Topic, spoken: Language) -> None:
    facts = alarmed() if topic is Topic.ALARM else sample.error_facts()
    said = written(facts, topic, DIRECTOR, spoken=spoken)
    assert "\n" not in said.title
    assert 10 < len(said.title) < 140
    assert len(said.body.splitlines()) <= 34, "one screen"
    assert max(map(len, said.body.splitlines())) < 160
    assert "{" not in said.body + said.title


@pytest.mark.parametrize("topic", list(Topic))
def test_a_notice_on_the_desktop_is_a_few_lines(topic: Topic) -> None:
    facts = alarmed() if topic is Topic.ALARM else sample.error_facts()
    said = written(facts, topic, HERE, DESKTOP)
    assert len(said.body.splitlines()) <= 3
    assert len(said.title) < 100


def test_an_alarm_says_what_was_seen_and_to_pull_the_cable() -> None:
    said = written(alarmed(), Topic.ALARM, DIRECTOR)
    assert "Mogelijk ransomware in Puntenboek" in said.title
    for words in ("900 bestanden lijken plots versleuteld", "netwerkkabel", "elke versie", "één toets"):
        assert words in said.body


def test_the_weekly_overview_counts_and_says_why_it_may_stay_away() -> None:
    said = written(sample.good_facts(), Topic.DIGEST, DIRECTOR)
    assert "Alles is veilig" in said.title
    assert "8 goede kopieën in de laatste zeven dagen." in said.body
    assert "Blijft hij weg?" in said.body
