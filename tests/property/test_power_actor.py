"""Whatever UPSes say: work stops in time, goes on only on steady mains, and every outage is told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.power.actor import (
    BatteryCritical,
    Limits,
    OutageBegan,
    OutageEnded,
    Power,
    PowerEvent,
    PowerState,
    Stance,
    Word,
    resumed,
    step,
)

START = datetime(2026, 11, 23, tzinfo=UTC)
LIMITS = Limits()
UPS = "ups"
PROTECTS = {UPS: ("pc",)}
DAY_S = 24 * 3600

MAINS = Word(UPS, True, ("OL",), 100.0, 2400.0)
BATTERY = Word(UPS, True, ("OB", "DISCHRG"), 70.0, 1500.0)
LOW = Word(UPS, True, ("OB", "LB"), 9.0, 100.0)
SHORT = Word(UPS, True, ("OB", "DISCHRG"), 40.0, 290.0)
FORCED = Word(UPS, True, ("FSD", "OL"), 40.0, 900.0)
STARTING = Word(UPS, True, ("WAIT",))
SILENT = Word(UPS, False)
NUMBERLESS = Word(UPS, True, ("OB",))
EVERY_WORD = (MAINS, BATTERY, LOW, SHORT, FORCED, STARTING, SILENT, NUMBERLESS)

Segment = tuple[int, Word]
"""For how many seconds a UPS says the same."""


def segments(words: Sequence[Word]) -> st.SearchStrategy[list[Segment]]:
    length = st.one_of(st.integers(1, 8), st.integers(5, 200), st.integers(200, 2400))
    return st.lists(st.tuples(length, st.sampled_from(words)), min_size=1, max_size=12)


@dataclass(frozen=True, slots=True)
class Moment:
    """One look: what was said, and what followed."""

    at_s: float
    word: Word
    stance: Stance
    events: tuple[PowerEvent, ...]


def lived(timeline: Sequence[Segment], *, every_s: int = 2) -> Iterator[Moment]:
    """Live through a timeline; at the end the mains are there for a good while."""
    state = PowerState()
    now_s = 0.0
    for length_s, word in (*timeline, (2400, MAINS)):
        end_s = now_s + length_s
        while now_s < end_s:
            state, events = step(state, [word], now_s=now_s, now=START + timedelta(seconds=now_s), limits=LIMITS)
            yield Moment(now_s, word, state.stances(PROTECTS).get("pc", Stance.NORMAL), events)
            now_s += every_s


def second(at: datetime) -> float:
    return (at - START).total_seconds()


@given(segments(EVERY_WORD))
@settings(max_examples=40, deadline=None)
def test_on_battery_nothing_begins_and_almost_empty_everything_stops_at_the_first_word(timeline: list[Segment]) -> None:
    for moment in lived(timeline):
        if moment.word.power is Power.BATTERY:
            assert moment.stance is not Stance.NORMAL
        if moment.word.almost_empty(LIMITS):
            assert moment.stance is Stance.STOP


@given(segments(EVERY_WORD))
@settings(max_examples=40, deadline=None)
def test_work_goes_on_only_after_steady_mains_or_a_long_silence(timeline: list[Segment]) -> None:
    mains_since = heard = None
    before = Stance.NORMAL
    for moment in lived(timeline):
        match moment.word.power:
            case Power.MAINS:
                mains_since = moment.at_s if mains_since is None else mains_since
                heard = moment.at_s
            case Power.BATTERY:
                mains_since, heard = None, moment.at_s
            case Power.UNKNOWN:
                pass
        if before is not Stance.NORMAL and moment.stance is Stance.NORMAL:
            steady = mains_since is not None and moment.at_s - mains_since >= LIMITS.steady_s
            forgotten = heard is not None and moment.at_s - heard >= LIMITS.forget_after_s
            assert steady or forgotten
        before = moment.stance
    assert before is Stance.NORMAL


@given(segments(EVERY_WORD))
@settings(max_examples=40, deadline=None)
def test_every_outage_that_was_told_ends_once_and_none_overlap(timeline: list[Segment]) -> None:
    told: list[OutageBegan] = []
    ended: list[OutageEnded] = []
    criticals = 0
    for moment in lived(timeline):
        for event in moment.events:
            match event:
                case OutageBegan():
                    assert len(told) == len(ended), "the one before is not over yet"
                    told.append(event)
                    criticals = 0
                case BatteryCritical():
                    criticals += 1
                    assert len(told) == len(ended) + 1
                    assert criticals == 1
                case OutageEnded():
                    ended.append(event)
                    assert event.began == told[-1].began
                    assert event.critical == (criticals == 1)
                case _:
                    pass
    assert len(told) == len(ended)
    edges = [second(edge) for outage in ended for edge in (outage.began, outage.ended)]
    assert edges == sorted(edges)


@given(segments((MAINS, BATTERY, LOW, NUMBERLESS)))
@settings(max_examples=40, deadline=None)
def test_no_word_of_battery_is_lost_and_only_flickers_are_not_told(timeline: list[Segment]) -> None:
    moments = list(lived(timeline))
    told = [(second(e.began), second(e.ended)) for m in moments for e in m.events if isinstance(e, OutageEnded)]
    for episode in episodes(moments):
        begin, end = episode[0].at_s, episode[-1].at_s
        covering = [outage for outage in told if outage[0] == begin and outage[1] >= end]
        more_than_a_flicker = end - begin >= LIMITS.told_after_s or any(m.word.almost_empty(LIMITS) for m in episode)
        assert len(covering) == more_than_a_flicker
    assert len(told) == sum(
        e[-1].at_s - e[0].at_s >= LIMITS.told_after_s or any(m.word.almost_empty(LIMITS) for m in e)
        for e in episodes(moments)
    )


def episodes(moments: Sequence[Moment]) -> list[list[Moment]]:
    """Group the words of battery: those with less than steady mains between them belong together."""
    found: list[list[Moment]] = []
    mains_since: float | None = None
    steady = True
    for moment in moments:
        if moment.word.power is Power.MAINS:
            mains_since = moment.at_s if mains_since is None else mains_since
            steady = steady or moment.at_s - mains_since >= LIMITS.steady_s
            continue
        if steady:
            found.append([])
        found[-1].append(moment)
        mains_since, steady = None, False
    return found


@given(segments(EVERY_WORD))
@settings(max_examples=40, deadline=None)
def test_silence_of_less_than_a_quarter_of_a_minute_changes_nothing(timeline: list[Segment]) -> None:
    heard_s: float | None = None
    before: Moment | None = None
    for moment in lived(timeline):
        if moment.word.power is Power.UNKNOWN and heard_s is not None and before is not None:
            if moment.at_s - heard_s < LIMITS.dead_after_s:
                assert (moment.stance, moment.events) == (before.stance, ())
        else:
            heard_s = moment.at_s
        before = moment


@given(st.lists(st.tuples(st.sampled_from(EVERY_WORD), st.sampled_from(EVERY_WORD)), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_of_two_upses_the_last_one_decides_when_work_stops(words: list[tuple[Word, Word]]) -> None:
    state = PowerState()
    protects = {"a": ("pc", "nas"), "b": ("pc",)}
    for number, (one, other) in enumerate(words):
        pair = [_named("a", one), _named("b", other)]
        state, _events = step(state, pair, now_s=number * 5.0, now=START + timedelta(seconds=number * 5), limits=LIMITS)
        stances = state.stances(protects)
        own = {ups: state.upses[ups].stance for ups in ("a", "b") if state.upses[ups].heard_s is not None}
        if own:
            assert (stances["pc"] is Stance.STOP) == (min(own.values()) is Stance.STOP)
            assert (stances["pc"] is Stance.NORMAL) == (max(own.values()) is Stance.NORMAL)
        if "a" in own:
            assert stances["nas"] is own["a"]


def _named(ups: str, word: Word) -> Word:
    return Word(ups, word.reachable, word.flags, word.charge_percent, word.runtime_s)


@given(segments((MAINS, BATTERY, LOW)), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_agent_that_starts_again_in_an_outage_tells_nobody_twice(timeline: list[Segment], restart: int) -> None:
    """What the records hold as open is all that outlives the agent."""
    state = PowerState()
    began: dict[str, datetime] = {}
    told = ended = 0
    moments = list(lived(timeline))
    for number, moment in enumerate(moments):
        if number == restart % len(moments):
            state = resumed(began, now_s=moment.at_s)
        now = START + timedelta(seconds=moment.at_s)
        state, events = step(state, [moment.word], now_s=moment.at_s, now=now, limits=LIMITS)
        for event in events:
            if isinstance(event, OutageBegan):
                assert event.ups not in began
                began[event.ups] = event.began
                told += 1
            elif isinstance(event, OutageEnded):
                del began[event.ups]
                ended += 1
    assert told == ended


def test_a_self_test_is_no_outage_but_nothing_begins_in_it() -> None:
    state, events = step(
        PowerState(), [Word(UPS, True, ("OB", "TEST"), 95.0, 2000.0)], now_s=0, now=START, limits=LIMITS
    )
    assert state.stances(PROTECTS) == {"pc": Stance.HOLD}
    later = START + timedelta(seconds=30)
    state, more = step(state, [Word(UPS, True, ("OB", "CAL"), 90.0, 1900.0)], now_s=30, now=later, limits=LIMITS)
    state, last = step(state, [MAINS], now_s=40, now=later, limits=LIMITS)
    assert (events, more, last) == ((), (), ())
    assert state.stances(PROTECTS) == {"pc": Stance.NORMAL}


def test_ups_that_never_spoke_says_nothing_about_the_mains() -> None:
    state = PowerState()
    for at_s in range(0, DAY_S, 600):
        state, _events = step(state, [SILENT], now_s=at_s, now=START, limits=LIMITS)
        assert state.stances(PROTECTS) == {}
