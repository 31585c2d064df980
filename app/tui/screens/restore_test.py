"""The restore test: Vangnet puts some files back and compares them; a person opens one and says whether it is right."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from app.errors import VangnetError
from app.i18n import _, ngettext
from app.records.facts import RequestId, RequestKind, RequestState, RestoreTest
from app.tui.screens.dialogs import Dialog
from app.tui.widgets.rows import Note, Row, Rows, cell
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.times import felt_duration

_FOLLOW_EVERY_S = 0.3
_FILES_SHOWN = 6


class RestoreTestDialog(Dialog[None]):
    """First the machine's part, then the person's."""

    def __init__(self, data_set: str) -> None:
        super().__init__()
        self._data_set = data_set
        self._request: RequestId | None = None
        self._shown_run = -1

    def title_text(self) -> str:
        picture = self.vangnet.picture
        name = picture.data_set_name(self._data_set) if picture is not None else self._data_set
        return _("Restore test of {name}").format(name=name)

    def body(self) -> ComposeResult:
        yield Static(id="test-says", markup=False)
        yield Rows(id="test-files")
        yield Static(_("Which file did you open?"), classes="label person")
        yield Input(id="file", classes="person")
        yield Static(_("Your name"), classes="label person")
        yield Input(id="name", classes="person")

    def buttons(self) -> ComposeResult:
        yield Button(_("Start the test"), variant="primary", id="start")
        yield Button(_("It is right"), variant="primary", id="confirm")
        yield Button(_("Close"), id="cancel")

    def on_mount(self) -> None:
        self.call_later(self._draw)
        self.set_interval(_FOLLOW_EVERY_S, self._follow)

    def _test(self) -> RestoreTest | None:
        """The newest test of this set that is still to be confirmed, or that failed."""
        picture = self.vangnet.picture
        if picture is None:
            return None
        own = [test for test in picture.facts.restore_tests if test.data_set == self._data_set]
        newest = max(own, key=lambda test: test.at, default=None)
        return newest if newest is not None and not newest.confirmed_by else None

    async def _draw(self) -> None:
        test = self._test() if self._request is None else None
        waiting = self._request is not None
        wants_person = test is not None and test.identical
        for part in self.query(".person"):
            part.display = wants_person
        rows = self.query_one("#test-files", Rows)
        rows.display = wants_person
        self.query_one("#confirm").display = wants_person
        self.query_one("#start").display = not waiting and not wants_person
        says = self.query_one("#test-says", Static)
        if waiting:
            says.update(Content.styled(_("Vangnet is putting files back and comparing them…") + "\n", "$accent"))
        elif test is None:
            says.update(
                _(
                    "Vangnet puts some files back in a place of their own and compares them with the "
                    "originals' fingerprints. After that it asks you to open one."
                )
                + "\n"
            )
        elif not test.identical:
            text = _(
                "The files that came back were not the same. Tell whoever helps with the computers, and test again."
            )
            says.update(Content.styled(f"✖ {text}\n", "$red"))
        elif test.run != self._shown_run:
            self._shown_run = test.run
            folder = await self.source.sample_folder(test.run)
            says.update(_identical_text(test, folder))
            self._show_files(folder)

    def _show_files(self, folder: Path) -> None:
        files = sorted(p for p in folder.rglob("*") if p.is_file())[:_FILES_SHOWN] if folder.is_dir() else []
        lines: list[tuple[str, Row | Note]] = [
            (str(p), Row(cell(p.name), cell(str(p.parent.relative_to(folder)), style="$muted"))) for p in files
        ]
        rows = self.query_one("#test-files", Rows)
        rows.fill(lines or [("none", Note(Content.styled(_("The files have been tidied away."), "$muted")))])
        rows.focus()

    @on(Rows.OptionSelected)
    def _chosen(self, event: Rows.OptionSelected) -> None:
        event.stop()
        self.query_one("#file", Input).value = Path(event.option_id or "").name
        self.query_one("#name").focus()

    @on(Button.Pressed, "#start")
    async def _start(self) -> None:
        await self.vangnet.ensure_agent()
        try:
            self._request = await self.source.ask(RequestKind.RESTORE_TEST, data_set=self._data_set)
        except VangnetError as error:
            self.say_error(error)
            return
        self.say("")
        await self._draw()

    async def _follow(self) -> None:
        if self._request is None:
            return
        request = await self.source.request(self._request)
        if request.state in (RequestState.DONE, RequestState.REFUSED):
            self._request = None
            await self.vangnet.look_again()
            await self._draw()
            if request.state is RequestState.REFUSED:
                said = explain(request.refusal)
                self.say(f"{said.what} {said.do}")

    @on(Button.Pressed, "#confirm")
    async def _confirm(self) -> None:
        test = self._test()
        if test is None:
            return
        if not self.typed("file"):
            self.say(_("Say which file you opened, please."), at="file")
            return
        if not self.typed("name"):
            self.say(_("Fill in your name, please."), at="name")
            return
        try:
            await self.source.confirm_restore_test(test.run, opened_file=self.typed("file"), by=self.typed("name"))
        except VangnetError as error:
            self.say_error(error)
            return
        await self.vangnet.look_again()
        self.app.notify(_("Thank you. The restore test has been passed."))
        self.dismiss(None)


def _identical_text(test: RestoreTest, folder: Path) -> Content:
    count = ngettext("{count} file", "{count} files", test.files).format(count=felt_number(test.files))
    done = _("{files} came back exactly as they were, in {time}.").format(
        files=count, time=felt_duration(test.duration_s)
    )
    ask = _("Open one that you know, in {folder}, and look whether it is right.").format(folder=folder)
    return Content.styled(f"✔ {done}\n", "$green") + Content(f"{ask}\n")
