"""The mail account, the addresses of services and the dead-man's address: secrets, kept in `secrets/` (0600)."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from app.notices.errors import AccountsInvalid, BadAddress
from app.paths import Home
from app.policy.people import is_email
from app.secret import Secret

MAX_BYTES: Final = 64 * 1024
MAX_SERVICES: Final = 32
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9a-fA-F:]{2,45}\]|::1")
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WEB: Final = re.compile(r"https?://[^\s/]+(/\S*)?")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{1,31}://\S+")
_MAX_TEXT: Final = 2_000


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"
    """Only for a server on this computer or in this building: the password travels readably."""


@dataclass(frozen=True, slots=True)
class MailAccount:
    """Where mail is handed in, and as whom. `user` may be empty where the server asks for none."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True)
class Accounts:
    """All that is secret about telling people."""

    mail: MailAccount | None = None
    services: tuple[tuple[str, Secret], ...] = ()
    """apprise's addresses by the names that the machine file knows."""
    ping: Secret | None = None
    """The address that hears of every good copy (healthchecks-style)."""

    def service(self, name: str) -> Secret | None:
        return dict(self.services).get(name)

    def with_service(self, name: str, address: Secret) -> Accounts:
        """Add or replace a service; raises BadAddress."""
        if not _NAME.fullmatch(name) or len(name) > 40:
            raise BadAddress(what=name)
        if not _URL.fullmatch(address.reveal()) or len(address.reveal()) > _MAX_TEXT:
            raise BadAddress(what="service")
        others = tuple(pair for pair in self.services if pair[0] != name)
        return replace(self, services=(*others, (name, address))[:MAX_SERVICES])

    def without_service(self, name: str) -> Accounts:
        return replace(self, services=tuple(pair for pair in self.services if pair[0] != name))

    def with_mail(self, mail: MailAccount) -> Accounts:
        """Take another mail account; raises BadAddress."""
        if not _HOST.fullmatch(mail.host):
            raise BadAddress(what=mail.host)
        if not is_email(mail.sender):
            raise BadAddress(what=mail.sender)
        if not 1 <= mail.port <= 65535:
            raise BadAddress(what=str(mail.port))
        return replace(self, mail=mail)

    def with_ping(self, address: Secret | None) -> Accounts:
        """Take another dead-man's address; raises BadAddress."""
        if address is not None and (not _WEB.fullmatch(address.reveal()) or len(address.reveal()) > _MAX_TEXT):
            raise BadAddress(what="ping")
        return replace(self, ping=address)


def accounts_file(home: Home) -> Path:
    return home.secrets / "notices.json"


def load_accounts(home: Home) -> Accounts:
    """Read the accounts; empty ones when there are none yet. Raises AccountsInvalid."""
    file = accounts_file(home)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise AccountsInvalid(file=str(file), key="", reason="too-large")
        content: object = json.loads(file.read_bytes())
    except FileNotFoundError:
        return Accounts()
    except (OSError, ValueError, RecursionError) as exc:
        raise AccountsInvalid(file=str(file), key="", reason="unreadable") from exc
    try:
        return _decode(content)
    except (KeyError, TypeError, ValueError, BadAddress) as exc:
        raise AccountsInvalid(file=str(file), key=_key_of(exc), reason="not-right") from exc


def save_accounts(home: Home, accounts: Accounts) -> None:
    """Replace the accounts, durably and for the owner only; raises OSError."""
    home.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = accounts_file(home)
    temporary = file.with_suffix(".tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="utf-8") as stream:  # noqa: PTH123  a handle with its mode
        json.dump(_encode(accounts), stream)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    folder = os.open(home.secrets, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _decode(content: object) -> Accounts:
    match content:
        case {"mail": dict() | None as mail, "services": dict() as services, "ping": str() | None as ping}:
            accounts = Accounts() if mail is None else Accounts().with_mail(_decode_mail(mail))
            for name, address in services.items():
                accounts = accounts.with_service(_text(name), Secret(_text(address)))
            return accounts.with_ping(None if ping is None else Secret(ping))
        case _:
            raise TypeError("no accounts")


def _decode_mail(mail: dict[object, object]) -> MailAccount:
    port = mail["port"]
    if not isinstance(port, int):
        raise TypeError("port")
    return MailAccount(
        host=_text(mail["host"]),
        port=port,
        security=Security(_text(mail["security"])),
        sender=_text(mail["sender"]),
        user=_text(mail["user"]),
        password=Secret(_text(mail["password"])),
    )


def _encode(accounts: Accounts) -> dict[str, object]:
    mail = accounts.mail
    return {
        "mail": None
        if mail is None
        else {
            "host": mail.host,
            "port": mail.port,
            "security": mail.security.value,
            "sender": mail.sender,
            "user": mail.user,
            "password": mail.password.reveal(),
        },
        "services": {name: address.reveal() for name, address in accounts.services},
        "ping": accounts.ping.reveal() if accounts.ping else None,
    }


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise TypeError("text")
    return value


def _key_of(exc: Exception) -> str:
    """Name what is wrong without saying what stands there: it may be a secret."""
    return str(exc.args[0]) if isinstance(exc, KeyError) else type(exc).__name__
