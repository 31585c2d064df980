"""What can go wrong with the records. None of these lose a fact that was already written."""

from __future__ import annotations

from app.errors import ConfigurationError, ExitCode, VangnetError


class RecordsDamaged(VangnetError):
    """The database file cannot be read (`file`, `reason`). It is left as it is; the copies themselves are not in it."""

    code = "records-damaged"


class RecordsTooNew(VangnetError):
    """The database was written by a newer Vangnet (`file`, `found`, `known`). It is left as it is."""

    code = "records-too-new"


class RecordsUnusable(VangnetError):
    """The database cannot be opened or written now: full disk, no rights, I/O error (`file`, `reason`)."""

    code = "records-unusable"


class RecordsDiskFull(RecordsUnusable):
    """The disk with the records is full (`file`, `folder`, `reason`). What was recorded before can still be read."""

    code = "records-disk-full"


class RecordsReadOnly(RecordsUnusable):
    """The disk with the records is mounted read-only (`file`, `folder`, `reason`). What was recorded can be read."""

    code = "records-read-only"


class RecordsBusy(VangnetError):
    """Another process held the database for too long (`file`, `waited_s`)."""

    code = "records-busy"
    exit_code = ExitCode.LOCKED


class UnknownRun(VangnetError):
    """There is no such run, or no such restore test (`run`)."""

    code = "unknown-run"
    exit_code = ExitCode.USAGE


class RunAlreadyFinished(VangnetError):
    """The run has said how it ended; that is not said twice (`run`, `outcome`)."""

    code = "run-already-finished"


class UnknownRequest(VangnetError):
    """There is no such request (`request`)."""

    code = "unknown-request"
    exit_code = ExitCode.USAGE


class JournalKeyDamaged(VangnetError):
    """The file of the journal's signing key is no key (`file`)."""

    code = "journal-key-damaged"


class AgentRunning(ConfigurationError):
    """There is an agent already for this home (`pid`; 0 when it has not said so yet)."""

    code = "agent-running"
    exit_code = ExitCode.LOCKED


class UnknownAnomaly(VangnetError):
    """There is no such suspicion that is still open (`run`)."""

    code = "unknown-anomaly"
    exit_code = ExitCode.USAGE


class WrongPin(VangnetError):
    """The PIN is not right (`role`)."""

    code = "wrong-pin"
    exit_code = ExitCode.WRONG_KEY


class PinLocked(VangnetError):
    """Too many wrong PINs; the next try is taken after `wait_s` seconds (`role`)."""

    code = "pin-locked"
    exit_code = ExitCode.LOCKED


class PinNotSet(VangnetError):
    """This role has no PIN yet (`role`)."""

    code = "pin-not-set"
    exit_code = ExitCode.USAGE


class PinAlreadySet(VangnetError):
    """This role has a PIN; changing it takes the current one (`role`)."""

    code = "pin-already-set"
    exit_code = ExitCode.USAGE


class PinNotAllowed(VangnetError):
    """The PIN is too short or too long, or the role has none (`role`, `minimum`, `maximum`)."""

    code = "pin-not-allowed"
    exit_code = ExitCode.USAGE


class PinFileDamaged(VangnetError):
    """The file with the PINs or the sealed signing key cannot be read (`file`)."""

    code = "pin-file-damaged"
