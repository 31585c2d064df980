"""Read a YAML file strictly: bounded, no anchors, aliases or tags, every node with its line number.

Scalars stay text here. What they mean is decided by the place they stand in (`app.policy.decode`), so `name: yes` is
a name and never a truth value. Source of the syntax: YAML 1.1, as PyYAML and libyaml read it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from app.errors import NotSetUp
from app.policy.errors import MAX_PROBLEMS, Expected, FileInvalid, Problem, Reason

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 12
_FOUND_CHARS: Final = 60
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it is written. `plain`: without quotes, so that `null` and `~` can mean nothing.

    `start` and `end` are its place in the text, in characters (quotes included).
    """

    text: str
    plain: bool
    line: int
    start: int = 0
    end: int = 0

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in {"", "~", "null"}


@dataclass(slots=True)
class Sequence:
    """A list of nodes."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys (once each, in the file's order) and their nodes; `keys` holds each key as it is written."""

    line: int
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Report:
    """Gathers the problems of one file, at most MAX_PROBLEMS of them."""

    file: str
    error: type[FileInvalid]
    problems: list[Problem] = field(default_factory=list)
    more: bool = False

    def add(
        self, reason: Reason, line: int, key: str = "", *, found: str = "", expected: tuple[str, ...] = (),
        suggestion: str = "",
    ) -> None:  # fmt: skip
        if len(self.problems) >= MAX_PROBLEMS:
            self.more = True
            return
        short = found if len(found) <= _FOUND_CHARS else found[: _FOUND_CHARS - 1] + "…"
        self.problems.append(Problem(self.file, line, key, reason, short, expected, suggestion))

    def failure(self) -> FileInvalid:
        """Return the error that carries the problems, in the order of the file."""
        return self.error(self.file, tuple(sorted(self.problems, key=lambda p: p.line)), more=self.more)

    def raise_if_any(self) -> None:
        if self.problems:
            raise self.failure()

    def stop(self, reason: Reason, line: int = 0, *, found: str = "", expected: tuple[str, ...] = ()) -> FileInvalid:
        """Add a problem after which reading makes no sense, and return the error to raise."""
        self.add(reason, line, found=found, expected=expected)
        return self.failure()


def read_bytes(path: Path, error: type[FileInvalid]) -> bytes:
    """Read a small regular file, one byte over the limit at most; raises NotSetUp or `error` when it is unreadable."""
    report = Report(path.name, error)
    try:
        # A FIFO or a device by this name would block or never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise report.stop(Reason.UNREADABLE)
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as exc:
        raise NotSetUp(home=str(path.parent), file=path.name) from exc
    except (OSError, ValueError) as exc:
        raise report.stop(Reason.UNREADABLE, found=getattr(exc, "strerror", None) or str(exc)) from exc
    return content


def parse_yaml(content: bytes, report: Report) -> Mapping:
    """Parse a file whose top is a mapping; raises the report's error when it is not YAML as we accept it."""
    text = decode_text(content, report)
    try:
        top = _compose(text, report)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise report.stop(Reason.SYNTAX, mark.line + 1 if mark else 0, found=exc.problem or "") from exc
    except yaml.YAMLError as exc:
        # A character that YAML does not allow; the reader knows its position in the text.
        position = getattr(exc, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        raise report.stop(Reason.NOT_TEXT, line) from exc
    if top is None or (isinstance(top, Scalar) and top.is_null):
        raise report.stop(Reason.EMPTY)
    if not isinstance(top, Mapping):
        raise report.stop(Reason.WRONG_TYPE, top.line, expected=(Expected.MAPPING,))
    return top


def decode_text(content: bytes, report: Report) -> str:
    """Return the text of a file; raises the report's error when it is too large or not UTF-8 text."""
    if len(content) > MAX_BYTES:
        raise report.stop(Reason.TOO_LARGE, found=str(len(content)), expected=(str(MAX_BYTES),))
    if b"\0" in content:
        raise report.stop(Reason.NOT_TEXT, content.count(b"\n", 0, content.index(b"\0")) + 1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise report.stop(Reason.NOT_TEXT, content.count(b"\n", 0, exc.start) + 1) from exc


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _compose(text: str, report: Report) -> Node | None:
    """Build the tree from the parser's events: one document, bounded depth, and neither alias, anchor nor tag."""
    top: Node | None = None
    composer = _Composer(report)
    for event in _events(text):
        match event:
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                line = _line(event)
                if event.anchor is not None:
                    raise report.stop(Reason.ALIAS, line, found=f"&{event.anchor}")
                if event.tag is not None:
                    raise report.stop(Reason.TAG, line, found=str(event.tag))
                node = composer.open(event, line)
                top = node if top is None else top
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                composer.close()
            case yaml.AliasEvent():
                raise report.stop(Reason.ALIAS, _line(event), found=f"*{event.anchor}")
            case yaml.DocumentStartEvent() if top is not None:
                raise report.stop(Reason.SEVERAL_DOCUMENTS, _line(event))
            case _:
                pass
    return top


class _Composer:
    """The nodes that are open while the events go by, outermost first, and the key each mapping waits a value for."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []

    def open(self, event: yaml.Event, line: int) -> Node:
        """Put a node in its place; a list or mapping stays open until `close`."""
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            start, end = event.start_mark, event.end_mark
            node = Scalar(event.value, not event.style, line, start.index if start else 0, end.index if end else 0)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(line)
        else:
            node = Mapping(line)
        self._place(node)
        if not isinstance(node, Scalar):
            if len(self._open) >= MAX_DEPTH:
                raise self._report.stop(Reason.TOO_DEEP, line)
            self._open.append(node)
            self._keys.append(None)
        return node

    def close(self) -> None:
        self._open.pop()
        self._keys.pop()

    def _place(self, node: Node) -> None:
        if not self._open:
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            if not isinstance(node, Scalar):
                raise self._report.stop(Reason.WRONG_TYPE, node.line, expected=(Expected.TEXT,))
            self._keys[-1] = node
        else:
            self._keys[-1] = None
            if key.text in parent.entries:
                first = str(parent.keys[key.text].line)
                self._report.add(Reason.DUPLICATE_KEY, key.line, key.text, found=key.text, expected=(first,))
            else:
                parent.entries[key.text] = node
                parent.keys[key.text] = key
