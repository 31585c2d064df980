"""The recovery sheet: shown once, kept on paper, and a part of it typed back as proof."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.i18n import _
from app.setup.answers import SetupAnswers
from app.setup.recovery_sheet import RecoverySheet, qr_lines
from app.targets.recovery_key import group_matches, recovery_sheet_challenge
from app.tui.background import begin
from app.tui.wizard.page import NotYet, Page, explain_line, label, question
from app.tui.wizard.route import PageId

_ROOM_BESIDE = 34
"""Cells that the text beside the code wants; on a narrower screen the code is left out."""
_LINES_AROUND = 8


class SheetPage(Page):
    """The key in groups, its code to photograph, and a button to keep it as a file for printing."""

    def title(self) -> str:
        return _("The recovery sheet")

    def may_leave(self) -> str:
        return _(
            "First print or copy the recovery sheet: it is shown only this once. Press again to close all the same."
        )

    def compose(self) -> ComposeResult:
        with Horizontal(id="sheet-body"):
            yield Static(id="qr")
            with Vertical(id="sheet-text"):
                yield question(_("Print this sheet, or write it down."))
                yield Static(id="groups")
                yield explain_line(
                    _(
                        "With this key anyone can get your files back, also when "
                        "this computer is gone. Keep it in the safe."
                    )
                )
                yield Static(id="saved", classes="found")
                yield Button(_("Save it for printing"), id="save")

    def on_mount(self) -> None:
        sheet = self._sheet()
        if sheet is None:
            return
        code = qr_lines(sheet.key)
        box = self.query_one("#qr", Static)
        size = self.app.size
        box.display = size.width >= len(code[0]) + _ROOM_BESIDE and size.height >= len(code) + _LINES_AROUND - 2
        box.update(Content("\n".join(code)))
        groups = sheet.groups
        lines = [" ".join(groups[start : start + 3]) for start in range(0, len(groups), 3)]
        self.query_one("#groups", Static).update(Content("\n".join(lines)))

    def _sheet(self) -> RecoverySheet | None:
        key, organisation = self.vangnet.recovery_key, self.answers.organisation
        if key is None or organisation is None:
            return None
        return RecoverySheet(
            organisation=organisation.name,
            made_on=self.vangnet.clock.now().date(),
            key=key,
            places=tuple(place.name for place in self.answers.places),
            it_provider=self.answers.people.it_provider,
        )

    @on(Button.Pressed, "#save")
    async def _save(self) -> None:
        sheet = self._sheet()
        if sheet is None:
            return
        told = self.query_one("#saved", Static)
        try:
            path = await self.source.save_sheet(sheet, Path.home())
        except OSError as problem:
            told.update(Content.styled("✖ " + _("It could not be saved: {why}").format(why=problem.strerror), "$red"))
            return
        text = _("Saved as {path}. Print it, then delete the file.").format(path=path)
        told.update(Content.styled(f"✔ {text}", "$green"))

    def explanation(self) -> tuple[str, ...]:
        return (
            _(
                "The copies are locked with a key. This computer knows it; the "
                "recovery sheet is for when it no longer exists."
            ),
            _("Whoever has the sheet can read every copy: keep it as you keep a passport."),
            _("The square is the same key, to scan with a telephone."),
        )


class ProofPage(Page):
    """Asks for one group of the sheet, so that it is sure that somebody has it."""

    def __init__(self, page: PageId, answers: SetupAnswers) -> None:
        super().__init__(page, answers)
        (self._group,) = recovery_sheet_challenge(1)

    def title(self) -> str:
        return _("The recovery sheet")

    def compose(self) -> ComposeResult:
        yield question(_("Take the sheet. What is group {number}?").format(number=self._group))
        yield label(_("Group {number}, four characters").format(number=self._group))
        yield Input(id="group", max_length=8)
        yield explain_line(_("That way it is certain that the sheet exists and can be read."))

    def may_leave(self) -> str:
        return _(
            "First make sure that you have the recovery sheet: it is not "
            "shown again. Press again to close all the same."
        )

    def collect(self) -> SetupAnswers:
        key = self.vangnet.recovery_key
        typed = self.query_one("#group", Input).value
        if key is not None and not group_matches(key, self._group, typed):
            raise NotYet(
                _("That is not group {number} of the sheet. Look again, or go back to see the sheet.").format(
                    number=self._group
                ),
                at="group",
            )
        if key is not None:
            self.vangnet.recovery_key = None
            begin(self.vangnet, self.vangnet.source.sheet_seen, group="sheet")
        return self.answers

    def explanation(self) -> tuple[str, ...]:
        return (_("The groups are counted from left to right, line by line."),)
