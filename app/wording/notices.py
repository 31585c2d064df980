"""Roles, channels and what is wrong with a message, in words."""

from __future__ import annotations

from typing import Final

from app.i18n import N_, _
from app.policy.model import Role

_TROUBLES: Final[dict[str, str]] = {
    "no-account": N_("there is no mail account to send from yet"),
    "no-address": N_("the address is not right"),
    "login-refused": N_("the mail server does not accept the name or the password"),
    "server-not-there": N_("the server is not there"),
    "not-secure": N_("no protected connection with the server could be made"),
    "recipient-refused": N_("the server does not know this address"),
    "sender-refused": N_("the server does not accept the sender's address"),
    "refused": N_("the server refused it"),
    "no-answer": N_("the server did not answer"),
    "accounts-invalid": N_("the file with the mail account cannot be read"),
    "no-desktop": N_("nothing shows messages on this computer"),
    "not-sent": N_("it could not be sent"),
}

_ROLES: Final[dict[Role, str]] = {
    Role.GOVERNING_BODY: N_("governing body"),
    Role.DIRECTOR: N_("director"),
    Role.IT_PROVIDER: N_("IT provider"),
    Role.DATA_OWNER: N_("data owner"),
    Role.STAFF: N_("staff"),
}


def trouble_text(code: str) -> str:
    """Say why a message could not be delivered."""
    return _(_TROUBLES.get(code, _TROUBLES["not-sent"]))


def role_text(role: Role) -> str:
    return _(_ROLES[role])


def channel_text(channel: str) -> str:
    """Name a way of telling."""
    match channel:
        case "desktop":
            return _("this computer's screen")
        case "email":
            return _("e-mail")
        case "ping":
            return _("sign of life")
        case _:
            return channel.removeprefix("service:")
