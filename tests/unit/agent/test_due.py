"""What the agent starts by itself, how long it waits after a failure, and what a request leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.agent.due import Attempts, Job, NothingConnected, due_jobs, next_stage, requested_jobs
from app.assessment.model import Assessment, Obligation, ObligationKind, State, Timing
from app.jobs.errors import UnknownDataSet, UnknownTarget
from app.policy.load import load_policy, template_text
from app.policy.machine import DataSetFolders, Machine, Purpose, Target, TargetId, TargetKind
from app.policy.model import Basis, DataSetId, Policy, Role
from app.records.facts import Outcome, Request, RequestId, RequestKind, RequestState, Run, RunId, RunKind

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARKS_TO_NAS = Job(RunKind.BACKUP, "marks", "nas")


def obligation(
    data_set: str = "marks",
    target: str | None = "nas",
    *,
    kind: ObligationKind = ObligationKind.BACKUP,
    timing: Timing = Timing.DUE,
    who: Role | None = None,
    running: bool = False,
    not_before: datetime | None = None,
) -> Obligation:
    return Obligation(
        id=f"{kind}:{data_set}:{target}", kind=kind, data_set=DataSetId(data_set) if data_set else None, target=target,
        timing=timing, opens=NOW, due=NOW, last_met=None, who=who, basis=Basis.SOURCE, why=(),
        running=running, not_before=not_before,
    )  # fmt: skip


def assessment(*obligations: Obligation) -> Assessment:
    return Assessment(at=NOW, state=State.OK, obligations=obligations, findings=(), data_sets=(), targets=(), scores=())


def run(outcome: Outcome, *, ended: datetime = NOW - MINUTE) -> Run:
    return Run(
        id=RunId(1), kind=RunKind.BACKUP, data_set="marks", target="nas", outcome=outcome,
        started=ended - MINUTE, finished=ended, reason="due",
    )  # fmt: skip


def after(
    *runs: Run, connected_since: datetime | None = None, agent_started: datetime = NOW - 60 * MINUTE
) -> tuple[Job, ...]:
    """Return what is started while the assessment says to wait, with these runs behind us, newest first."""
    waiting = assessment(obligation(not_before=NOW + MINUTE))
    return due_jobs(waiting, {"nas"}, lambda _job: Attempts(runs, connected_since, agent_started))


# --- by itself ---------------------------------------------------------------------------------------------------


def test_due_and_overdue_work_of_the_machine_on_places_that_are_here_is_started_in_order() -> None:
    everything = assessment(
        obligation("marks", "nas", timing=Timing.OVERDUE),
        obligation("marks", "disk"),
        obligation("letters", "nas"),
        obligation("", "nas", kind=ObligationKind.CHECK),
        obligation("marks", "nas", kind=ObligationKind.YEARLY_FULL),
        obligation("marks", "nas", kind=ObligationKind.RESTORE_TEST),
    )
    assert due_jobs(everything, {"nas"}, None) == (
        MARKS_TO_NAS,
        Job(RunKind.BACKUP, "letters", "nas"),
        Job(RunKind.CHECK, "", "nas"),
        Job(RunKind.FULL, "marks", "nas"),
        Job(RunKind.RESTORE_TEST, "marks", "nas"),
    )


@pytest.mark.parametrize(
    "quiet",
    [
        obligation(timing=Timing.MET),
        obligation(timing=Timing.UPCOMING),
        obligation(running=True),
        obligation(target=None),
        obligation(who=Role.STAFF, kind=ObligationKind.PLUG_IN_DISK),
    ],
)
def test_what_is_met_running_or_asked_of_people_is_left_alone(quiet: Obligation) -> None:
    assert due_jobs(assessment(quiet), {"nas"}, None) == ()


def test_after_a_failure_it_waits() -> None:
    assert after(run(Outcome.FAILED)) == ()
    assert after(run(Outcome.INCOMPLETE)) == ()


def test_what_reads_everything_again_rests_a_day_after_a_failure() -> None:
    owed = assessment(obligation(kind=ObligationKind.YEARLY_FULL))

    def started(ended: datetime) -> bool:
        attempts = Attempts((run(Outcome.INCOMPLETE, ended=ended),), None, NOW - timedelta(days=9))
        return due_jobs(owed, {"nas"}, lambda _job: attempts) != ()

    assert not started(NOW - timedelta(hours=23))
    assert started(NOW - timedelta(hours=25))
    assert started(NOW + timedelta(days=300)), "a failure in the future is a clock that was wrong"


def test_somebody_who_asks_now_does_not_wait() -> None:
    assert due_jobs(assessment(obligation(not_before=NOW + MINUTE)), {"nas"}, None) == (MARKS_TO_NAS,)


def test_a_disk_that_came_back_after_the_failure_is_tried_at_once() -> None:
    assert after(run(Outcome.FAILED), connected_since=NOW) == (MARKS_TO_NAS,)
    assert after(run(Outcome.FAILED), connected_since=NOW - 10 * MINUTE) == ()


def test_one_power_cut_does_not_make_it_wait_but_two_in_a_row_do() -> None:
    assert after(run(Outcome.INTERRUPTED), run(Outcome.GOOD)) == (MARKS_TO_NAS,)
    assert after(run(Outcome.INTERRUPTED), run(Outcome.INTERRUPTED)) == ()


def test_what_a_person_cancelled_waits_but_what_the_end_of_an_agent_cancelled_does_not() -> None:
    assert after(run(Outcome.CANCELLED)) == ()
    assert after(run(Outcome.CANCELLED), agent_started=NOW) == (MARKS_TO_NAS,)


def test_copies_come_first_all_of_them_and_heavy_work_after_them_one_at_a_time() -> None:
    copies = (MARKS_TO_NAS, Job(RunKind.BACKUP, "letters", "disk"))
    heavy = (Job(RunKind.FULL, "marks", "disk"), Job(RunKind.CHECK, "", "nas", "3/13"), Job(RunKind.PRUNE, "", "nas"))
    mixed = (heavy[0], copies[0], heavy[1], copies[1], heavy[2])
    assert next_stage(mixed, ()) == copies
    assert next_stage(mixed, heavy[:1]) == copies, "what is heavy and runs already does not stop them"
    assert next_stage(heavy, copies[:1]) == (), "not while a copy is being made"
    assert next_stage(heavy, heavy[1:2]) == ()
    assert next_stage(heavy, ()) == heavy[:1]
    session = Job(RunKind.SYNC, "marks", "nas")
    assert next_stage(heavy, (session,)) == heavy[:1], "what lasts takes nobody's turn"


def test_a_place_in_use_is_tried_again_soon_though_the_work_is_heavy() -> None:
    owed = assessment(obligation("", "nas", kind=ObligationKind.PRUNE))
    locked = replace(run(Outcome.FAILED), error_code="repository-locked")
    broken = replace(run(Outcome.FAILED), error_code="repository-damaged")
    started = NOW - timedelta(days=9)
    assert due_jobs(owed, {"nas"}, lambda _job: Attempts((locked,), None, started)) == (Job(RunKind.PRUNE, "", "nas"),)
    assert due_jobs(owed, {"nas"}, lambda _job: Attempts((broken,), None, started)) == ()


def test_a_place_that_arrived_in_the_future_is_no_reason_to_try_again_and_again() -> None:
    assert after(run(Outcome.FAILED), connected_since=NOW + timedelta(days=3000)) == ()


# --- on request --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    rows = "".join(
        f"\n  - {{id: {name}, name: {name}, availability: important, integrity: normal, confidentiality: internal}}"
        for name in ("marks", "letters", "elsewhere")
    )
    file = tmp_path_factory.mktemp("policy") / "policy.yml"
    file.write_text(template_text().replace("\ndata_sets: []", f"\ndata_sets:{rows}"))
    return load_policy(file)


def place(name: str, purpose: Purpose = Purpose.COPIES) -> Target:
    return Target(TargetId(name), name, TargetKind.FOLDER, Path("/", name), "repository", "marker", purpose=purpose)


MACHINE = Machine(
    language="en",
    data_sets=tuple(DataSetFolders(DataSetId(name), (Path("/data", name),)) for name in ("marks", "letters")),
    targets=(place("nas"), place("disk"), place("yearly", Purpose.FULL)),
)
OWED = assessment(
    obligation("marks", "yearly", kind=ObligationKind.YEARLY_FULL, timing=Timing.MET),
    obligation("marks", "disk", kind=ObligationKind.RESTORE_TEST, timing=Timing.MET),
)


def request(kind: RequestKind, *, data_set: str = "", target: str = "") -> Request:
    return Request(RequestId(1), kind, data_set, target, RequestState.TAKEN, NOW, "test")


def asked(policy: Policy, wanted: Request, *connected: str) -> list[tuple[str, str]]:
    jobs = requested_jobs(wanted, policy, MACHINE, OWED, connected)
    return [(job.data_set, job.target) for job in jobs]


def test_without_names_everything_goes_to_every_place_for_copies_that_is_here(policy: Policy) -> None:
    wanted = request(RequestKind.BACKUP)
    assert asked(policy, wanted, "nas", "yearly") == [("marks", "nas"), ("letters", "nas")]


def test_a_place_that_is_named_is_tried_although_it_seems_away(policy: Policy) -> None:
    assert asked(policy, request(RequestKind.BACKUP, data_set="marks", target="disk")) == [("marks", "disk")]


def test_full_copies_and_tests_go_where_they_are_owed(policy: Policy) -> None:
    assert asked(policy, request(RequestKind.FULL, data_set="marks"), "nas", "yearly") == [("marks", "yearly")]
    assert asked(policy, request(RequestKind.RESTORE_TEST, data_set="marks"), "nas", "disk") == [("marks", "disk")]
    assert asked(policy, request(RequestKind.RESTORE_TEST, data_set="letters"), "nas") == [("letters", "nas")]


def test_a_check_concerns_whole_places(policy: Policy) -> None:
    assert asked(policy, request(RequestKind.CHECK), "nas", "yearly") == [("", "nas"), ("", "yearly")]


def test_what_is_unknown_or_nowhere_is_refused(policy: Policy) -> None:
    with pytest.raises(UnknownDataSet):
        asked(policy, request(RequestKind.BACKUP, data_set="nonsense"), "nas")
    with pytest.raises(UnknownDataSet):
        asked(policy, request(RequestKind.BACKUP, data_set="elsewhere"), "nas")
    with pytest.raises(UnknownTarget):
        asked(policy, request(RequestKind.CHECK, target="nonsense"), "nas")
    with pytest.raises(NothingConnected):
        asked(policy, request(RequestKind.BACKUP))
