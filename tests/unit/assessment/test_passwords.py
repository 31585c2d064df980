"""The password of a place on a network is asked for when the place refuses it, and when it is not on this computer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.assessment.model import Assessment, ObligationKind, Timing
from app.policy.machine import RemotePlace, Target, TargetKind
from app.policy.model import Role
from tests.unit.assessment.builders import HOUR, NOW, facts, judge, machine, place, sight


def server(id_: str = "elders") -> Target:
    address = "sftp://elders/kopies"
    return replace(
        place(id_), kind=TargetKind.SFTP, path=Path(address), on_network=RemotePlace(address, "school"), offsite=True
    )


def seen(reason: str, *, connected: bool = False, since: timedelta = HOUR) -> Assessment:
    here = replace(sight("elders", connected=connected, since=NOW - since), reason=reason)
    return judge(facts(targets=(here,)), on=machine(server()))


def asked(assessment: Assessment) -> list[Timing]:
    return [o.timing for o in assessment.tasks if o.kind is ObligationKind.ENTER_PASSWORD]


@pytest.mark.parametrize("reason", ["login", "no-secret"])
def test_it_is_asked_of_the_it_provider_and_late_after_a_day(reason: str) -> None:
    (task,) = (o for o in seen(reason).tasks if o.kind is ObligationKind.ENTER_PASSWORD)
    assert (task.target, task.who, task.timing) == ("elders", Role.IT_PROVIDER, Timing.DUE)
    assert dict(task.data)["reason"] == reason
    assert asked(seen(reason, since=timedelta(days=2))) == [Timing.OVERDUE]


def test_a_server_that_is_away_or_another_one_wants_no_password() -> None:
    assert asked(seen("no-answer")) == []
    assert asked(seen("other-server")) == []
    assert asked(seen("")) == []


def test_nobody_is_asked_once_the_place_lets_us_in() -> None:
    assert asked(seen("", connected=True)) == []


def test_why_a_place_is_not_there_is_told_with_the_place() -> None:
    (health,) = (t for t in seen("login").targets if t.target == "elders")
    assert health.reason == "login"
    (health,) = (t for t in seen("", connected=True).targets if t.target == "elders")
    assert health.reason == ""
