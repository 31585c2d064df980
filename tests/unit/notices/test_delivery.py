"""Messages on their way: to a real mail server, a real web server, and what goes wrong there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.notices.accounts import Accounts, MailAccount, Security, save_accounts
from app.notices.delivery import Parcel, Trouble, deliver
from app.notices.model import EMAIL, PING
from app.notices.sending import send
from app.paths import Home
from app.secret import Secret
from tests.rig.mail import PASSWORD, USER, Post, mail_server, own_certificate

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

TO = "director@delinde.be"
LETTER = Parcel(EMAIL, TO, "De kopie is niet gelukt · De Linde", "Wat nu?\n\n  Kijk of de schijf erin zit: é ë €\n")


def account(post: Post, security: Security = Security.NONE, *, password: str = "") -> Accounts:
    return Accounts().with_mail(
        MailAccount("localhost", post.port, security, USER, USER if password else "", Secret(password))
    )


def test_a_mail_arrives_as_plain_text_with_its_accents() -> None:
    with mail_server() as post:
        assert deliver(account(post), LETTER) is None
    (mail,) = post.arrived
    assert (mail.sender, mail.to, mail.subject) == (USER, (TO,), LETTER.title)
    assert "Kijk of de schijf erin zit: é ë €" in mail.text
    assert not any(part.get_content_type() == "text/html" for part in mail.message.walk())


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_mail_goes_over_a_protected_line_with_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: Security
) -> None:
    context, trusted = own_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(tls=context, starttls=security is Security.STARTTLS, login=True) as post:
        assert deliver(account(post, security, password=PASSWORD), LETTER) is None
        assert deliver(account(post, security, password="wrong"), LETTER) is Trouble.LOGIN
    assert len(post.arrived) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_server_that_nobody_vouches_for_gets_neither_mail_nor_password(tmp_path: Path, security: Security) -> None:
    context, _trusted = own_certificate(tmp_path)
    with mail_server(tls=context, starttls=security is Security.STARTTLS, login=True) as post:
        assert deliver(account(post, security, password=PASSWORD), LETTER) is Trouble.TLS
    assert post.arrived == []


def test_a_server_without_tls_gets_nothing_when_tls_was_asked_for() -> None:
    with mail_server() as post:
        assert deliver(account(post, Security.STARTTLS, password=PASSWORD), LETTER) is Trouble.TLS
    assert post.arrived == []


def test_a_server_that_is_down_is_said_to_be_so() -> None:
    with mail_server() as post:
        pass
    assert deliver(account(post), LETTER) is Trouble.NOT_THERE


def test_an_address_that_the_server_does_not_take_is_said_to_be_so() -> None:
    with mail_server() as post:
        post.refused.add(TO)
        assert deliver(account(post), LETTER) is Trouble.RECIPIENT


def test_without_an_account_nothing_is_sent() -> None:
    assert deliver(Accounts(), LETTER) is Trouble.NO_ACCOUNT


class _Hears(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, _WebServer)
        size = int(self.headers.get("Content-Length", "0"))
        server.heard.append((self.path, self.rfile.read(size).decode()))
        self.send_response(server.answer)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        return


class _WebServer(ThreadingHTTPServer):
    heard: list[tuple[str, str]]
    answer: int


@contextmanager
def web_server(answer: int = 200) -> Iterator[_WebServer]:
    with _WebServer(("127.0.0.1", 0), _Hears) as server:
        server.heard, server.answer = [], answer
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def pinging(server: _WebServer) -> Accounts:
    return Accounts().with_ping(Secret(f"http://127.0.0.1:{server.server_address[1]}/ping/abc-123"))


@pytest.mark.parametrize("beat", ["/start", "", "/fail"])
def test_the_dead_mans_address_hears_how_it_went(beat: str) -> None:
    with web_server() as server:
        assert deliver(pinging(server), Parcel(PING, "", beat, "1 kopie")) is None
    assert server.heard == [(f"/ping/abc-123{beat}", "1 kopie")]


def test_an_address_that_says_no_or_is_gone_is_said_to_be_so() -> None:
    with web_server(answer=404) as server:
        assert deliver(pinging(server), Parcel(PING, "", "", "")) is Trouble.REFUSED
        accounts = pinging(server)
    assert deliver(accounts, Parcel(PING, "", "", "")) is Trouble.NOT_THERE


async def test_a_message_is_delivered_by_a_process_of_its_own(tmp_path: Path) -> None:
    home = Home.in_folder(tmp_path)
    with mail_server() as post:
        save_accounts(home, account(post))
        assert await send(home, LETTER) is None
    assert [mail.subject for mail in post.arrived] == [LETTER.title]
    (home.secrets / "notices.json").write_text("{")
    assert await send(home, LETTER) is Trouble.ACCOUNTS


async def test_a_server_that_never_answers_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    import socket

    home = Home.in_folder(tmp_path)
    with socket.create_server(("localhost", 0)) as silent:
        mail = MailAccount("localhost", silent.getsockname()[1], Security.NONE, USER)
        save_accounts(home, Accounts().with_mail(mail))
        assert await send(home, LETTER, timeout_s=3.0) is Trouble.TIMEOUT
