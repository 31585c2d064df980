"""Small windows that several screens use: to tell something, to ask for a yes, to ask for a name and a PIN."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _
from app.policy.model import Role
from app.secret import Secret
from app.tui.source import Source
from app.wording.errors import explain

if TYPE_CHECKING:
    from app.tui.app import VangnetApp

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], Generic[Result]):
    """A window on top of a screen: a title, a body, buttons. Esc closes it without a result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-slim"),
        (72, "-narrow"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-short"),
        (24, "-low"),
        (34, "-tall"),
    ]

    def title_text(self) -> str:
        return ""

    def body(self) -> ComposeResult:
        yield from ()

    def buttons(self) -> ComposeResult:
        yield Button(_("Close"), id="cancel")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self.title_text(), classes="title", markup=False)
            with VerticalScroll(classes="body", can_focus=False):
                yield from self.body()
            yield Static(classes="wrong", id="dialog-wrong", markup=False)
            with Horizontal(classes="buttons"):
                yield from self.buttons()

    def on_mount(self) -> None:
        self.say("")

    @property
    def vangnet(self) -> VangnetApp:
        return cast("VangnetApp", self.app)

    @property
    def source(self) -> Source:
        return self.vangnet.source

    def say(self, text: str, *, at: str = "") -> None:
        """Say what is wrong, or nothing; `at` is the field that is wrong: there the cursor goes."""
        wrong = self.query_one("#dialog-wrong", Static)
        wrong.display = bool(text)
        wrong.update(f"! {text}" if text else "")
        if at:
            self.query_one(f"#{at}").focus()

    def say_error(self, error: VangnetError) -> None:
        """Say what went wrong and what to do; the window stays, with what was typed in it."""
        said = explain(error)
        self.say(f"{said.what} {said.do}".strip())

    def typed(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


def paragraph(text: str) -> Static:
    """A paragraph of a dialog, with room below it."""
    return Static(text + "\n" if text else "", classes="paragraph", markup=False)


class Tell(Dialog[None]):
    """Tells something."""

    def __init__(self, title: str, *paragraphs: str) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = paragraphs

    def title_text(self) -> str:
        return self._title

    def body(self) -> ComposeResult:
        yield from (paragraph(text) for text in self._paragraphs if text)

    def buttons(self) -> ComposeResult:
        yield Button(_("All right"), variant="primary", id="cancel")


class AskYes(Dialog[bool]):
    """Asks for a yes before something is done."""

    def __init__(self, title: str, *paragraphs: str, yes: str) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = paragraphs
        self._yes = yes

    def title_text(self) -> str:
        return self._title

    def body(self) -> ComposeResult:
        yield from (paragraph(text) for text in self._paragraphs if text)

    def buttons(self) -> ComposeResult:
        yield Button(self._yes, variant="primary", id="yes")
        yield Button(_("Cancel"), id="cancel")

    @on(Button.Pressed, "#yes")
    def _said_yes(self) -> None:
        self.dismiss(True)


class AskPin(Dialog[bool]):
    """Asks the director's name and PIN, and does what they are for; the first time the PIN is chosen here."""

    def __init__(
        self,
        title: str,
        *paragraphs: str,
        name: str,
        yes: str,
        new: bool,
        act: Callable[[str, Secret], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = paragraphs
        self._name = name
        self._yes = yes
        self._new = new
        self._act = act

    def title_text(self) -> str:
        return self._title

    def body(self) -> ComposeResult:
        yield from (paragraph(text) for text in self._paragraphs if text)
        yield Static(_("Name"), classes="label")
        yield Input(self._name, id="name")
        if self._new:
            yield Static(_("Choose a PIN: at least four characters, only for the director"), classes="label")
            yield Input(password=True, id="pin")
            yield Static(_("The same PIN again"), classes="label")
            yield Input(password=True, id="again")
        else:
            yield Static(_("The director's PIN"), classes="label")
            yield Input(password=True, id="pin")

    def buttons(self) -> ComposeResult:
        yield Button(self._yes, variant="primary", id="yes")
        yield Button(_("Cancel"), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#pin" if self._name else "#name").focus()

    @on(Button.Pressed, "#yes")
    async def _signed(self) -> None:
        name, pin = self.typed("name"), Secret(self.typed("pin"))
        if not name:
            self.say(_("Fill in your name, please."), at="name")
            return
        if self._new and self.typed("again") != pin.reveal():
            self.say(_("The two PINs are not the same."), at="again")
            return
        try:
            if self._new:
                await self.source.set_pin(Role.DIRECTOR, name, pin)
                self._new = False
            await self._act(name, pin)
        except VangnetError as error:
            said = explain(error)
            self.say(f"{said.what} {said.do}")
            self.query_one("#pin", Input).value = ""
            self.query_one("#pin").focus()
            return
        self.dismiss(True)
