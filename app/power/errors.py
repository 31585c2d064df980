"""What can go wrong when a UPS is told to do something, or when something may not be done on battery."""

from __future__ import annotations

from app.errors import ConfigurationError, ExitCode, VangnetError


class UpsNotReachable(VangnetError):
    """The UPS or its server does not answer (`ups`, `trouble`)."""

    code = "ups-not-reachable"
    exit_code = ExitCode.NOT_THERE


class UpsLoginRefused(VangnetError):
    """The UPS's server refuses the name or password, or that name may not do this (`ups`)."""

    code = "ups-login-refused"
    exit_code = ExitCode.WRONG_KEY


class UpsCannotTest(VangnetError):
    """This UPS does not offer to test itself (`ups`)."""

    code = "ups-cannot-test"


class OnBattery(VangnetError):
    """Something that must not be cut short may not start while on battery (`what`)."""

    code = "on-battery"


class UnknownUps(ConfigurationError):
    """The machine file names no such UPS (`ups`)."""

    code = "unknown-ups"


class UnknownLine(ConfigurationError):
    """The machine file names no such line (`line`)."""

    code = "unknown-line"
