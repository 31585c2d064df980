"""The agent's log: one short line for each fact, for the IT provider. No secrets; people's file names only in debug."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger("vangnet.agent")
_MAX_BYTES = 1_000_000
_KEPT = 3
_FOREIGN = ("apscheduler", "asyncio")
_VALUE_LIMIT = 200


class _PrivateFileHandler(RotatingFileHandler):
    """Keeps its files for the owner only, also the new one after a rotation."""

    def doRollover(self) -> None:  # noqa: N802  logging's own name
        super().doRollover()
        Path(self.baseFilename).chmod(0o600)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Let a line go that cannot be written: on a full disk each would come out as a traceback instead."""


@contextlib.contextmanager
def logging_to(file: Path, level: int = logging.INFO) -> Iterator[None]:
    """Write this process's log lines to a file of 1 MB at most, 0600, with three older ones beside it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made before the handler opens it, so that it never exists with wider rights.
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600))
    handler = _PrivateFileHandler(
        file, maxBytes=_MAX_BYTES, backupCount=_KEPT, encoding="utf-8", errors="backslashreplace"
    )
    file.chmod(0o600)
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    loggers = [LOG, *(logging.getLogger(name) for name in _FOREIGN)]
    LOG.setLevel(level)
    for foreign in loggers[1:]:
        foreign.setLevel(logging.WARNING)
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        handler.close()


def say(event: str, /, level: int = logging.INFO, **values: object) -> None:
    """Log a fact as `event key=value …`; a value with spaces is quoted, control characters are escaped."""
    if LOG.isEnabledFor(level):
        LOG.log(level, "%s", " ".join((event, *(f"{key}={_value(value)}" for key, value in values.items()))))


def _value(value: object) -> str:
    text = str(value)[:_VALUE_LIMIT]
    return text if text and text.isprintable() and " " not in text and '"' not in text else repr(text)
