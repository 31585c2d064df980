"""The texts of the screens in Dutch and English: `_`, `ngettext`, and the language they speak now.

How to add a text
-----------------
1. Write it in English at the place where it is shown, with `{name}` placeholders filled in afterwards:
   `_("{name} is full.").format(name=disk)`. Never an f-string inside `_()`: the text could not be found again.
   With a number: `ngettext("{count} file", "{count} files", count).format(count=count)`.
   A word with two meanings gets a context: `pgettext("button", "Back")`.
   A text in a constant is marked with `N_("Today")` and looked up where it is shown: `_(TITLE)`.
   The docstring of a command and the `help=` of an option are found as they are, and looked up by `--help`.
2. Add the Dutch to the floor's own catalogue, `app/i18n/locale/nl/{wording,tui,cli,setup}.po`.
   `python -m app.i18n.extract` prints what is still missing, ready to paste.
3. Run `python -m app.i18n.compile` and commit the `.po` and the `.mo` together.

Texts are looked up when they are asked for, so the language can change while the screens are open. Only the standard
library is needed at run time; without a (readable) catalogue every text is English.
"""

from __future__ import annotations

import gettext as _stdlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

Language = Literal["nl", "en"]
languages: Final[tuple[Language, ...]] = ("nl", "en")

LOCALE_FOLDER: Final = Path(__file__).parent / "locale"
DOMAIN: Final = "vangnet"

_loaded: dict[Language, _stdlib.NullTranslations] = {"en": _stdlib.NullTranslations()}
_language: Language = "en"


def set_language(language: Language) -> None:
    """Speak this language from now on, in every thread of this process."""
    global _language
    if language not in languages:
        raise ValueError(f"no such language: {language!r}")
    _catalogue(language)
    _language = language


def language() -> Language:
    """Return the language spoken now; English until `set_language` is called."""
    return _language


def language_of(env: Mapping[str, str] = os.environ) -> Language:
    """Choose a language before there is a machine file: Dutch when the locale of the session says so."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = env.get(variable, "")
        if value:
            return "nl" if value.lower().startswith("nl") else "en"
    return "en"


def _(message: str) -> str:
    """Return a text in the language spoken now; the English text itself when there is no translation."""
    # gettext answers "" with the catalogue's header.
    return _catalogue(_language).gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the text that fits `count`, in the language spoken now."""
    return _catalogue(_language).ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    """Return a text whose English word has more than one meaning; `context` tells the translator which."""
    return _catalogue(_language).pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation without looking it up yet."""
    return message


def _catalogue(language: Language) -> _stdlib.NullTranslations:
    found = _loaded.get(language)
    if found is None:
        found = _loaded[language] = read_catalogue(LOCALE_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.mo")
    return found


def read_catalogue(path: Path) -> _stdlib.NullTranslations:
    """Read a compiled catalogue; an empty one (every text English) when it is missing or damaged."""
    try:
        with path.open("rb") as stream:
            return _stdlib.GNUTranslations(stream)
    except Exception:  # noqa: BLE001 - a damaged .mo raises anything (struct, Unicode, index); words must never stop a back-up
        return _stdlib.NullTranslations()
