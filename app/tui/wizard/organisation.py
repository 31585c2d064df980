"""The first pages: the language, what kind of organisation it is, and who is responsible."""

from __future__ import annotations

import dataclasses
from typing import Literal, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input

from app.i18n import _, language, set_language
from app.policy.calendar import REGIONS_OF, Region, likely_region
from app.policy.calendar_file import region_days
from app.policy.model import Language
from app.setup.answers import OrganisationAnswer, PeopleAnswer, SetupAnswers
from app.tui.widgets.choice import Choice
from app.tui.wizard.page import NotYet, Page, explain_line, label, question


class OrganisationPage(Page):
    """Welcome: language, school or business, country, school holidays, name."""

    def title(self) -> str:
        return _("Welcome")

    def compose(self) -> ComposeResult:
        known = self.answers.organisation
        kind, country = (known.kind, known.country) if known else ("school", "BE")
        region = (known.region if known else None) or likely_region(kind, country)
        yield question(_("Vangnet looks after copies of your data. First: who are you?"))
        with Horizontal(classes="pair"):
            with Vertical():
                yield label(_("Language"))
                yield Choice((("nl", "Nederlands"), ("en", "English")), language(), id="language")
            with Vertical():
                yield label(_("What are you?"))
                yield Choice((("school", _("A school")), ("business", _("A business"))), kind, id="kind")
            with Vertical():
                yield label(_("Where?"))
                yield Choice((("BE", _("Belgium")), ("NL", _("The Netherlands"))), country, id="country")
        yield label(_("Which school holidays do you follow?"))
        yield Choice(_regions(country), region.value if region else "", id="region")
        yield label(_("Name of the school or business"))
        yield Input(known.name if known else "", placeholder=_("for example Basisschool De Linde"), id="name")
        yield Button(_("This computer replaces another one: open its copies"), id="other-computer")

    @on(Button.Pressed, "#other-computer")
    def _open_other(self) -> None:
        from app.tui.screens.other_copies import OtherCopiesScreen

        self.app.push_screen(OtherCopiesScreen())

    @on(Choice.Changed, "#language")
    def _speak(self, event: Choice.Changed) -> None:
        set_language(cast(Language, event.chosen))
        self.vangnet.retell()

    @on(Choice.Changed, "#kind")
    @on(Choice.Changed, "#country")
    def _offer_regions(self) -> None:
        """Offer what the country has; the likely one is chosen already, where there is one."""
        country = self._chosen("country")
        likely = likely_region(self._chosen("kind"), country)
        self.query_one("#region", Choice).offer(_regions(country), likely.value if likely else "")

    def _chosen(self, choice: str) -> str:
        return self.query_one(f"#{choice}", Choice).chosen

    def collect(self) -> SetupAnswers:
        name = self.query_one("#name", Input).value.strip()
        kind = cast(Literal["school", "business"], self._chosen("kind"))
        country = cast(Literal["BE", "NL"], self._chosen("country"))
        region = Region(self._chosen("region")) if self._chosen("region") else None
        self.answers = dataclasses.replace(
            self.answers, organisation=OrganisationAnswer(name, kind, country, language(), region)
        )
        if region is None:
            raise NotYet(_("Choose the region of your school holidays, please."), at="region")
        if not name:
            raise NotYet(_("Fill in the name, please: it stands on every screen and on the recovery sheet."), at="name")
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        return (
            _(
                "A school and a business get different suggestions, and the "
                "country decides when the school year starts."
            ),
            _("Before a holiday Vangnet asks for a disk in time, and in it for nothing. The copies themselves go on."),
            _("You can change this later in policy.yml, under calendar: your own days off stand there too."),
        )


class PeoplePage(Page):
    """Who is responsible: the director, and who helps with computers."""

    def title(self) -> str:
        return _("People")

    def compose(self) -> ComposeResult:
        people = self.answers.people
        yield question(_("Who is responsible, and who helps with the computers?"))
        with Horizontal(classes="pair"):
            with Vertical():
                yield label(_("Director"))
                yield Input(people.director, placeholder=_("name"), id="director")
                yield Input(people.director_email, placeholder=_("e-mail address"), id="director_email")
                yield label(_("Governing body"))
                yield Input(people.governing_body, placeholder=_("name"), id="governing_body")
                yield Input(people.governing_body_email, placeholder=_("e-mail address"), id="governing_body_email")
            with Vertical():
                yield label(_("Computer help (IT)"))
                yield Input(people.it_provider, placeholder=_("name"), id="it_provider")
                yield Input(people.it_provider_email, placeholder=_("e-mail address"), id="it_provider_email")
                yield Input(people.it_provider_phone, placeholder=_("telephone"), id="it_provider_phone")
        yield explain_line(_("You may leave this empty and fill it in later."))

    def collect(self) -> SetupAnswers:
        def typed(field: str) -> str:
            return self.query_one(f"#{field}", Input).value.strip()

        people = PeopleAnswer(
            director=typed("director"),
            director_email=typed("director_email"),
            it_provider=typed("it_provider"),
            it_provider_email=typed("it_provider_email"),
            it_provider_phone=typed("it_provider_phone"),
            governing_body=typed("governing_body"),
            governing_body_email=typed("governing_body_email"),
        )
        self.answers = dataclasses.replace(self.answers, people=people)  # kept, even while an address is half typed
        for field in ("director_email", "it_provider_email", "governing_body_email"):
            if typed(field) and not _looks_like_address(typed(field)):
                raise NotYet(_("{text} is not an e-mail address.").format(text=typed(field)), at=field)
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        return (
            _("The director approves the back-up policy and signs the yearly checklist."),
            _("Who is named here is told when something goes wrong; the governing body only without a verdict."),
            _("Who helps with the computers is named on the disks and on the recovery sheet, for whoever needs help."),
        )


def _regions(country: str) -> tuple[tuple[str, str], ...]:
    *with_holidays, without = REGIONS_OF[country]
    named = ((region.value, region_days(region).name.text(language())) for region in with_holidays)
    return *((key, name[0].upper() + name[1:]) for key, name in named), (without.value, _("No school holidays"))


def _looks_like_address(text: str) -> bool:
    name, at, domain = text.partition("@")
    return bool(at and name and "." in domain) and " " not in text
