"""Power and lines: what the UPSes say, what hangs on them, the internet lines, and what failed lately."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from app.assessment.model import Finding, FindingCode, State
from app.i18n import _
from app.policy.lines import Line as InternetLine
from app.policy.machine import Ups
from app.power.battery import battery_made
from app.records.facts import LineSight, UpsReading, UpsSight
from app.tui.background import begin
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture
from app.tui.widgets.day_plot import bar, day_plot
from app.tui.widgets.keys import KeyBar, KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, Sheet, cell, columns
from app.tui.widgets.state import SIGNS, STYLES, state_text
from app.wording.findings import finding_text
from app.wording.power import (
    battery_age_text,
    line_state,
    outage_text,
    protects_text,
    sla_text,
    trouble_text,
    ups_state,
    ups_test_text,
    ups_text,
)
from app.wording.times import felt_duration

if TYPE_CHECKING:
    from app.tui.screens.power_dialogs import RiskDialog

OF_POWER: Final = frozenset(
    {
        FindingCode.NO_UPS, FindingCode.NO_REDUNDANT_UPS, FindingCode.UPS_NOT_COVERING, FindingCode.UPS_TOO_SHORT,
        FindingCode.UPS_TEST_FAILED, FindingCode.UPS_BATTERY_OLD, FindingCode.UPS_REPLACE_BATTERY,
        FindingCode.NO_ALTERNATIVE_LINE, FindingCode.SLA_EXPIRED,
    }
)  # fmt: skip
"""Findings that this screen tells, and that the director may accept here."""
_EVENTS_SHOWN: Final = 6
_BAR: Final = 24
_LABEL: Final = 11
_DRAW_EVERY: Final = timedelta(minutes=1)


class PowerScreen(Frame):
    """UPSes, lines and findings to walk through; below it more about the one that the cursor is on."""

    CSS_PATH = "power.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", show=False)]
    place = "power"

    def __init__(self) -> None:
        super().__init__()
        self._readings: dict[str, tuple[UpsReading, ...]] = {}
        self._read_at: datetime | None = None

    def content(self) -> ComposeResult:
        yield Rows(id="power-list")
        yield Sheet(id="power-more")
        yield Heading(_("What failed"), id="power-log-heading")
        yield Sheet(id="power-log")

    def keys(self) -> Iterable[KeyHint]:
        yield KeyHint("Enter", self._key_label(), "screen.open")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("At the top stands every UPS and every internet line. Walk to one with the arrow keys; Enter does more."),
            _(
                "On battery no new copy starts. When the battery runs empty, what runs is stopped cleanly and the "
                "disks are let go. Once the mains power has been back for a while, it goes on by itself."
            ),
            _("The bars show how full the battery was in the last day; amber is when there was no mains power."),
            _("With ! stands what the policy wants and is not there. Enter on it: the director may accept it for now."),
        )

    def on_mount(self) -> None:
        self.query_one("#power-list", Rows).focus(scroll_visible=False)

    def on_resize(self) -> None:
        self.refresh_all()

    # --- showing -----------------------------------------------------------------------------------------------

    def show(self, picture: Picture) -> None:
        self.query_one("#power-list", Rows).fill(_list(picture) or [("none", _nothing())])
        self._show_more(picture)
        log = [_event(picture, number) for number in range(min(_EVENTS_SHOWN, len(picture.facts.outages)))]
        self.query_one("#power-log-heading").display = bool(log)
        self.query_one("#power-log", Sheet).fill(log)
        if self._read_at is None or not timedelta(0) <= picture.now - self._read_at < _DRAW_EVERY:
            self._read_at = picture.now
            begin(self, self._read_numbers, exclusive=True, group="readings")

    async def _read_numbers(self) -> None:
        picture = self.vangnet.picture
        if picture is None:
            return
        for sight in picture.facts.upses:
            self._readings[sight.ups] = await self.source.ups_readings(sight.ups)
        if self.is_mounted:
            self._show_more(picture)

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        if self.vangnet.picture is not None and not self.retelling:
            self._show_more(self.vangnet.picture)
            self.query_one("#actions", KeyBar).fill(tuple(self.keys()))

    def _show_more(self, picture: Picture) -> None:
        kind, _colon, name = (self.query_one("#power-list", Rows).key or "").partition(":")
        sight = next((s for s in picture.facts.upses if s.ups == name), None)
        more: tuple[Line, ...] = ()
        if kind == "ups" and sight is not None:
            more = tuple(self._about_ups(picture, sight))
        self.query_one("#power-more", Sheet).fill(more)

    def _about_ups(self, picture: Picture, sight: UpsSight) -> Iterator[Line]:
        yield from _numbers(sight)
        if not sight.reachable:
            yield Row(cell(""))
            yield Note(Content(ups_text(sight, picture.now, picture.timezone)), Content("    "))
            if trouble_text(sight):
                yield Note(Content(trouble_text(sight)), Content("    "))
        about = _about(picture, sight)
        if about:
            yield Note(Content.styled(about, "$muted"), Content("    "))
        readings = self._readings.get(sight.ups, ())
        if readings:
            width = min(self.app.size.width, 112) - 14
            yield Row(cell(""))
            for line in day_plot(readings, picture.now, picture.timezone, width=width, low=self.app.size.height < 30):
                yield Note(line.text, Content("    ")) if isinstance(line, Note) else line

    def _key_label(self) -> str:
        kind = (self.query_one("#power-list", Rows).key or "").partition(":")[0]
        if kind == "line":
            return _("Agreement, or test this line")
        return _("Accept for now") if kind == "finding" else _("Test, or say what hangs on it")

    # --- doing -------------------------------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._open(event.option_id or "")

    def action_open(self) -> None:
        """Do more with what the cursor is on."""
        self._open(self.query_one("#power-list", Rows).key or "")

    def _open(self, key: str) -> None:
        from app.tui.screens.power_dialogs import LineDialog, RiskDialog, UpsDialog

        picture = self.vangnet.picture
        kind, _colon, name = key.partition(":")
        if picture is None:
            return
        if kind == "ups" and (ups := _ups(picture, name)) is not None:
            self.app.push_screen(UpsDialog(picture, ups), self._done)
        elif kind == "line" and (line := _line(picture, name)) is not None:
            self.app.push_screen(LineDialog(picture, line), self._done)
        elif kind == "finding":
            found = next(f for f in _findings(picture) if f"{f.code}:{f.subject}" == name)
            begin(self, partial(self._ask_director, RiskDialog, picture, found), group="risk")

    async def _ask_director(self, dialog: type[RiskDialog], picture: Picture, found: Finding) -> None:
        from app.policy.model import Role

        new = not await self.source.has_pin(Role.DIRECTOR)
        self.app.push_screen(dialog(picture, found, new=new), self._done)

    def _done(self, changed: bool | None) -> None:
        if changed:
            begin(self, self.vangnet.look_again, group="look")


def _list(picture: Picture) -> list[tuple[str, Row | Note]]:
    """The UPSes, the lines, and what is not as the policy wants it."""
    table = [(f"ups:{sight.ups}", _ups_cells(sight)) for sight in picture.facts.upses]
    sights = {sight.line: sight for sight in picture.facts.lines}
    table += [(f"line:{line.id}", _line_cells(line, sights.get(line.id))) for line in picture.machine.lines]
    rows: list[tuple[str, Row | Note]] = list(
        zip((key for key, _cells in table), columns([cells for _key, cells in table], flexible=2), strict=True)
    )
    for finding in _findings(picture):
        sign = Content.styled(f"{SIGNS[finding.state]} ", f"bold {STYLES[finding.state]}")
        rows.append(
            (f"finding:{finding.code}:{finding.subject}", Row(cell(sign + Content(_said(finding))), wraps=True))
        )
    return rows


def _said(finding: Finding) -> str:
    from app.wording.risks import accepted_text

    data = dict(finding.data)
    return f"{finding_text(finding)} {accepted_text(data)}" if "accepted_by" in data else finding_text(finding)


def _findings(picture: Picture) -> tuple[Finding, ...]:
    return tuple(f for f in picture.assessment.findings if f.code in OF_POWER)


def _nothing() -> Note:
    return Note(Content.styled("  " + _("No UPS and no internet line is known yet."), "$muted"))


def _ups_cells(sight: UpsSight) -> list[str | Content]:
    bad = not sight.reachable or "OB" in sight.flags or "RB" in sight.flags
    worst = "LB" in sight.flags and "OB" in sight.flags
    state = State.ERROR if worst else State.ATTENTION if bad else State.OK
    more = trouble_text(sight)
    if sight.reachable and "OB" not in sight.flags and sight.runtime_s is not None:
        more = _("{time} in reserve").format(time=felt_duration(sight.runtime_s))
    return [Content(sight.name), state_text(state, ups_state(sight)), Content.styled(more, "$muted")]


def _line_cells(line: InternetLine, sight: LineSight | None) -> list[str | Content]:
    state = State.OK if sight is None or sight.up else State.ATTENTION
    word = Content.styled(line_state(sight), "$muted") if sight is None else state_text(state, line_state(sight))
    return [Content(line.name), word, Content.styled(sla_text(line.sla.expires, line.sla.not_possible), "$muted")]


def _numbers(sight: UpsSight) -> Iterator[Line]:
    if not sight.reachable:
        return
    yield Row(cell(""))
    if sight.charge_percent is not None:
        style = "$amber" if "OB" in sight.flags else "$green"
        yield _labelled(_("Charge"), bar(sight.charge_percent, _BAR, style))
    if sight.load_percent is not None:
        yield _labelled(_("Load"), bar(sight.load_percent, _BAR, "$red" if sight.load_percent > 90 else "$accent"))
    if sight.runtime_s is not None:
        yield _labelled(_("Lasts"), Content(felt_duration(sight.runtime_s)))


def _labelled(label: str, text: Content) -> Row:
    return Row(cell("", 2), cell(label, _LABEL, style="$muted"), cell(text), pointer=False)


def _about(picture: Picture, sight: UpsSight) -> str:
    """What hangs on it, its model, the age of its battery and its last test, in one sentence each."""
    ups = _ups(picture, sight.ups)
    parts = []
    if ups is not None:
        parts.append(_("Feeds {devices}").format(devices=protects_text(ups.protects, picture.machine)))
    parts.append(sight.model)
    made = battery_made(ups, sight)
    if made is not None:
        parts.append(battery_age_text(made, picture.local(picture.now).date()))
    tests = [test for test in picture.facts.ups_tests if test.ups == sight.ups]
    if tests:
        newest = max(tests, key=lambda test: test.at)
        parts.append(ups_test_text(newest, picture.now, picture.timezone))
    elif ups is not None:
        parts.append(_("never tested"))
    return " · ".join(part for part in parts if part)


def _event(picture: Picture, number: int) -> Line:
    outage = picture.facts.outages[number]
    text = outage_text(outage, picture.machine, picture.now, picture.timezone)
    return Note(Content(text), Content("  "))


def _ups(picture: Picture, name: str) -> Ups | None:
    return next((ups for ups in picture.machine.upses if ups.id == name), None)


def _line(picture: Picture, name: str) -> InternetLine | None:
    return next((line for line in picture.machine.lines if line.id == name), None)
