"""What several screens say and decide about getting files back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from textual.content import Content

from app.i18n import _, ngettext
from app.records.facts import Outcome
from app.tui.picture import RestoreResult
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.times import day_and_month


def restore_folder(home: Path, local: datetime) -> Path:
    """Return a new folder on the desktop (else in the home folder), named after the day: "Got back 23 November".

    A folder that is there already gets a number: what was put there before is not touched.
    """
    desktop = next((d for d in (home / "Desktop", home / "Bureaublad") if d.is_dir()), home)
    name = _("Got back {day}").format(day=day_and_month(local.date()))
    number = 1
    candidate = desktop / name
    while candidate.exists():
        number += 1
        candidate = desktop / f"{name} ({number})"
    return candidate


def typed_path(text: str) -> Path:
    """Read a path that somebody typed; `~` is the home folder. With `~` and the name of nobody it stays as typed."""
    path = Path(text.strip())
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def result_text(result: RestoreResult) -> Content:
    """Say how it ended and where the files are."""
    match result.outcome:
        case Outcome.GOOD:
            text = ngettext(
                "✔ {count} file is back, in {folder}", "✔ {count} files are back, in {folder}", result.files
            )
            return Content.styled(text.format(count=felt_number(result.files), folder=result.to), "$green")
        case Outcome.INCOMPLETE:
            text = _("! Not everything could be got back. What could is in {folder}").format(folder=result.to)
            return Content.styled(text, "$amber")
        case _:
            said = explain(result.error_code, dict(result.error_data))
            return Content.styled(f"✖ {said.what}", "$red") + Content(f"\n{said.safe} {said.do}")
