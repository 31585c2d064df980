"""Find the texts in the code and what has no Dutch yet: `python -m app.i18n.extract` (needs babel).

Prints the missing entries as `.po` text, under the name of the catalogue they belong in, and lists on stderr the
translations that no code asks for any more. The exit code is 1 when something is missing.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.i18n.compile import key_of, merge, po_files

APP_FOLDER: Final = Path(__file__).parent.parent
CATALOGUES: Final = ("wording", "tui", "cli", "setup")
_OWN_TOOLS: Final = "i18n"
_COMMANDS: Final = "cli"
_IN_RESTICS_WORDS: Final = "repo"
"""How the modules begin whose help is not translated."""
_KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the code, and where it stands (relative to `app`)."""

    singular: str
    plural: str | None
    context: str | None
    file: Path
    line: int

    @property
    def key(self) -> str:
        return key_of(self.singular, self.plural, self.context)

    @property
    def catalogue(self) -> str:
        """The catalogue of the floor that says it; texts of a floor without one go to wording's."""
        floor = self.file.parts[0]
        return floor if floor in CATALOGUES else "wording"


def texts(folder: Path = APP_FOLDER) -> Iterator[Text]:
    """Find every text that is marked for translation, in the order of files and lines."""
    from babel.messages.extract import extract_from_file

    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        if relative.parts[0] == _OWN_TOOLS:
            continue
        for line, message, _comments, context in extract_from_file("python", path, keywords=_KEYWORDS):
            singular, plural = (message, None) if isinstance(message, str) else (message[0], message[1])
            if singular:
                yield Text(singular, plural, context, relative, line)
        if relative.parts[0] == _COMMANDS and not relative.name.startswith(_IN_RESTICS_WORDS):
            for line, text in help_texts(path.read_text(encoding="utf-8")):
                yield Text(text, None, None, relative, line)


def help_texts(source: str) -> Iterator[tuple[int, str]]:
    """Find what `--help` says of the commands in a module, with its line: their docstrings, their options' `help=`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _called(node) == "option":
            for keyword in node.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    yield keyword.value.lineno, inspect.cleandoc(str(keyword.value.value))
        elif isinstance(node, ast.FunctionDef) and any(_shown_command(d) for d in node.decorator_list):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.lineno, docstring


def _shown_command(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call) or _called(decorator) not in ("command", "group"):
        return False
    return not any(keyword.arg == "hidden" for keyword in decorator.keywords)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def missing(folder: Path = APP_FOLDER) -> tuple[Text, ...]:
    """List the texts without a Dutch translation, each once."""
    translated = merge(po_files())
    found: dict[str, Text] = {}
    for text in texts(folder):
        if text.key not in translated:
            found.setdefault(text.key, text)
    return tuple(found.values())


def po_entry(text: Text) -> str:
    """Write a text as an empty entry of a `.po` file."""
    lines = [f"#: {text.file.as_posix()}:{text.line}"]
    if text.context is not None:
        lines.append(f"msgctxt {_quoted(text.context)}")
    lines.append(f"msgid {_quoted(text.singular)}")
    if text.plural is None:
        lines.append('msgstr ""')
    else:
        lines += [f"msgid_plural {_quoted(text.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> int:
    """Print what is missing; see the module's text."""
    lacking = missing()
    for catalogue in CATALOGUES:
        entries = [po_entry(text) for text in lacking if text.catalogue == catalogue]
        if entries:
            sys.stdout.write(f"# ---- locale/nl/{catalogue}.po\n\n" + "\n".join(entries) + "\n")
    used = {text.key for text in texts()}
    for key in sorted(merge(po_files()).keys() - used):
        sys.stderr.write(f"no longer used: {key!r}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
