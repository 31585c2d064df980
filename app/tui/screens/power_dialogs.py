"""The windows of the power screen: about a UPS, about a line, and a risk that the director accepts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from app.assessment.model import Finding
from app.errors import VangnetError
from app.i18n import _
from app.policy.lines import Line, LineRole, Sla
from app.policy.machine import THIS_COMPUTER, Ups
from app.policy.model import Role
from app.power.failover import Step
from app.secret import Secret
from app.tui.background import begin
from app.tui.picture import Picture
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Ticks
from app.wording.errors import explain
from app.wording.failover import step_text
from app.wording.findings import finding_advice, finding_text
from app.wording.power import sla_text, ups_test_text


def read_day(text: str) -> date | None:
    """Read "30-6-2027" or "2027-06-30"; raises ValueError on anything else, and returns None for nothing."""
    words = text.replace("/", "-").split("-")
    if not text:
        return None
    if len(words) != 3:
        raise ValueError(text)
    first, second, third = (int(word) for word in words)
    try:
        return date(first, second, third) if first > 31 else date(third, second, first)
    except OverflowError as exc:
        raise ValueError(text) from exc


class PowerDialog(Dialog[bool]):
    """A window that records something under somebody's name."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self.changed = False

    def action_cancel(self) -> None:
        self.dismiss(self.changed)

    @on(Button.Pressed, "#cancel")
    def _leave(self) -> None:
        self.dismiss(self.changed)

    def name_field(self) -> ComposeResult:
        yield Static(_("Your name"), classes="label")
        yield Input(id="by")

    def by(self) -> str:
        """Return who does it; says so when nobody is named."""
        name = self.typed("by")
        if not name:
            self.say(_("Fill in your name, please."), at="by")
        return name

    def day(self, field: str) -> date | None:
        """Read a date; raises ValueError, and says so, when it is none."""
        try:
            return read_day(self.typed(field))
        except ValueError:
            self.say(_("Write a date as 30-6-2027."), at=field)
            raise


class UpsDialog(PowerDialog):
    """About one UPS: what hangs on it, how old its battery is, and its yearly test."""

    def __init__(self, picture: Picture, ups: Ups) -> None:
        super().__init__(picture)
        self._ups = ups

    def title_text(self) -> str:
        return self._ups.name

    def body(self) -> ComposeResult:
        yield Static(_("What hangs on it?"), classes="label")
        places = [(t.id, t.name) for t in self.picture.machine.targets if not t.removable and not t.offsite]
        yield Ticks(((THIS_COMPUTER, _("This computer")), *places), self._ups.protects, id="protects")
        yield Static(_("Since when is this battery in it? (may stay empty)"), classes="label")
        since = self._ups.battery_since
        yield Input(f"{since.day}-{since.month}-{since.year}" if since else "", id="since")
        yield Static(
            _("It cannot test itself? Pull its plug for a minute: how many minutes does it say it lasts?"),
            classes="label",
        )
        yield Input(id="minutes")
        yield from self.name_field()

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep"), variant="primary", id="keep")
        yield Button(_("Test it now"), id="test")
        yield Button(_("Close"), id="cancel")

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        if not (by := self.by()):
            return
        protects = tuple(sorted(self.query_one("#protects", Ticks).ticked))
        if not protects:
            self.say(_("Tick at least one thing that hangs on it."))
            return
        try:
            since = self.day("since")
            minutes = float(self.typed("minutes").replace(",", ".") or -1)
        except ValueError:
            if not self.query_one("#dialog-wrong").display:
                self.say(_("Write the minutes as a number."))
            return
        try:
            await self.source.keep_ups(self._ups.id, protects=protects, battery_since=since, by=by)
            if minutes >= 0:
                await self.source.record_unplugged(self._ups.id, minutes=minutes, by=by)
        except VangnetError as error:
            self._tell(error)
            return
        self.dismiss(True)

    @on(Button.Pressed, "#test")
    def _test(self) -> None:
        if by := self.by():
            self.say(_("The UPS tests its battery; that takes up to a minute."))
            begin(self, partial(self._run_test, by), exclusive=True, group="self-test")

    async def _run_test(self, by: str) -> None:
        try:
            done = await self.source.test_ups(self._ups.id, by=by)
        except VangnetError as error:
            self._tell(error)
            return
        self.changed = True
        self.say(ups_test_text(done, done.at, self.picture.timezone))

    def _tell(self, error: VangnetError) -> None:
        said = explain(error)
        self.say(f"{said.what} {said.do}")


class LineDialog(PowerDialog):
    """About one internet line: its agreement, and the yearly test of the alternative one."""

    def __init__(self, picture: Picture, line: Line) -> None:
        super().__init__(picture)
        self._line = line

    def title_text(self) -> str:
        return self._line.name

    def body(self) -> ComposeResult:
        sla = self._line.sla
        yield paragraph(sla_text(sla.expires, sla.not_possible))
        yield Static(_("Until when does the agreement with the provider hold?"), classes="label")
        yield Input(f"{sla.expires.day}-{sla.expires.month}-{sla.expires.year}" if sla.expires else "", id="expires")
        yield Static(_("Whom to call when it fails"), classes="label")
        yield Input(sla.contact, id="contact")
        yield Static(_("No agreement possible? Why not?"), classes="label")
        yield Input(sla.not_possible, id="not-possible")
        yield from self.name_field()

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep"), variant="primary", id="keep")
        if self._line.role is LineRole.ALTERNATIVE:
            yield Button(_("Test this line"), id="test")
        yield Button(_("Close"), id="cancel")

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        if not (by := self.by()):
            return
        try:
            expires = self.day("expires")
        except ValueError:
            return
        reason = self.typed("not-possible")
        if (expires is None) == (not reason):
            self.say(_("Fill in until when it holds, or why there is none."))
            return
        sla = Sla(expires, self.typed("contact"), self._line.sla.reference, reason)
        try:
            await self.source.keep_sla(self._line.id, sla, by=by)
        except VangnetError as error:
            self.say(explain(error).what)
            return
        self.dismiss(True)

    @on(Button.Pressed, "#test")
    def _test(self) -> None:
        if by := self.by():
            begin(self, partial(self._run_test, by), exclusive=True, group="line-test")

    async def _run_test(self, by: str) -> None:
        said: list[str] = []

        def tell(step: Step) -> None:
            said.append(step_text(step))
            self.say("\n".join(said[-2:]))

        try:
            await self.source.test_line(self._line.id, by=by, on_step=tell)
        except VangnetError as error:
            self.say(explain(error).what)
            return
        self.changed = True


class RiskDialog(PowerDialog):
    """A finding that the director lives with until a day, for a reason; proved with the PIN."""

    def __init__(self, picture: Picture, finding: Finding, *, new: bool) -> None:
        super().__init__(picture)
        self._finding = finding
        self._new = new

    def title_text(self) -> str:
        return finding_text(self._finding)

    def body(self) -> ComposeResult:
        wait = _("The director can accept this until a day of their choice; then it comes back.")
        yield paragraph(f"{finding_advice(self._finding)} {wait}")
        yield Static(_("Why can it be lived with?"), classes="label")
        yield Input(id="reason")
        yield Static(_("Until which day?"), classes="label")
        yield Input(placeholder="30-6-2027", id="until")
        director = next((h.person for h in self.picture.policy.roles if h.role is Role.DIRECTOR), "")
        yield Static(_("Name"), classes="label")
        yield Input(director, id="by")
        pin = (
            _("Choose a PIN: at least four characters, only for the director") if self._new else _("The director's PIN")
        )
        yield Static(pin, classes="label")
        yield Input(password=True, id="pin")

    def buttons(self) -> ComposeResult:
        yield Button(_("Accept for now"), variant="primary", id="accept")
        yield Button(_("Close"), id="cancel")

    @on(Button.Pressed, "#accept")
    async def _accept(self) -> None:
        if not (by := self.by()):
            return
        reason, pin = self.typed("reason"), Secret(self.typed("pin"))
        if not reason:
            self.say(_("Fill in the reason, please."), at="reason")
            return
        try:
            until = self.day("until")
        except ValueError:
            return
        if until is None or until < self.picture.local(self.picture.now).date():
            self.say(_("Fill in a day that is still to come."), at="until")
            return
        last = datetime.combine(until, time(23, 59, 59), tzinfo=self.picture.timezone).astimezone(UTC)
        try:
            if self._new:
                await self.source.set_pin(Role.DIRECTOR, by, pin)
                self._new = False
            await self.source.accept_risk(
                self._finding.code, self._finding.subject, reason=reason, until=last, by=by, pin=pin
            )
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}")
            self.query_one("#pin", Input).value = ""
            return
        self.dismiss(True)
