"""The archive of approved policy versions: read-only, for the director and the IT provider (S1-9.3).

One file per approval, named by its time and the hash of its content, so a copy that was tampered with gives itself
away. All but the newest are superseded. Who approved a version stands in the journal, which holds the same hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.errors import ConfigurationError
from app.policy.errors import PolicyInvalid
from app.policy.files import write_whole
from app.policy.load import parse_policy
from app.policy.yamlfile import read_bytes

_TIME: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"(\d{8}T\d{6}Z)-([0-9a-f]{64})\.yml")


@dataclass(frozen=True, slots=True)
class ArchivedVersion:
    """An approved version in the archive.

    `version` is the number the document gave itself ("" when the file is damaged). `intact`: the content still has
    the hash it was archived with. `restricted`: nobody but its owner can read it.
    """

    version: str
    approved_at: datetime
    sha256: str
    path: Path
    superseded: bool
    intact: bool
    restricted: bool


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """What the yearly checklist asks of an archived version (C03), without reading the policy in it."""

    sha256: str
    superseded: bool
    intact: bool
    restricted: bool


def archive_version(folder: Path, content: bytes, *, sha256: str, approved_at: datetime) -> ArchivedVersion:
    """Keep an approved policy file, 0400 in a folder of 0700; the version before it is superseded from then on.

    `folder` is `Home.policy_archive`; `sha256` is the hash of the policy that was shown to whoever approves;
    `approved_at` is aware. Raises PolicyInvalid when the content is not a valid policy, ConfigurationError when it is
    not the one that was shown (`reason="changed-meanwhile"`) or cannot be kept (`reason="archive-not-writable"`).
    """
    policy = parse_policy(content, "policy.yml")
    if policy.sha256 != sha256:
        raise ConfigurationError(reason="changed-meanwhile", file="policy.yml")
    # The name holds whole seconds.
    approved_at = approved_at.astimezone(UTC).replace(microsecond=0)
    path = folder / f"{approved_at.strftime(_TIME)}-{policy.sha256}.yml"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(path, content, mode=0o400)
    except OSError as exc:
        raise ConfigurationError(reason="archive-not-writable", file=str(folder), found=exc.strerror) from exc
    return next(version for version in history(folder) if version.path == path)


def history(folder: Path) -> tuple[ArchivedVersion, ...]:
    """List the archived versions, the newest first; other files in the folder are left out."""
    return tuple(
        ArchivedVersion(_number(path), approved_at, sha256, path, kept.superseded, kept.intact, kept.restricted)
        for (approved_at, sha256, path), kept in zip(_files(folder), kept_versions(folder), strict=True)
    )


def kept_versions(folder: Path) -> tuple[KeptVersion, ...]:
    """Tell of each archived version whether it is whole and lies closed, the newest first."""
    return tuple(
        KeptVersion(sha256, place > 0, *_looked_at(path, sha256))
        for place, (_approved_at, sha256, path) in enumerate(_files(folder))
    )


def _files(folder: Path) -> list[tuple[datetime, str, Path]]:
    """The archive's files by the moment and the hash in their names, the newest first."""
    names: list[tuple[datetime, str, Path]] = []
    with contextlib.suppress(OSError):  # no archive yet: nothing was approved
        for path in folder.iterdir():
            found = _NAME.fullmatch(path.name)
            if found:
                with contextlib.suppress(ValueError):  # not a date: not ours
                    names.append((datetime.strptime(found[1], _TIME).replace(tzinfo=UTC), found[2], path))
    return sorted(names, reverse=True)


def _looked_at(path: Path, sha256: str) -> tuple[bool, bool]:
    """Whether a file is whole, and whether nobody but its owner can read it."""
    intact, restricted = False, False
    with contextlib.suppress(ConfigurationError, OSError):
        restricted = not any(stat.S_IMODE(place.stat().st_mode) & 0o077 for place in (path, path.parent))
        intact = hashlib.sha256(read_bytes(path, PolicyInvalid)).hexdigest() == sha256
    return intact, restricted


def _number(path: Path) -> str:
    with contextlib.suppress(ConfigurationError, OSError):
        return parse_policy(read_bytes(path, PolicyInvalid), path.name).document.version
    return ""
