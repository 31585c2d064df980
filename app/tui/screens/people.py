"""Who gets told: the director, the IT provider, the governing body; how, and whether that works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from app.errors import VangnetError
from app.i18n import _
from app.notices.accounts import MailAccount, Security
from app.notices.people import Arrival
from app.policy.machine import Person
from app.policy.model import Role
from app.policy.people import is_email, people_of
from app.records.facts import NoticeState, SentNotice
from app.secret import Secret
from app.tui.background import begin
from app.tui.frame import Frame, Heading
from app.tui.picture import Picture
from app.tui.screens.dialogs import Dialog, paragraph
from app.tui.widgets.choice import Choice
from app.tui.widgets.keys import KeyHint
from app.tui.widgets.rows import Line, Note, Row, Rows, Sheet, cell
from app.wording.errors import explain
from app.wording.notices import channel_text, role_text, trouble_text
from app.wording.times import felt_time

Act = Callable[[], Awaitable[None]]
ROLES = (Role.DIRECTOR, Role.IT_PROVIDER, Role.GOVERNING_BODY)
_SENT_SHOWN = 5


class PeopleScreen(Frame):
    """One line a person; below it the mail account, and what was sent last."""

    CSS_PATH = "people.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", show=False),
        Binding("m", "mail", show=False),
        Binding("s", "send_test", show=False),
    ]
    place = "people"

    def __init__(self) -> None:
        super().__init__()
        self._account: MailAccount | None = None
        self._sent: tuple[SentNotice, ...] = ()
        self._testing = False
        self._arrivals: tuple[Arrival, ...] = ()

    def content(self) -> ComposeResult:
        yield Static(_("Who gets told"), id="people-head")
        yield Rows(id="people")
        yield Sheet(id="mail")
        yield Heading(_("Told last"), id="sent-heading")
        yield Sheet(id="sent")

    def keys(self) -> Iterable[KeyHint]:
        yield KeyHint("Enter", _("Change"), "screen.change")
        yield KeyHint("a", _("Add somebody"), "screen.add")
        yield KeyHint("m", _("Mail account"), "screen.mail")
        yield KeyHint("s", _("Send a test"), "screen.send_test")

    def explanation(self) -> tuple[str, ...]:
        return (
            _("When something goes wrong, the director and the IT provider get a mail at once."),
            _("Without the director's verdict, the governing body gets one after a day. Success is quiet."),
            _("Every Monday the director and the IT provider get a short overview."),
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#people", Rows).focus()
        begin(self, self.look_at_accounts, group="accounts")

    async def look_at_accounts(self) -> None:
        """Ask what is not in the picture: the account, and what was sent."""
        try:
            self._account = await self.source.mail_account()
        except VangnetError as error:
            self.notify(explain(error).what, severity="error")
        self._sent = await self.source.notices()
        self.refresh_all()

    def show(self, picture: Picture) -> None:
        self.query_one("#people", Rows).fill(_people_lines(picture))
        self.query_one("#mail", Sheet).fill([self._mail_line()])
        lines = self._arrival_lines() or [_sent_line(picture, notice) for notice in self._sent[:_SENT_SHOWN]]
        self.query_one("#sent", Sheet).fill(lines)
        self.query_one("#sent-heading").display = bool(lines)

    def _mail_line(self) -> Line:
        if self._account is None:
            text = _("There is no mail account yet: without one nobody gets a mail. Press m.")
            return Note(Content.styled(text, "$amber"), Content.styled("! ", "bold $amber"))
        text = _("Mail goes out over {host}, from {sender}.").format(
            host=self._account.host, sender=self._account.sender
        )
        return Note(Content.styled(text, "$muted"), Content.styled("✔ ", "$green"))

    def _arrival_lines(self) -> list[Line]:
        if self._testing:
            return [Note(Content.styled(_("The test is on its way…"), "$muted"))]
        return [_arrival_line(arrival) for arrival in self._arrivals]

    # What can be done

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        self.action_change()

    def action_change(self) -> None:
        """Change the person that the cursor is on; of a role that nobody has, name somebody."""
        picture, key = self.vangnet.picture, self.query_one("#people", Rows).key
        if picture is None or key is None:
            return
        role, _colon, name = key.partition(":")
        people = people_of(picture.policy, picture.machine)
        person = next((p for p in people if p.role.value == role and p.name == name), None)
        self.app.push_screen(PersonDialog(Role(role), person), self._changed)

    def action_add(self) -> None:
        """Name one more person."""
        self.app.push_screen(PersonDialog(Role.IT_PROVIDER, None, choose=True), self._changed)

    def action_mail(self) -> None:
        """Set the account that mail is sent from."""
        self.app.push_screen(MailDialog(self._account), self._changed)

    def _changed(self, _done: bool | None) -> None:
        begin(self, self.look_at_accounts, group="accounts")

    def action_send_test(self) -> None:
        """Send a test to everybody."""
        if not self._testing:
            self._testing = True
            self.refresh_all()
            begin(self, self._send_test, group="test")

    async def _send_test(self) -> None:
        try:
            self._arrivals = await self.source.send_test()
        except VangnetError as error:
            self.notify(explain(error).what, severity="error")
        finally:
            self._testing = False
        self.refresh_all()
        if not self._arrivals:
            self.notify(_("There is nobody to tell yet."), severity="warning")


class PersonDialog(Dialog[bool]):
    """Somebody's name and address; without a name nobody of this role is told."""

    def __init__(self, role: Role, person: Person | None, *, choose: bool = False) -> None:
        super().__init__()
        self._role = role
        self._person = person
        self._choose = choose

    def title_text(self) -> str:
        return _("Add somebody") if self._choose else role_text(self._role).capitalize()

    def body(self) -> ComposeResult:
        person = self._person
        if self._choose:
            yield Choice(tuple((role, role_text(role)) for role in (*ROLES, Role.STAFF)), self._role, id="role")
        yield Static(_("Name"), classes="label")
        yield Input(person.name if person else "", id="name")
        yield Static(_("E-mail address"), classes="label")
        yield Input(person.email if person else "", id="email")

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep this"), variant="primary", id="keep")
        if self._person is not None:
            yield Button(_("Tell this person nothing"), id="remove")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one(Choice).focus() if self._choose else self.query_one("#name").focus()

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        name, email = self.typed("name"), self.typed("email")
        if not name:
            self.say(_("Fill in a name, please."), at="name")
            return
        if email and not is_email(email):
            self.say(_("This is not an e-mail address."), at="email")
            return
        role = Role(self.query_one(Choice).chosen) if self._choose else self._role
        services = self._person.services if self._person else ()
        await self._do(lambda: self.source.set_person(Person(role, name, email, services), instead_of=self._person))

    @on(Button.Pressed, "#remove")
    async def _remove(self) -> None:
        if self._person is not None:
            person = self._person
            await self._do(lambda: self.source.remove_person(person))

    async def _do(self, act: Act) -> None:
        try:
            await act()
        except VangnetError as error:
            self.say(explain(error).what)
            return
        await self.vangnet.look_again()
        self.dismiss(True)


class MailDialog(Dialog[bool]):
    """The account that mail is sent from, as the mail provider gives it."""

    def __init__(self, account: MailAccount | None) -> None:
        super().__init__()
        self._account = account

    def title_text(self) -> str:
        return _("Mail account")

    def body(self) -> ComposeResult:
        known = self._account
        yield paragraph(_("The IT provider knows these. The password stays on this computer, for Vangnet alone."))
        yield Static(_("Mail server"), classes="label")
        yield Input(known.host if known else "", id="host", placeholder="smtp.…")
        yield Choice(
            (
                (Security.STARTTLS, _("Protected, port 587 (usual)")),
                (Security.TLS, _("Protected, port 465")),
                (Security.NONE, _("Not protected, port 25: only inside this building")),
            ),
            known.security if known else Security.STARTTLS,
            id="security",
        )
        yield Static(_("Sender's address"), classes="label")
        yield Input(known.sender if known else "", id="sender")
        yield Static(_("Name to log in with (may be empty)"), classes="label")
        yield Input(known.user if known else "", id="user")
        yield Static(_("Password"), classes="label")
        yield Input(password=True, id="password", placeholder=_("unchanged") if known and known.user else "")

    def buttons(self) -> ComposeResult:
        yield Button(_("Keep this"), variant="primary", id="keep")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#host").focus()

    @on(Button.Pressed, "#keep")
    async def _keep(self) -> None:
        known, security = self._account, Security(self.query_one(Choice).chosen)
        usual = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}[security]
        host, _colon, port = self.typed("host").partition(":")
        typed = self.query_one("#password", Input).value
        password = Secret(typed) if typed or known is None else known.password
        if known is not None and security is known.security and host == known.host and not port:
            usual = known.port
        account = MailAccount(
            host, int(port) if port.isdecimal() else usual, security, self.typed("sender"), self.typed("user"), password
        )
        try:
            await self.source.set_mail(account)
        except VangnetError as error:
            self.say(explain(error).what)
            return
        self.dismiss(True)


def _people_lines(picture: Picture) -> list[tuple[str, Line]]:
    people = people_of(picture.policy, picture.machine)
    lines: list[tuple[str, Line]] = []
    for role in dict.fromkeys((*ROLES, *(p.role for p in people))):
        own = [p for p in people if p.role is role]
        lines += [(f"{role.value}:{p.name}", _person_row(role, p)) for p in own]
        if not own:
            lines.append((f"{role.value}:", _person_row(role, None)))
    return lines


def _person_row(role: Role, person: Person | None) -> Row:
    what = cell(role_text(role), 18, style="$muted")
    if person is None:
        return Row(what, cell(_("nobody yet"), 26, style="$amber"), cell(""))
    ways = ", ".join((*(person.email,) * bool(person.email), *person.services))
    where = cell(ways) if ways else cell(_("no address yet"), style="$amber")
    return Row(what, cell(person.name, 26), where)


def _sent_line(picture: Picture, notice: SentNotice) -> Line:
    sign, style = {
        NoticeState.SENT: ("✔", "$green"),
        NoticeState.WAITING: ("…", "$amber"),
        NoticeState.GIVEN_UP: ("✖", "$red"),
    }[notice.state]
    when = felt_time(notice.at, picture.now, picture.timezone)
    about = f"{trouble_text(notice.error)} · {notice.title}" if notice.error else notice.title
    return Row(
        cell(sign, 1, style=style), cell(when, 15, style="$muted"),
        cell(notice.person or channel_text(notice.channel), 20), cell(about, style="$muted"), pointer=False,
    )  # fmt: skip


def _arrival_line(arrival: Arrival) -> Line:
    name = arrival.to.name or channel_text(arrival.channel)
    sign, style = ("✔", "$green") if arrival.trouble is None else ("✖", "$red")
    said = _("handed over") if arrival.trouble is None else trouble_text(arrival.trouble)
    return Row(
        cell(sign, 1, style=style), cell(name, 26), cell(channel_text(arrival.channel), 18, style="$muted"),
        cell(said), pointer=False,
    )  # fmt: skip
