"""What can be wrong with a job before or while it runs; each error names what it concerns."""

from __future__ import annotations

from app.errors import ExitCode, VangnetError


class JobError(VangnetError):
    """The base of the jobs' errors."""

    code = "job"


class UnknownDataSet(JobError):
    """The policy has no such data set, or this computer has no folders for it (`data_set`)."""

    code = "unknown-data-set"
    exit_code = ExitCode.USAGE


class UnknownTarget(JobError):
    """The machine file has no such place for copies (`target`)."""

    code = "unknown-target"
    exit_code = ExitCode.USAGE


class SourceMissing(JobError):
    """None of the data set's folders is there (`data_set`, `folders`)."""

    code = "source-missing"
    exit_code = ExitCode.NOT_THERE


class SourceEmpty(JobError):
    """The data set's folders are there, but hold nothing: an unmounted disk looks like this (`data_set`, `folders`)."""

    code = "source-empty"
    exit_code = ExitCode.NOT_THERE


class ReadBackFailed(JobError):
    """The full back-up was written, but reading it back from the medium found errors (`target`, `problems`)."""

    code = "read-back-failed"


class CheckFailed(JobError):
    """The check found errors in the copies (`target`, `problems`)."""

    code = "check-failed"


class NoCopy(JobError):
    """No copy of this data set is on a place that is connected now (`data_set`, `target`, `at`)."""

    code = "no-copy"
    exit_code = ExitCode.NOT_THERE


class RestoreIntoSource(JobError):
    """A restore goes to a place of its own, never into the data or a target itself (`to`, `folder`)."""

    code = "restore-into-source"
    exit_code = ExitCode.USAGE


class NotIdentical(JobError):
    """Restored files are not what was backed up (`data_set`, `target`, `files`)."""

    code = "restore-test-not-identical"


class NothingToTest(JobError):
    """The copy holds no file that a restore test could take (`data_set`, `target`)."""

    code = "nothing-to-test"


class KeepingEverything(JobError):
    """A hold, or a suspicion of ransomware, forbids to let go of any version (`target`)."""

    code = "keeping-everything"
