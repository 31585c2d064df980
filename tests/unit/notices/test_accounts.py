"""Accounts are secrets: kept for the owner only, read strictly, shown nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.notices.accounts import Accounts, MailAccount, Security, accounts_file, load_accounts, save_accounts
from app.notices.errors import AccountsInvalid, BadAddress
from app.paths import Home
from app.secret import Secret

MAIL = MailAccount("smtp.delinde.be", 587, Security.STARTTLS, "v@delinde.be", "v", Secret("geheim"))
WHOLE = (
    Accounts()
    .with_mail(MAIL)
    .with_service("signal-an", Secret("signal://host/123"))
    .with_ping(Secret("https://hc.example/ping/abc"))
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.in_folder(tmp_path)


def test_what_is_kept_comes_back_and_only_the_owner_can_read_it(home: Home) -> None:
    assert load_accounts(home) == Accounts()
    save_accounts(home, WHOLE)
    assert load_accounts(home) == WHOLE
    assert accounts_file(home).stat().st_mode & 0o777 == 0o600
    assert home.secrets.stat().st_mode & 0o777 == 0o700


def test_no_secret_is_shown_in_a_text(home: Home) -> None:
    assert "geheim" not in repr(WHOLE)
    assert "123" not in repr(WHOLE)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Accounts().with_mail(MailAccount("a b", 25, Security.NONE, "v@x.be")),
        lambda: Accounts().with_mail(MailAccount("x", 25, Security.NONE, "nobody")),
        lambda: Accounts().with_mail(MailAccount("x", 0, Security.NONE, "v@x.be")),
        lambda: Accounts().with_service("Signal An", Secret("signal://x")),
        lambda: Accounts().with_service("signal", Secret("no address")),
        lambda: Accounts().with_ping(Secret("file:///etc/passwd")),
    ],
)
def test_what_cannot_be_right_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(BadAddress):
        change()


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", "{}", "[" * 100_000,
        json.dumps({"mail": {"host": "x"}, "services": {}, "ping": None}),
        json.dumps({"mail": None, "services": {"a": 1}, "ping": None}),
        json.dumps({"mail": None, "services": {}, "ping": "gopher://x"}),
        " " * 70_000,
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_is_said_to_be_so_without_its_content(home: Home, content: str) -> None:
    home.secrets.mkdir(parents=True)
    accounts_file(home).write_text(content)
    with pytest.raises(AccountsInvalid):
        load_accounts(home)
