"""A simulated school year: `python -m tests.sim.year [--seed N]` prints what was met, announced, and never done twice.

The clock is stepped, the assessment, the choice of what starts and of who is told are the real ones; the engine is a
stand-in. Sixty times the power goes, on twenty days nobody brings the disk that is asked for.
"""

from __future__ import annotations

import argparse
import random
import time as wall
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from app.assessment.judgements import open_cases
from app.assessment.model import Assessment, Obligation, ObligationKind, Timing
from app.assessment.school_year import school_year
from app.notices.model import Notice, Topic
from app.records.facts import (
    Approval,
    ChecklistSignature,
    Facts,
    Judgement,
    KeyTest,
    Outcome,
    Ruling,
    Run,
    RunKind,
)
from tests.sim.computer import Computer
from tests.sim.school import DISKS, FIRST_DAY, NOT_BROUGHT, TZ, fate, machine, policy

TICK = timedelta(hours=2)
CAUGHT_UP = timedelta(hours=2)
"""What fell due while the computer was off is made good within so much time of its being on again."""
IN_TIME = timedelta(days=5)
"""A disk is asked for in the days before its copies are due, over a weekend too."""
NOTHING = Facts((), (), (), (), (), (), (), (), (), (), (), None)


@dataclass(slots=True)
class Late:
    """An obligation that was late: since when it was seen, and whether somebody had been told by then."""

    obligation: Obligation
    seen: datetime
    on_before: timedelta
    told: datetime | None = None
    met: datetime | None = None
    on_for: timedelta = timedelta(0)
    """How long the computer was on while it was late."""


@dataclass(slots=True)
class Year:
    """What happened."""

    seed: int
    runs: tuple[Run, ...] = ()
    late: list[Late] = field(default_factory=list)
    notices: list[tuple[datetime, Notice]] = field(default_factory=list)
    power_offs: int = 0
    not_brought: int = 0
    met: Counter[ObligationKind] = field(default_factory=Counter)
    took_s: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Return every promise that was not kept."""
        return [*self._unannounced(), *self._told_twice(), *self._done_twice(), *self._told_while_away()]

    def _unannounced(self) -> list[str]:
        return [
            f"{late.obligation.id} was late from {late.obligation.due:%d-%m %H:%M} (seen {late.seen:%d-%m %H:%M}), "
            f"on for {late.on_for} and nobody knew"
            for late in self.late
            if late.told is None and late.on_for > CAUGHT_UP
        ]

    def _told_twice(self) -> list[str]:
        said = Counter(
            (at.astimezone(TZ).date(), task.id, notice.to.name, notice.channel)
            for at, notice in self.notices
            if notice.topic is Topic.TASK
            for task in notice.tasks
        )
        return [f"{key} was said {count} times in a day" for key, count in said.items() if count > 1]

    def _done_twice(self) -> list[str]:
        found = []
        for job in {(r.kind, r.data_set, r.target) for r in self.runs if r.kind is RunKind.BACKUP}:
            good = sorted(
                r.started for r in self.runs if (r.kind, r.data_set, r.target) == job and r.outcome is Outcome.GOOD
            )
            found += [f"{job} at {a} and {b}" for a, b in pairwise(good) if b - a < timedelta(hours=1)]
        days = Counter(
            (r.target, r.started.astimezone(TZ).date())
            for r in self.runs
            if r.kind is RunKind.PRUNE and r.outcome is Outcome.GOOD
        )
        return found + [f"cleared {count} times: {key}" for key, count in days.items() if count > 1]

    def _told_while_away(self) -> list[str]:
        calendar = policy().calendar
        return [
            f"{notice.topic} to {notice.to.name} on {at:%d-%m}"
            for at, notice in self.notices
            if notice.topic is Topic.TASK and not calendar.is_open(at.astimezone(TZ).date())
        ]


class Simulation:
    """One year, stepped."""

    def __init__(self, seed: int) -> None:
        self._policy = policy()
        self._fate = fate(self._policy, seed)
        self._chance = random.Random(seed + 1)
        start = self._fate.on[0][0]
        approved = Approval(self._policy.sha256, "1.0", "An", "director", start)
        facts = replace(NOTHING, approvals=(approved,), key_tests=(KeyTest("nas", start, "Kim"),), set_up_at=start)
        self._computer = Computer(self._policy, machine(self._policy), facts, start, start)
        self._computer.plug(DISKS[0])
        self._open: dict[str, Late] = {}
        self._seen: Assessment | None = None
        self._on = timedelta(0)
        self.year = Year(seed, power_offs=self._fate.power_offs)

    def run(self) -> Year:
        began = wall.monotonic()
        for begin, end in self._fate.on:
            self._live(begin, end)
        self.year.runs = tuple(self._computer.ended)
        self.year.took_s = wall.monotonic() - began
        return self.year

    def _live(self, begin: datetime, end: datetime) -> None:
        """Be on from `begin` to `end`; then the power goes, or somebody switches off."""
        computer = self._computer
        computer.now = begin
        computer.start()
        tick = begin
        while computer.now < end:
            if computer.now >= tick:
                self._tick()
                tick = computer.now + TICK
            elif computer.finish_what_ended():
                self._tick()
            ahead = min(t for t in (tick, end, computer.next_end()) if t is not None)
            self._on += max(ahead - computer.now, timedelta(0))
            computer.now = max(ahead, computer.now)
        computer.lose_power()

    def _tick(self) -> None:
        computer = self._computer
        if self._seen is not None:
            self._people_do_their_part(self._seen)
        assessment = self._seen = computer.act()
        for notice in computer.tell(assessment):
            self.year.notices.append((computer.now, notice))
        self._judge(assessment)

    # --- people ------------------------------------------------------------------------------------------------

    def _people_do_their_part(self, assessment: Assessment) -> None:
        """On a school day between nine and five somebody does what was asked; some days nobody brings the disk."""
        local = self._computer.now.astimezone(TZ)
        if not self._policy.calendar.is_open(local.date()) or not 9 <= local.hour < 17:
            return
        told = {task.id for _, notice in self.year.notices[-40:] for task in notice.tasks}
        for task in assessment.tasks:
            # The director sees what waits for a verdict in the notice of the failure itself.
            if task.timing in (Timing.DUE, Timing.OVERDUE) and (task.id in told or task.kind is ObligationKind.JUDGE):
                self._do(task, local.date())

    def _do(self, task: Obligation, today: date) -> None:
        computer = self._computer
        facts, now = computer.facts, computer.now
        match task.kind:
            case ObligationKind.PLUG_IN_DISK if today in self._fate.not_brought:
                self.year.not_brought += 1
            case ObligationKind.PLUG_IN_DISK:
                computer.plug(task.target or "")
            case ObligationKind.TAKE_OFF_SITE if computer.plugged_in == task.target:
                computer.plug("")
            case ObligationKind.CONFIRM_RESTORE_TEST:
                done = {"opened_file": "a.odt", "confirmed_by": "Kim", "confirmed_at": now}
                number = int(dict(task.data)["run"])
                tests = tuple(replace(t, **done) if t.run == number else t for t in facts.restore_tests)  # type: ignore[arg-type]
                computer.facts = replace(facts, restore_tests=tests)
            case ObligationKind.KEY_TEST:
                computer.facts = replace(facts, key_tests=(KeyTest("nas", now, "Kim"), *facts.key_tests))
            case ObligationKind.REVIEW_POLICY:
                again = Approval(self._policy.sha256, "1.0", "An", "director", now)
                computer.facts = replace(facts, approvals=(again, *facts.approvals))
            case ObligationKind.CHECKLIST:
                year = school_year(self._policy.organisation.school_year_starts, now, TZ).year
                signed = ChecklistSignature(year, "An", now, "{}", "", 1, "", "", "")
                computer.facts = replace(facts, signatures=(signed, *facts.signatures))
            case ObligationKind.JUDGE:
                cases = (case for case in open_cases(facts, now) if case.open)
                said = tuple(Judgement(c.id, now, Ruling.ACCEPTED, "seen", "", None, "An", now) for c in cases)
                computer.facts = replace(facts, judgements=(*said, *facts.judgements))
            case _:
                return

    # --- judging -----------------------------------------------------------------------------------------------

    def _judge(self, assessment: Assessment) -> None:
        """Note what is late, when somebody was told of it, and when it was met."""
        now = self._computer.now
        late = {o.id: o for o in assessment.obligations if o.timing is Timing.OVERDUE}
        for obligation in assessment.obligations:
            if obligation.id in late and obligation.id not in self._open:
                self._open[obligation.id] = Late(obligation, now, self._on)
                self.year.late.append(self._open[obligation.id])
            elif obligation.timing is Timing.MET:
                self.year.met[obligation.kind] += 1
        for name, entry in tuple(self._open.items()):
            entry.on_for = self._on - entry.on_before
            if entry.told is None:
                entry.told = self._told_of(entry.obligation)
            if name not in late:
                entry.met = now
                del self._open[name]

    def _told_of(self, obligation: Obligation) -> datetime | None:
        """Return when somebody was last told: of the task itself, of the disk it waits for, or that it is missed."""
        for at, notice in reversed(self.year.notices):
            if at < obligation.due - IN_TIME:
                return None
            for task in notice.tasks:
                for_its_disk = task.kind is ObligationKind.PLUG_IN_DISK and obligation.target in DISKS
                if task.id == obligation.id or for_its_disk:
                    return at
            if obligation.kind is ObligationKind.JUDGE and notice.topic in (Topic.FAILURE, Topic.NO_VERDICT):
                return at
            if any(case.data and dict(case.data).get("obligation") == obligation.id for case in notice.cases):
                return at
        return None


def table(year: Year) -> str:
    """Return what happened as a table: by kind of run, and by kind of what was late."""
    runs = Counter((run.kind, run.outcome) for run in year.runs)
    lines = [
        (
            f"school year from {FIRST_DAY}, seed {year.seed}: {year.power_offs} power cuts, "
            f"{year.not_brought} times the disk was not brought ({NOT_BROUGHT} days), in {year.took_s:.0f} s"
        ),
        "",
        f"{'run':<16}{'good':>8}{'broken off':>12}{'failed':>8}",
    ]
    for kind in RunKind:
        if any(of is kind for of, _ in runs):
            counts = (runs[kind, Outcome.GOOD], runs[kind, Outcome.INTERRUPTED], runs[kind, Outcome.FAILED])
            lines.append(f"{kind.value:<16}{counts[0]:>8}{counts[1]:>12}{counts[2]:>8}")
    lines += ["", f"{'late':<22}{'times':>7}{'told':>7}{'caught up':>11}{'longest on':>16}"]
    for owed in ObligationKind:
        late = [entry for entry in year.late if entry.obligation.kind is owed]
        if late:
            told = sum(entry.told is not None for entry in late)
            caught_up = sum(entry.told is None and entry.on_for <= CAUGHT_UP for entry in late)
            longest = str(max(entry.on_for for entry in late)).split(".", 1)[0]
            lines.append(f"{owed.value:<22}{len(late):>7}{told:>7}{caught_up:>11}{longest:>16}")
    asked = Counter(notice.topic for _, notice in year.notices)
    lines += ["", "notices: " + ", ".join(f"{topic.value} {count}" for topic, count in asked.items())]
    broken = year.broken
    lines += ["", "every promise was kept" if not broken else "BROKEN:", *broken[:20]]
    return "\n".join(lines)


def simulate(seed: int) -> Year:
    return Simulation(seed).run()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    year = simulate(parser.parse_args().seed)
    print(table(year))
    return 1 if year.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
