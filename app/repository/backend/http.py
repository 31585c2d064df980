"""HTTP for the places that speak it: kept-alive connections for each process, bounded answers, bounded waiting.

urllib3 does the protocol; trying again is the business of `remote.RemoteBackend`.
"""

from __future__ import annotations

import socket
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection

from app.repository.backend.base import FileKind
from app.repository.backend.naming import label
from app.repository.backend.remote import Patience, PerProcess, RemoteBackend, network_error
from app.repository.errors import BackendError, BackendUnavailable, FileMissing, RepositoryDamaged, ServerNotTrusted

_PIECE = 64 << 10
"""A piece must be sent within the time for one answer, so it is small: a slow line is not a dead one."""
_CONNECTIONS = 4
_ERROR_TEXT_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server said: its status, its headers (lower case), what followed."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def length(self) -> int | None:
        """The length of what was asked about, as the server tells it."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() else None


class HttpFailed(Exception):
    """An answer that is not what was asked for; the kind of server knows what it means."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class HttpServer:
    """One server, by its scheme, host and port. Safe from several threads; each process has its own connections."""

    def __init__(self, base: str, patience: Patience, *, certificate: str = "", ca_file: str = "") -> None:
        """`certificate` pins the server's own one (SHA-256, hexadecimal); else the system's authorities decide."""
        self._parts = urlsplit(base)
        self._patience = patience
        self._certificate = certificate.replace(":", "").lower()
        self._ca_file = ca_file
        self._owner = PerProcess()
        self._guard = threading.Lock()
        self._pool: urllib3.HTTPConnectionPool | None = None

    @property
    def host(self) -> str:
        """The host as the Host header names it."""
        port = self._parts.port
        usual = {"http": 80, "https": 443}[self._parts.scheme]
        name = self._parts.hostname or ""
        name = f"[{name}]" if ":" in name else name
        return name if port in (None, usual) else f"{name}:{port}"

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: memoryview | None = None,
        limit: int = _ERROR_TEXT_BYTES,
        file: str = "",
        good: frozenset[int] = frozenset((200, 201, 204, 206)),
    ) -> HttpAnswer:
        """Send a request and return the answer; raises HttpFailed for any status that is not `good`.

        An answer longer than `limit` bytes raises RepositoryDamaged (`file`), before memory is taken for it.
        """
        sent: dict[str, str] = dict(headers)
        if body is not None:
            sent["Content-Length"] = str(len(body))
        response = self._connected().urlopen(
            method,
            path,
            body=None if body is None else _pieces(body),
            headers=sent,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            return _take_in(response, method, limit, file, good)
        except BaseException:
            response.close()  # what is left of the answer must not be taken for the next one
            raise
        finally:
            response.release_conn()

    def close(self) -> None:
        """Let go of this process's connections."""
        with self._guard:
            if self._owner.keep_away_from(self._pool):
                self._pool = None
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _connected(self) -> urllib3.HTTPConnectionPool:
        with self._guard:
            if self._owner.keep_away_from(self._pool):
                self._pool = None
            if self._pool is None:
                self._pool = self._make_pool()
            return self._pool

    def _make_pool(self) -> urllib3.HTTPConnectionPool:
        patience = self._patience
        timeout = urllib3.Timeout(connect=patience.connect_s, read=patience.silence_s)
        options = [
            *HTTPConnection.default_socket_options,
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience.silence_s * 1000)),
        ]
        host = self._parts.hostname or ""
        if self._parts.scheme == "http":
            return urllib3.HTTPConnectionPool(
                host, self._parts.port, timeout=timeout, maxsize=_CONNECTIONS, socket_options=options
            )
        return urllib3.HTTPSConnectionPool(
            host,
            self._parts.port,
            timeout=timeout,
            maxsize=_CONNECTIONS,
            socket_options=options,
            ca_certs=self._ca_file or None,
            cert_reqs="CERT_NONE" if self._certificate else "CERT_REQUIRED",
            assert_fingerprint=self._certificate or None,
        )


def _pieces(body: memoryview) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield bytes(body[start : start + _PIECE])


def _take_in(
    response: urllib3.BaseHTTPResponse, method: str, limit: int, file: str, good: frozenset[int]
) -> HttpAnswer:
    answer = HttpAnswer(response.status, {name.lower(): value for name, value in response.headers.items()}, b"")
    if response.status not in good:
        text = b"" if method == "HEAD" else response.read(_ERROR_TEXT_BYTES)
        raise HttpFailed(HttpAnswer(answer.status, answer.headers, text))
    if method == "HEAD":
        response.read()
        return answer
    if (answer.length or 0) > limit:
        raise RepositoryDamaged(file=file, reason="too-long")
    return HttpAnswer(answer.status, answer.headers, _read(response, answer.length, limit, file))


def _read(response: urllib3.BaseHTTPResponse, length: int | None, limit: int, file: str) -> bytes:
    if length is not None:
        data = response.read()
        if len(data) != length:
            raise urllib3.exceptions.IncompleteRead(len(data), length - len(data))
        return data
    parts: list[bytes] = []
    total = 0
    while part := response.read(_PIECE):  # chunked: no length was told
        total += len(part)
        if total > limit:
            raise RepositoryDamaged(file=file, reason="too-long")
        parts.append(part)
    return b"".join(parts)


def http_error(exc: Exception, data: dict[str, object]) -> BackendError | None:
    """Return what an error of urllib3 or the sockets below it means; None for anything else."""
    match exc:
        case urllib3.exceptions.NameResolutionError():
            return BackendUnavailable(**data, reason="unknown-host")
        case urllib3.exceptions.NewConnectionError():
            cause = exc.__cause__ or exc.__context__
            found = network_error(cause, data) if isinstance(cause, Exception) else None
            return found or BackendUnavailable(**data, reason="ECONNREFUSED")
        case urllib3.exceptions.TimeoutError():
            return BackendUnavailable(**data, reason="timeout")
        case urllib3.exceptions.SSLError():
            return ServerNotTrusted(**data, reason="certificate", expected="", found="")
        case urllib3.exceptions.HTTPError():
            return BackendUnavailable(**data, reason="connection-lost")
        case _:
            return network_error(exc, data)


class ReadsByHttp(RemoteBackend):
    """What the places that speak HTTP share: files and ranges of them are read alike, from one `HttpServer`."""

    _server: HttpServer

    @abstractmethod
    def _get(self, kind: FileKind, name: str, headers: Mapping[str, str], limit: int) -> HttpAnswer:
        """Ask for a file with these headers; raises FileMissing, and RepositoryDamaged for a range past its end."""

    def _read(self, kind: FileKind, name: str, limit: int) -> bytes:
        return self._get(kind, name, {}, limit).data

    def _read_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        if length == 0:  # HTTP has no word for a range of nothing
            size = self._size(kind, name)
            if size is None:
                raise FileMissing(location=self.location, operation="load", file=label(kind, name))
            if offset > size:
                raise RepositoryDamaged(file=label(kind, name), reason="too-short")
            return b""
        answer = self._get(kind, name, {"Range": f"bytes={offset}-{offset + length - 1}"}, length)
        if answer.status != 206:
            raise BackendError(location=self.location, operation="load", reason="no-ranges")
        return answer.data

    def _hang_up(self) -> None:
        self._server.close()
