"""Requests go from a client to the one agent, each once."""

from __future__ import annotations

import pytest

from app.clock import FixedClock
from app.paths import Home
from app.records.errors import UnknownRequest
from app.records.facts import RequestId, RequestKind, RequestState, RunId
from app.records.store import Records


def test_oldest_request_is_taken_first_and_once(home: Home, records: Records, clock: FixedClock) -> None:
    first = records.ask(RequestKind.BACKUP, data_set="grades", target="nas", by="tui")
    second = records.ask(RequestKind.CHECK, by="cli")
    with Records.open(home, clock) as agent:
        taken = agent.take_request()
        assert taken is not None
        assert (taken.id, taken.kind, taken.data_set, taken.target) == (first, RequestKind.BACKUP, "grades", "nas")
        assert (taken.state, taken.asked, taken.by) == (RequestState.TAKEN, clock.now(), "tui")
        other = records.take_request()
        assert other is not None
        assert other.id == second
        assert agent.take_request() is None


def test_client_follows_its_request_to_the_runs_and_the_end(records: Records) -> None:
    request_id = records.ask(RequestKind.BACKUP, by="cli")
    assert records.request(request_id).state is RequestState.WAITING
    records.take_request()
    records.update_request_runs(request_id, (RunId(4), RunId(5)))
    assert records.request(request_id).runs == (4, 5)
    records.close_request(request_id, RequestState.DONE)
    closed = records.request(request_id)
    assert (closed.state, closed.runs, closed.refusal) == (RequestState.DONE, (4, 5), "")


def test_refusal_says_why(records: Records) -> None:
    request_id = records.ask(RequestKind.BACKUP, target="gone", by="cli")
    records.close_request(request_id, RequestState.REFUSED, refusal="unknown-target")
    refused = records.request(request_id)
    assert (refused.state, refused.refusal) == (RequestState.REFUSED, "unknown-target")
    assert records.take_request() is None


def test_agent_that_starts_finds_what_a_dead_one_had_taken(records: Records) -> None:
    ids = [records.ask(RequestKind.RESCAN, by="cli") for _ in range(3)]
    records.take_request()
    assert [request.id for request in records.requests(RequestState.TAKEN)] == ids[:1]
    assert [request.id for request in records.requests()] == ids[::-1]


def test_unknown_request_is_refused(records: Records) -> None:
    for call in (
        lambda: records.request(RequestId(9)),
        lambda: records.close_request(RequestId(9), RequestState.DONE),
        lambda: records.update_request_runs(RequestId(9), ()),
    ):
        with pytest.raises(UnknownRequest):
            call()


def test_polling_for_requests_does_not_wait_for_a_writer(home: Home, records: Records, clock: FixedClock) -> None:
    with Records.open(home, clock) as writer:
        with writer._database.write():
            assert records.take_request() is None
