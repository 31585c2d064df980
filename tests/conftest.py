"""What every test can ask for, and how the tests take turns."""

import shutil
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.rig import leftovers
from tests.rig.turns import folder_of, group_of, turn

pytest_plugins = ["tests.rig.fixtures"]

# A slow or busy machine is no reason to fail: neither an example nor drawing one has a time to keep.
settings.register_profile("vangnet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vangnet")


def pytest_configure(config: pytest.Config) -> None:
    leftovers.mark_this_process()
    if not hasattr(config, "workerinput"):  # the one process that starts the others
        leftovers.sweep()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        run = getattr(config.pluginmanager.get_plugin("dsession"), "nodemanager", None)
        if run is not None:
            shutil.rmtree(folder_of(run.testrunuid), ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # waiting is not part of the test's time
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)
