"""Places on a network by their address, as one types it: restic's own spellings, and `smb://`.

    sftp:user@host:/path      sftp://user@host:2222/path
    rest:https://host:8000/path
    s3:https://host/bucket/prefix      s3:host/bucket/prefix
    smb://host/share/path     smb://user@host:10445/share/path

An address holds no password. The libraries of a kind are loaded when a backend of that kind is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from app.errors import ConfigurationError
from app.secret import Secret

if TYPE_CHECKING:
    from app.repository.backend.base import Backend
    from app.repository.backend.remote import Pace, Patience

_LIMIT = 2048
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})|[0-9a-fA-F:.]{2,45}").fullmatch
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,62}").fullmatch
_SHORT_SFTP = re.compile(r"(?:([^@/:]+)@)?(\[[^\]]+\]|[^:/@]+):(.*)").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search


class RemoteKind(StrEnum):
    """The kinds of places on a network."""

    SFTP = "sftp"
    REST = "rest"
    S3 = "s3"
    SMB = "smb"


class BadAddress(ConfigurationError):
    """An address of a place on a network that cannot be read (`address`; `reason`: "kind", "host", "port", "path",
    "bucket", "share", "user", "password-in-address", "too-long", "not-text")."""

    code = "bad-address"


@dataclass(frozen=True, slots=True)
class Address:
    """A place on a network. `folder` is the path; for S3 what follows the bucket, for SMB what follows the share."""

    kind: RemoteKind
    host: str
    folder: str
    port: int | None = None
    user: str = ""
    secure: bool = True
    """Whether HTTP goes over TLS (rest and S3)."""
    share: str = ""
    """The bucket (S3) or the share (SMB)."""

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{host}:{self.port}" if self.port else host
        folder = self.folder.strip("/")
        match self.kind:
            case RemoteKind.SFTP:
                return (
                    f"sftp://{user}{place}/{folder}" if self.folder.startswith("/") else f"sftp:{user}{host}:{folder}"
                )
            case RemoteKind.REST:
                return f"rest:{self.scheme}://{user}{place}/{folder}"
            case RemoteKind.S3:
                return f"s3:{self.scheme}://{place}/{'/'.join(filter(None, (self.share, folder)))}"
            case RemoteKind.SMB:
                return f"smb://{user}{place}/{'/'.join(filter(None, (self.share, folder)))}"

    @property
    def scheme(self) -> str:
        return "https" if self.secure else "http"


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to a server, and how we know that it is the server."""

    user: str = ""
    """The name; for S3 the access key. An address may name it as well."""
    password: Secret | None = None
    private_key: Secret | None = None
    token: Secret | None = None
    server_key: str = ""
    """SFTP: the server's public key; rest and S3: the SHA-256 of its certificate where no authority vouches for it."""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class S3Options:
    region: str = "us-east-1"
    virtual_host: bool = False
    retention_days: int = 0
    compliance: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """All that it takes to reach a place."""

    address: Address
    login: Login = field(default_factory=Login)
    s3: S3Options = field(default_factory=S3Options)


def is_remote(text: str) -> bool:
    """Tell whether a location is meant for a place on a network."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in {kind.value for kind in RemoteKind}


def parse_address(text: str) -> Address:
    """Read an address; raises BadAddress."""
    if len(text) > _LIMIT:
        raise BadAddress(address=text[:80], reason="too-long")
    if _CONTROL(text):
        raise BadAddress(address=repr(text), reason="not-text")
    kind, _, rest = text.partition(":")
    match kind:
        case "sftp":
            return _sftp(text, rest)
        case "smb":
            return _smb(text)
        case "rest":
            return _rest(text, rest)
        case "s3":
            return _s3(text, rest)
        case _:
            raise BadAddress(address=text, reason="kind")


def open_remote(reach: Reach, *, patience: Patience | None = None, pace: Pace | None = None) -> Backend:
    """Return the backend for a place; nothing is sent yet. Raises BadAddress when a user is missing."""
    address, login = reach.address, reach.login
    user = login.user or address.user
    port = f":{address.port}" if address.port else ""
    host = f"[{address.host}]" if ":" in address.host else address.host
    url = f"{address.scheme}://{host}{port}"
    match address.kind:
        case RemoteKind.SFTP:
            from app.repository.backend import sftp, ssh

            _ensure_user(address, user)
            return sftp.SftpBackend(
                ssh.SftpPlace(
                    address.host, address.folder, user, address.port or ssh.DEFAULT_PORT, login.server_key,
                    login.password, login.private_key,
                ),
                patience=patience, pace=pace,
            )  # fmt: skip
        case RemoteKind.REST:
            from app.repository.backend import rest

            place = rest.RestPlace(f"{url}{address.folder}", user, login.password, login.server_key, login.ca_file)
            return rest.RestBackend(place, patience=patience, pace=pace)
        case RemoteKind.S3:
            from app.repository.backend import s3
            from app.repository.backend.sigv4 import S3Login

            _ensure_user(address, user)
            options = reach.s3
            return s3.S3Backend(
                s3.S3Place(
                    url, address.share, address.folder, S3Login(user, login.password or Secret(""), login.token),
                    options.region, options.virtual_host, options.retention_days,
                    s3.LockMode.COMPLIANCE if options.compliance else s3.LockMode.GOVERNANCE,
                    login.server_key, login.ca_file,
                ),
                patience=patience, pace=pace,
            )  # fmt: skip
        case RemoteKind.SMB:
            from app.repository.backend import smb

            return smb.SmbBackend(
                smb.SmbPlace(
                    address.host, address.share, address.folder, user, login.password or Secret(""),
                    address.port or smb.DEFAULT_PORT,
                ),
                patience=patience, pace=pace,
            )  # fmt: skip


def _ensure_user(address: Address, user: str) -> None:
    if not user:
        raise BadAddress(address=str(address), reason="user")


def _sftp(text: str, rest: str) -> Address:
    if rest.startswith("//"):
        host, port, user, path = _split(text, text)
        # As restic has it: one slash ends the host's name, a second one begins a path from the root. We take a path
        # after the host for absolute in both spellings.
        return Address(RemoteKind.SFTP, host, "/" + path.strip("/"), port, user)
    found = _SHORT_SFTP(rest)
    if not found or not found[3]:
        raise BadAddress(address=text, reason="path")
    path = found[3].rstrip("/") or "/"
    return Address(RemoteKind.SFTP, _host(text, found[2].strip("[]")), _folder(text, path), None, found[1] or "")


def _rest(text: str, rest: str) -> Address:
    if not rest.startswith(("http://", "https://")):
        raise BadAddress(address=text, reason="kind")
    host, port, user, path = _split(text, rest)
    folder = f"/{path.strip('/')}" if path.strip("/") else ""
    return Address(RemoteKind.REST, host, folder, port, user, rest.startswith("https:"))


def _s3(text: str, rest: str) -> Address:
    rest = rest.removeprefix("//") if not rest.startswith("http") else rest
    url = rest if rest.startswith(("http://", "https://")) else f"https://{rest}"
    host, port, user, path = _split(text, url)
    bucket, _, prefix = path.strip("/").partition("/")
    if not _BUCKET(bucket):
        raise BadAddress(address=text, reason="bucket")
    return Address(RemoteKind.S3, host, prefix.strip("/"), port, user, url.startswith("https:"), bucket)


def _smb(text: str) -> Address:
    host, port, user, path = _split(text, text)
    share, _, folder = path.strip("/").partition("/")
    if not share or any(char in '"\\:|<>*?' for char in share + folder):
        raise BadAddress(address=text, reason="share")
    return Address(RemoteKind.SMB, host, folder.strip("/"), port, user, True, share)


def _split(text: str, url: str) -> tuple[str, int | None, str, str]:
    """Return host, port, user and path of something that looks like a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise BadAddress(address=text, reason="port") from exc
    if parts.password is not None:
        raise BadAddress(address=f"{text.partition(':')[0]}:…@{host}", reason="password-in-address")
    if parts.query or parts.fragment:
        raise BadAddress(address=text, reason="path")
    return _host(text, host), port, unquote(parts.username or ""), _folder(text, unquote(parts.path))


def _host(text: str, host: str) -> str:
    if not _HOST(host):
        raise BadAddress(address=text, reason="host")
    return host


def _folder(text: str, path: str) -> str:
    if ".." in path.split("/") or _CONTROL(path):
        raise BadAddress(address=text, reason="path")
    return path
