"""What every command has at hand: where things are, the clock, and how to say something."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from app.clock import Clock, SystemClock
from app.i18n import Language, language_of, set_language
from app.paths import Home

if TYPE_CHECKING:
    from app.jobs.installation import Installation

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the program. `language_asked` is what `--lang` said, if anything."""

    home: Home
    clock: Clock
    language_asked: Language | None

    @classmethod
    def start(cls, home: Path | None, language: str | None) -> Session:
        asked = cast("Language | None", language)
        set_language(asked or language_of())
        return cls(Home.locate(home), SystemClock(), asked)

    def installation(self) -> Installation:
        """Load the policy and the machine file, and speak the language they name; raises NotSetUp."""
        from app.jobs.installation import Installation

        installation = Installation.load_working(self.home, self.clock)
        if self.language_asked is None:
            set_language(installation.machine.language)
        return installation


pass_session = click.make_pass_decorator(Session)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


def print_json(document: JsonValue) -> None:
    """Print the one document that `--json` promises."""
    import json

    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
