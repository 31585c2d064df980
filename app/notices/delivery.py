"""Delivers one message: what the short-lived process does that the agent and the commands start for it.

It reads what to deliver as JSON from standard input and says on standard output how that went; the secrets it reads
itself. `apprise` is loaded here and nowhere else, so that the agent stays small.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

from app.errors import ExitCode, VangnetError
from app.notices.accounts import Accounts, MailAccount, Security, load_accounts
from app.notices.model import EMAIL, PING, SERVICE
from app.paths import Home

PING_TIMEOUT_S: Final = 15.0
_MAX_INPUT: Final = 200_000


class Trouble(StrEnum):
    """Why a message could not be delivered; each has a text in both languages."""

    NO_ACCOUNT = "no-account"
    NO_ADDRESS = "no-address"
    LOGIN = "login-refused"
    NOT_THERE = "server-not-there"
    TLS = "not-secure"
    RECIPIENT = "recipient-refused"
    SENDER = "sender-refused"
    REFUSED = "refused"
    TIMEOUT = "no-answer"
    ACCOUNTS = "accounts-invalid"
    NO_DESKTOP = "no-desktop"
    FAILED = "not-sent"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way. `address` is an e-mail address, or empty; of a ping `title` is its path ("/start")."""

    channel: str
    address: str
    title: str
    body: str
    critical: bool = False


_LOGGED: Final[tuple[tuple[str, Trouble], ...]] = (
    (r"\((530|534|535|538), |Authentication|AUTH extension not supported", Trouble.LOGIN),
    (r"CERTIFICATE|SSL:|STARTTLS|ssl\.|WRONG_VERSION_NUMBER", Trouble.TLS),
    (r"timed out|TimeoutError", Trouble.TIMEOUT),
    ((r"Connection refused|Name or service not known|No route|unreachable|name resolution|Errno -[235]\b|not connected|"
     r"unexpectedly closed|Errno 104"), Trouble.NOT_THERE),
    (r"\{'[^']*': \(\d+", Trouble.RECIPIENT),
    (r"\((501|550|551|552|553|554), .*@", Trouble.SENDER),
    (r"\(5\d\d, ", Trouble.REFUSED),
)  # fmt: skip


_TELLING: Final = re.compile(r"Exception|refused|error=", re.IGNORECASE)


def deliver_from_stdin(home: Home) -> ExitCode:
    """Deliver the parcel on standard input; print {"trouble": code or ""}."""
    trouble: Trouble | None
    try:
        parcel = _read_parcel(sys.stdin.read(_MAX_INPUT))
        trouble = deliver(load_accounts(home), parcel)
    except (ValueError, TypeError, KeyError):
        trouble = Trouble.FAILED
    except VangnetError:
        trouble = Trouble.ACCOUNTS
    sys.stdout.write(json.dumps({"trouble": trouble or ""}))
    return ExitCode.DONE if trouble is None else ExitCode.FAILED


def write_parcel(parcel: Parcel) -> str:
    return json.dumps(asdict(parcel))


def _read_parcel(text: str) -> Parcel:
    match json.loads(text):
        case {
            "channel": str() as channel, "address": str() as address, "title": str() as title, "body": str() as body,
            "critical": bool() as critical,
        }:  # fmt: skip
            return Parcel(channel, address, title, body, critical)
        case _:
            raise TypeError("no parcel")


def deliver(accounts: Accounts, parcel: Parcel) -> Trouble | None:
    """Deliver a message; return why that was not possible, None when it was taken."""
    if parcel.channel == EMAIL:
        return _mail(accounts.mail, parcel)
    if parcel.channel == PING:
        return _ping(accounts, parcel)
    address = accounts.service(parcel.channel.removeprefix(SERVICE))
    return Trouble.NO_ACCOUNT if address is None else _hand_over(address.reveal(), parcel)


def _mail(account: MailAccount | None, parcel: Parcel) -> Trouble | None:
    if account is None:
        return Trouble.NO_ACCOUNT
    if not parcel.address:
        return Trouble.NO_ADDRESS
    secure = account.security is not Security.NONE
    target: dict[str, object] = {
        "schema": "mailtos" if secure else "mailto",
        "host": account.host,
        "port": account.port,
        "smtp_host": account.host,
        "from_addr": account.sender,
        "targets": [parcel.address],
        "secure_mode": {Security.STARTTLS: "starttls", Security.TLS: "ssl", Security.NONE: "insecure"}[
            account.security
        ],
    }
    if account.user:
        target |= {"user": account.user, "password": account.password.reveal()}
    return _hand_over(target, parcel)


def _hand_over(target: str | dict[str, object], parcel: Parcel) -> Trouble | None:
    import logging
    import warnings

    # It loads its ways of sending when they are first asked for, old modules of Python among them.
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        import apprise

        with apprise.LogCapture(level=logging.DEBUG) as log:  # type: ignore[no-untyped-call]  # its one untyped part
            courier = apprise.Apprise()
            if not courier.add(target):
                return Trouble.NO_ADDRESS
            taken = courier.notify(
                title=parcel.title,
                body=parcel.body,
                body_format=apprise.NotifyFormat.TEXT,
                notify_type=apprise.NotifyType.FAILURE if parcel.critical else apprise.NotifyType.INFO,
            )
            return None if taken else _trouble_in(log.getvalue())


def _trouble_in(log: str) -> Trouble:
    """Read from apprise's log what went wrong: it tells it nowhere else. The log is shown to nobody."""
    told = "\n".join(line for line in log.splitlines() if _TELLING.search(line)) or log
    return next((trouble for pattern, trouble in _LOGGED if re.search(pattern, told)), Trouble.FAILED)


def _ping(accounts: Accounts, parcel: Parcel) -> Trouble | None:
    if accounts.ping is None:
        return Trouble.NO_ACCOUNT
    url = accounts.ping.reveal().rstrip("/") + parcel.title
    request = urllib.request.Request(url, data=parcel.body.encode()[:10_000], method="POST")  # noqa: S310  http(s) only
    try:
        with urllib.request.urlopen(request, timeout=PING_TIMEOUT_S) as answer:  # noqa: S310
            answer.read(1_000)
            return None
    except urllib.error.HTTPError as exc:
        exc.close()
        return Trouble.REFUSED
    except TimeoutError:
        return Trouble.TIMEOUT
    except urllib.error.URLError as exc:
        return _trouble_in(str(exc.reason)) if _trouble_in(str(exc.reason)) is not Trouble.FAILED else Trouble.NOT_THERE
    except (OSError, ValueError):
        return Trouble.NOT_THERE
