"""Internet lines on real routers, in network namespaces: is each there, which is used, what the agent records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.agent.lines import PROBE_AGAIN_S, PROBE_EVERY_S, LineWatch
from app.clock import FixedClock
from app.paths import Home
from app.policy.lines import Line, LineId, LineRole
from app.power.lines import LineProbe, Reach
from app.records.facts import OutageCause
from app.records.store import Records
from tests.rig.netns import INTERNET, PORT, TwoLines

BY_CARD = (
    Line(LineId("main"), "Glasvezel", LineRole.MAIN, "main"),
    Line(LineId("spare"), "4G", LineRole.ALTERNATIVE, "spare"),
)
BY_ROUTER = (
    Line(LineId("main"), "Glasvezel", LineRole.MAIN, gateway="10.1.0.1"),
    Line(LineId("spare"), "4G", LineRole.ALTERNATIVE, gateway="10.2.0.1"),
)
_CODE = """
import asyncio, json
from app.policy.lines import Line, LineId, LineRole
from app.power.lines import probe_lines
lines = {lines!r}
found = asyncio.run(probe_lines(lines, answering=(({host!r}, {port}),), timeout_s=1.0))
print(json.dumps([[p.line, p.reach.value, p.in_use, p.latency_ms is not None] for p in found]))
"""


@pytest.fixture
def two_lines() -> Iterator[TwoLines]:
    rig = TwoLines()
    try:
        rig.start()
        yield rig
    finally:
        rig.clean_up()


def probed(rig: TwoLines, lines: tuple[Line, ...]) -> object:
    code = _CODE.format(lines=lines, host=INTERNET, port=PORT).replace("<LineRole.MAIN: 'main'>", "LineRole.MAIN")
    code = code.replace("<LineRole.ALTERNATIVE: 'alternative'>", "LineRole.ALTERNATIVE")
    return rig.python(code.replace("Sla(expires=None, contact='', reference='', not_possible='')", "None"))


@pytest.mark.rig
def test_each_card_is_probed_over_its_own_way_whatever_the_default_is(two_lines: TwoLines) -> None:
    both = [["main", "internet", True, True], ["spare", "internet", False, True]]
    assert probed(two_lines, BY_CARD) == both
    two_lines.cut("main")
    assert probed(two_lines, BY_CARD) == [["main", "nothing", True, False], ["spare", "internet", False, True]]
    two_lines.prefer("spare")
    assert probed(two_lines, BY_CARD) == [["main", "nothing", False, False], ["spare", "internet", True, True]]
    two_lines.mend("main")
    assert probed(two_lines, BY_CARD) == [["main", "internet", False, True], ["spare", "internet", True, True]]
    two_lines.unplug("spare")
    assert probed(two_lines, BY_CARD) == [["main", "internet", True, True], ["spare", "nothing", False, False]]


@pytest.mark.rig
def test_of_a_line_known_by_its_router_only_the_router_is_asked_while_it_is_not_in_use(two_lines: TwoLines) -> None:
    assert probed(two_lines, BY_ROUTER) == [["main", "internet", True, True], ["spare", "router", False, True]]
    two_lines.cut("main")
    assert probed(two_lines, BY_ROUTER) == [["main", "nothing", True, False], ["spare", "router", False, True]]
    two_lines.prefer("spare")
    assert probed(two_lines, BY_ROUTER) == [["main", "router", False, True], ["spare", "internet", True, True]]


class Said:
    """Stands in for the network."""

    def __init__(self) -> None:
        self.main = self.spare = Reach.INTERNET
        self.in_use = "main"

    async def probe(self, lines: tuple[Line, ...]) -> tuple[LineProbe, ...]:
        reach = {"main": self.main, "spare": self.spare}
        return tuple(LineProbe(line.id, reach[line.id], 12.0, line.id == self.in_use) for line in lines)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 8, tzinfo=UTC))


@pytest.fixture
def records(tmp_path: Path, clock: FixedClock) -> Iterator[Records]:
    with Records.open(Home.in_folder(tmp_path), clock) as opened:
        yield opened


async def look(watch: LineWatch, clock: FixedClock, times: int, *, after_s: float = PROBE_AGAIN_S) -> None:
    for _look in range(times):
        clock.move_to(clock.now() + timedelta(seconds=after_s))
        await watch.look(BY_CARD)


async def test_switch_to_the_alternative_is_an_outage_of_the_main_line_until_it_is_used_again(
    records: Records, clock: FixedClock
) -> None:
    said = Said()
    watch = LineWatch(clock, records, said.probe)
    await look(watch, clock, 3, after_s=PROBE_EVERY_S)
    assert records.outages() == ()
    said.in_use = "spare"
    await look(watch, clock, 1, after_s=PROBE_EVERY_S)
    assert records.outages() == (), "one probe may be wrong"
    await look(watch, clock, 1)
    (outage,) = records.outages()
    assert (outage.subject, outage.cause, outage.ended) == ("main", OutageCause.SWITCHED_OVER, None)
    said.in_use = "main"
    await look(watch, clock, 1, after_s=PROBE_EVERY_S)
    await look(LineWatch(clock, records, said.probe), clock, 2)
    (outage,) = records.outages()
    assert outage.ended is not None
    assert records.verify_journal().ok


async def test_line_on_which_nothing_answers_is_down(records: Records, clock: FixedClock) -> None:
    said = Said()
    said.spare = Reach.NOTHING
    watch = LineWatch(clock, records, said.probe)
    await look(watch, clock, 2)
    (outage,) = records.outages()
    assert (outage.subject, outage.cause) == ("spare", OutageCause.LINE_DOWN)
    sights = {sight.line: sight.up for sight in records.facts().lines}
    assert sights == {"main": True, "spare": False}


async def test_proof_that_the_alternative_works_is_recorded_once_a_month(records: Records, clock: FixedClock) -> None:
    watch = LineWatch(clock, records, Said().probe)
    await look(watch, clock, 40, after_s=86_400)
    assert [test.line for test in records.facts().line_tests] == ["spare", "spare"]
