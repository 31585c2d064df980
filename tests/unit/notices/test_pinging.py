"""The dead-man's signal: only evidence is sent, and each thing once."""

from __future__ import annotations

from datetime import datetime

from app.notices.model import PING
from app.notices.pinging import Beat, Ping, ping_due
from app.records.facts import Facts, NoticeState, Outcome, SentNotice
from tests.unit.assessment import builders as build

NOW, HOUR = build.NOW, build.HOUR


def due(facts: Facts, *said: SentNotice, now: datetime = NOW) -> Ping | None:
    return ping_due(facts, build.judge(facts, now=now, of=build.quiet_policy()), said, now)


def sent(ping: Ping, at: datetime = NOW) -> SentNotice:
    return SentNotice(1, ping.key, "", "", PING, "low", "", at, NoticeState.SENT)


def test_a_good_copy_with_nothing_late_is_a_sign_of_life_once() -> None:
    facts = build.tended(build.run(NOW - HOUR))
    ping = due(facts)
    assert ping is not None
    assert ping.beat is Beat.SUCCESS
    assert due(facts, sent(ping)) is None


def test_nothing_is_said_without_a_copy_or_long_after_it() -> None:
    assert due(build.tended()) is None
    assert due(build.tended(build.run(NOW - 9 * HOUR))) is None
    assert due(build.tended(build.run(NOW - HOUR, Outcome.CANCELLED))) is None


def test_a_copy_that_failed_or_missed_files_is_said_to_have_failed() -> None:
    for outcome in (Outcome.FAILED, Outcome.INCOMPLETE):
        ping = due(build.tended(build.run(NOW - HOUR, outcome, error="x")))
        assert ping is not None
        assert ping.beat is Beat.FAIL


def test_a_good_copy_is_no_sign_of_life_while_another_set_has_none() -> None:
    both = build.policy(build.data_set("puntenboek"), build.data_set("fotos"))
    facts = build.tended(build.run(NOW - HOUR))
    ping = ping_due(facts, build.judge(facts, of=both), (), NOW)
    assert ping is not None
    assert ping.beat is Beat.FAIL


def test_a_copy_that_has_begun_is_said_once_for_the_whole_round() -> None:
    facts = build.tended(build.run(NOW, Outcome.RUNNING))
    ping = due(facts)
    assert ping is not None
    assert ping.beat is Beat.START
    other = build.tended(build.run(NOW, Outcome.RUNNING, target="disk"))
    assert due(other, sent(ping)) is None
