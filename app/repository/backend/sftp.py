"""A repository on an SSH server, over SFTP, laid out as restic's own `sftp:` does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

import asyncssh

from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.naming import (
    SWEPT,
    folder_of,
    is_name,
    is_temporary,
    label,
    path_of,
    temporary_name,
)
from app.repository.backend.remote import KeepsNotes, Pace, Patience, PerProcess
from app.repository.backend.ssh import SftpPlace, SshLink, short_key, ssh_error
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendUnavailable,
    FileMissing,
    RepositoryDamaged,
    ServerNotTrusted,
)

Answer = TypeVar("Answer")
_Act = Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, Answer]]

_SLOWEST_BYTES_PER_S = 16 << 10
_UNANSWERED_BYTES = 3 << 19
"""So much is sent before the first answer: less than OpenSSH's window of 2 MiB. Who runs into its end waits for a word
that the server's TCP keeps back, and the first pack of every connection took three times as long."""
_READ_ONLY = 1  # ST_RDONLY
_ROOM_BYTES = 1 << 20
"""Less than this beyond what was to be written, and a failure is for want of space."""


class SftpBackend(KeepsNotes):
    """Keeps the files in a folder of an SSH server. Safe from several threads, which take turns."""

    def __init__(self, place: SftpPlace, *, patience: Patience | None = None, pace: Pace | None = None) -> None:
        super().__init__(place.location, patience, pace)
        self._place = place
        self._turn = threading.RLock()
        self._owner = PerProcess()
        self._link: SshLink | None = None

    # --- primitives ------------------------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        async def make(sftp: asyncssh.SFTPClient) -> None:
            await sftp.makedirs(self._at(""), exist_ok=True)
            for kind in FileKind:
                if kind is not FileKind.CONFIG:
                    await sftp.makedirs(self._at(kind.value), exist_ok=True)

        self._ask(make)

    def _size(self, kind: FileKind, name: str) -> int | None:
        async def look(sftp: asyncssh.SFTPClient) -> int | None:
            try:
                found = await sftp.stat(self._at(path_of(kind, name)))
            except asyncssh.SFTPNoSuchFile:
                return None
            return found.size if found.type == asyncssh.FILEXFER_TYPE_REGULAR else None

        return self._ask(look)

    def _read(self, kind: FileKind, name: str, limit: int) -> bytes:
        return self._ask(lambda sftp: self._read_some(sftp, kind, name, 0, limit, whole=True), limit)

    def _read_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        return self._ask(lambda sftp: self._read_some(sftp, kind, name, offset, length, whole=False), length)

    async def _read_some(
        self, sftp: asyncssh.SFTPClient, kind: FileKind, name: str, offset: int, length: int, *, whole: bool
    ) -> bytes:
        try:
            async with sftp.open(self._at(path_of(kind, name)), "rb") as file:
                found = await file.stat()
                if found.type != asyncssh.FILEXFER_TYPE_REGULAR:
                    raise RepositoryDamaged(file=label(kind, name), reason="not-a-file")
                size = found.size or 0
                if whole and size > length:
                    raise RepositoryDamaged(file=label(kind, name), reason="too-long")
                if not whole and offset + length > size:
                    raise RepositoryDamaged(file=label(kind, name), reason="too-short")
                wanted = size if whole else length
                data = await file.read(wanted, offset) if wanted else b""
                if len(data) != wanted:
                    raise RepositoryDamaged(file=label(kind, name), reason="too-short")
                assert isinstance(data, bytes)
                return data
        except asyncssh.SFTPNoSuchFile as exc:
            raise await self._missing(sftp, "load", kind, name) from exc

    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:  # noqa: ARG002
        final = self._at(path_of(kind, name))
        temporary = f"{final.rpartition('/')[0]}/{temporary_name()}"

        async def write(sftp: asyncssh.SFTPClient) -> None:
            try:
                await self._write(sftp, temporary, data, durable=kind is not FileKind.LOCK)
                await _replace(sftp, temporary, final)
            except asyncssh.SFTPNoSuchFile as exc:
                if kind is not FileKind.PACK or not await sftp.isdir(self._at(FileKind.PACK.value)):
                    raise BackendUnavailable(location=self.location, operation="save", reason="ENOENT") from exc
                # The folders of packs are made as they are needed; a server says only "failure" of one that is there.
                with contextlib.suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                    await sftp.mkdir(self._at(folder_of(kind, name)))
                await self._write(sftp, temporary, data, durable=True)
                await _replace(sftp, temporary, final)

        self._ask(lambda sftp: self._knowing_why(sftp, write(sftp), "save", len(data)), len(data))

    async def _knowing_why(
        self, sftp: asyncssh.SFTPClient, doing: Coroutine[Any, Any, None], operation: str, size: int
    ) -> None:
        """Write; OpenSSH says only "failure" for a full disk and for one that may not be written to: look which."""
        try:
            await doing
        except asyncssh.SFTPFailure as exc:
            try:
                space = await sftp.statvfs(self._at(""))
            except (asyncssh.SFTPOpUnsupported, asyncssh.SFTPFailure):
                raise exc from None
            data: dict[str, object] = {"location": self.location, "operation": operation}
            if space.flags & _READ_ONLY:
                raise BackendReadOnly(**data, reason="EROFS") from exc
            free = space.bavail * space.frsize
            if free < size + _ROOM_BYTES:
                raise BackendFull(**data, reason="ENOSPC", free_bytes=free) from exc
            raise

    async def _write(self, sftp: asyncssh.SFTPClient, path: str, content: bytes | memoryview, *, durable: bool) -> None:
        """Write a new file whole, and see that all of it has arrived."""
        try:
            at_once = max(1, _UNANSWERED_BYTES // max(1, sftp.limits.max_write_len))
            async with sftp.open(path, "xb", max_requests=at_once) as file:
                # asyncssh takes pieces of it and looks at nothing else: a view saves copying every pack once more.
                await file.write(cast(bytes, content), 0)
                found, _ = await asyncio.gather(file.stat(), _sync(file) if durable else asyncio.sleep(0))
                _ensure_arrived(found.size, len(content))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoConnection):
            raise
        except BaseException:
            await _quietly(sftp.remove(path))
            raise

    def _delete(self, kind: FileKind, name: str) -> None:
        async def delete(sftp: asyncssh.SFTPClient) -> None:
            try:
                await sftp.remove(self._at(path_of(kind, name)))
            except asyncssh.SFTPNoSuchFile as exc:
                raise await self._missing(sftp, "remove", kind, name) from exc

        self._ask(delete)

    def _entries(self, kind: FileKind) -> list[FileInfo]:
        async def look(sftp: asyncssh.SFTPClient) -> list[FileInfo]:
            if kind is FileKind.CONFIG:
                found = await self._list_folder(sftp, "")
                return [FileInfo("", size) for name, size in found if name == FileKind.CONFIG.value]
            folders = await self._folders(sftp, kind)
            infos: list[FileInfo] = []
            for start in range(0, len(folders), 32):
                parts = await asyncio.gather(
                    *(self._list_folder(sftp, folder) for folder in folders[start : start + 32])
                )
                infos += [FileInfo(name, size) for part in parts for name, size in part if is_name(name)]
            return infos

        try:
            return self._ask(look)
        except asyncssh.SFTPNoSuchFile as exc:
            raise BackendUnavailable(location=self.location, operation="list", reason="ENOENT") from exc

    async def _folders(self, sftp: asyncssh.SFTPClient, kind: FileKind) -> list[str]:
        """Return the folders that files of a kind lie in."""
        if kind is not FileKind.PACK:
            return [kind.value]
        below = await sftp.readdir(self._at(kind.value))
        return [
            f"{kind.value}/{entry.filename!s}"
            for entry in below
            if entry.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY and str(entry.filename) not in (".", "..")
        ]

    async def _list_folder(self, sftp: asyncssh.SFTPClient, folder: str) -> list[tuple[str, int]]:
        return [
            (str(entry.filename), entry.attrs.size or 0)
            for entry in await sftp.readdir(self._at(folder))
            if entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
        ]

    def _sweep(self) -> int:
        async def sweep(sftp: asyncssh.SFTPClient) -> int:
            freed = 0
            for kind in SWEPT:
                for folder in await self._folders(sftp, kind):
                    for name, size in await self._list_folder(sftp, folder):
                        if is_temporary(name):
                            await sftp.remove(f"{self._at(folder)}/{name}")
                            freed += size
            return freed

        return self._ask(sweep)

    def _free(self) -> int | None:
        async def ask(sftp: asyncssh.SFTPClient) -> int | None:
            try:
                space = await sftp.statvfs(self._at(""))
            except asyncssh.SFTPOpUnsupported:
                return None
            return space.bavail * space.frsize

        return self._ask(ask)

    # --- what lies beside the repository ---

    def _read_note(self, name: str, limit: int) -> bytes | None:
        async def read(sftp: asyncssh.SFTPClient) -> bytes | None:
            try:
                async with sftp.open(self._at(name), "rb") as file:
                    size = (await file.stat()).size or 0
                    data = b"" if size > limit else await file.read(size)
            except asyncssh.SFTPNoSuchFile:
                return None
            if size > limit:
                raise RepositoryDamaged(file=name, reason="too-long")
            return data if isinstance(data, bytes) else b""

        return self._ask(read)

    def _write_note(self, name: str, data: bytes) -> None:
        async def write(sftp: asyncssh.SFTPClient) -> None:
            temporary = self._at(temporary_name())
            await self._write(sftp, temporary, data, durable=True)
            await _replace(sftp, temporary, self._at(name))

        self._ask(lambda sftp: self._knowing_why(sftp, write(sftp), "save", len(data)))

    def _names(self) -> tuple[str, ...]:
        async def look(sftp: asyncssh.SFTPClient) -> tuple[str, ...]:
            try:
                entries = await sftp.readdir(self._at(""))
            except asyncssh.SFTPNoSuchFile:
                return ()
            return tuple(name for name in (str(entry.filename) for entry in entries) if name not in (".", ".."))

        return self._ask(look)

    # --- the connection --------------------------------------------------------------------------------------------

    def _at(self, relative: str) -> str:
        return f"{self._place.path.rstrip('/')}/{relative}".rstrip("/") or "/"

    async def _missing(self, sftp: asyncssh.SFTPClient, operation: str, kind: FileKind, name: str) -> BackendError:
        """Tell a file that is not there from a place that is not there."""
        home = self._at("" if kind is FileKind.CONFIG else FileKind.PACK.value)
        data: dict[str, object] = {"location": self.location, "operation": operation, "file": label(kind, name)}
        if await sftp.isdir(home):
            return FileMissing(**data)
        return BackendUnavailable(**data, reason="ENOENT")

    def _ask(self, act: _Act[Answer], size: int = 0) -> Answer:
        """Have the server do something; waits for as long as that many bytes may take on the slowest line."""
        with self._turn:
            link = self._connected()
            wait_s = self._patience.silence_s + size / _SLOWEST_BYTES_PER_S
            return link.run(act(link.sftp), wait_s)

    def _connected(self) -> SshLink:
        if self._owner.keep_away_from(self._link):
            self._link = None
        if self._link is None:
            self._link = SshLink(self._place, self._patience)
        return self._link

    def _hang_up(self) -> None:
        with self._turn:
            if self._owner.keep_away_from(self._link):
                self._link = None
            link, self._link = self._link, None
            if link is not None:
                link.close()

    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        if isinstance(exc, asyncssh.HostKeyNotVerifiable):
            return ServerNotTrusted(**data, reason="other-key", expected=short_key(self._place.host_key), found="")
        return ssh_error(exc, data)


def _ensure_arrived(found: int | None, sent: int) -> None:
    if found != sent:
        raise asyncssh.SFTPConnectionLost("not all of it has arrived")


async def _sync(file: asyncssh.SFTPClientFile) -> None:
    with contextlib.suppress(asyncssh.SFTPOpUnsupported):  # then the server alone decides when it is on its disk
        await file.fsync()


async def _replace(sftp: asyncssh.SFTPClient, old: str, new: str) -> None:
    """Give a file its name, taking the place of another in one step where the server can do that."""
    try:
        await sftp.posix_rename(old, new)
    except asyncssh.SFTPOpUnsupported:
        await _quietly(sftp.remove(new))
        await sftp.rename(old, new)


async def _quietly(doing: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(asyncssh.Error, OSError):
        await doing
