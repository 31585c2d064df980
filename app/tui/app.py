"""The screens of Vangnet: a client of the records, beside the agent that acts. Closing it stops no back-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol, runtime_checkable

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from app.assessment.new_disks import unknown_disks
from app.assessment.room import ROOM_CODES
from app.clock import Clock, SystemClock
from app.errors import VangnetError
from app.i18n import _, language_of, set_language
from app.i18n import language as spoken_language
from app.tui.background import begin
from app.tui.frame import Frame
from app.tui.places import screen_at
from app.tui.screens.help import HelpOverlay, keys_everywhere
from app.tui.theme import DARK, PALETTES, theme
from app.wording.errors import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from app.paths import Home
    from app.policy.model import Language
    from app.records.facts import RequestKind
    from app.secret import Secret
    from app.tui.picture import Picture
    from app.tui.source import Source

_LOOK_EVERY_S: Final = 0.2
"""Numbers are pulled at 5 Hz: enough to see movement, little enough to cost nothing."""


@runtime_checkable
class Retold(Protocol):
    """A screen that can say its texts again in another language."""

    async def retell(self) -> None: ...


class VangnetApp(App[None]):
    """The application. `source` None: the real home; tests give one with fixed values."""

    TITLE = "Vangnet"
    CSS_PATH = "vangnet.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "go('today')", show=False),
        Binding("2", "go('runs')", show=False),
        Binding("3", "go('restore')", show=False),
        Binding("4", "go('checklist')", show=False),
        Binding("5", "go('disks')", show=False),
        Binding("6", "go('power')", show=False),
        Binding("t", "go('tasks')", show=False),
        Binding("v", "go('inbox')", show=False),
        Binding("p", "go('people')", show=False),
        Binding("f2", "other_language", show=False, priority=True),
        Binding("f3", "other_theme", show=False, priority=True),
        Binding("ctrl+q,ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(
        self,
        home: Home,
        clock: Clock,
        *,
        language: Language | None = None,
        source: Source | None = None,
        start_agent: bool = True,
    ) -> None:
        super().__init__()
        self.home = home
        self.clock = clock
        self.picture: Picture | None = None
        self.recovery_key: Secret | None = None
        """From the moment that the set-up has made it until the sheet has been proved; it is kept nowhere."""
        self._language = language
        self._starts_agent = start_agent
        self._looking = False
        self._shown_minute = -1
        self._unknown_disks: frozenset[str] = frozenset()
        if source is None:
            from app.tui.home import HomeSource

            source = HomeSource(home, clock)
        self.source: Source = source
        set_language(language or language_of())
        for palette in PALETTES:
            self.register_theme(theme(palette))
        self.theme = DARK.name

    # Start and end

    async def on_mount(self) -> None:
        if await self.source.set_up():
            self.show_screens()
        else:
            from app.tui.wizard.wizard import WizardScreen

            await self.push_screen(WizardScreen(await self.source.load_draft()))
        self.set_interval(_LOOK_EVERY_S, self.look)

    async def on_unmount(self) -> None:
        await self.source.close()

    def show_screens(self) -> None:
        """Go to Today; start the agent when none runs."""
        from app.tui.screens.today import TodayScreen

        # The screen first, the picture after: what a home takes to be read is loaded once something stands there.
        if len(self.screen_stack) > 1:
            self.switch_screen(TodayScreen())
        else:
            self.push_screen(TodayScreen())
        self.call_after_refresh(self._begin_work)

    def _begin_work(self) -> None:
        begin(self, self.look, group="look")
        if self._starts_agent:
            begin(self, self.ensure_agent, exclusive=True, group="agent")

    def begin_again(self) -> None:
        """Leave what is open and show the screens: this home has just been taken over."""

        async def leave() -> None:
            while len(self.screen_stack) > 2:
                await self.pop_screen()
            self.show_screens()

        begin(self, leave, group="begin-again")

    async def ensure_agent(self) -> None:
        """Start the agent as a program of its own when none runs."""
        if not self._starts_agent:
            return
        try:
            await self.source.start_agent()
        except OSError as problem:
            self.notify(
                _("The part that makes the copies could not be started: {why}").format(why=problem), severity="error"
            )

    # The picture

    async def look(self) -> None:
        """Take a new picture and show it when something has changed."""
        if self._looking or not isinstance(self.screen_stack[0] if self.screen_stack else None, Screen):
            return
        self._looking = True
        try:
            if not await self.source.set_up():
                return
            picture = await self.source.look()
        except VangnetError as error:
            self.notify(explain(error).what, severity="error", timeout=10)
            return
        finally:
            self._looking = False
        first = self.picture is None
        if self.picture is not None and _trouble_of(self.picture) and not _trouble_of(picture):
            begin(self, self.ensure_agent, exclusive=True, group="agent")  # one ends where it can write nothing
        changed = picture is not self.picture
        minute = int(self.clock.now().timestamp() // 60)
        self.picture = picture
        if first:
            self._take_preferences(picture)
        self._ask_about_new_disks(picture, first=first)
        if changed or minute != self._shown_minute:
            self._shown_minute = minute
            self.show_picture()

    def _ask_about_new_disks(self, picture: Picture, *, first: bool) -> None:
        """Ask about a disk that nobody knows when it comes; one that was there already stands on Today only."""
        unknown = unknown_disks(picture.facts.drives, picture.facts.attestations)
        came = tuple(drive for drive in unknown if drive.device not in self._unknown_disks)
        self._unknown_disks = frozenset(drive.device for drive in unknown)
        # Nobody is interrupted at something else: Today and the disks are where it is asked.
        if came and not first and isinstance(self.screen, Frame) and self.screen.place in ("today", "disks"):
            from app.tui.screens.disk_dialogs import IsNewDisk

            self.push_screen(IsNewDisk(came[0]))

    async def look_again(self) -> None:
        """Take a picture at once, after something was asked or answered here."""
        while self._looking:
            await self.source.settle()
        await self.look()

    def show_picture(self) -> None:
        """Let the screens on the stack show the newest picture."""
        for screen in self.screen_stack:
            if isinstance(screen, Frame) and screen.is_mounted:
                screen.refresh_all()

    def _take_preferences(self, picture: Picture) -> None:
        if self._language is None:
            self._language = picture.machine.language
            if spoken_language() != picture.machine.language:
                set_language(picture.machine.language)
                self.retell()
        if picture.machine.theme in self.available_themes:
            self.theme = picture.machine.theme

    async def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "") -> None:
        """Ask something of the agent, and see to it that there is one."""
        await self.ensure_agent()
        await self.source.ask(kind, data_set=data_set, target=target)
        await self.look_again()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key stands for; an error of ours that the screen does not say itself is said in a corner."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except VangnetError as error:
            said = explain(error)
            self.notify(f"{said.what} {said.do}".strip(), severity="error", timeout=10)
            return True

    # Where one can go

    def action_go(self, place: str) -> None:
        """Go to a screen by its name."""
        current = self.screen
        if isinstance(current, Frame) and current.place and current.place != place:
            # Not awaited: the screen that is left may be the one whose key or click this is.
            self.switch_screen(screen_at(place))

    def open_alarm(self, run: int) -> None:
        """Show an alarm of possible ransomware."""
        from app.tui.screens.alarm import AlarmScreen

        self.switch_screen(AlarmScreen(run))

    def action_explain(self) -> None:
        """Explain the screen in plain words."""
        current = self.screen
        if isinstance(current, Frame):
            self.push_screen(HelpOverlay(current.explanation(), keys_everywhere()))

    def action_other_language(self) -> None:
        """Speak the other language from now on."""
        set_language("en" if spoken_language() == "nl" else "nl")
        self._language = spoken_language()
        self.retell()
        self._remember()

    def retell(self) -> None:
        """Say every text on the screens again, in the language spoken now."""
        for screen in self.screen_stack:
            if isinstance(screen, Retold):
                begin(self, screen.retell, group="retell")

    def action_other_theme(self) -> None:
        """Take the next theme: dark, light, high contrast."""
        names = [palette.name for palette in PALETTES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self._remember()

    def _remember(self) -> None:
        """Keep the choice for the next time; before the set-up there is nowhere to keep it."""
        if self.picture is None:
            return

        async def remember() -> None:
            try:
                await self.source.remember(spoken_language(), self.theme)
            except VangnetError as error:
                self.notify(explain(error).what, severity="error")

        begin(self, remember, group="remember")


def _trouble_of(picture: Picture) -> bool:
    """Tell whether nothing could be written down when a picture was taken."""
    return any(finding.code in ROOM_CODES.values() for finding in picture.assessment.findings)


def run(home: Home, language: Language | None = None) -> None:
    """Open the screens and stay until they are closed; `language` overrules the one that was kept."""
    VangnetApp(home, SystemClock(), language=language).run()
