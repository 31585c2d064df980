"""Possible ransomware: what was noticed, what Vangnet does, what to do now, and one key for "it was us"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.assessment.judgements import open_anomalies
from app.errors import VangnetError
from app.i18n import _
from app.policy.model import Policy, Role
from app.records.facts import Anomaly, AnomalyVerdict
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Sheet, Stack
from app.wording.cases import data_set_name, sign_texts
from app.wording.errors import explain
from app.wording.times import felt_time


class AlarmScreen(Frame):
    """One alarm at a time, the newest; when none is open any more it says so."""

    CSS_PATH = "alarm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "ours", show=False),
        Binding("d", "dealt_with", show=False),
    ]
    place = "alarm"

    def __init__(self, run: int = 0) -> None:
        super().__init__()
        self._run = run

    def above(self) -> ComposeResult:
        yield Static(id="alarm-head")

    def content(self) -> ComposeResult:
        yield Heading(_("What was noticed"), id="noticed-heading")
        yield Sheet(id="noticed")
        yield Heading(_("What to do now"), id="now-heading")
        yield Sheet(id="now")
        yield Heading(_("What Vangnet does"), id="does-heading")
        yield Sheet(id="does")

    def keys(self) -> Iterable[KeyHint]:
        if self._anomaly() is not None:
            yield KeyHint("w", _("It was us"), "screen.ours")
            yield KeyHint("d", _("An attack, dealt with"), "screen.dealt_with")
        yield KeyHint("Esc", _("Back"), "screen.home")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("Vangnet compares each copy with how these files usually change. This time it was very different."),
            _("A big clean-up or a new program can look like this too. Then press w: everything goes on as before."),
            _("As long as nobody answers, no version is removed. You can get back every file as it was."),
        )

    def _anomaly(self) -> Anomaly | None:
        picture = self.vangnet.picture
        waiting = open_anomalies(picture.facts) if picture is not None else ()
        return next((a for a in waiting if a.run == self._run), next(iter(waiting), None))

    def show(self, picture: Picture) -> None:
        anomaly = self._anomaly()
        head = self.query_one("#alarm-head", Static)
        head.set_class(anomaly is not None, "-error")
        for part in ("noticed", "does", "now"):
            self.query_one(f"#{part}").display = anomaly is not None
            self.query_one(f"#{part}-heading").display = anomaly is not None
        if anomaly is None:
            head.update(Content.styled("✔  ", "bold $green") + Content.styled(_("There is no alarm."), "bold"))
            return
        name = data_set_name(picture.policy, anomaly.data_set)
        title = _("{data_set} looks as if ransomware is at work.").format(data_set=name)
        when = felt_time(anomaly.at, picture.now, picture.timezone)
        head.update(
            Stack(
                [
                    Note(Content.styled(title, "bold $ink"), Content.styled("✖  ", "bold $red")),
                    Note(Content.styled(_("Seen {when}.").format(when=when), "$muted"), Content("   ")),
                ]
            )
        )
        self.query_one("#noticed", Sheet).fill(_bullets(sign_texts(anomaly)))
        self.query_one("#does", Sheet).fill(
            _bullets(
                (
                    _("It keeps every version of these files, on every place. Nothing is cleared."),
                    _("It asks for no disk: what is unplugged stays safe."),
                    _told(picture, anomaly),
                )
            )
        )
        self.query_one("#now", Sheet).fill(_steps(picture.policy))

    def action_ours(self) -> None:
        """Say that it was a false alarm."""
        self._answer(AnomalyVerdict.OURS)

    def action_dealt_with(self) -> None:
        """Say that it was an attack, and that it is over."""
        self._answer(AnomalyVerdict.ATTACK)

    def _answer(self, verdict: AnomalyVerdict) -> None:
        anomaly = self._anomaly()
        if anomaly is not None:
            self.app.push_screen(AnswerAlarm(anomaly, verdict))


class AnswerAlarm(Dialog[None]):
    """Who says so; then everything goes on as before."""

    def __init__(self, anomaly: Anomaly, verdict: AnomalyVerdict) -> None:
        super().__init__()
        self._anomaly = anomaly
        self._verdict = verdict

    def title_text(self) -> str:
        ours = self._verdict is AnomalyVerdict.OURS
        return _("It was us") if ours else _("It was an attack, and it is dealt with")

    def body(self) -> ComposeResult:
        yield paragraph(
            _("From now on old versions may be cleared again, as the policy says. Your name is kept in the journal.")
        )
        yield Static(_("Name"), classes="label")
        yield Input(id="name")
        yield Static(_("What was it? (may be empty)"), classes="label")
        yield Input(id="remark")

    def buttons(self) -> ComposeResult:
        yield Button(_("Yes, that is right"), variant="primary", id="yes")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()

    @on(Button.Pressed, "#yes")
    async def _said(self) -> None:
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        try:
            await self.source.answer_alarm(
                self._anomaly.run, self._verdict, by=self.typed("name"), remark=self.typed("remark")
            )
        except VangnetError as error:
            self.say(explain(error).what)
            return
        await self.vangnet.look_again()
        self.dismiss(None)


def _told(picture: Picture, anomaly: Anomaly) -> str:
    """Say who has been told, from the evidence."""
    about = f"alarm:{anomaly.run}:"
    names = dict.fromkeys(t.person for t in picture.facts.told if about in t.key and t.person)
    if not names:
        return _("Nobody could be told by mail yet: call the director yourself.")
    return _("It has told {names}.").format(names=", ".join(names))


def _bullets(texts: tuple[str, ...]) -> list[Line]:
    return [Note(Content(text), Content.styled("  • ", "$muted")) for text in texts]


def _steps(policy: Policy) -> list[Line]:
    helper = next((role for role in policy.roles if role.role is Role.IT_PROVIDER), None)
    who = " ".join(part for part in (helper.person, helper.phone) if part) if helper is not None else ""
    call = _("Call {who}.").format(who=who) if who else _("Call the IT provider.")
    steps = (
        _("Pull out the network cable of this computer, or switch off its Wi-Fi. Leave it switched on."),
        call,
        _("Do not plug in a disk that is unplugged now."),
    )
    return [
        Note(
            Content.styled(text, "bold $ink" if number == 1 else "$ink"),
            Content.styled(f"  {number}. ", "bold $accent"),
        )
        for number, text in enumerate(steps, start=1)
    ]
