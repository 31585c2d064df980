"""The recovery sheet carries the key, says where the copies are, and is closed to others."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest

from app.i18n import set_language
from app.setup.recovery_sheet import RecoverySheet, qr_lines, save_sheet, sheet_text
from app.targets.keys import new_recovery_key


@pytest.fixture
def sheet() -> RecoverySheet:
    return RecoverySheet("De Linde", date(2026, 11, 23), new_recovery_key(), ("NAS", "Groene schijf"), "Maes")


def test_the_key_stands_on_the_sheet_in_its_groups(sheet: RecoverySheet) -> None:
    set_language("en")
    text = sheet_text(sheet)
    for group in sheet.groups:
        assert group in text
    assert "NAS, Groene schijf" in text
    assert "Maes" in text


def test_the_code_has_a_quiet_zone_and_fits_a_small_screen(sheet: RecoverySheet) -> None:
    lines = qr_lines(sheet.key)
    assert len({len(line) for line in lines}) == 1
    assert lines[0].strip() == ""
    assert len(lines) <= 20


def test_the_saved_sheet_is_for_one_person_and_replaces_nothing(sheet: RecoverySheet, tmp_path: Path) -> None:
    path = tmp_path / "sheet.txt"
    save_sheet(sheet, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        save_sheet(sheet, path)


def test_the_key_does_not_slip_out_of_the_value(sheet: RecoverySheet) -> None:
    assert sheet.groups[0] not in repr(sheet)
