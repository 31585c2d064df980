"""From what a person types to a data set, a target or an exit code; a near miss says what was probably meant."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator

from app.errors import ConfigurationError, ExitCode, VangnetError
from app.policy.machine import Machine, Target
from app.policy.model import DataSet, Policy

_FLOORS_WITH_ERRORS = ("app.repository.errors", "app.targets.errors", "app.records.errors", "app.jobs.errors")


class UnknownName(ConfigurationError):
    """No data set or target is called so (`kind`, `name`, `known`, `suggestion`)."""

    code = "unknown-name"


def the_data_set(policy: Policy, name: str) -> DataSet:
    """Find a data set by its id or its name, upper or lower case; raises UnknownName."""
    for data_set in policy.data_sets:
        if name.casefold() in (data_set.id.casefold(), data_set.name.casefold()):
            return data_set
    raise _unknown("set", name, (data_set.id for data_set in policy.data_sets))


def the_target(machine: Machine, name: str) -> Target:
    """Find a target by its id or its name, upper or lower case; raises UnknownName."""
    for target in machine.targets:
        if name.casefold() in (target.id.casefold(), target.name.casefold()):
            return target
    raise _unknown("target", name, (target.id for target in machine.targets))


def _unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    ids = list(known)
    close = difflib.get_close_matches(name.casefold(), ids, n=1)
    return UnknownName(kind=kind, name=name, known=", ".join(ids), suggestion=close[0] if close else "")


def exit_code_of(error_code: str) -> ExitCode:
    """Return the exit code that a recorded error's code stands for; FAILED for one we do not know."""
    for floor in _FLOORS_WITH_ERRORS:  # a class is only found among the subclasses once its module is loaded
        importlib.import_module(floor)
    return next((kind.exit_code for kind in _kinds(VangnetError) if kind.code == error_code), ExitCode.FAILED)


def _kinds(kind: type[VangnetError]) -> Iterator[type[VangnetError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)
