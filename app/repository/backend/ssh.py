"""A connection to an SSH server, and what its key says about it.

The server's key is pinned: it is learnt once (`host_key_of`) and every connection after that is with that key or not
at all. asyncssh does the protocol; its event loop runs in the thread of whoever asks, one at a time, so there is no
thread of its own that a fork could break.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncssh

from app.repository.backend.remote import Patience, network_error
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    ServerLoginRefused,
    ServerNotTrusted,
)
from app.secret import Secret

Answer = TypeVar("Answer")

DEFAULT_PORT = 22
_ALIVE_EVERY_S = 5
_ALIVE_MISSED = 3
# Fastest first: with AES in the processor, GCM is several times faster than asyncssh's own first choice.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")


@dataclass(frozen=True, slots=True)
class SftpPlace:
    """A folder on an SSH server. `host_key` is the server's public key as in known_hosts ("ssh-ed25519 AAAA…")."""

    host: str
    path: str
    user: str
    port: int = DEFAULT_PORT
    host_key: str = ""
    password: Secret | None = None
    private_key: Secret | None = None
    """A private key in OpenSSH's or PEM form; `password` opens it when it is locked."""

    @property
    def location(self) -> str:
        port = "" if self.port == DEFAULT_PORT else f":{self.port}"
        path = self.path if self.path.startswith("/") else f"/~/{self.path}"
        return f"sftp://{self.user}@{self.host}{port}{path}"


def host_key_of(host: str, port: int = DEFAULT_PORT, *, patience: Patience | None = None) -> str:
    """Ask a server for its public key, to pin it; raises BackendUnavailable.

    Whoever sets up compares it with what the server's owner says; nothing else proves who answered.
    """
    wait_s = (patience or Patience.brief()).connect_s

    async def ask() -> str:
        key = await asyncio.wait_for(asyncssh.get_server_host_key(host, port), wait_s)
        if key is None:
            raise asyncssh.ConnectionLost("no key")
        return key.export_public_key("openssh").decode().strip()

    try:
        with asyncio.Runner() as runner:
            return runner.run(ask())
    except Exception as exc:
        error = ssh_error(exc, {"location": f"sftp://{host}:{port}", "operation": "connect"})
        if error is None:
            raise
        raise error from exc


def fingerprint(host_key: str) -> str:
    """Return a public key's short form ("SHA256:…"), as ssh shows it; raises ValueError."""
    try:
        return asyncssh.import_public_key(host_key).get_fingerprint()
    except asyncssh.KeyImportError as exc:
        raise ValueError("not a public key") from exc


def known_host_key(known_hosts: str, host: str, port: int | None) -> str:
    """Return the key that the text of a known_hosts file holds for a server, empty when it holds none."""
    try:
        known = asyncssh.import_known_hosts(known_hosts)
        trusted = known.match(host, "", None if port in (None, DEFAULT_PORT) else port)[0]
    except ValueError:
        return ""
    best = sorted(trusted, key=lambda key: key.get_algorithm() != "ssh-ed25519")
    return best[0].export_public_key("openssh").decode().strip() if best else ""


class SshLink:
    """A connection with its SFTP session, and the loop that both live in. One thread at a time."""

    def __init__(self, place: SftpPlace, patience: Patience) -> None:
        """Connect; raises ServerNotTrusted for a server whose key is not known, and what asyncssh raises."""
        if not place.host_key:
            raise ServerNotTrusted(location=place.location, operation="connect", reason="no-key", expected="", found="")
        self._loop = asyncio.new_event_loop()
        try:
            self._connection, self.sftp = self.run(_connect(place, patience), patience.connect_s)
        except BaseException:
            _close_loop(self._loop)
            raise

    def run(self, doing: Coroutine[Any, Any, Answer], within_s: float) -> Answer:
        """Do something over this connection; raises TimeoutError when that takes too long."""
        return self._loop.run_until_complete(asyncio.wait_for(doing, within_s))

    def close(self) -> None:
        """Hang up; never raises."""

        async def say_goodbye() -> None:
            self.sftp.exit()
            self._connection.abort()
            await self._connection.wait_closed()
            await asyncio.sleep(0)

        try:
            self.run(say_goodbye(), 2.0)
        except Exception:  # noqa: BLE001, S110  a connection that is dead already ends in any way it likes
            pass
        finally:
            _close_loop(self._loop)


async def _connect(place: SftpPlace, patience: Patience) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
    password = place.password.reveal() if place.password else None
    keys: list[Any] = []
    if place.private_key:
        keys = [asyncssh.import_private_key(place.private_key.reveal(), password)]
    connection = await asyncssh.connect(
        place.host,
        place.port,
        username=place.user,
        password=None if keys else password,
        client_keys=keys or None,
        agent_path=None,
        config=None,
        known_hosts=([asyncssh.import_public_key(place.host_key)], [], []),
        encryption_algs=_CIPHERS,
        compression_algs=None,
        connect_timeout=patience.connect_s,
        login_timeout=patience.connect_s,
        keepalive_interval=_ALIVE_EVERY_S,
        keepalive_count_max=_ALIVE_MISSED,
    )
    try:
        return connection, await connection.start_sftp_client()
    except BaseException:
        connection.abort()
        raise


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()

    async def settle() -> None:
        # In the loop itself: outside of any, gathering nothing makes a loop that nobody closes.
        await asyncio.gather(*left, return_exceptions=True)
        await loop.shutdown_default_executor()

    with contextlib.suppress(Exception):
        loop.run_until_complete(settle())
    loop.close()


def short_key(host_key: str) -> str:
    """Return a key's fingerprint, empty for what is no key."""
    try:
        return fingerprint(host_key)
    except ValueError:
        return ""


def ssh_error(exc: Exception, data: dict[str, object]) -> BackendError | None:
    """Return what asyncssh and the sockets below it mean."""
    match exc:
        case asyncssh.PermissionDenied() | asyncssh.KeyImportError():
            return ServerLoginRefused(**data)
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
            return BackendUnavailable(**data, reason="ENOENT")
        case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
            return BackendError(**data, reason="EACCES") if data["operation"] == "load" else BackendReadOnly(**data)
        case asyncssh.SFTPNoSpaceOnFilesystem() | asyncssh.SFTPQuotaExceeded():
            return BackendFull(**data, free_bytes=None)
        case asyncssh.SFTPNoConnection() | asyncssh.SFTPConnectionLost() | asyncssh.DisconnectError():
            return BackendUnavailable(**data, reason="connection-lost")
        case asyncssh.SFTPError():
            return BackendError(**data, reason=type(exc).__name__)
        case asyncssh.Error():
            return BackendUnavailable(**data, reason="connection-lost")
        case _:
            return network_error(exc, data)
