"""A repository in a share of a Windows computer or a NAS, without mounting it (source: MS-SMB2).

Laid out as a folder, so that whatever mounts the share sees a repository there. smbprotocol does the protocol, with a
reader thread for each connection; `close` ends it, which the engine does before it forks.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import stat
import threading
from dataclasses import dataclass
from typing import Any

import smbclient
from smbprotocol.connection import Connection
from smbprotocol.exceptions import SMBAuthenticationError, SMBException, SMBOSError, SMBResponseException
from smbprotocol.header import NtStatus
from spnego.exceptions import SpnegoError

from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.naming import SWEPT, folder_of, is_name, is_temporary, label, path_of, temporary_name
from app.repository.backend.remote import KeepsNotes, Pace, Patience, PerProcess, network_error
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    FileMissing,
    RepositoryDamaged,
    ServerLoginRefused,
)
from app.secret import Secret

DEFAULT_PORT = 445
_FULL = frozenset((NtStatus.STATUS_DISK_FULL, 0xC0000044))  # the second: the user's own share of the disk
_READ_ONLY = frozenset((NtStatus.STATUS_ACCESS_DENIED, 0xC00000A2))  # the second: media write protected
_GONE = frozenset((
    NtStatus.STATUS_NETWORK_NAME_DELETED, NtStatus.STATUS_USER_SESSION_DELETED, NtStatus.STATUS_IO_TIMEOUT,
    NtStatus.STATUS_SERVER_UNAVAILABLE, NtStatus.STATUS_INSUFFICIENT_RESOURCES, NtStatus.STATUS_FILE_CLOSED,
    NtStatus.STATUS_INSUFF_SERVER_RESOURCES, NtStatus.STATUS_SHARING_VIOLATION,
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmbPlace:
    """A folder (`path`, may be empty) in a share. `user` may be "DOMAIN\\user"."""

    host: str
    share: str
    path: str
    user: str
    password: Secret
    port: int = DEFAULT_PORT

    @property
    def location(self) -> str:
        port = "" if self.port == DEFAULT_PORT else f":{self.port}"
        path = f"/{self.path.strip('/')}" if self.path.strip("/") else ""
        return f"smb://{self.host}{port}/{self.share}{path}"


@dataclass(slots=True)
class _Link:
    """A connection of smbprotocol (which ships no types), and the cache by which its functions find it."""

    connection: Any
    cache: dict[str, Any]


class SmbBackend(KeepsNotes):
    """Keeps the files in a folder of a share. Safe from several threads, which take turns."""

    def __init__(self, place: SmbPlace, *, patience: Patience | None = None, pace: Pace | None = None) -> None:
        super().__init__(place.location, patience, pace)
        self._place = place
        self._turn = threading.RLock()
        self._owner = PerProcess()
        self._link: _Link | None = None
        below = "".join(f"\\{part}" for part in place.path.split("/") if part)
        self._root = f"\\\\{place.host}\\{place.share}{below}"

    # --- primitives ------------------------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        with self._asked() as how:
            smbclient.makedirs(self._root, exist_ok=True, **how)
            for kind in FileKind:
                if kind is not FileKind.CONFIG:
                    smbclient.makedirs(self._at(kind.value), exist_ok=True, **how)

    def _size(self, kind: FileKind, name: str) -> int | None:
        with self._asked() as how:
            try:
                found = smbclient.stat(self._at(path_of(kind, name)), **how)
            except SMBOSError as exc:
                if exc.errno == errno.ENOENT:
                    return None
                raise
            return int(found.st_size) if stat.S_ISREG(found.st_mode) else None

    def _read(self, kind: FileKind, name: str, limit: int) -> bytes:
        return self._read_some(kind, name, 0, limit, whole=True)

    def _read_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._read_some(kind, name, offset, length, whole=False)

    def _read_some(self, kind: FileKind, name: str, offset: int, length: int, *, whole: bool) -> bytes:
        with self._asked() as how:
            try:
                file = smbclient.open_file(
                    self._at(path_of(kind, name)), mode="rb", buffering=0, share_access="rwd", **how
                )
            except SMBOSError as exc:
                if exc.errno == errno.ENOENT:
                    raise self._missing("load", kind, name, how) from exc
                raise
            with _closing(file):
                size = int(file.fd.end_of_file)
                if whole and size > length:
                    raise RepositoryDamaged(file=label(kind, name), reason="too-long")
                if not whole and offset + length > size:
                    raise RepositoryDamaged(file=label(kind, name), reason="too-short")
                data = bytearray(size if whole else length)
                file.seek(offset)
                with memoryview(data) as view:
                    done = 0
                    while done < len(view):
                        got = file.readinto(view[done:])
                        if not got:
                            raise RepositoryDamaged(file=label(kind, name), reason="too-short")
                        done += got
                return bytes(data)

    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:  # noqa: ARG002
        final = self._at(path_of(kind, name))
        temporary = f"{final.rpartition(chr(92))[0]}\\{temporary_name()}"
        with self._asked() as how:
            try:
                self._write(temporary, data, how, durable=kind is not FileKind.LOCK)
            except SMBOSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
                if kind is not FileKind.PACK or not self._is_laid_out(how):
                    raise BackendUnavailable(location=self.location, operation="save", reason="ENOENT") from exc
                # Other tools make the folders of packs as they need them, and so do we.
                smbclient.makedirs(self._at(folder_of(kind, name)), exist_ok=True, **how)
                self._write(temporary, data, how, durable=True)
            try:
                smbclient.replace(temporary, final, **how)
            except SMBException:
                self._discard(temporary, how)
                raise

    def _write(self, path: str, data: memoryview, how: dict[str, Any], *, durable: bool) -> None:
        """Write a new file whole, and see that all of it has arrived."""
        file = smbclient.open_file(path, mode="xb", buffering=0, share_access="r", **how)
        try:
            with _closing(file):
                done = 0
                while done < len(data):
                    done += file.write(data[done:])  # as much as the server takes at once
                if durable:
                    file.flush()
            found = smbclient.stat(path, **how).st_size
        except BaseException:
            self._discard(path, how)
            raise
        if found != len(data):
            self._discard(path, how)
            raise BackendUnavailable(location=self.location, operation="save", reason="short-write")

    def _delete(self, kind: FileKind, name: str) -> None:
        with self._asked() as how:
            try:
                smbclient.remove(self._at(path_of(kind, name)), **how)
            except SMBOSError as exc:
                if exc.errno == errno.ENOENT:
                    raise self._missing("remove", kind, name, how) from exc
                raise

    def _entries(self, kind: FileKind) -> list[FileInfo]:
        with self._asked() as how:
            if kind is FileKind.CONFIG:
                size = self._size(kind, "")
                return [] if size is None else [FileInfo("", size)]
            folders = [self._at(kind.value)]
            if kind is FileKind.PACK:
                folders = [f"{folders[0]}\\{entry.name}" for entry in _scanned(folders[0], how) if entry.is_dir()]
            return [
                FileInfo(entry.name, int(entry.smb_info.end_of_file))
                for folder in folders
                for entry in _scanned(folder, how)
                if is_name(entry.name) and entry.is_file(follow_symlinks=False)
            ]

    def _sweep(self) -> int:
        freed = 0
        with self._asked() as how:
            for kind in SWEPT:
                folders = [self._at(kind.value)]
                if kind is FileKind.PACK:
                    folders += [f"{folders[0]}\\{entry.name}" for entry in _scanned(folders[0], how) if entry.is_dir()]
                for folder in folders:
                    for entry in _scanned(folder, how):
                        if is_temporary(entry.name):
                            smbclient.remove(f"{folder}\\{entry.name}", **how)
                            freed += int(entry.smb_info.end_of_file)
        return freed

    def _free(self) -> int | None:
        with self._asked() as how:
            return int(smbclient.stat_volume(self._root, **how).caller_available_size)

    # --- what lies beside the repository ---

    def _read_note(self, name: str, limit: int) -> bytes | None:
        with self._asked() as how:
            try:
                file = smbclient.open_file(self._at(name), mode="rb", buffering=0, share_access="rwd", **how)
            except SMBOSError as exc:
                if exc.errno == errno.ENOENT:
                    return None
                raise
            with _closing(file):
                if file.fd.end_of_file > limit:
                    raise RepositoryDamaged(file=name, reason="too-long")
                return bytes(file.readall())

    def _write_note(self, name: str, data: bytes) -> None:
        temporary = self._at(temporary_name())
        with self._asked() as how, memoryview(data) as view:
            self._write(temporary, view, how, durable=True)
            smbclient.replace(temporary, self._at(name), **how)

    def _names(self) -> tuple[str, ...]:
        with self._asked() as how:
            try:
                return tuple(str(entry.name) for entry in _scanned(self._root, how))
            except SMBOSError as exc:
                if exc.errno == errno.ENOENT:
                    return ()
                raise

    # --- the connection --------------------------------------------------------------------------------------------

    def _at(self, relative: str) -> str:
        return f"{self._root}\\{relative.replace('/', chr(92))}"

    def _missing(self, operation: str, kind: FileKind, name: str, how: dict[str, Any]) -> BackendError:
        """Tell a file that is not there from a place that is not there."""
        data: dict[str, object] = {"location": self.location, "operation": operation, "file": label(kind, name)}
        here = _is_folder(self._root, how) if kind is FileKind.CONFIG else self._is_laid_out(how)
        return FileMissing(**data) if here else BackendUnavailable(**data, reason="ENOENT")

    def _is_laid_out(self, how: dict[str, Any]) -> bool:
        return _is_folder(self._at(FileKind.PACK.value), how)

    def _discard(self, path: str, how: dict[str, Any]) -> None:
        """Remove what was not finished, where the connection still allows that."""
        if self._link is not None and self._link.connection.transport.connected:
            with contextlib.suppress(SMBException, OSError):
                smbclient.remove(path, **how)

    @contextlib.contextmanager
    def _asked(self) -> Any:
        """Take the turn, and lend what smbprotocol's functions need to find the connection."""
        with self._turn:
            link = self._connected()
            yield {
                "username": self._place.user,
                "password": self._place.password.reveal(),
                "port": self._place.port,
                "connection_cache": link.cache,
            }

    def _connected(self) -> _Link:
        if self._owner.keep_away_from(self._link):
            self._link = None
        if self._link is None:
            self._link = self._connect()
        return self._link

    def _connect(self) -> _Link:
        place, patience = self._place, self._patience
        connection: Any = Connection(smbclient.ClientConfig().client_guid, place.host, place.port)
        # It asks a silent server for a sign of life after this time, and gives up after as long again.
        connection._receive_timeout = max(1, int(patience.silence_s / 2))
        cache = {f"{place.host.lower()}:{place.port}": connection}
        # Until there is a session it waits for ever: hang up on a server that accepts a call and then says nothing.
        watchdog = threading.Timer(patience.connect_s, lambda: _disconnect(connection))
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.connect(timeout=patience.connect_s)
            # And a line that takes nothing any more must not hold up what is being sent.
            connection.transport._sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience.silence_s * 1000)
            )
            smbclient.register_session(
                place.host, place.user, place.password.reveal(), place.port, connection_cache=cache,
                connection_timeout=patience.connect_s, auth_protocol="ntlm",
            )  # fmt: skip
        except (SMBResponseException, SMBAuthenticationError, SpnegoError) as exc:
            _disconnect(connection)
            raise ServerLoginRefused(location=self.location, operation="connect") from exc
        except BaseException:
            _disconnect(connection)
            raise
        finally:
            watchdog.cancel()
        return _Link(connection, cache)

    def _hang_up(self) -> None:
        with self._turn:
            if self._owner.keep_away_from(self._link):
                self._link = None
            link, self._link = self._link, None
            if link is not None:
                _disconnect(link.connection)

    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        if isinstance(exc, SMBOSError):
            status = exc.ntstatus
        elif isinstance(exc, SMBResponseException):
            status = exc.status
        elif isinstance(exc, SMBException):
            return BackendUnavailable(**data, reason="connection-lost")
        elif isinstance(exc, ValueError) and "Failed to connect" in str(exc):
            cause = exc.__cause__ or exc.__context__
            found = network_error(cause, data) if isinstance(cause, Exception) else None
            return found or BackendUnavailable(**data, reason="ECONNREFUSED")
        else:
            return network_error(exc, data)
        if status in _FULL:
            return BackendFull(**data, reason="ENOSPC", free_bytes=None)
        if status == NtStatus.STATUS_BAD_NETWORK_NAME:
            return BackendUnavailable(**data, reason="no-share")
        if status in _READ_ONLY:
            return BackendError(**data, reason="EACCES") if data["operation"] == "load" else BackendReadOnly(**data)
        if status in _GONE:
            return BackendUnavailable(**data, reason="connection-lost")
        if isinstance(exc, SMBOSError) and exc.errno == errno.ENOENT:
            return BackendUnavailable(**data, reason="ENOENT")
        return BackendError(**data, reason=f"0x{status:08x}")


@contextlib.contextmanager
def _closing(file: Any) -> Any:
    """Close a file; one whose connection is gone is closed already, and must not hide why."""
    try:
        yield file
    except BaseException:
        with contextlib.suppress(SMBException, OSError):
            file.close()
        raise
    file.close()


def _scanned(folder: str, how: dict[str, Any]) -> Any:
    with smbclient.scandir(folder, **how) as entries:
        yield from entries


def _is_folder(path: str, how: dict[str, Any]) -> bool:
    try:
        return stat.S_ISDIR(smbclient.stat(path, **how).st_mode)
    except SMBOSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise


def _disconnect(connection: Any) -> None:
    """End a connection and its thread. No farewell: the server may be gone, and would be waited for."""
    with contextlib.suppress(SMBException, OSError, AttributeError):
        connection.disconnect(close=False)
