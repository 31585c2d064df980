"""The repository on a network that `-r` names: who we are there, from files and the environment, never from arguments.

restic's own variables count for rest and S3. For all kinds: VANGNET_PLACE_USER, VANGNET_PLACE_PASSWORD_FILE (or
VANGNET_PLACE_PASSWORD), VANGNET_PLACE_KEY_FILE (a private key for SSH), VANGNET_PLACE_SERVER_KEY (the server's public
key, or the SHA-256 of its certificate), VANGNET_PLACE_CA_FILE.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.i18n import _
from app.repository.backend.address import (
    Address,
    BadAddress,
    Login,
    Reach,
    RemoteKind,
    S3Options,
    open_remote,
    parse_address,
)
from app.secret import Secret

if TYPE_CHECKING:
    from app.repository.backend.base import Backend

_OURS = "VANGNET_PLACE_"
_FILE_LIMIT = 64 << 10
_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def remote_backend(location: str) -> Backend:
    """Return the backend for an address on a network; raises UsageError."""
    try:
        address = parse_address(location)
        return open_remote(Reach(address, _login(address), _s3_options(address)))
    except BadAddress as exc:
        if exc.data.get("reason") == "user":
            raise click.UsageError(_("Name the user: in the address, or in VANGNET_PLACE_USER.")) from exc
        if exc.data.get("reason") == "password-in-address":
            raise click.UsageError(
                _("An address must not hold a password: others can see it. Use VANGNET_PLACE_PASSWORD_FILE.")
            ) from exc
        raise click.UsageError(_("“{address}” is not an address that can be used.").format(address=location)) from exc


def _login(address: Address) -> Login:
    user, password = os.environ.get(f"{_OURS}USER", ""), _password(_OURS)
    token = None
    match address.kind:
        case RemoteKind.REST:
            user = user or os.environ.get("RESTIC_REST_USERNAME", "")
            password = password or _secret("RESTIC_REST_PASSWORD")
        case RemoteKind.S3:
            user = user or os.environ.get("AWS_ACCESS_KEY_ID", "")
            password = password or _secret("AWS_SECRET_ACCESS_KEY")
            token = _secret("AWS_SESSION_TOKEN")
        case RemoteKind.SFTP:
            user = user or address.user or os.environ.get("USER", "")
        case RemoteKind.SMB:
            pass
    server_key = os.environ.get(f"{_OURS}SERVER_KEY", "")
    private_key = None
    if address.kind is RemoteKind.SFTP:
        server_key = server_key or _known_key(address)
        private_key = _private_key() if password is None else None
    return Login(user, password, private_key, token, server_key, os.environ.get(f"{_OURS}CA_FILE", ""))


def _s3_options(address: Address) -> S3Options:
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION")
    return S3Options(region=region) if region and address.kind is RemoteKind.S3 else S3Options()


def _password(prefix: str) -> Secret | None:
    file = os.environ.get(f"{prefix}PASSWORD_FILE")
    return Secret(_read(Path(file)).strip("\r\n")) if file else _secret(f"{prefix}PASSWORD")


def _secret(variable: str) -> Secret | None:
    value = os.environ.get(variable)
    return Secret(value) if value else None


def _private_key() -> Secret | None:
    if file := os.environ.get(f"{_OURS}KEY_FILE"):
        return Secret(_read(Path(file)))
    usual = (Path.home() / ".ssh" / name for name in _KEYS)
    return next((Secret(_read(file)) for file in usual if file.is_file()), None)


def _known_key(address: Address) -> str:
    """Return the key that this user's own ssh knows for the server; raises UsageError when it knows none."""
    from app.repository.backend.ssh import known_host_key

    file = Path.home() / ".ssh" / "known_hosts"
    key = known_host_key(_read(file), address.host, address.port) if file.is_file() else ""
    if not key:
        raise click.UsageError(
            _("The key of {host} is not known: connect once with ssh, or set VANGNET_PLACE_SERVER_KEY.").format(
                host=address.host
            )
        )
    return key


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_FILE_LIMIT).decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(_("{file} cannot be read.").format(file=file)) from exc
