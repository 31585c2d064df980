"""One installation as loaded: where it is, what its policy wants, what this machine has, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.assessment.assess import assess
from app.assessment.model import Assessment
from app.clock import Clock
from app.errors import NotSetUp
from app.jobs.errors import UnknownDataSet, UnknownTarget
from app.paths import Home
from app.policy.load import load_machine, load_policy
from app.policy.machine import DataSetFolders, Machine, Target, TargetId
from app.policy.model import DataSetId, Policy
from app.records.store import Records


@dataclass(frozen=True, slots=True)
class Installation:
    """A home with its policy and machine files read; a changed file wants a new `load`."""

    home: Home
    policy: Policy
    machine: Machine
    clock: Clock
    timezone: ZoneInfo

    @classmethod
    def load(cls, home: Home, clock: Clock) -> Installation:
        """Read both files; raises NotSetUp while one is missing, ConfigurationError when one cannot be used."""
        if not home.policy_file.exists() or not home.machine_file.exists():
            raise NotSetUp(home=str(home.config))
        policy = load_policy(home.policy_file)
        machine = load_machine(home.machine_file, policy)
        return cls(home, policy, machine, clock, ZoneInfo(policy.organisation.timezone))

    def records(self) -> Records:
        """Open the facts; one connection for each thread or process, closed by its `with`."""
        return Records.open(self.home, self.clock)

    def assess(self, records: Records) -> Assessment:
        """Judge the facts as they are now."""
        return assess(self.policy, self.machine, records.facts(), self.clock.now(), self.timezone)

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
