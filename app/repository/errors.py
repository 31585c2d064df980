"""The engine's errors. Each is raised with data that names what it concerns; texts are made at the edge."""

from __future__ import annotations

from app.errors import ExitCode, VangnetError


class RepositoryError(VangnetError):
    """The base of the engine's errors."""

    code = "repository"


class RepositoryNotFound(RepositoryError):
    """There is no repository at this place (`location`)."""

    code = "repository-not-found"
    exit_code = ExitCode.NOT_THERE


class RepositoryExists(RepositoryError):
    """`init` found a repository already there (`location`)."""

    code = "repository-exists"


class RepositoryLocked(RepositoryError):
    """Another process holds a lock that excludes ours (`host`, `pid`, `since`, `exclusive`)."""

    code = "repository-locked"
    exit_code = ExitCode.LOCKED


class WrongKey(RepositoryError):
    """No key of the repository opens with this password or master key (`location`)."""

    code = "wrong-key"
    exit_code = ExitCode.WRONG_KEY


class RepositoryDamaged(RepositoryError):
    """What the repository holds is not what it should be (`file`, `reason`)."""

    code = "repository-damaged"


class KeyNotFound(RepositoryError):
    """No key of the repository has this id or prefix of an id (`wanted`)."""

    code = "key-not-found"
    exit_code = ExitCode.NOT_THERE


class KeyInUse(RepositoryError):
    """The key that opened the repository, or the only one, is not removed (`key`)."""

    code = "key-in-use"


class UnsupportedRepository(RepositoryError):
    """A format version or parameter outside what we accept (`reason`)."""

    code = "repository-unsupported"


class SnapshotNotFound(RepositoryError):
    """No snapshot has this id, prefix, path or date (`wanted`)."""

    code = "snapshot-not-found"
    exit_code = ExitCode.NOT_THERE


class SourceNotFound(RepositoryError):
    """None of the paths to back up exists (`paths`)."""

    code = "source-not-found"
    exit_code = ExitCode.NOT_THERE


class Cancelled(RepositoryError):
    """The caller asked to stop; everything finished so far is kept."""

    code = "cancelled"


class WorkerDied(RepositoryError):
    """A worker process of the engine ended before its work was done (`exitcode`)."""

    code = "worker-died"


class BackendError(RepositoryError):
    """The place could not do what was asked (`location`, `operation`, `reason`)."""

    code = "backend"


class BackendUnavailable(BackendError):
    """The place is not there, or went away in mid-use."""

    code = "backend-unavailable"
    exit_code = ExitCode.NOT_THERE


class BackendFull(BackendError):
    """No space left at the place (`free_bytes` where known)."""

    code = "backend-full"


class BackendReadOnly(BackendError):
    """The place refuses to be written to."""

    code = "backend-read-only"


class BackendRefused(BackendError):
    """The server does not allow this: a removal at a place that only ever adds, say (`reason`)."""

    code = "backend-refused"


class ServerLoginRefused(BackendError):
    """The server does not accept our name, password or key."""

    code = "server-login"
    exit_code = ExitCode.WRONG_KEY


class ServerNotTrusted(BackendError):
    """Another server answers than the one that was pinned, or its certificate proves nothing (`reason`: "no-key",
    "other-key", "certificate"; `expected` and `found`: short forms of keys, where known)."""

    code = "server-not-trusted"
    exit_code = ExitCode.NOT_THERE


class FileMissing(BackendError):
    """The repository has no such file (`file`)."""

    code = "file-missing"
