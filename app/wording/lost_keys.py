"""What became of a lost computer's key on a place, in words."""

from __future__ import annotations

from collections.abc import Iterable

from app.i18n import _


def lost_key_text(place: str, *, here: bool, removed_of: Iterable[str], kept: Iterable[str]) -> str:
    """Say it of one place: `removed_of` are the computers whose keys went, `kept` the keys that would not go."""
    kept_keys = ", ".join(sorted({key[:8] for key in kept}))
    computers = ", ".join(sorted(set(removed_of)))
    if not here:
        return _("{place}: not here now. The old key goes at the next copy there.").format(place=place)
    if kept_keys:
        return _("{place}: only ever adds, and kept the old key. Remove keys/{keys}… on the server itself.").format(
            place=place, keys=kept_keys
        )
    if not computers:
        return _("{place}: had no key of another computer.").format(place=place)
    return _("{place}: the key of {computer} is gone.").format(place=place, computer=computers)


def passwords_too_text() -> str:
    """Say what taking a key off does not do."""
    return _("On a stolen computer the passwords of servers and shares are known too: change those as well.")
