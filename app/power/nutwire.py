"""One connection to a NUT server (source: NUT's "Network protocol information", RFC 9271).

Every answer is bounded in lines, bytes and time. Texts may be in any encoding: a UPS that is called "Büro" is one too.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import StrEnum
from typing import Final

from app.secret import Secret

_LINE_BYTES: Final = 16 * 1024
_LINES_AT_MOST: Final = 2_000
_CLOSE_S: Final = 0.5


class Trouble(StrEnum):
    """Why a UPS cannot be read."""

    NO_SERVER = "no-server"
    LOGIN = "login"
    UNKNOWN_UPS = "unknown-ups"
    DRIVER = "driver"
    """The server is there, but its driver has lost the UPS."""
    NOISE = "noise"
    """What answers does not speak the protocol."""
    SILENT = "silent"
    """It does not answer in time."""


_ERRORS: Final = {
    "ACCESS-DENIED": Trouble.LOGIN,
    "USERNAME-REQUIRED": Trouble.LOGIN,
    "PASSWORD-REQUIRED": Trouble.LOGIN,
    "INVALID-USERNAME": Trouble.LOGIN,
    "INVALID-PASSWORD": Trouble.LOGIN,
    "UNKNOWN-UPS": Trouble.UNKNOWN_UPS,
    "DRIVER-NOT-CONNECTED": Trouble.DRIVER,
    "DATA-STALE": Trouble.DRIVER,
}


class Unreadable(Exception):
    """A UPS or its server gave no usable answer."""

    def __init__(self, trouble: Trouble, said: str = "") -> None:
        super().__init__(trouble, said)
        self.trouble = trouble
        self.said = said
        """The error's word in the protocol, when the server itself refused."""

    @property
    def connection_is_good(self) -> bool:
        return bool(self.said)


class NutConnection:
    """Asks one server, one thing at a time. After an Unreadable whose connection is not good it must be closed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> NutConnection:
        """Connect; raises Unreadable."""
        try:
            reader, writer = await asyncio.open_connection(host, port, limit=_LINE_BYTES)
        except (OSError, UnicodeError) as exc:  # a name that no resolver can encode is a UnicodeError
            raise Unreadable(Trouble.NO_SERVER) from exc
        return cls(reader, writer)

    async def close(self) -> None:
        """Hang up; never raises."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()

    async def log_in(self, username: str, password: Secret | None) -> None:
        """Say who asks; a server checks it only when something is to be done."""
        # Send: USERNAME <name>     Return: OK
        # Send: PASSWORD <password> Return: OK
        await self._command(f"USERNAME {_quoted(username)}")
        if password is not None:
            await self._command(f"PASSWORD {_quoted(password.reveal())}")

    async def names(self) -> tuple[str, ...]:
        """Return the names of the server's UPSes."""
        # Return: BEGIN LIST UPS … UPS <name> "<description>" … END LIST UPS
        return tuple(words[1] for words in await self._list("UPS") if len(words) >= 2)

    async def variables(self, ups: str) -> dict[str, str]:
        """Return everything that a UPS says."""
        # Return: BEGIN LIST VAR <ups> … VAR <ups> <name> "<value>" … END LIST VAR <ups>
        return {words[2]: words[3] for words in await self._list(f"VAR {ups}") if len(words) == 4}

    async def commands(self, ups: str) -> frozenset[str]:
        """Return what a UPS can be told to do."""
        # Return: BEGIN LIST CMD <ups> … CMD <ups> <name> … END LIST CMD <ups>
        return frozenset(words[2] for words in await self._list(f"CMD {ups}") if len(words) == 3)

    async def instruct(self, ups: str, command: str) -> None:
        """Have a UPS do something."""
        # Send: INSTCMD <ups> <command>   Return: OK
        await self._command(f"INSTCMD {ups} {command}")

    async def _command(self, line: str) -> None:
        words = await self._ask(line)
        if words[:1] != ["OK"]:
            raise Unreadable(Trouble.NOISE)

    async def _list(self, what: str) -> list[list[str]]:
        begin = await self._ask(f"LIST {what}")
        wanted = what.split()
        if begin != ["BEGIN", "LIST", *wanted]:
            raise Unreadable(Trouble.NOISE)
        lines: list[list[str]] = []
        for _number in range(_LINES_AT_MOST):
            words = await self._line()
            if words == ["END", "LIST", *wanted]:
                return lines
            if words[: len(wanted)] == wanted:
                lines.append(words)
        raise Unreadable(Trouble.NOISE)

    async def _ask(self, line: str) -> list[str]:
        try:
            self._writer.write(line.encode() + b"\n")
            await self._writer.drain()
        except OSError as exc:
            raise Unreadable(Trouble.NO_SERVER) from exc
        words = await self._line()
        if words[:1] == ["ERR"]:
            said = words[1] if len(words) > 1 else "ERR"
            raise Unreadable(_ERRORS.get(said, Trouble.NOISE), said)
        return words

    async def _line(self) -> list[str]:
        try:
            raw = await self._reader.readline()
        except OSError as exc:
            raise Unreadable(Trouble.NO_SERVER) from exc
        except ValueError as exc:  # a line longer than we take
            raise Unreadable(Trouble.NOISE) from exc
        if not raw.endswith(b"\n"):
            raise Unreadable(Trouble.NO_SERVER)
        return _words(raw.decode("utf-8", "replace"))


def _words(line: str) -> list[str]:
    """Split a line: words between spaces, or between quotes with backslashes before quotes and backslashes."""
    words: list[str] = []
    word: list[str] | None = None
    quoted = escaped = False
    for char in line.rstrip("\r\n"):
        if escaped:
            word, escaped = [*(word or ()), char], False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted, word = not quoted, [] if word is None else word
        elif char == " " and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        elif word is None:
            word = [char]
        else:
            word.append(char)
    return words if word is None else [*words, "".join(word)]


def _quoted(text: str) -> str:
    """Write a text as one word of a command; what would end the line is left out."""
    kept = "".join(char for char in text if char >= " ")
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'
