"""The agent's core: what it knows, what it starts, what it answers. `main` decides how long it lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from functools import partial

from app.agent.answering import Answering
from app.agent.configuration import Configuration
from app.agent.continuous import close_periods, sessions_to_start
from app.agent.disks import DiskKeeper
from app.agent.due import Attempts, Job, due_jobs, next_stage, requested_jobs
from app.agent.judging import Judging
from app.agent.lines import LineWatch
from app.agent.log import say
from app.agent.power import BATTERY_S, BUSY_S, PowerWatch
from app.agent.runner import Runner
from app.agent.scheduler import call_guarded
from app.agent.telling import Teller
from app.agent.tickets import Ticket
from app.agent.watch import DriveBook, TargetWatch
from app.assessment.model import FindingCode
from app.clock import Clock
from app.jobs.conduct import STOPPED_FOR_POWER
from app.jobs.installation import Installation
from app.jobs.samples import forget_old_samples
from app.jobs.suspicion import watch_canaries
from app.paths import Home
from app.policy.machine import THIS_COMPUTER, Machine
from app.policy.power_rules import PowerRules
from app.power.errors import OnBattery
from app.power.passwords import ups_password
from app.records.facts import DriveSight, Outcome, Request, Run, RunKind
from app.records.store import Records
from app.targets.remembered import forget_places_taken_away

STOP_FOR_POWER_S = 6.0
"""How long a run has to stop by itself while the battery runs empty; then its process is ended."""
UNMOUNT_FOR_POWER_S = 3.0
TELL_AFTER_S = 2.0
REASON_DUE = "due"
REASON_ARRIVED = "disk-arrived"
_ATTEMPTS_READ = 3


class Agent:
    """Everything that acts, in one asyncio loop; `records` is used in that loop only."""

    def __init__(self, home: Home, clock: Clock, records: Records) -> None:
        self._home = home
        self._clock = clock
        self._records = records
        self._started = clock.now()
        self.configuration = Configuration(home, clock, records)
        self.closing = False
        self.ended: list[Run] = []
        """The runs that ended in this agent's life and are not yet told of (`--once` makes its exit code of them)."""
        self.targets = TargetWatch(clock, records, home)
        self.drives = DriveBook(records)
        self.disks = DiskKeeper(self._disks_changed)
        self._tried: set[Job] = set()
        """Of an agent for once: what it has begun, well or not."""
        self.lasting = False
        """It starts what becomes due by itself; with `--once` only what was due or asked for."""
        self._looking: asyncio.Task[None] | None = None
        self._look_again = False
        self._tending: set[asyncio.Task[None]] = set()
        self.power = PowerWatch(clock, records, partial(ups_password, home))
        self.runner = Runner(
            home, records, on_finished=self._run_ended, together=self._go_together, before=self.power.ensure_fresh
        )
        self.runner.hold(self._is_held)
        self.answering = Answering(records, self.runner, self)
        self.lines = LineWatch(clock, records)
        self._judging = Judging(clock, records)
        self.teller = Teller(home, clock, records, self._judging)
        self._telling: set[asyncio.Task[None]] = set()
        self._will_tell = False

    # --- knowing -----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the policy and machine files when they have changed."""
        if self.configuration.reload():
            # They live by the configuration they began with; those that are still wanted begin again.
            self.runner.stop_lasting()

    @property
    def installation(self) -> Installation | None:
        return self.configuration.installation

    async def look(self, drives: tuple[DriveSight, ...] | None = None) -> frozenset[str]:
        """See which disks and targets are here; returns the disks of ours that can be used since now."""
        machine = self.machine
        if drives is None:
            self.drives.look(machine)
        else:
            self.drives.see(drives)
        self.disks.see(self.drives.drives, machine)
        if machine is None:
            return frozenset()
        removable = frozenset[str](target.id for target in machine.targets if target.removable)
        return removable & await self.targets.look(machine, self.drives.drives)

    # --- power -------------------------------------------------------------------------------------------------

    async def look_at_power(self) -> None:
        """Read the UPSes and do what follows: hold what is to begin, stop what runs, go on once the mains are back."""
        rules = self.installation.policy.power if self.installation else PowerRules()
        stopped, held = self.power.stopped, self.power.held
        await self.power.look(self.machine, rules)
        for device in sorted(self.power.stopped - stopped):
            await self._stop_for_power("" if device == THIS_COMPUTER else device)
        if held - self.power.held and not self.closing:
            say("power-back", devices=",".join(sorted(held - self.power.held)))
            self.runner.resume()
            if self.lasting:
                await self.look_and_start()

    async def look_at_lines(self) -> None:
        """Probe the internet lines, when there are any and it is time for it."""
        if self.machine is not None:
            await self.lines.look(self.machine.lines)

    def watching_power(self) -> AbstractAsyncContextManager[None]:
        """Look at the power for as long as the context lasts."""
        return self.power.watching(self.look_at_power, self._power_pause_s)

    def _power_pause_s(self) -> float:
        if self.power.held:
            return BATTERY_S
        return self.power.idle_pause_s(self.machine) if self.runner.idle else BUSY_S

    def _is_held(self, target: str) -> bool:
        # Once, somebody waits for the end of it: what is asked for on battery was refused before it came here.
        return self.lasting and self.power.holds(target)

    async def _stop_for_power(self, target: str) -> None:
        """Stop what runs (on one target), and let its disks go: all within ten seconds."""
        began = self._clock.monotonic()
        runs = tuple(run.id for run in self._records.running() if target in ("", run.target))
        self.runner.interrupt(target)
        if not self.lasting:
            self.runner.cancel(target=target)  # nobody would be there to start later what waits
        await self.runner.ended(target, STOP_FOR_POWER_S)
        self.disks.release(target)
        self.tend_disks()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UNMOUNT_FOR_POWER_S):
                await self.disks.settled()
        seconds = round(self._clock.monotonic() - began, 1)
        say("stopped-for-power", target=target or "-", runs=len(runs), seconds=seconds)
        self._records.note(STOPPED_FOR_POWER, {"target": target, "runs": runs, "seconds": seconds}, subject=target)

    @property
    def machine(self) -> Machine | None:
        return self.installation.machine if self.installation else None

    # --- acting by itself --------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """Go on where an earlier agent stopped: close what died, watch what still runs, answer what it had taken."""
        self.runner.close_dead()
        self.runner.adopt()
        self.answering.take_over()

    async def network_changed(self) -> None:
        """Look at the places on a network now: a link came up or went down."""
        if self.machine is None or not any(target.remote for target in self.machine.targets):
            return
        self.targets.look_afresh()
        await self.look_and_start(self.drives.drives)

    async def look_and_start(self, drives: tuple[DriveSight, ...] | None = None) -> None:
        """Look what is here and start what is due there."""
        arrived = await self.look(drives)
        self.start_due(arrived=arrived)
        self.tend_disks()
        self.keep_in_sync()

    def start_due(self, *, arrived: Collection[str] = (), patient: bool = True) -> tuple[Ticket, ...]:
        """Start what the policy wants now on the targets that are here; nothing while on battery.

        `patient`: wait a while after failures. `arrived` are disks that have just come.
        """
        self.runner.close_dead()
        due = [job for job in self._due(patient=patient) if job.target in self.targets.connected]
        jobs = next_stage([job for job in due if job not in self._tried], self.runner.jobs)
        if not self.lasting:
            self._tried.update(jobs)
        with self.runner.gathering():
            return tuple(
                self.runner.submit(job, REASON_ARRIVED if job.target in arrived else REASON_DUE) for job in jobs
            )

    def _due(self, *, patient: bool) -> tuple[Job, ...]:
        """Return what is due on the targets that are here, disks that are plugged in but not mounted among them."""
        if self.installation is None or self.power.on_battery:
            return ()
        assessment = self._judging.now(self.installation).assessment
        since = {target.target: target.since for target in assessment.targets}

        def attempts(job: Job) -> Attempts:
            runs = self._records.runs(limit=_ATTEMPTS_READ, data_set=job.data_set, target=job.target, kind=job.kind)
            ended = tuple(run for run in runs if run.outcome is not Outcome.RUNNING)
            return Attempts(ended, since.get(job.target), self._started)

        reachable = self.targets.connected | self.disks.plugged_in
        if self.machine is not None and any(f.code is FindingCode.POSSIBLE_ATTACK for f in assessment.findings):
            # What may be ransomware must not reach a disk that is usually out of its reach.
            reachable -= {target.id for target in self.machine.targets if target.removable}
        return due_jobs(assessment, reachable, attempts if patient else None)

    # --- disks that travel -------------------------------------------------------------------------------------

    def see_drives(self, drives: tuple[DriveSight, ...]) -> None:
        """Record at once what is plugged in, then look and start what is due; a place that hangs holds up neither."""
        self.drives.see(drives)
        if self._looking is not None and not self._looking.done():
            self._look_again = True
            return
        self._looking = asyncio.get_running_loop().create_task(self._look_until_quiet())

    async def _look_until_quiet(self) -> None:
        while True:
            self._look_again = False
            await call_guarded("drives", lambda: self.look_and_start(self.drives.drives))
            if not self._look_again:
                return

    def tend_disks(self) -> None:
        """Mount and let go our disks as their work wants, and record what is to be said of them."""
        if self.closing:
            return
        wanted = frozenset(job.target for job in self._due(patient=True)) if self.disks.plugged_in else frozenset[str]()
        self.disks.tend(wanted=wanted, busy=self.runner.busy_on)
        self.drives.annotate(lambda drive: self.disks.note(drive, errors=self.targets.errors, busy=self.runner.busy_on))

    async def _disks_changed(self) -> None:
        """A disk was mounted or let go."""
        if self.closing:
            return
        if self.lasting:
            await self.look_and_start()
        else:
            await self.look()
            self.tend_disks()

    def _tend_soon(self) -> None:
        """Look after the disks once the run that has just ended is out of the book."""

        async def tend() -> None:
            self.tend_disks()

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(call_guarded("disks", tend))
            self._tending.add(task)
            task.add_done_callback(self._tending.discard)

        if self.disks.plugged_in and not self.closing:
            asyncio.get_running_loop().call_soon(begin)

    def _next_stage_soon(self) -> None:
        """Start what comes after the copies once the run that has just ended is out of the book."""

        async def start() -> None:
            self.start_due()

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(call_guarded("due", start))
            self._tending.add(task)
            task.add_done_callback(self._tending.discard)

        asyncio.get_running_loop().call_soon(begin)

    def keep_in_sync(self) -> None:
        """See to it that every set that is to be copied continuously is; nothing begins on battery."""
        close_periods(self._records)
        if self.installation is None or self.closing or not self.lasting or self.power.on_battery:
            return

        def last_runs(job: Job) -> tuple[Run, ...]:
            runs = self._records.runs(limit=_ATTEMPTS_READ, data_set=job.data_set, target=job.target, kind=job.kind)
            return tuple(run for run in runs if run.outcome is not Outcome.RUNNING)

        for job in sessions_to_start(self.installation, last_runs, self._clock.now()):
            # The day's copy goes first: two that begin on the same files at once would both store them.
            if self.runner.busy_with(Job(RunKind.BACKUP, job.data_set, job.target)) is None:
                self.runner.submit(job, REASON_DUE)

    async def tell(self) -> None:
        """Look after the watch files; tell people what went wrong and what they are asked to do."""
        if self.installation is not None:
            watch_canaries(self.installation, self._records, self._judging.now(self.installation).facts)
        await self.teller.tell(self.installation)

    def _tell_soon(self) -> None:
        """Tell at once when a run has ended; runs that end together are told of together."""
        if not self.closing and not self._will_tell:
            self._will_tell = True
            task = asyncio.get_running_loop().create_task(self._tell_after_a_moment())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_after_a_moment(self) -> None:
        await asyncio.sleep(TELL_AFTER_S)
        self._will_tell = False
        await call_guarded("tell", self.tell)

    def _go_together(self, one: Job, other: Job) -> bool:
        """Tell whether two copies can come from one reading; a server far away must not hold up a disk beside us."""
        if self.machine is None or {one.kind, other.kind} != {RunKind.BACKUP} or one.data_set != other.data_set:
            return False
        remote = {str(target.id): target.remote for target in self.machine.targets}
        return remote.get(one.target) == remote.get(other.target)

    async def tidy(self) -> None:
        """Remove restored samples that nobody looked at within a day, and what was kept of places that are no more."""
        with contextlib.suppress(OSError):
            forget_old_samples(self._home, self._clock.now())
        if self.machine is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(forget_places_taken_away, self._home, self.machine.targets, self._clock.now())

    # --- answering ---------------------------------------------------------------------------------------------

    async def let_go(self, target: str) -> None:
        """Unmount a disk as soon as nothing is being done there (every disk of ours when `target` is empty)."""
        await self.look()
        self.disks.release(target)
        self.tend_disks()
        await self.disks.settled()

    async def look_afresh(self) -> None:
        """Read the configuration and look at everything again, and start what is due."""
        if self.configuration.reload(even_unchanged=True):
            self.runner.stop_lasting()
        self.targets.look_afresh()
        await self.look()
        self.start_due()

    async def jobs_for(self, request: Request) -> tuple[Job, ...]:
        """Return what a request leads to; raises VangnetError where it cannot be done."""
        self.reload()
        installation = self.configuration.require()
        if self.power.on_battery and not self.lasting:
            raise OnBattery(what=request.kind)
        self.targets.look_afresh()
        await self.look()
        assessment = self._judging.now(installation).assessment
        return requested_jobs(request, installation.policy, installation.machine, assessment, self.targets.connected)

    @property
    def idle(self) -> bool:
        """Nothing runs or waits, and every request has its answer."""
        return self.runner.idle and self.answering.none

    # --- ending ------------------------------------------------------------------------------------------------

    async def finished(self) -> None:
        """Wait until nothing runs or waits and every request has its answer."""
        await self.runner.until_idle()
        await self.answering.finished()

    async def close(self, grace_s: float) -> None:
        """Stop what runs; requests whose runs ended are closed, those not taken yet are left for the next agent."""
        self.closing = True
        for task in tuple(self._telling):
            task.cancel()
        await self.runner.close(grace_s)
        await self.teller.close()
        await self.answering.finished(grace_s)

    def _run_ended(self, run: Run) -> None:
        self.ended.append(run)
        self.disks.run_ended(run.target)
        self._tend_soon()
        self._tell_soon()
        if self.lasting and not self.closing and self.runner.nothing_waits:
            self._next_stage_soon()
        if run.kind in (RunKind.SYNC, RunKind.BACKUP) and not self.closing:
            asyncio.get_running_loop().call_soon(self.keep_in_sync)
