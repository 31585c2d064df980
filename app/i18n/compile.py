"""Merge the `.po` catalogues of the floors and compile them: `python -m app.i18n.compile` (needs babel).

The result depends only on the translations (no dates, no versions), so a test can tell whether it is stale.
Source of the format: GNU gettext manual, "The Format of GNU MO Files".
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.i18n import DOMAIN, LOCALE_FOLDER

_MAGIC: Final = 0x950412DE
_HEADER: Final = (
    "Project-Id-Version: vangnet\n"
    "Language: nl\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=2; plural=(n != 1);\n"
)

Translations = dict[str, str]
"""From the key of a `.mo` (context EOT msgid NUL plural) to the translation (forms parted by NUL)."""


class CatalogueConflictError(ValueError):
    """Two catalogues translate one text differently."""


def po_files(folder: Path = LOCALE_FOLDER / "nl") -> tuple[Path, ...]:
    """List the catalogues of a language, one per floor, in a fixed order."""
    return tuple(sorted(folder.glob("*.po")))


def mo_file(folder: Path = LOCALE_FOLDER / "nl") -> Path:
    return folder / "LC_MESSAGES" / f"{DOMAIN}.mo"


def key_of(singular: str, plural: str | None = None, context: str | None = None) -> str:
    """Build the key under which gettext looks a text up."""
    key = singular if plural is None else f"{singular}\0{plural}"
    return key if context is None else f"{context}\x04{key}"


def read_translations(path: Path) -> Translations:
    """Read one `.po`; entries that are empty or marked fuzzy count as untranslated and are left out."""
    from babel.messages.pofile import read_po

    translations: Translations = {}
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale="nl", abort_invalid=True)
    for message in catalogue:
        if not message.id or message.fuzzy:
            continue
        singular, plural = message.id if isinstance(message.id, (tuple, list)) else (message.id, None)
        forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        filled = [form for form in forms if form]
        if filled and len(filled) == len(forms):
            translations[key_of(singular, plural, message.context)] = "\0".join(filled)
    return translations


def merge(paths: tuple[Path, ...]) -> Translations:
    """Put the catalogues together; raises CatalogueConflictError when two of them disagree about a text."""
    merged: Translations = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for key, text in read_translations(path).items():
            if merged.get(key, text) != text:
                raise CatalogueConflictError(
                    f"{key!r}: {origin[key].name} says {merged[key]!r}, {path.name} says {text!r}"
                )
            merged[key] = text
            origin.setdefault(key, path)
    return merged


def mo_bytes(translations: Mapping[str, str]) -> bytes:
    """Write a catalogue in gettext's binary format, sorted by key, without a hash table."""
    entries = sorted((k.encode(), v.encode()) for k, v in {"": _HEADER, **translations}.items())
    key_table_at = 7 * 4
    text_table_at = key_table_at + 8 * len(entries)
    data_at = text_table_at + 8 * len(entries)
    data = bytearray()
    tables: list[list[int]] = [[], []]
    for column in (0, 1):
        for entry in entries:
            tables[column] += [len(entry[column]), data_at + len(data)]
            data += entry[column] + b"\0"
    head = struct.pack("<7I", _MAGIC, 0, len(entries), key_table_at, text_table_at, 0, data_at)
    return head + struct.pack(f"<{4 * len(entries)}I", *tables[0], *tables[1]) + bytes(data)


def main() -> int:
    """Compile the Dutch catalogue; the exit code is 1 when the catalogues disagree."""
    try:
        translations = merge(po_files())
    except CatalogueConflictError as conflict:
        sys.stderr.write(f"{conflict}\n")
        return 1
    target = mo_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".mo.new")
    temporary.write_bytes(mo_bytes(translations))
    temporary.replace(target)
    sys.stdout.write(f"{target.name}: {len(translations)} texts\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
