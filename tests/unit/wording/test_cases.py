"""What waits for the director's verdict is named in words that people know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.assessment.judgements import _NOT_MISSED, Case, CaseKind
from app.assessment.model import ObligationKind
from app.wording.cases import case_title, missed_name
from tests.tui import sample

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def missed(kind: ObligationKind, obligation: str, *, target: str = "") -> Case:
    data = (("kind", kind.value), ("obligation", obligation))
    return Case(f"missed:{obligation}", CaseKind.MISSED, AT, AT, 1, (), target, data, None, open=True)


def title(case: Case) -> str:
    picture = sample.picture(sample.good_facts())
    return case_title(case, picture.policy, picture.machine)


@pytest.mark.usefixtures("dutch")
def test_a_late_duty_is_called_what_the_policy_calls_it() -> None:
    assert title(missed(ObligationKind.DUTY, "duty:contacts")) == "Niet op tijd gedaan: Bel alle contactgegevens na"


@pytest.mark.usefixtures("dutch")
def test_a_late_disk_is_named_after_what_was_to_be_done() -> None:
    case = missed(ObligationKind.PLUG_IN_DISK, "plug-in-disk:b", target="b")
    assert title(case).startswith("Niet op tijd gedaan: de schijf insteken (")


@pytest.mark.usefixtures("each_language")
@pytest.mark.parametrize("kind", [kind for kind in ObligationKind if kind not in _NOT_MISSED])
def test_whatever_can_be_late_has_a_name_that_is_no_id(kind: ObligationKind) -> None:
    policy = sample.picture(sample.good_facts()).policy
    name = missed_name(policy, kind.value, f"{kind.value}:anything")
    assert name.strip()
    assert "anything" not in name


@pytest.mark.usefixtures("dutch")
@pytest.mark.parametrize(
    ("data_sets", "work", "place", "said"),
    [
        (("puntenboek",), "backup", "nas", "Halverwege afgebroken: Puntenboek"),
        ((), "check", "nas", "Halverwege afgebroken: Controle van de kopieën (NAS school)"),
        ((), "restore", "", "Halverwege afgebroken: Bestanden terughalen"),
    ],
)
def test_work_that_was_broken_off_is_named_also_where_it_is_about_a_whole_place(
    data_sets: tuple[str, ...], work: str, place: str, said: str
) -> None:
    data = (("work", work), ("place", place))
    assert title(Case("broken-off", CaseKind.BROKEN_OFF, AT, AT, 1, data_sets, "", data, None, open=True)) == said
