"""The letters that lie on every target, for whoever finds it without us: in Dutch, English and French.

They are not translated through gettext: all three are written every time, whatever the language of the screens.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

from app.targets.marker import Marker

_COLOURS = {"nl": "kleur", "en": "colour", "fr": "couleur"}


def letters(marker: Marker) -> dict[str, bytes]:
    """Return file name → UTF-8 text of the letters for a target."""
    values = {
        "organisation": marker.organisation,
        "line": "=" * 72,
        "name": marker.name,
        "created": marker.created[:10],
        "repository_id": marker.repository_id,
        "contact": f"Contact: {marker.contact or marker.organisation}",
    }
    return {
        name: _letter(name, values | {"colour": f" ({_COLOURS[language]}: {marker.colour})" if marker.colour else ""})
        for language in _COLOURS
        for name in (f"README.{language}.txt",)
    }


def _letter(name: str, values: dict[str, str]) -> bytes:
    template = Template(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return template.substitute(values).encode()
