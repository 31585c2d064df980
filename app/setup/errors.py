"""What can be wrong with a set-up."""

from __future__ import annotations

from typing import ClassVar

from app.errors import ConfigurationError, ExitCode
from app.policy.errors import FileInvalid


class SetupInvalid(FileInvalid):
    """A file of answers cannot be used as it is (`file`, `problems`)."""

    code: ClassVar[str] = "setup-invalid"


class SetupIncomplete(ConfigurationError):
    """An answer that the set-up cannot do without is missing (`missing`)."""

    code = "setup-incomplete"


class SourceNotThere(ConfigurationError):
    """A folder that should be copied does not exist (`paths`)."""

    code = "source-not-there"


class AlreadySetUp(ConfigurationError):
    """This home has a finished set-up; it is not overwritten (`home`)."""

    code = "already-set-up"
    exit_code = ExitCode.FAILED
