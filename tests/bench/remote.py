"""`make bench BENCH=--remote`: our backends against the same library used bare, on the same servers and data.

Both write and read packs of 16 MB, turn about; the table shows the medians of MB/s and the ratio. Bare means: no
temporary name, no flush to the server's disk, no look whether all has arrived.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncssh
import boto3
import smbclient
import urllib3
from botocore.config import Config

from app.repository.backend.base import Backend, FileKind
from tests.rig.places import rest_backend, s3_backend, sftp_backend, smb_backend
from tests.rig.servers import RestServer, S3Server, Server, SmbServer, SshServer

PACK_BYTES = 16 << 20
_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory: the disk plays no part

Act = Callable[[str, bytes], object]


@dataclass(frozen=True)
class Bare:
    """A library used as its own examples do."""

    name: str
    write: Act
    read: Callable[[str], bytes]


def main(packs: int = 8, rounds: int = 3) -> None:
    """Print the table."""
    made = [(hashlib.sha256(data).hexdigest(), data) for data in (os.urandom(PACK_BYTES) for _ in range(packs))]
    print(f"{packs} packs of {PACK_BYTES >> 20} MiB, {rounds} rounds, servers on this computer; MB/s, ours : bare")
    for label, make_server, make_backend, make_bare in _KINDS:
        with tempfile.TemporaryDirectory(prefix="vangnet-bench-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
            server = make_server(Path(folder))
            server.start()
            try:
                with make_bare(server) as bare:
                    _compare(label, make_backend, server, bare, made, rounds)
            finally:
                server.stop()


def _compare(
    label: str, make_backend: Callable[[Any, str], Backend], server: Server, bare: Bare,
    packs: list[tuple[str, bytes]], rounds: int,
) -> None:  # fmt: skip
    rates: dict[str, list[float]] = {key: [] for key in ("ours write", "bare write", "ours read", "bare read")}
    for _ in range(rounds):
        backend = make_backend(server, f"ours-{secrets.token_hex(4)}")
        backend.create()
        ours = _as_bare(backend)
        for what, acts in (
            ("write", {"ours": ours.write, "bare": bare.write}),
            ("read", {"ours": _reading(ours), "bare": _reading(bare)}),
        ):
            for user, rate in _rates(packs, acts).items():
                rates[f"{user} {what}"].append(rate)
        for name, _ in packs:
            backend.remove(FileKind.PACK, name)
        backend.close()
    of = {key: statistics.median(values) for key, values in rates.items()}
    print(
        f"{label:5} write {of['ours write']:6.0f} : {of['bare write']:6.0f} = {of['ours write'] / of['bare write']:.2f}"
        f"   read {of['ours read']:6.0f} : {of['bare read']:6.0f} = {of['ours read'] / of['bare read']:.2f}"
        f"   (bare: {bare.name})",
        flush=True,
    )


def _as_bare(backend: Backend) -> Bare:
    return Bare(
        "ours",
        lambda name, data: backend.save(FileKind.PACK, name, data),
        lambda name: backend.load(FileKind.PACK, name, limit=PACK_BYTES),
    )


def _reading(used: Bare) -> Act:
    return lambda name, _: used.read(name)


def _rates(packs: list[tuple[str, bytes]], acts: dict[str, Act]) -> dict[str, float]:
    """Do each act with every pack, turn about, so that whatever else the computer does slows all alike; MB/s."""
    took = dict.fromkeys(acts, 0.0)
    for number, (name, data) in enumerate(packs):
        for user in sorted(acts, reverse=bool(number % 2)):
            began = time.perf_counter()
            acts[user](name, data)
            took[user] += time.perf_counter() - began
    return {user: sum(len(data) for _, data in packs) / 1e6 / seconds for user, seconds in took.items()}


@contextlib.contextmanager
def _bare_sftp(server: SshServer) -> Iterator[Bare]:
    """asyncssh, with the ciphers that we ask for: its own first choice is slower."""
    loop = asyncio.new_event_loop()

    async def connect() -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        connection = await asyncssh.connect(
            "127.0.0.1", server.port, username=server.user, known_hosts=None, config=None, agent_path=None,
            client_keys=[asyncssh.import_private_key(server.private_key)],
            encryption_algs=["aes128-gcm@openssh.com"], compression_algs=None,
        )  # fmt: skip
        return connection, await connection.start_sftp_client()

    connection, sftp = loop.run_until_complete(connect())
    folder = str(server.folder)

    async def write(name: str, data: bytes) -> None:
        async with sftp.open(f"{folder}/bare-{name}", "wb") as file:
            await file.write(data)

    async def read(name: str) -> bytes:
        async with sftp.open(f"{folder}/bare-{name}", "rb") as file:
            return cast(bytes, await file.read())

    try:
        yield Bare(
            "asyncssh",
            lambda name, data: loop.run_until_complete(write(name, data)),
            lambda name: loop.run_until_complete(read(name)),
        )
    finally:
        connection.abort()
        loop.run_until_complete(connection.wait_closed())
        loop.close()


@contextlib.contextmanager
def _bare_smb(server: SmbServer) -> Iterator[Bare]:
    cache: dict[str, Any] = {}
    how = {"username": server.user, "password": server.password, "port": server.port, "connection_cache": cache}
    smbclient.register_session("127.0.0.1", auth_protocol="ntlm", **how)
    root = rf"\\127.0.0.1\{server.share}"

    def write(name: str, data: bytes) -> None:
        with smbclient.open_file(rf"{root}\bare-{name}", mode="wb", buffering=0, **how) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]

    def read(name: str) -> bytes:
        with smbclient.open_file(rf"{root}\bare-{name}", mode="rb", buffering=0, **how) as file:
            return bytes(file.readall())

    try:
        yield Bare("smbclient", write, read)
    finally:
        smbclient.reset_connection_cache(connection_cache=cache)


@contextlib.contextmanager
def _bare_rest(server: RestServer) -> Iterator[Bare]:
    login = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    with urllib3.PoolManager() as pool:
        pool.request("POST", f"{server.url('bare')}/?create=true", headers=headers)
        yield Bare(
            "urllib3",
            lambda name, data: pool.request("POST", f"{server.url('bare')}/data/{name}", headers=headers, body=data),
            lambda name: pool.request("GET", f"{server.url('bare')}/data/{name}", headers=headers).data,
        )


@contextlib.contextmanager
def _bare_s3(server: S3Server) -> Iterator[Bare]:
    client = boto3.client(
        "s3", endpoint_url=server.url, aws_access_key_id=server.access_key, aws_secret_access_key=server.secret_key,
        region_name="us-east-1", config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    client.create_bucket(Bucket="bare")
    try:
        yield Bare(
            "boto3",
            lambda name, data: client.put_object(Bucket="bare", Key=name, Body=data),
            lambda name: client.get_object(Bucket="bare", Key=name)["Body"].read(),
        )
    finally:
        client.close()


_KINDS: tuple[tuple[str, Callable[[Path], Server], Callable[[Any, str], Backend], Callable[[Any], Any]], ...] = (
    ("sftp", SshServer, sftp_backend, _bare_sftp),
    ("smb", SmbServer, smb_backend, _bare_smb),
    ("rest", RestServer, rest_backend, _bare_rest),
    ("s3", S3Server, s3_backend, _bare_s3),
)
