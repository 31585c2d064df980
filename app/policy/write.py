"""Write the policy and machine files, keeping what people wrote in the policy.

A policy is edited in its text: only the values that change are replaced, so comments and order stay. What is written
has been read back first and says exactly what was asked; a file that Vangnet could not load is never written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import ConfigurationError
from app.policy import emit
from app.policy.calendar import Region
from app.policy.errors import PolicyInvalid
from app.policy.files import write_whole
from app.policy.load import parse_machine, parse_policy, template_text
from app.policy.machine import Machine
from app.policy.model import DataSet, Document, Organisation, Policy, Revision, RoleHolder
from app.policy.yamlfile import Mapping, Node, Report, Scalar, decode_text, parse_yaml, read_bytes

_COMMENT_AFTER: Final = re.compile(r"( +)#")


@dataclass(frozen=True, slots=True)
class PolicyEdit:
    """What to change in a policy; None leaves a part as it is. `roles` names only the roles that change."""

    organisation: Organisation | None = None
    document: Document | None = None
    roles: tuple[RoleHolder, ...] | None = None
    data_sets: tuple[DataSet, ...] | None = None
    revisions: tuple[Revision, ...] | None = None
    region: Region | None = None
    """Whose school holidays count, in the policy's calendar."""


def write_policy(path: Path, edit: PolicyEdit) -> Policy:
    """Change a policy file, or make it from the template when there is none; returns the policy as written.

    Raises PolicyInvalid when the file, or what it would become, is not a valid policy; the file is then untouched.
    """
    content = read_bytes(path, PolicyInvalid) if path.exists() else template_text().encode()
    text = decode_text(content, Report(path.name, PolicyInvalid))
    edited = edited_policy(text, edit, path.name).encode()
    policy = parse_policy(edited, path.name)
    write_whole(path, edited)
    return policy


def write_machine(path: Path, machine: Machine) -> None:
    """Write a machine file whole.

    Raises MachineInvalid or ConfigurationError, and writes nothing, when it could not be loaded again as it is.
    """
    content = emit.machine_text(machine).encode()
    if parse_machine(content, path.name) != machine:
        raise ConfigurationError(reason="not-writable", file=path.name)
    write_whole(path, content)


def edited_policy(text: str, edit: PolicyEdit, name: str) -> str:
    """Return the text of a policy with the changes in it; raises PolicyInvalid when either is not a valid policy."""
    policy = parse_policy(text.encode(), name)
    for key, entries in _mapping_changes(policy, edit):
        text = _edit_mapping(text, key, entries, name)
    for key, block in _list_changes(policy, edit):
        text = _replace_block(text, key, block, name)
    _check(parse_policy(text.encode(), name), edit, name)
    return text


def _mapping_changes(policy: Policy, edit: PolicyEdit) -> list[tuple[str, tuple[emit.Entry, ...]]]:
    changes: list[tuple[str, tuple[emit.Entry, ...]]] = []
    if edit.organisation is not None:
        changes.append(("organisation", emit.organisation_entries(edit.organisation)))
    if edit.document is not None:
        changes.append(("document", emit.document_entries(edit.document)))
        changes.append(("review", (("months", edit.document.review_months),)))
    if edit.roles is not None:
        changed = {holder.role: holder for holder in edit.roles}
        changes.append(("roles", emit.role_entries(changed.get(old.role, old) for old in policy.roles)))
    if edit.region is not None:
        changes.append(("calendar", (("region", edit.region.value),)))
    return changes


def _list_changes(policy: Policy, edit: PolicyEdit) -> list[tuple[str, str]]:
    changes: list[tuple[str, str]] = []
    if edit.data_sets is not None and edit.data_sets != policy.data_sets:
        changes.append(("data_sets", emit.list_block("data_sets", map(emit.data_set_entries, edit.data_sets))))
    if edit.revisions is not None and edit.revisions != policy.revisions:
        changes.append(("revisions", emit.list_block("revisions", map(emit.revision_entries, edit.revisions))))
    return changes


def _edit_mapping(text: str, key: str, entries: tuple[emit.Entry, ...], name: str) -> str:
    """Replace the values that differ, one by one; the whole block when one of its keys is not there."""
    top = _parse(text, name)
    for path, value in entries:
        found = _find(top, (key, *path.split(".")))
        if found is None:
            if value in ("", None):
                continue  # absent says the same as empty
            if key == "calendar":
                text = _add_to_block(text, key, f"{path}: {emit.scalar(value)}", name)
                continue
            if key == "review":
                raise ConfigurationError(reason="not-writable", file=name, key=f"{key}.{path}")
            return _replace_block(text, key, emit.mapping_block(key, entries), name)
        at, node = found
        if not _says(node, value):
            text = _replace_scalar(text, at, node, emit.scalar(value))
            top = _parse(text, name)
    return text


def _find(top: Mapping, path: tuple[str, ...]) -> tuple[Scalar, Scalar] | None:
    """Find a value by its path of keys: its key and itself."""
    node: Node = top
    key: Scalar | None = None
    for name in path:
        if not isinstance(node, Mapping) or name not in node.entries:
            return None
        key, node = node.keys[name], node.entries[name]
    return (key, node) if key is not None and isinstance(node, Scalar) else None


def _says(node: Scalar, value: emit.Value) -> bool:
    if node.is_null:
        return value in ("", None)
    return value is not None and node.text == (value if isinstance(value, str) else emit.scalar(value))


def _replace_scalar(text: str, key: Scalar, node: Scalar, value: str) -> str:
    """Put a value in the place of another; a comment behind it stays in its column as long as there is room."""
    if node.start == node.end:
        start = end = text.index(":", key.end) + 1
        value = f" {value}" if value else ""
    else:
        start, end = node.start, node.end
    old = text[start:end]
    # The end of a block scalar (`>-`) is the beginning of the next line.
    end -= len(old) - len(old.rstrip())
    rest = text[end:]
    comment = _COMMENT_AFTER.match(rest)
    if comment and "\n" not in old.rstrip():
        room = len(comment[1]) + (end - start) - len(value)
        rest = " " * max(2, room) + rest[len(comment[1]) :]
    return text[:start] + value + rest


def _replace_block(text: str, key: str, block: str, name: str) -> str:
    """Replace a top-level block; the comments and empty lines before the next block belong to that one."""
    top = _parse(text, name)
    start = top.keys[key].start
    end = min((other.start for other in top.keys.values() if other.start > start), default=len(text))
    kept: list[str] = []
    for line in reversed(text[start:end].splitlines(keepends=True)):
        if line.strip() and not line.startswith("#"):
            break
        kept.append(line)
    return text[:start] + block.rstrip("\n") + "\n" + "".join(reversed(kept)) + text[end:]


def _add_to_block(text: str, key: str, line: str, name: str) -> str:
    """Add a line at the head of a top-level block, which is made when there is none."""
    top = _parse(text, name)
    if key not in top.keys:
        return f"{text.rstrip()}\n\n{key}:\n  {line}\n"
    head, end, rest = text[top.keys[key].start :].partition("\n")
    if head.partition(":")[2].partition("#")[0].strip():  # written on one line, `{…}`
        raise ConfigurationError(reason="not-writable", file=name, key=key)
    indent = " " * max(2, len(rest) - len(rest.lstrip(" ")))
    return text[: top.keys[key].start] + head + end + f"{indent}{line}\n" + rest


def _parse(text: str, name: str) -> Mapping:
    return parse_yaml(text.encode(), Report(name, PolicyInvalid))


def _check(written: Policy, edit: PolicyEdit, name: str) -> None:
    """Nothing but what was asked may ever be written, however odd the file was."""
    roles = {holder.role: holder for holder in written.roles}
    as_asked = (
        edit.organisation in (None, written.organisation)
        and edit.document in (None, written.document)
        and all(roles[holder.role] == holder for holder in edit.roles or ())
        and edit.data_sets in (None, written.data_sets)
        and edit.revisions in (None, written.revisions)
        and edit.region in (None, written.calendar.region)
    )
    if not as_asked:
        raise ConfigurationError(reason="not-writable", file=name)
