"""The calendar of school holidays never runs out in silence, and a guess is said to be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.assessment.model import Finding, FindingCode, State
from app.i18n import set_language
from app.policy.calendar import Days, Region
from app.policy.calendar_file import calendar_of
from app.policy.label import Label
from app.wording.findings import finding_advice, finding_text
from tests.unit.assessment.builders import facts, judge, quiet_policy

CODES = (FindingCode.HOLIDAYS_END, FindingCode.HOLIDAYS_ENDED, FindingCode.HOLIDAYS_EXPECTED)


def about_holidays(region: Region, day: date, *, closed: tuple[Days, ...] = ()) -> Finding | None:
    organisation = replace(quiet_policy(), calendar=calendar_of(region, closed=closed))
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    found = [f for f in judge(facts(), now=now, of=organisation).findings if f.code in CODES]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("day", "code", "state"),
    [
        (date(2030, 3, 1), None, None),
        (date(2030, 3, 4), FindingCode.HOLIDAYS_END, State.OK),
        (date(2030, 7, 3), FindingCode.HOLIDAYS_END, State.ATTENTION),
        (date(2030, 8, 31), FindingCode.HOLIDAYS_END, State.ATTENTION),
        (date(2030, 9, 1), FindingCode.HOLIDAYS_ENDED, State.ATTENTION),
        (date(2035, 1, 1), FindingCode.HOLIDAYS_ENDED, State.ATTENTION),
    ],
)
def test_a_calendar_that_runs_out_is_said_half_a_year_before(
    day: date, code: FindingCode | None, state: State | None
) -> None:
    finding = about_holidays(Region.BE_NL, day)
    assert (finding.code if finding else None, finding.state if finding else None) == (code, state)


def test_holidays_in_the_policy_itself_put_an_end_to_it() -> None:
    summer = Days(date(2031, 7, 1), date(2031, 8, 31), Label("zomer", "summer"))
    assert about_holidays(Region.BE_NL, date(2030, 10, 1), closed=(summer,)) is None


@pytest.mark.parametrize("region", [Region.NONE, Region.BE, Region.NL])
def test_who_has_no_school_holidays_is_not_bothered(region: Region) -> None:
    assert about_holidays(region, date(2035, 1, 1)) is None


def test_a_year_that_is_a_guess_is_advice_to_compare_it() -> None:
    assert about_holidays(Region.BE_DE, date(2026, 8, 1)) is None
    finding = about_holidays(Region.BE_DE, date(2026, 11, 23))
    assert finding is not None
    assert (finding.code, finding.state) == (FindingCode.HOLIDAYS_EXPECTED, State.OK)


def test_the_words_name_the_region_and_the_day() -> None:
    finding = about_holidays(Region.NL_ZUID, date(2030, 8, 1))
    assert finding is not None
    set_language("nl")
    assert finding_text(finding) == "Vangnet kent de schoolvakanties (regio Zuid) maar tot 18 augustus 2030."
    assert "policy.yml" in finding_advice(finding)
    set_language("en")
    assert finding_text(finding) == "Vangnet knows the school holidays (region South) until 18 August 2030 only."
