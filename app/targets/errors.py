"""What can be wrong with a place for copies. `target` is the place's name in every error that has one."""

from __future__ import annotations

from app.errors import ExitCode, VangnetError


class TargetError(VangnetError):
    """The base of the errors about places for copies."""

    code = "target"


class TargetNotThere(TargetError):
    """The place is not there now (`target`, `path`, `reason`: "not-connected", "not-mounted", "no-folder",
    "no-marker" (an empty mount folder looks like this), "no-repository", "unreadable", or "gone": it went away while
    it was looked at; `device` when it is plugged in but not mounted)."""

    code = "target-not-there"
    exit_code = ExitCode.NOT_THERE


class WrongDisk(TargetError):
    """Another disk or folder is in this place (`target`, `path`, `reason`: "marker", "repository", "file-system",
    "outside", "serial" (a clone, or another housing) or "ambiguous"; `found` and `organisation`: what its own marker
    says)."""

    code = "wrong-disk"
    exit_code = ExitCode.NOT_THERE


class TargetUnsuitable(TargetError):
    """Copies cannot go here (`path`; `reason`: a `PlaceProblemCode` with that problem's own data, or "own-folder",
    "path-outside-disk", "no-file-system-uuid")."""

    code = "target-unsuitable"
    exit_code = ExitCode.USAGE


class SettingsDamaged(TargetError):
    """The settings that lie beside the copies cannot be read (`path`, `reason`); the copies themselves can."""

    code = "settings-damaged"


class TargetHasOtherData(TargetError):
    """The folder is in use already (`path`, `reason`: "other-organisation", "other-target", "other-files";
    `organisation` and `found` where a marker names them)."""

    code = "target-has-other-data"
    exit_code = ExitCode.USAGE


class MarkerDamaged(TargetError):
    """The marker of a place cannot be read (`path`, `reason`: "missing", "too-long", "not-json", "field",
    "version"; `target` where one was looked for)."""

    code = "marker-damaged"


class DiskServiceMissing(TargetError):
    """No udisks on this computer: disks can only be used as somebody else mounted them (`reason`: "no-bus",
    "no-service")."""

    code = "disk-service-missing"


class DiskActionRefused(TargetError):
    """A disk could not be mounted, unmounted, powered off or formatted (`device`, `reason`: "busy", "not-allowed",
    "not-supported", "no-file-system", "gone", "timeout" or "failed"; `detail`: udisks' own words)."""

    code = "disk-action-refused"


class DiskNotToBeErased(TargetError):
    """A disk that must not be erased (`device`, `reason`: "system", "holds-data", "several-parts", "target",
    "on-battery", "name-not-typed", "changed", "gone")."""

    code = "disk-not-to-be-erased"
    exit_code = ExitCode.USAGE


class NoRoomForFull(TargetError):
    """A place has not enough room for the yearly full back-up's own repository (`need_bytes`, `free_bytes`)."""

    code = "no-room-for-full"


class PlaceSecretMissing(TargetError):
    """The password or key of a place on a network is not in `secrets/` (`target`, `reason`)."""

    code = "place-secret-missing"
    exit_code = ExitCode.WRONG_KEY


class KeyRingMissing(VangnetError):
    """The organisation's keys are not on this computer, or not whole (`path`, `reason`)."""

    code = "key-ring-missing"
    exit_code = ExitCode.WRONG_KEY


class RecoveryKeyMistyped(VangnetError):
    """A recovery key cannot be right as typed (`reason`: "length", "symbol" or "check"; `groups`: the numbers of
    the groups that are wrong, from 1; empty when no group can be blamed). Never carries what was typed."""

    code = "recovery-key-mistyped"
    exit_code = ExitCode.WRONG_KEY
