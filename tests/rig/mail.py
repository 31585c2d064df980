"""A real mail server in this process: plain, with STARTTLS or TLS, with a login; it keeps what arrives."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "vangnet@delinde.be", "geheim mailwachtwoord"


@dataclass(slots=True)
class Mail:
    """A message that arrived."""

    sender: str
    to: tuple[str, ...]
    message: Message

    @property
    def subject(self) -> str:
        return str(make_header(decode_header(self.message["Subject"])))

    @property
    def text(self) -> str:
        part = next(p for p in self.message.walk() if p.get_content_type() == "text/plain")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return content.decode()


@dataclass(slots=True)
class Post:
    """The server's memory; addresses in `refused` are not taken."""

    port: int = 0
    arrived: list[Mail] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 nobody of that name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.arrived.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message_from_bytes(content)))
        return "250 OK"


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, starttls: bool = False, login: bool = False) -> Iterator[Post]:
    """Run a server on a free port of this computer. `tls` with `starttls`: only after that word."""
    post = Post()
    ready, stop = threading.Event(), threading.Event()

    def session() -> SMTP:
        return SMTP(
            post,
            hostname="localhost",
            tls_context=tls if starttls else None,
            require_starttls=starttls,
            authenticator=_authenticate if login else None,
            auth_required=login,
            auth_require_tls=False,
        )

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(session, "127.0.0.1", 0, ssl=None if starttls else tls)
        async with server:
            post.port = server.sockets[0].getsockname()[1]
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="mail-server")
    thread.start()
    assert ready.wait(20)
    try:
        yield post
    finally:
        stop.set()
        thread.join()


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for localhost; return a server's context with it, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "mail-server.pem", folder / "mail-server.key"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
