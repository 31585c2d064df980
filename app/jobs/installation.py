"""One installation as loaded: where it is, what its policy wants, what this machine has, and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.assessment.assess import assess
from app.assessment.model import Assessment
from app.clock import Clock
from app.errors import ConfigurationError, NotSetUp
from app.jobs.errors import UnknownDataSet, UnknownTarget
from app.jobs.last_good import LastGood, read_last_good
from app.paths import Home
from app.policy.load import load_machine, load_policy, parse_machine, parse_policy
from app.policy.machine import DataSetFolders, Machine, Target, TargetId
from app.policy.model import DataSetId, Policy
from app.policy.refused import Refused, refusal
from app.records.facts import Facts
from app.records.room import RoomTrouble, room_trouble
from app.records.store import Records


@dataclass(frozen=True, slots=True)
class Installation:
    """A home with its policy and machine files read; a changed file wants a new `load`."""

    home: Home
    policy: Policy
    machine: Machine
    clock: Clock
    timezone: ZoneInfo
    refused: Refused | None = None
    """What is wrong with the files as they are now, when these are the last ones that were right."""

    @classmethod
    def load(cls, home: Home, clock: Clock) -> Installation:
        """Read both files; raises NotSetUp while one is missing, ConfigurationError when one cannot be used."""
        if not home.policy_file.exists() or not home.machine_file.exists():
            raise NotSetUp(home=str(home.config))
        policy = load_policy(home.policy_file)
        machine = load_machine(home.machine_file, policy)
        return cls(home, policy, machine, clock, ZoneInfo(policy.organisation.timezone))

    @classmethod
    def load_working(cls, home: Home, clock: Clock) -> Installation:
        """Read both files, or else the last ones that were right: a typing error must not stop the back-ups.

        Raises what `load` raises when there are none, or when neither file is there (any more).
        """
        try:
            return cls.load(home, clock)
        except ConfigurationError as exc:
            kept = read_last_good(home) if home.policy_file.exists() or home.machine_file.exists() else None
            working = cls._kept(home, clock, kept) if kept is not None else None
            if working is None:
                raise
            return replace(working, refused=refusal(exc, _changed(home)))

    @classmethod
    def _kept(cls, home: Home, clock: Clock, kept: LastGood) -> Installation | None:
        try:
            policy = parse_policy(kept.policy, home.policy_file.name)
            machine = parse_machine(kept.machine, home.machine_file.name, policy)
        except ConfigurationError:  # kept by an older version, which allowed more
            return None
        return cls(home, policy, machine, clock, ZoneInfo(policy.organisation.timezone))

    def records(self) -> Records:
        """Open the facts; one connection for each thread or process, closed by its `with`.

        On a disk where nothing can be written they can be read, and refuse writing (`Records.open_to_read`).
        """
        return Records.open_to_read(self.home, self.clock)

    @property
    def trouble(self) -> RoomTrouble | None:
        """Why nothing can be written down now."""
        return room_trouble(self.home.data)

    def assess(self, records: Records) -> Assessment:
        """Judge the facts as they are now."""
        return self.judge(records.facts())

    def judge(self, facts: Facts) -> Assessment:
        """Judge facts that have been read."""
        return assess(
            self.policy, self.machine, facts, self.clock.now(), self.timezone, refused=self.refused,
            trouble=self.trouble,
        )  # fmt: skip

    def folders(self, data_set: str) -> DataSetFolders:
        """Return where a data set is on this computer; raises UnknownDataSet."""
        folders = self.machine.folders(DataSetId(data_set))
        if folders is None or not folders.paths:
            raise UnknownDataSet(data_set=data_set)
        return folders

    def target(self, target: str) -> Target:
        """Return a place for copies; raises UnknownTarget."""
        try:
            return self.machine.target(TargetId(target))
        except KeyError as exc:
            raise UnknownTarget(target=target) from exc


def _changed(home: Home) -> datetime:
    """Return when the files were last changed."""
    times = [file.stat().st_mtime for file in (home.policy_file, home.machine_file) if file.exists()]
    return datetime.fromtimestamp(max(times, default=0.0), UTC)
