"""What every test can ask for."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.rig.fixtures"]

# A slow or busy machine is no reason to fail: neither an example nor drawing one has a time to keep.
settings.register_profile("vangnet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vangnet")
