"""The recovery sheet: the printed key with which anyone can get the files back, with or without Vangnet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.i18n import _
from app.secret import Secret


@dataclass(frozen=True, slots=True)
class RecoverySheet:
    """What stands on the sheet. `places` are names as people know them."""

    organisation: str
    made_on: date
    key: Secret
    places: tuple[str, ...]
    it_provider: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The key in the groups that a person reads and types."""
        return tuple(self.key.reveal().split("-"))


def qr_lines(key: Secret) -> tuple[str, ...]:
    """Return the key as a QR code in half-block characters: two modules a character, quiet zone included."""
    import segno

    code = segno.make(key.reveal(), error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(scale=1, border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    return tuple(
        "".join(blocks[int(bool(top)), int(bool(bottom))] for top, bottom in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def sheet_text(sheet: RecoverySheet) -> str:
    """Return the sheet as plain text, in the language in force."""
    groups = sheet.groups
    halves = [groups[start : start + 4] for start in range(0, len(groups), 4)]
    lines = [
        _("RECOVERY SHEET"),
        _("{organisation} · made on {date}").format(organisation=sheet.organisation, date=sheet.made_on.isoformat()),
        "",
        _("Keep this sheet in a safe place, away from the computer and from the copies."),
        _("Whoever has this key can read every copy. Without it and without the computer nobody can."),
        "",
        _("Key"),
        *("    " + " - ".join(half) for half in halves),
        "",
        _("The copies are kept at: {places}").format(places=", ".join(sheet.places) or "–"),
    ]
    if sheet.it_provider:
        lines.append(_("For help: {name}").format(name=sheet.it_provider))
    lines += [
        "",
        _("How to get files back"),
        "  1. " + _("With Vangnet, on any computer:"),
        "       vangnet repo restore latest -r " + _("FOLDER-WITH-THE-COPIES") + " --target " + _("NEW-FOLDER"),
        "  2. " + _("Without Vangnet, with the free program restic:"),
        "       restic -r " + _("FOLDER-WITH-THE-COPIES") + " restore latest --target " + _("NEW-FOLDER"),
        "     " + _("It asks for a password: type the key with its hyphens."),
        "",
    ]
    return "\n".join([*lines, *qr_lines(sheet.key), ""])


def save_sheet(sheet: RecoverySheet, path: Path) -> None:
    """Write the sheet as text, readable by this user only; never over an existing file (FileExistsError)."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(sheet_text(sheet))
        file.flush()
        os.fsync(file.fileno())
