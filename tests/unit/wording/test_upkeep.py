"""What is said of the phases of a place, and of the yearly full back-ups that it keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.assessment.model import KeptFull, Phase, PhaseHealth, State
from app.i18n import set_language
from app.wording.upkeep import fulls_text, phase_last, phase_name, phase_next

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def health(
    phase: Phase = Phase.CHECK,
    state: State = State.OK,
    *,
    good: timedelta | None = None,
    failed: timedelta | None = None,
    due: timedelta | None = None,
    running: bool = False,
) -> PhaseHealth:
    return PhaseHealth(
        phase=phase,
        state=state,
        last_good=None if good is None else NOW - good,
        last_failure=None if failed is None else NOW - failed,
        failure="repository-damaged" if failed else "",
        next_due=None if due is None else NOW + due,
        running=running,
    )


@pytest.mark.parametrize(
    ("phase", "last", "upcoming"),
    [
        (health(good=DAY, due=7 * DAY), "gisteren 16:00", "vóór 30 november"),
        (health(due=7 * DAY), "nog nooit", "vóór 30 november"),
        (health(Phase.PRUNE, due=7 * DAY), "nog niet nodig", ""),
        (health(Phase.BACKUP, State.ATTENTION, good=4 * DAY, due=-3 * DAY), "do 19 november", "3 dagen te laat"),
        (
            health(state=State.ATTENTION, good=2 * DAY, failed=DAY, due=DAY),
            "za 21 november",
            "ging de laatste keer mis",
        ),
        (health(good=2 * DAY, due=-DAY), "za 21 november", "bij de eerstvolgende gelegenheid"),
        (health(good=2 * DAY, running=True), "za 21 november", "is nu bezig"),
        (health(good=2 * DAY), "za 21 november", ""),
    ],
)
def test_when_it_went_well_and_whether_it_is_due(phase: PhaseHealth, last: str, upcoming: str) -> None:
    set_language("nl")
    assert (phase_last(phase, NOW, UTC), phase_next(phase, NOW, UTC)) == (last, upcoming)


@pytest.mark.parametrize("spoken", ["nl", "en"])
def test_no_phase_is_called_by_a_word_of_the_engine(spoken: str) -> None:
    set_language("nl" if spoken == "nl" else "en")
    names = [phase_name(phase).lower() for phase in Phase]
    assert len(set(names)) == len(Phase)
    assert not any(word in name for name in names for word in ("prune", "snapshot", "repository", "replic"))


def test_the_yearly_full_back_ups_that_are_kept_are_counted_with_their_room() -> None:
    set_language("en")
    assert fulls_text(()) == ""
    assert fulls_text((KeptFull(2026, 3_000_000_000),)).startswith("Yearly full back-up: 1 school year (2026-2027), ")
    two = fulls_text((KeptFull(2026, 3_000_000_000), KeptFull(2025, 1_000_000_000)))
    assert "2 school years (2025-2026, 2026-2027)" in two
    assert two.endswith("They are kept.")
