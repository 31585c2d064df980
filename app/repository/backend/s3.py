"""A repository in a bucket of an S3 server, laid out as restic's own `s3:` does.

An object is there whole or not at all, so nothing needs a temporary name. Where the bucket locks objects, everything
but locks may be kept from removal for a time (`S3Place.retention_days`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from xml.etree import ElementTree

from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.http import HttpAnswer, HttpFailed, HttpServer, ReadsByHttp, http_error
from app.repository.backend.naming import is_name, label, path_of
from app.repository.backend.remote import KeepsNotes, Pace, Patience
from app.repository.backend.sigv4 import EMPTY_SHA256, S3Login, path_text, query_text, signed
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

DEFAULT_REGION = "us-east-1"
_PAGE_LIMIT = 8 << 20
_MOST_PAGES = 100_000
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>").search
_LOGIN = frozenset(
    ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthorizationHeaderMalformed")
)
_FULL = frozenset(("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"))
_ON_THE_WAY = frozenset(("BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "RequestTimeout", "SlowDown"))
"""What goes wrong between here and there: worth another attempt."""


class LockMode(StrEnum):
    """How firmly a bucket keeps a locked object; the values are S3's."""

    GOVERNANCE = "GOVERNANCE"
    """Who has a special right may still remove it."""
    COMPLIANCE = "COMPLIANCE"
    """Nobody may, not even the owner of the account."""


@dataclass(frozen=True, slots=True)
class S3Place:
    """A folder (`prefix`) in a bucket of a server ("https://s3.example.eu")."""

    url: str
    bucket: str
    prefix: str
    login: S3Login
    region: str = DEFAULT_REGION
    virtual_host: bool = False
    """Name the bucket in the host's name rather than in the path."""
    retention_days: int = 0
    retention_mode: LockMode = LockMode.GOVERNANCE
    certificate: str = ""
    ca_file: str = ""

    @property
    def location(self) -> str:
        prefix = f"/{self.prefix.strip('/')}" if self.prefix.strip("/") else ""
        return f"s3:{self.url.rstrip('/')}/{self.bucket}{prefix}"


class S3Backend(ReadsByHttp, KeepsNotes):
    """Keeps the files in a bucket. Safe from several threads."""

    page_keys = 1000
    """How many names one listing asks for; S3 gives no more at once."""

    def __init__(self, place: S3Place, *, patience: Patience | None = None, pace: Pace | None = None) -> None:
        super().__init__(place.location, patience, pace)
        self._place = place
        parts = urlsplit(place.url)
        base = place.url
        self._root = f"/{place.bucket}"
        if place.virtual_host:
            port = f":{parts.port}" if parts.port else ""
            base = f"{parts.scheme}://{place.bucket}.{parts.hostname}{port}"
            self._root = ""
        self._server = HttpServer(base, self._patience, certificate=place.certificate, ca_file=place.ca_file)
        self._prefix = f"{place.prefix.strip('/')}/".lstrip("/")

    def offers_object_lock(self) -> bool:
        """Tell whether the bucket can keep objects from being removed; raises the backend's errors."""

        def ask(_: int) -> bool:
            try:
                answer = self._ask("GET", "", query={"object-lock": ""})
            except HttpFailed as exc:
                if exc.answer.status in (400, 404, 405, 501) and _code(exc.answer) != "NoSuchBucket":
                    return False
                raise
            return b"<ObjectLockEnabled>Enabled<" in answer.data

        return self._tried("list", FileKind.CONFIG, "", ask)

    # --- primitives ------------------------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        try:
            self._ask("HEAD", "")
        except HttpFailed as exc:
            if exc.answer.status != 404:
                raise
        else:
            return
        body = b""
        if self._place.region != DEFAULT_REGION:
            body = (
                '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>'
                f"{self._place.region}</LocationConstraint></CreateBucketConfiguration>"
            ).encode()
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if self._place.retention_days else {}
        self._ask("PUT", "", headers=headers, body=memoryview(body))

    def _size(self, kind: FileKind, name: str) -> int | None:
        try:
            return self._ask("HEAD", self._key(kind, name)).length
        except HttpFailed as exc:
            if exc.answer.status == 404:
                return None
            raise

    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:  # noqa: ARG002
        # A pack's name is its hash: the server then checks that what arrives is what was sealed.
        sha256 = name if kind is FileKind.PACK else hashlib.sha256(data).hexdigest()
        headers = {"x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode()}
        if self._place.retention_days and kind is not FileKind.LOCK:
            until = self._pace.clock.now() + timedelta(days=self._place.retention_days)
            headers["x-amz-object-lock-mode"] = self._place.retention_mode.value
            headers["x-amz-object-lock-retain-until-date"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
            headers["Content-MD5"] = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        self._ask("PUT", self._key(kind, name), headers=headers, body=data, sha256=sha256)
        if self._size(kind, name) != len(data):
            raise BackendUnavailable(location=self.location, operation="save", reason="short-write")

    def _delete(self, kind: FileKind, name: str) -> None:
        if self._size(kind, name) is None:  # S3 itself says nothing when there was nothing
            self._ensure_bucket("remove")
            raise FileMissing(location=self.location, operation="remove", file=label(kind, name))
        self._ask("DELETE", self._key(kind, name))

    def _entries(self, kind: FileKind) -> list[FileInfo]:
        if kind is FileKind.CONFIG:
            size = self._size(kind, "")
            return [] if size is None else [FileInfo("", size)]
        query = {"list-type": "2", "prefix": f"{self._prefix}{kind.value}/", "max-keys": str(self.page_keys)}
        infos: list[FileInfo] = []
        for _ in range(_MOST_PAGES):
            page = _parsed(self._ask("GET", "", query=query, limit=_PAGE_LIMIT, file=kind.value).data, kind)
            for entry in page.iterfind("{*}Contents"):
                name = entry.findtext("{*}Key", "").rpartition("/")[2]
                size_text = entry.findtext("{*}Size", "")
                if is_name(name) and size_text.isascii() and size_text.isdigit():
                    infos.append(FileInfo(name, int(size_text)))
            token = page.findtext("{*}NextContinuationToken", "")
            if page.findtext("{*}IsTruncated") != "true" or not token:
                return infos
            query["continuation-token"] = token
        raise RepositoryDamaged(file=kind.value, reason="too-long")

    # --- what lies beside the repository ---

    def _read_note(self, name: str, limit: int) -> bytes | None:
        try:
            return self._ask("GET", f"/{self._prefix}{name}", limit=limit, file=name).data
        except HttpFailed as exc:
            if exc.answer.status == 404:
                return None
            raise

    def _write_note(self, name: str, data: bytes) -> None:
        self._ask("PUT", f"/{self._prefix}{name}", body=memoryview(data))

    def _names(self) -> tuple[str, ...]:
        query = {"list-type": "2", "prefix": self._prefix, "delimiter": "/", "max-keys": "100"}
        try:
            page = _parsed(self._ask("GET", "", query=query, limit=_PAGE_LIMIT).data, FileKind.CONFIG)
        except HttpFailed as exc:
            if _code(exc.answer) == "NoSuchBucket":
                return ()
            raise
        keys = [entry.findtext("{*}Key", "") for entry in page.iterfind("{*}Contents")]
        keys += [entry.findtext("{*}Prefix", "") for entry in page.iterfind("{*}CommonPrefixes")]
        return tuple(key.removeprefix(self._prefix).strip("/") for key in keys)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _key(self, kind: FileKind, name: str) -> str:
        return f"/{self._prefix}{path_of(kind, name)}"

    def _ensure_bucket(self, operation: str) -> None:
        try:
            self._ask("HEAD", "")
        except HttpFailed as exc:
            if exc.answer.status == 404:
                raise BackendUnavailable(location=self.location, operation=operation, reason="no-bucket") from exc
            raise

    def _get(self, kind: FileKind, name: str, headers: Mapping[str, str], limit: int) -> HttpAnswer:
        file = label(kind, name)
        try:
            return self._ask("GET", self._key(kind, name), headers=headers, limit=limit, file=file)
        except HttpFailed as exc:
            if exc.answer.status == 404 and _code(exc.answer) != "NoSuchBucket":
                raise FileMissing(location=self.location, operation="load", file=file) from exc
            if exc.answer.status == 416:
                raise RepositoryDamaged(file=file, reason="too-short") from exc
            raise

    def _ask(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: memoryview | None = None,
        sha256: str = "",
        limit: int = 1 << 20,
        file: str = "",
    ) -> HttpAnswer:
        """Send one signed request; an empty key is the bucket itself."""
        path = path_text(f"{self._root}{key}") or "/"
        payload = sha256 or (EMPTY_SHA256 if body is None else hashlib.sha256(body).hexdigest())
        complete = signed(
            self._place.login,
            self._place.region,
            method,
            path,
            query or {},
            {"Host": self._server.host, **(headers or {})},
            payload,
            self._pace.clock.now(),
        )
        target = f"{path}?{query_text(query)}" if query else path
        return self._server.ask(method, target, complete, body=body, limit=limit, file=file)

    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        if not isinstance(exc, HttpFailed):
            return http_error(exc, data)
        status, code = exc.answer.status, _code(exc.answer)
        reason = code or f"HTTP {status}"
        if code in _LOGIN or status == 401:
            return ServerLoginRefused(**data, reason=reason)
        if code == "NoSuchBucket" or (status == 404 and data["operation"] in ("list", "save")):
            return BackendUnavailable(**data, reason="no-bucket")
        if code in _FULL or status == 507:
            return BackendFull(**data, reason=reason, free_bytes=None)
        if code in _ON_THE_WAY or status in (408, 429) or (status >= 500 and status != 501):
            return BackendUnavailable(**data, reason=reason)
        if status in (403, 405):
            match data["operation"]:
                case "save" | "create":
                    return BackendReadOnly(**data, reason=reason)
                case "remove":
                    return BackendRefused(**data, reason=reason)
                case _:
                    return ServerLoginRefused(**data, reason=reason)
        return BackendError(**data, reason=reason)


def _code(answer: HttpAnswer) -> str:
    """Return S3's own word for an error, empty when it gave none."""
    found = _CODE(answer.data)
    return found[1].decode() if found else ""


def _parsed(data: bytes, kind: FileKind) -> ElementTree.Element:
    """Read a listing; a document that declares anything is refused, so that nothing in it can expand."""
    try:
        if b"<!" in data:
            raise RepositoryDamaged(file=kind.value, reason="list")
        return ElementTree.fromstring(data)  # noqa: S314  bounded, and without declarations
    except ElementTree.ParseError as exc:
        raise RepositoryDamaged(file=kind.value, reason="list") from exc
