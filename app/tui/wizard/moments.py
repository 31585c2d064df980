"""When the copies of each day start, and what keeps the computer on when the power fails."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from app.i18n import _
from app.setup.answers import SetupAnswers
from app.tui.background import begin
from app.tui.widgets.choice import Choice, Ticks
from app.tui.wizard.page import NotYet, Page, explain_line, label, question
from app.tui.wizard.route import PageId
from app.wording.times import felt_duration
from app.wording.ups_steps import usb_steps

if TYPE_CHECKING:
    from app.power.discovery import Discovery, FoundUps

OTHER: Final = "other"
_TIME: Final = re.compile(r"(\d{1,2})[:.uh]?(\d{2})?")


class TimePage(Page):
    """At what time of the day copies are made."""

    def title(self) -> str:
        return _("Time")

    def compose(self) -> ComposeResult:
        hour, minute = self.answers.backup_time
        now = f"{hour:02}:{minute:02}"
        usual = (
            ("12:15", _("12:15, at noon")),
            ("16:30", _("16:30, when work ends")),
            ("18:00", _("18:00, when everybody has gone")),
        )
        known = now in dict(usual)
        yield question(_("At what time may the copies of each day be made?"))
        yield Choice((*usual, (OTHER, _("Another time"))), now if known else OTHER, id="time")
        yield label(_("Hour and minutes"))
        yield Input("" if known else now, placeholder=_("for example 17:45"), id="own-time")
        yield explain_line(
            _("Choose a time when this computer is on. Was it off? Then the copy is made as soon as it is on again.")
        )

    def on_mount(self) -> None:
        self._fit()

    @on(Choice.Changed, "#time")
    def _fit(self) -> None:
        own = self.query_one("#time", Choice).chosen == OTHER
        self.query_one("#own-time").display = own
        self.query_one(".label").display = own
        if own and self.is_attached:
            self.query_one("#own-time").focus()

    def collect(self) -> SetupAnswers:
        chosen = self.query_one("#time", Choice).chosen
        time = read_time(self.query_one("#own-time", Input).value if chosen == OTHER else chosen)
        if time is None:
            raise NotYet(_("Type the time as hour and minutes, such as 17:45."), at="own-time")
        return dataclasses.replace(self.answers, backup_time=time)

    def explanation(self) -> tuple[str, ...]:
        return (_("You can go on working while a copy is made; it takes little of the computer."),)


class PowerPage(Page):
    """Which UPSes this computer hangs on, as far as they can be seen."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        self._found: tuple[FoundUps, ...] = ()
        self._looked = False

    def title(self) -> str:
        return _("Power")

    def compose(self) -> ComposeResult:
        yield question(_("Does this computer hang on a UPS?"))
        yield Ticks((), (ups.id for ups in self.answers.upses), id="upses")
        yield Static(id="found", classes="found")
        yield explain_line(
            _("A UPS keeps the computer on for some minutes when the power fails. Without one, simply go on.")
        )

    def on_mount(self) -> None:
        self.query_one("#found", Static).update(Content.styled(_("Looking…"), "$muted"))
        self.query_one(Ticks).display = False
        begin(self, self._look, group="power")

    async def _look(self) -> None:
        discovery = await self.source.find_upses()
        self._found, self._looked = discovery.found, True
        ticks = self.query_one(Ticks)
        ticks.offer(tuple((found.ups.id, _ups_text(found)) for found in discovery.found))
        ticks.display = bool(discovery.found)
        known = {ups.id for ups in self.answers.upses}
        for found in discovery.found:
            if found.ups.id not in known and found.ups.id not in ticks.ticked and not known:
                ticks.tick(found.ups.id)
        self.query_one("#found", Static).update(_found_text(discovery))
        if discovery.found:
            ticks.focus()

    def collect(self) -> SetupAnswers:
        if not self._looked:
            return self.answers
        ticked = self.query_one(Ticks).ticked
        # One that is not to be seen just now, but was chosen before, stays.
        seen = {found.ups.id for found in self._found}
        kept = tuple(ups for ups in self.answers.upses if ups.id not in seen)
        chosen = tuple(found.ups for found in self._found if found.ups.id in ticked)
        return dataclasses.replace(self.answers, upses=(*kept, *chosen))

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Vangnet looks for the programs that read a UPS (NUT, apcupsd) and for the battery of a laptop."),
            _("When the power fails, new copies wait; before the battery is empty, the copy that is busy stops well."),
        )


def read_time(text: str) -> tuple[int, int] | None:
    """Read "17:45", "17.45", "17u45" or "17"; None when it is no time of the day."""
    found = _TIME.fullmatch(text.strip().lower())
    if not found:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    return (hour, minute) if hour < 24 and minute < 60 else None


def _ups_text(found: FoundUps) -> str:
    runtime = found.sight.runtime_s
    if runtime is None:
        return found.ups.name
    return _("{name}: {duration} in reserve").format(name=found.ups.name, duration=felt_duration(runtime))


def _found_text(discovery: Discovery) -> Content:
    if discovery.found:
        return Content.styled("✔ " + _("These were found. Tick those that this computer hangs on."), "$green")
    for usb in discovery.unread:
        text = _("There is a UPS on USB ({name}), but no program reads it. Ask the IT provider to install NUT.")
        steps = "\n".join(f"  {number}. {step}" for number, step in enumerate(usb_steps(), 1))
        said = Content.styled("! " + text.format(name=usb.product or usb.vendor), "$amber")
        return said + Content("\n") + Content.styled(steps, "$muted")
    return Content.styled(_("No UPS was found."), "$muted")
