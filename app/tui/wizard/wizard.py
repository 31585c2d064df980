"""The set-up: one question a page, Back and Next at its foot, kept at every step so that it can be left and resumed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from app.i18n import _
from app.setup.answers import SetupAnswers
from app.tui.screens.help import HelpOverlay, keys_of_the_set_up
from app.tui.widgets.choice import Choice
from app.tui.wizard.page import NotYet, Page, key_label
from app.tui.wizard.pages import page_for
from app.tui.wizard.route import FIRST, STEPS, PageId, Stop, page_after, page_before, page_to_resume

if TYPE_CHECKING:
    from app.tui.app import VangnetApp


_SLIM: Final = 72
"""Narrower than this there is room for the keys at the foot, not for what they do."""


class WizardScreen(Screen[None]):
    """Shows one page after another; the pages ask, this keeps the answers and knows the way."""

    CSS_PATH = "wizard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "explain", show=False, priority=True),
        Binding("escape", "later", show=False),
        Binding("pagedown", "onward", show=False, priority=True),
        Binding("pageup", "back", show=False, priority=True),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-slim"),
        (_SLIM, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - the base annotates it
        (0, "-low"),
        (34, "-tall"),
    ]

    def __init__(self, draft: SetupAnswers | None) -> None:
        super().__init__()
        self.answers = draft or SetupAnswers()
        self.page_id = page_to_resume(draft) if draft is not None else FIRST
        self._warned_on: PageId | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="step")
        yield Static(id="step-line")
        yield Container(id="page")
        yield Static(id="wrong", markup=False)
        yield Static(id="foot-line")
        with Horizontal(id="foot"):
            yield Button(id="back")
            with Horizontal(id="middle"):
                yield Button(id="later")
                yield Button(id="help")
            yield Button(id="onward", variant="primary")

    async def on_mount(self) -> None:
        await self.open(self.page_id)

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.query_one(Page)

    @property
    def vangnet(self) -> VangnetApp:
        return cast("VangnetApp", self.app)

    async def open(self, page_id: PageId) -> None:
        """Show a page, with the cursor in its first field."""
        self.page_id = page_id
        page = page_for(page_id, self.answers, await self.vangnet.source.template())
        box = self.query_one("#page", Container)
        # Who sees the page may type at once: it is not shown before the cursor stands in it.
        with self.app.batch_update():
            await box.remove_children()
            await box.mount(page)
            self._say("")
            self._label()
            first = next((w for w in page.query("Input, Rows").results() if w.focusable and w.display), None)
            (first or self.query_one("#onward")).focus()

    def _label(self) -> None:
        page = self.page
        width = max(10, min(self.app.size.width, 100) - 6)
        here = _("Step {step} of {steps}").format(step=self.page_id.step, steps=STEPS)
        title = page.title()
        self.query_one("#step", Static).update(
            Content.styled(here, "bold $accent") + Content.styled(f" · {title}" if title else "", "bold $ink")
        )
        for line in ("#step-line", "#foot-line"):
            self.query_one(line, Static).update("─" * width)
        slim = self.app.size.width < _SLIM
        back = self.query_one("#back", Button)
        back.label = Content(_("← Back")) + Content.styled("" if slim else "  PgUp", "$muted")
        back.display = page_before(self.answers, self.page_id) is not None
        self.query_one("#later", Button).label = key_label("Esc", _("Later") if slim else _("Continue later"))
        self.query_one("#help", Button).label = key_label("F1", _("Help"))
        for button in ("#back", "#later", "#help"):
            self.query_one(button).refresh(layout=True)
        self._label_onward()

    def _label_onward(self) -> None:
        onward = self.query_one("#onward", Button)
        onward.label = Content(self.page.onward_label()) + Content("  PgDn")
        onward.display = self.page.may_go_on()
        onward.refresh(layout=True)  # its new label may be longer

    def on_resize(self) -> None:
        if self.query(Page):
            self._label()

    @on(Page.Changed)
    def _page_changed(self) -> None:
        self._say("")
        self._label_onward()

    @on(Page.Onward)
    async def _page_done(self) -> None:
        await self.action_onward()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        """Enter goes to the next field, and from the last one to the button."""
        self.focus_next()

    @on(Choice.Confirmed)
    async def _confirmed(self) -> None:
        """Enter on what is chosen already says yes to it: to the next field, or to the next page."""
        if len(self.page.query("Input, Rows")) == 1:
            await self.action_onward()
        else:
            self.focus_next()

    @on(Button.Pressed, "#onward")
    async def action_onward(self) -> None:
        """Keep this page's answer and go on; say what is wrong when there is no answer yet."""
        page = self.page
        if not page.may_go_on():
            return
        try:
            self.answers = page.collect()
        except NotYet as wanted:
            self._say(str(wanted))
            if wanted.at:
                page.query_one(f"#{wanted.at}").focus()
            return
        if self.page_id.stop is Stop.DONE:
            self.vangnet.show_screens()
            return
        await self._go(page_after(self.answers, self.page_id))

    @on(Button.Pressed, "#back")
    async def action_back(self) -> None:
        """Go to the page before; a half answer is no reason to stay."""
        self._keep_what_there_is()
        before = page_before(self.answers, self.page_id)
        if before is not None:
            await self._go(before)

    async def _go(self, page_id: PageId) -> None:
        self.answers = dataclasses.replace(self.answers, page=str(page_id))
        if not await self.vangnet.source.set_up():
            await self.vangnet.source.save_draft(self.answers)
        await self.open(page_id)

    @on(Button.Pressed, "#later")
    async def action_later(self) -> None:
        """Close; next time the set-up goes on here. Where that loses something, it warns once."""
        warning = self.page.may_leave()
        if warning and self._warned_on != self.page_id:
            self._warned_on = self.page_id
            self._say(warning)
            return
        self._keep_what_there_is()
        if not await self.vangnet.source.set_up():
            await self.vangnet.source.save_draft(dataclasses.replace(self.answers, page=str(self.page_id)))
        self.app.exit()

    @on(Button.Pressed, "#help")
    async def action_explain(self) -> None:
        self.app.push_screen(
            HelpOverlay(
                (
                    *self.page.explanation(),
                    _("Every answer is kept at once. You can go back, or close and continue later."),
                ),
                keys_of_the_set_up(),
            )
        )

    async def retell(self) -> None:
        """Say every text again, in the language spoken now; what was typed stays where the page has it already."""
        self._keep_what_there_is()
        if self.page.may_go_on() and not self.page.may_leave():
            await self.open(self.page_id)
        else:
            self._label()

    def _keep_what_there_is(self) -> None:
        """Keep this page's answer; of a half one, what the page has of it."""
        try:
            self.answers = self.page.collect()
        except NotYet:
            self.answers = self.page.answers

    def _say(self, text: str) -> None:
        wrong = self.query_one("#wrong", Static)
        wrong.display = bool(text)
        wrong.update(f"! {text}" if text else "")
