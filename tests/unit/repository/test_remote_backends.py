"""Addresses, signatures, and when a server is tried again: what needs no server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from app.clock import FixedClock
from app.repository.backend.address import Address, BadAddress, RemoteKind, is_remote, parse_address
from app.repository.backend.base import FileInfo, FileKind
from app.repository.backend.remote import Pace, Patience, RemoteBackend
from app.repository.backend.sigv4 import S3Login, path_text, query_text, signed
from app.repository.errors import BackendError, BackendFull, BackendUnavailable, FileMissing, ServerLoginRefused
from app.secret import Secret

NOW = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)
NAME = "ab" * 32


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sftp:jan@nas:/srv/copies/", Address(RemoteKind.SFTP, "nas", "/srv/copies", None, "jan")),
        ("sftp:jan@nas:copies", Address(RemoteKind.SFTP, "nas", "copies", None, "jan")),
        ("sftp://jan@nas:2222//srv/copies", Address(RemoteKind.SFTP, "nas", "/srv/copies", 2222, "jan")),
        ("rest:https://host:8000/school/", Address(RemoteKind.REST, "host", "/school", 8000)),
        ("rest:http://host/", Address(RemoteKind.REST, "host", "", None, "", False)),
        ("s3:https://s3.eu/bucket/a/b", Address(RemoteKind.S3, "s3.eu", "a/b", None, "", True, "bucket")),
        ("s3:s3.eu/bucket", Address(RemoteKind.S3, "s3.eu", "", None, "", True, "bucket")),
        ("smb://nas:10445/share/a b", Address(RemoteKind.SMB, "nas", "a b", 10445, "", True, "share")),
        ("sftp://[::1]:22/x", Address(RemoteKind.SFTP, "::1", "/x", 22)),
    ],
)
def test_addresses_are_read_as_restic_reads_them(text: str, expected: Address) -> None:
    assert is_remote(text)
    assert parse_address(text) == expected
    assert parse_address(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rest:https://jan:geheim@host/", "password-in-address"),
        ("sftp://host:99999/x", "port"),
        ("sftp:host:/a/../../etc", "path"),
        ("sftp:host", "path"),
        ("smb://nas/", "share"),
        ("smb://nas/a:b", "share"),
        ("s3:https://host/Upper", "bucket"),
        ("rest:ftp://host/", "kind"),
        ("rest:https:///x", "host"),
        ("sftp://ho st/x", "host"),
        ("sftp://host/\x00", "not-text"),
        ("sftp://host/" + "x" * 3000, "too-long"),
        ("ftp://host/", "kind"),
    ],
)
def test_addresses_that_cannot_be_used_say_why_and_show_no_password(text: str, reason: str) -> None:
    with pytest.raises(BadAddress) as caught:
        parse_address(text)
    assert caught.value.data["reason"] == reason
    assert "geheim" not in str(caught.value)


@given(st.text(max_size=60), st.sampled_from(["sftp:", "sftp://", "rest:https://", "s3:", "smb://", ""]))
def test_no_address_is_a_surprise(text: str, kind: str) -> None:
    try:
        address = parse_address(kind + text)
    except BadAddress:
        return
    assert parse_address(str(address)) == address


@given(
    st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]),
    st.text(min_size=1, max_size=20).map(lambda text: f"/bucket/{text.replace('/', '')}"),
    st.dictionaries(st.text("abc-", min_size=1, max_size=5), st.text(max_size=10), max_size=3),
    st.booleans(),
)
def test_signatures_are_those_of_amazons_own_library(
    method: str, path: str, query: dict[str, str], temporary: bool
) -> None:
    token = Secret("token") if temporary else None
    escaped, payload = path_text(path), "cd" * 32
    ours = signed(
        S3Login("key", Secret("secret"), token), "eu-west-1", method, escaped, query, {"Host": "s3.eu:9000"},
        payload, NOW,
    )  # fmt: skip

    target = f"http://s3.eu:9000{escaped}" + (f"?{query_text(query)}" if query else "")
    request = AWSRequest(method, target, headers={"Host": "s3.eu:9000"})
    request.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
    signer = S3SigV4Auth(Credentials("key", "secret", "token" if temporary else None), "s3", "eu-west-1")
    request.headers["x-amz-date"] = request.context["timestamp"]
    request.headers["x-amz-content-sha256"] = payload
    if temporary:
        request.headers["x-amz-security-token"] = "token"
    canonical = signer.canonical_request(request).rsplit("\n", 1)[0] + f"\n{payload}"
    theirs = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["Authorization"].endswith(f"Signature={theirs}")
    assert "secret" not in ours["Authorization"]


class Faulty(RemoteBackend):
    """A place that does what it is told to."""

    def __init__(self, errors: list[BackendError], pace: Pace, patience: Patience | None = None) -> None:
        super().__init__("faulty:", patience, pace)
        self.errors = errors
        self.files: dict[str, int] = {}
        self.hung_up = 0

    def _meet(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    def _make_folders(self) -> None:
        self._meet()

    def _size(self, kind: FileKind, name: str) -> int | None:
        self._meet()
        return self.files.get(name)

    def _read(self, kind: FileKind, name: str, limit: int) -> bytes:
        raise NotImplementedError

    def _read_range(self, kind: FileKind, name: str, offset: int, length: int) -> bytes:
        raise NotImplementedError

    def _publish(self, kind: FileKind, name: str, data: memoryview, there: int | None) -> None:
        self.files[name] = len(data)
        self._meet()

    def _delete(self, kind: FileKind, name: str) -> None:
        if self.files.pop(name, None) is None:
            raise FileMissing(location="faulty:", operation="remove", file=name)
        self._meet()

    def _entries(self, kind: FileKind) -> list[FileInfo]:
        return []

    def _hang_up(self) -> None:
        self.hung_up += 1

    def _translate(self, exc: Exception, data: dict[str, object]) -> BackendError | None:
        return None


class Pauses:
    """A clock that each pause moves on."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.taken: list[float] = []
        self.pace = Pace(self.clock, self.take, lambda: 1.0)

    def take(self, seconds: float) -> None:
        from datetime import timedelta

        self.taken.append(seconds)
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))


def lost(reason: str = "connection-lost") -> BackendError:
    return BackendUnavailable(location="faulty:", operation="save", reason=reason)


def test_a_server_that_worked_is_tried_again_with_growing_pauses_for_a_minute() -> None:
    pauses = Pauses()
    backend = Faulty([], pauses.pace)
    assert not backend.exists(FileKind.PACK, NAME)
    backend.errors = [lost() for _ in range(50)]
    with pytest.raises(BackendUnavailable):
        backend.exists(FileKind.PACK, NAME)
    assert pauses.taken[:4] == [0.25, 0.5, 1.0, 2.0]
    assert max(pauses.taken) == 10.0
    assert 45 <= sum(pauses.taken) <= 60
    assert backend.hung_up == len(pauses.taken) + 1, "each attempt has a connection of its own"


def test_a_server_that_never_answered_is_not_waited_for() -> None:
    pauses = Pauses()
    backend = Faulty([lost("ECONNREFUSED") for _ in range(50)], pauses.pace)
    with pytest.raises(BackendUnavailable):
        backend.exists(FileKind.PACK, NAME)
    assert pauses.taken == []
    backend.errors = [lost("HTTP 503"), lost("HTTP 503")]
    assert not backend.exists(FileKind.PACK, NAME), "an overloaded server is worth a few seconds"


@pytest.mark.parametrize("error", [BackendFull(reason="ENOSPC"), ServerLoginRefused(), lost("ENOENT")])
def test_what_does_not_pass_by_itself_is_not_tried_again(error: BackendError) -> None:
    pauses = Pauses()
    backend = Faulty([], pauses.pace)
    backend.create()
    backend.errors = [error]
    with pytest.raises(type(error)):
        backend.save(FileKind.PACK, NAME, b"x")
    assert pauses.taken == []


def test_an_answer_that_was_lost_is_found_out_by_looking() -> None:
    pauses = Pauses()
    backend = Faulty([], pauses.pace)
    backend.create()
    publish = backend._publish

    def once(kind: FileKind, name: str, data: memoryview, there: int | None) -> None:
        publish(kind, name, data, there)
        published.append(name)
        if len(published) == 1:
            raise lost()

    published: list[str] = []
    backend._publish = once  # type: ignore[method-assign]  # the first answer is lost after the work is done
    backend.save(FileKind.PACK, NAME, b"x")
    assert published == [NAME], "what has arrived is not sent again"
    backend.errors = [lost()]
    backend.remove(FileKind.PACK, NAME)  # it was removed, its answer lost, and now it is missing: that is fine
    with pytest.raises(FileMissing):
        backend.remove(FileKind.PACK, NAME)
