"""Fills the gaps of a text with data that may be lacking."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


class _Lenient(Formatter):
    """A gap without data becomes a question mark: a text about an error must never be an error itself."""

    def get_value(self, key: int | str, _args: object, kwargs: Mapping[str, object]) -> object:
        value = kwargs.get(str(key), "")
        return "?" if value in ("", None) else value


def filled(text: str, data: Mapping[str, object]) -> str:
    """Fill the `{name}` gaps of a text."""
    return _Lenient().vformat(text, (), data)
