"""Backends for the folder of a name on each of the real servers."""

from __future__ import annotations

from app.repository.backend.remote import Pace, Patience
from app.repository.backend.rest import RestBackend, RestPlace
from app.repository.backend.s3 import LockMode, S3Backend, S3Place
from app.repository.backend.sftp import SftpBackend
from app.repository.backend.sigv4 import S3Login
from app.repository.backend.smb import SmbBackend, SmbPlace
from app.repository.backend.ssh import SftpPlace
from app.secret import Secret
from tests.rig.servers import RestServer, S3Server, SmbServer, SshServer


def sftp_backend(
    server: SshServer, name: str, *, port: int = 0, patience: Patience | None = None, pace: Pace | None = None
) -> SftpBackend:
    place = SftpPlace(
        "127.0.0.1", str(server.folder / name), server.user, port or server.port, server.host_key,
        private_key=Secret(server.private_key),
    )  # fmt: skip
    return SftpBackend(place, patience=patience, pace=pace)


def smb_backend(
    server: SmbServer, name: str, *, port: int = 0, patience: Patience | None = None, pace: Pace | None = None
) -> SmbBackend:
    place = SmbPlace("127.0.0.1", server.share, name, server.user, Secret(server.password), port or server.port)
    return SmbBackend(place, patience=patience, pace=pace)


def rest_backend(
    server: RestServer, name: str, *, port: int = 0, patience: Patience | None = None, pace: Pace | None = None
) -> RestBackend:
    url = f"http://127.0.0.1:{port or server.port}/{name}"
    return RestBackend(RestPlace(url, server.user, Secret(server.password)), patience=patience, pace=pace)


def s3_backend(
    server: S3Server,
    name: str,
    *,
    port: int = 0,
    prefix: str = "copies",
    retention_days: int = 0,
    patience: Patience | None = None,
    pace: Pace | None = None,
) -> S3Backend:
    place = S3Place(
        f"http://127.0.0.1:{port or server.port}", name, prefix, S3Login(server.access_key, Secret(server.secret_key)),
        retention_days=retention_days, retention_mode=LockMode.GOVERNANCE,
    )  # fmt: skip
    return S3Backend(place, patience=patience, pace=pace)
