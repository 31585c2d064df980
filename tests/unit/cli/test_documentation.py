"""Every command is documented, and the documentation names no command that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from app.cli.main import COMMANDS, vangnet

DOCS = Path(__file__).parents[3] / "docs" / "commands.md"


def leaf_commands() -> list[str]:
    """Return every command as typed, e.g. "journal verify"."""
    context = click.Context(vangnet)
    found = []
    for name, entry in COMMANDS.items():
        if entry.hidden:
            continue
        command = vangnet.get_command(context, name)
        if isinstance(command, click.Group):
            found += [f"{name} {below}" for below in command.list_commands(context)]
        else:
            found.append(name)
    return found


@pytest.mark.parametrize("command", leaf_commands())
def test_every_command_is_documented(command: str) -> None:
    text = DOCS.read_text(encoding="utf-8")
    first, _, second = command.partition(" ")
    assert re.search(rf"`[^`]*\b{re.escape(first)}\b", text), command
    if second:
        assert re.search(rf"\b{re.escape(second)}\b", text), command


def test_every_command_explains_itself() -> None:
    context = click.Context(vangnet)
    for name in COMMANDS:
        command = vangnet.get_command(context, name)
        assert command is not None
        assert command.help, name
