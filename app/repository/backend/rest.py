"""A repository on a rest-server (source: restic's "REST Backend", protocol versions 1 and 2).

The server checks a file's SHA-256 against its name and publishes it whole. A server that only ever adds refuses to
remove anything but locks: that is `BackendRefused`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.http import HttpAnswer, HttpFailed, HttpServer, ReadsByHttp, http_error
from app.repository.backend.naming import is_name, label
from app.repository.backend.remote import Pace, Patience
from app.repository.decoding import UNDECODABLE
from app.repository.errors import (
    BackendError,
    BackendFull,
    BackendReadOnly,
    BackendRefused,
    BackendUnavailable,
    FileMissing,
    RepositoryDamaged,
    ServerLoginRefused,
)
from app.secret import Secret

_VERSION_2 = "application/vnd.x.restic.rest.v2"
_LIST_LIMIT = 256 << 20
_GONE = frozenset((404, 410))


@dataclass(frozen=True, slots=True)
class RestPlace:
    """A repository's address on a rest-server ("https://host:8000/path"), without a password."""

    url: str
    user: str = ""
    password: Secret | None = None
    certificate: str = ""
    """SHA-256 of the server's own certificate, where no authority vouches for it."""
    ca_file: str = ""

    @property
    def location(self) -> str:
        return f"rest:{self.url.rstrip('/')}/"


class _Entry(msgspec.Struct):
    name: str
    size: int


_entries = msgspec.json.Decoder(list[_Entry] | None)


class RestBackend(ReadsByHttp):
    """Keeps the files on a rest-server. Safe from several threads."""

    def __init__(self, place: RestPlace, *, patience: Patience | None = None, pace: Pace | None = None) -> None:
        super().__init__(place.location, patience, pace)
        self._server = HttpServer(place.url, self._patience, certificate=place.certificate, ca_file=place.ca_file)
        self._path = urlsplit(place.url).path.rstrip("/")
        self._headers = {"Accept": _VERSION_2, "User-Agent": "vangnet"}
        if place.user or place.password:
            login = f"{place.user}:{place.password.reveal() if place.password else ''}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"

    def _make_folders(self) -> None:
        self._server.ask("POST", f"{self._path}/?create=true", self._headers, body=memoryview(b""))

    def _size(self, kind: FileKind, name: str) -> int | None:
        try:
            answer = self._server.ask("HEAD", self._at(kind, name), self._headers)
        except HttpFailed as exc:
            if exc.answer.status in _GONE:
                return None
            raise
        return answer.length

    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:
        if there is not None:
            self._delete(kind, name)  # a rest-server never writes over what is there
        try:
            self._server.ask("POST", self._at(kind, name), self._headers, body=data)
        except HttpFailed as exc:
            if exc.answer.status in _GONE:
                raise BackendUnavailable(location=self.location, operation="save", reason="ENOENT") from exc
            # Someone else may have published the same meanwhile.
            if exc.answer.status != 403 or self._size(kind, name) != len(data):
                raise
        else:
            if self._size(kind, name) != len(data):
                raise BackendUnavailable(location=self.location, operation="save", reason="short-write")

    def _delete(self, kind: FileKind, name: str) -> None:
        if self._size(kind, name) is None:  # restic's own server says nothing when there was nothing
            raise FileMissing(location=self.location, operation="remove", file=label(kind, name))
        try:
            self._server.ask("DELETE", self._at(kind, name), self._headers)
        except HttpFailed as exc:
            if exc.answer.status in _GONE:
                raise FileMissing(location=self.location, operation="remove", file=label(kind, name)) from exc
            raise

    def _entries(self, kind: FileKind) -> list[FileInfo]:
        if kind is FileKind.CONFIG:
            size = self._size(kind, "")
            return [] if size is None else [FileInfo("", size)]
        try:
            answer = self._server.ask(
                "GET", f"{self._path}/{kind.value}/", self._headers, limit=_LIST_LIMIT, file=kind.value
            )
        except HttpFailed as exc:
            if exc.answer.status in _GONE:
                raise BackendUnavailable(location=self.location, operation="list", reason="ENOENT") from exc
            raise
        try:
            if answer.headers.get("content-type", "").startswith(_VERSION_2):
                entries = _entries.decode(answer.data or b"[]") or []
                return [FileInfo(entry.name, entry.size) for entry in entries if is_name(entry.name)]
            names = msgspec.json.decode(answer.data or b"[]", type=list[str] | None) or []
        except UNDECODABLE as exc:
            raise RepositoryDamaged(file=kind.value, reason="list") from exc
        sizes = ((name, self._size(kind, name)) for name in names if is_name(name))
        return [FileInfo(name, size) for name, size in sizes if size is not None]

    def _at(self, kind: FileKind, name: str) -> str:
        return f"{self._path}/{label(kind, name)}"

    def _get(self, kind: FileKind, name: str, headers: Mapping[str, str], limit: int) -> HttpAnswer:
        file = label(kind, name)
        try:
            return self._server.ask("GET", self._at(kind, name), {**self._headers, **headers}, limit=limit, file=file)
        except HttpFailed as exc:
            if exc.answer.status in _GONE:
                raise FileMissing(location=self.location, operation="load", file=file) from exc
            if exc.answer.status == 416:
                raise RepositoryDamaged(file=file, reason="too-short") from exc
            raise

    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        if not isinstance(exc, HttpFailed):
            return http_error(exc, data)
        status = exc.answer.status
        reason = f"HTTP {status}"
        match status:
            case 401:
                return ServerLoginRefused(**data, reason=reason)
            case 403 | 405:
                if data["operation"] in ("save", "create"):
                    return BackendReadOnly(**data, reason=reason)
                return BackendRefused(**data, reason=reason)
            case 413 | 507:
                return BackendFull(**data, reason=reason, free_bytes=None)
            case 408 | 429:
                return BackendUnavailable(**data, reason=reason)
            case _ if status >= 500:
                return BackendUnavailable(**data, reason=reason)
            case _:
                return BackendError(**data, reason=reason)
