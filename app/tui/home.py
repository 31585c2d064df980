"""The real source of the screens: the records and the files of one home, and the programs started beside them.

Everything that reads or writes runs in a thread: one thread of its own keeps the connection to the records, so the
screens never wait for a disk. Reading the copies and counting folders, which may take long, run in others.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.clock import Clock
from app.jobs.browse import FileHit, FileVersion
from app.jobs.installation import Installation
from app.jobs.people import Closing
from app.paths import Home
from app.policy.machine import RemotePlace, TargetKind
from app.policy.model import Language, Policy, Role
from app.power.discovery import Discovery
from app.records.facts import (
    AnomalyVerdict,
    ChecklistAnswer,
    ChecklistSignature,
    DriveSight,
    KeyTest,
    Request,
    RequestId,
    RequestKind,
    RunId,
    SentNotice,
)
from app.records.presence import agent_pid
from app.records.store import Records
from app.secret import Secret
from app.setup.answers import SetupAnswers
from app.setup.apply import Step
from app.setup.recovery_sheet import RecoverySheet, save_sheet
from app.targets.suitability import PlaceReport
from app.tui.folders import FolderLook, look_at_folder
from app.tui.other_copies import OtherComputer, OtherView
from app.tui.picture import Picture, RestoreResult, RestoreWish
from app.tui.power_source import HomePower
from app.tui.reader import PictureReader
from app.tui.restore_process import restore_in_process

if TYPE_CHECKING:
    from app.setup.disks import DiskLook, NewDisk
    from app.setup.network import ServerLook
    from app.targets.discovery import FoundServer
    from app.targets.udisks import FileSystem
if TYPE_CHECKING:
    from app.notices.accounts import MailAccount
    from app.notices.people import Arrival
    from app.policy.machine import Person
    from app.tui.screens.inbox import Verdict

Answer = TypeVar("Answer")


class HomeSource(HomePower):
    """Implements `app.tui.source.Source` for a home."""

    def __init__(self, home: Home, clock: Clock, *, by: str = "") -> None:
        self._home = home
        self._clock = clock
        self._by = by or "screens"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="screens-records")
        self._reader = PictureReader(home, clock)
        self._other = OtherComputer(home, clock)

    async def set_up(self) -> bool:
        # One look at a directory entry: not worth a thread, and it is asked before the first paint.
        return self._home.machine_file.exists() and self._home.policy_file.exists()

    async def look(self) -> Picture:
        return await self._with_records(self._reader.look)

    async def settle(self) -> None:
        await asyncio.sleep(0.02)

    async def drives(self) -> tuple[DriveSight, ...]:
        from app.targets.drives import connected_drives

        return await asyncio.to_thread(connected_drives)

    async def start_agent(self) -> bool:
        if await self._with_records(lambda: agent_pid(self._home)) is not None:
            return False
        command = [*_own_program(self._home), "agent"]
        self._home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._home.agent_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A session of its own: the agent goes on when the terminal with the screens is closed.
            await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                start_new_session=True,
            )
        finally:
            os.close(handle)
        return True

    async def remember(self, language: Language, theme: str) -> None:
        from app.policy.write import write_machine

        def write() -> None:
            machine = self._installation().machine
            chosen = replace(machine, language=language, theme=theme)
            if chosen != machine:
                write_machine(self._home.machine_file, chosen)

        await self._with_records(write)

    # Asking the agent

    async def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "") -> RequestId:
        return await self._write(lambda records: records.ask(kind, data_set=data_set, target=target, by=self._by))

    async def request(self, request: RequestId) -> Request:
        return await self._read(lambda records: records.request(request))

    # Answers of people

    async def confirm_restore_test(self, run: RunId, *, opened_file: str, by: str) -> None:
        from app.jobs.samples import forget_sample

        await self._write(lambda records: records.confirm_restore_test(run, opened_file=opened_file, by=by))
        await asyncio.to_thread(forget_sample, self._home, run)

    async def answer(self, answer: ChecklistAnswer) -> None:
        await self._write(lambda records: records.answer(answer))

    async def close_task(self, task: str, closing: Closing) -> None:
        from app.jobs.people import close_task

        await self._write(lambda records: close_task(self._installation(), records, task, closing))

    async def needs_director(self, task: str) -> bool:
        from app.jobs.people import find_task, needs_director

        def ask(records: Records) -> bool:
            installation = self._installation()
            return needs_director(installation, records, find_task(installation.assess(records), task))

        return await self._read(ask)

    async def postpone_task(self, task: str, *, until: date, reason: str, by: str, pin: Secret | None) -> None:
        from app.jobs.people import postpone_task

        def act(records: Records) -> None:
            postpone_task(self._installation(), records, task, until=until, reason=reason, by=by, pin=pin)

        await self._write(act)

    async def exempt_task(self, task: str, *, reason: str, pin: Secret) -> None:
        from app.jobs.people import exempt_task

        await self._write(lambda records: exempt_task(self._installation(), records, task, reason=reason, pin=pin))

    async def declare_event(self, event: str, *, remark: str, by: str) -> None:
        from app.jobs.people import declare_event

        await self._write(lambda records: declare_event(self._installation(), records, event, remark=remark, by=by))

    async def has_pin(self, role: Role) -> bool:
        from app.records.pins import has_pin

        return await asyncio.to_thread(has_pin, self._home, role)

    async def set_pin(self, role: Role, name: str, pin: Secret) -> None:
        from app.jobs.director import choose_pin

        assert role is Role.DIRECTOR, "the screens ask no other PIN"
        await self._write(lambda records: choose_pin(self._installation(), records, name=name, pin=pin))

    async def sign_checklist(self, *, by: str, pin: Secret) -> ChecklistSignature:
        from app.jobs.director import sign_checklist

        return await self._write(lambda records: sign_checklist(self._installation(), records, by=by, pin=pin))

    async def checklist_signature_holds(self, signature: ChecklistSignature) -> bool:
        from app.jobs.director import verify_checklists

        reports = await self._read(lambda records: verify_checklists(self._installation(), records))
        return any(report.signature == signature and report.sound for report in reports)

    async def approve_policy(self, *, by: str, pin: Secret) -> None:
        from app.jobs.director import approve_policy

        await self._write(lambda records: approve_policy(self._installation(), records, by=by, pin=pin))

    async def judge(self, verdict: Verdict, *, pin: Secret) -> None:
        from app.jobs.director import judge

        await self._write(
            lambda records: judge(
                self._installation(), records, verdict.case, verdict.ruling, by=verdict.by, remark=verdict.remark,
                owner=verdict.owner, due=verdict.due, pin=pin,
            )
        )  # fmt: skip

    async def answer_alarm(self, run: RunId, verdict: AnomalyVerdict, *, by: str, remark: str) -> None:
        from app.jobs.suspicion import answer_alarm

        await self._write(
            lambda records: answer_alarm(self._installation(), records, run, verdict, by=by, remark=remark)
        )

    async def place_watch_files(self) -> int:
        from app.jobs.canary import place_canaries

        def place(records: Records) -> int:
            installation = self._installation()
            sets = [folders.data_set for folders in installation.machine.data_sets if folders.paths]
            return sum(len(place_canaries(installation, records, name, by=self._by)) for name in sets)

        return await self._write(place)

    # Who is told

    async def set_person(self, person: Person, *, instead_of: Person | None) -> None:
        from app.notices.people import set_person

        await self._write(
            lambda _records: set_person(self._home, self._installation().policy, person, instead_of=instead_of)
        )

    async def remove_person(self, person: Person) -> None:
        from app.notices.people import remove_person

        await self._write(
            lambda _records: remove_person(self._home, self._installation().policy, person.role, person.name)
        )

    async def mail_account(self) -> MailAccount | None:
        from app.notices.accounts import load_accounts

        return (await asyncio.to_thread(load_accounts, self._home)).mail

    async def set_mail(self, account: MailAccount) -> None:
        from app.notices.accounts import load_accounts, save_accounts

        await asyncio.to_thread(lambda: save_accounts(self._home, load_accounts(self._home).with_mail(account)))

    async def send_test(self) -> tuple[Arrival, ...]:
        from app.notices.people import send_test

        installation = await self._loaded()
        return await send_test(self._home, installation.policy, installation.machine)

    async def notices(self) -> tuple[SentNotice, ...]:
        return await self._read(lambda records: records.notices(limit=10))

    async def test_recovery_key(self, typed: str, by: str) -> bool:
        from app.targets.keys import opens
        from app.targets.recovery_key import normalise_recovery_key

        key = normalise_recovery_key(typed)
        right = await asyncio.to_thread(opens, self._home, key)
        if right:
            test = KeyTest(target="", at=self._clock.now(), by=by)
            await self._write(lambda records: records.record_key_test(test))
        return right

    async def sheet_seen(self) -> None:
        from app.jobs.recovery import record_sheet_seen

        await self._write(lambda records: record_sheet_seen(self._installation(), records, by=self._by))

    async def sample_folder(self, run: RunId) -> Path:
        from app.jobs.samples import sample_folder

        return sample_folder(self._home, run)

    # Disks: each with a connection of its own, because a disk that is slow to mount must not hold up the screens

    async def look_at_disk(self, drive: DriveSight) -> DiskLook:
        from app.setup.disks import look_at_disk

        return await self._beside(lambda installation, records: look_at_disk(installation, records, drive))

    async def add_disk(self, drive: DriveSight, new: NewDisk) -> None:
        from app.setup.disks import add_disk

        await self._beside(lambda installation, records: add_disk(installation, records, drive, new, by=self._by))

    async def erase_disk(self, drive: DriveSight, *, typed: str, file_system: FileSystem) -> DriveSight:
        from app.setup.disks import erase_disk

        return await self._beside(
            lambda installation, records: erase_disk(
                installation, records, drive, typed=typed, file_system=file_system, by=self._by
            )
        )

    async def ignore_disk(self, drive: DriveSight) -> None:
        from app.setup.disks import ignore_disk

        await self._write(lambda records: ignore_disk(self._installation(), records, drive, by=self._by))

    async def accept_housing(self, target: str) -> None:
        from app.setup.disks import accept_housing

        await self._beside(lambda installation, records: accept_housing(installation, records, target, by=self._by))

    async def hand_over(self, target: str, *, holder: str, site: str) -> None:
        from app.setup.disks import hand_over

        def act(records: Records) -> None:
            hand_over(self._installation(), records, target, holder=holder, site=site, by=self._by)

        await self._write(act)

    # Getting files back

    async def find(self, words: str) -> tuple[FileHit, ...]:
        from app.jobs.browse import find_files

        return await asyncio.to_thread(find_files, await self._loaded(), search_pattern(words))

    async def versions(self, path: Path) -> tuple[FileVersion, ...]:
        from app.jobs.browse import versions

        return await asyncio.to_thread(versions, await self._loaded(), path)

    async def restore(self, wish: RestoreWish) -> RestoreResult:
        return await restore_in_process(_own_program(self._home), wish)

    # The copies of another computer

    async def open_other(self, place: Path, key: Secret) -> OtherView:
        return await self._other.open(place, key)

    async def restore_other(self, data_set: str, at: datetime, to: Path) -> RestoreResult:
        return await self._other.restore(_own_program(self._home), data_set, at, to)

    async def take_over(self, by: str) -> tuple[Path, ...]:
        return await self._other.take_over(by)

    # The set-up

    async def template(self) -> Policy:
        from app.policy.load import template_policy

        return await asyncio.to_thread(template_policy)

    async def look_at_data(self, path: Path) -> FolderLook:
        return await asyncio.to_thread(look_at_folder, path)

    async def find_upses(self) -> Discovery:
        from app.power.discovery import discover

        return await discover(clock=self._clock)

    async def look_at_place(self, path: Path, sources: tuple[Path, ...]) -> PlaceReport:
        from app.targets.suitability import examine_place

        return await asyncio.to_thread(examine_place, path, sources, kind=TargetKind.FOLDER)

    async def find_servers(self) -> tuple[FoundServer, ...]:
        from app.targets.discovery import find_servers

        return await asyncio.to_thread(find_servers)

    async def look_at_server(self, place: RemotePlace, secret: Secret | None) -> ServerLook:
        from app.setup.network import look_at_server

        return await asyncio.to_thread(look_at_server, place, secret)

    async def keep_place_secret(self, place: str, secret: Secret) -> str:
        from app.targets.remote import store_secret

        return await asyncio.to_thread(store_secret, self._home, place, secret)

    async def load_draft(self) -> SetupAnswers | None:
        from app.setup.draft import load_draft

        return await asyncio.to_thread(load_draft, self._home)

    async def save_draft(self, answers: SetupAnswers) -> None:
        from app.setup.draft import save_draft

        await asyncio.to_thread(save_draft, self._home, answers)

    async def apply(self, answers: SetupAnswers, on_step: Callable[[Step, str], None]) -> Secret:
        from app.setup.apply import apply_setup

        drives = await self.drives()
        result = await asyncio.to_thread(
            apply_setup, self._home, answers, clock=self._clock, drives=drives, on_step=on_step
        )
        return result.recovery_key

    async def save_sheet(self, sheet: RecoverySheet, folder: Path) -> Path:
        from app.i18n import _

        name = _("Recovery sheet Vangnet")
        for number in range(1, 100):
            path = folder / (f"{name}.txt" if number == 1 else f"{name} ({number}).txt")
            try:
                await asyncio.to_thread(save_sheet, sheet, path)
            except FileExistsError:
                continue
            return path
        raise FileExistsError(17, os.strerror(17), str(folder / name))

    async def close(self) -> None:
        await self._with_records(self._reader.close)
        self._thread.shutdown(wait=False)

    # How it gets there

    async def _with_records(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _read(self, work: Callable[[Records], Answer]) -> Answer:
        return await self._with_records(lambda: work(self._reader.records()))

    async def _write(self, work: Callable[[Records], Answer]) -> Answer:
        def write() -> Answer:
            try:
                return work(self._reader.records())
            finally:
                self._reader.forget()

        return await self._with_records(write)

    async def _beside(self, work: Callable[[Installation, Records], Answer]) -> Answer:
        """Do something that may take long, without the connection that the screens look through."""

        def act() -> Answer:
            installation = Installation.load(self._home, self._clock)
            with installation.records() as records:
                return work(installation, records)

        try:
            return await asyncio.to_thread(act)
        finally:
            await self._with_records(self._reader.forget)

    async def _loaded(self) -> Installation:
        return await self._with_records(self._reader.installation)

    def _installation(self) -> Installation:
        return self._reader.installation()


def search_pattern(words: str) -> str:
    """Turn what a person types into a pattern: the words in this order, anything between them."""
    parts = words.split()
    return "*" + "*".join(parts) + "*" if parts else "*"


def _own_program(home: Home) -> tuple[str, ...]:
    """Return the command line that starts this program for the same home."""
    # `--home` keeps everything below one folder; a home in the XDG folders is found without it.
    one_folder = home == Home.in_folder(home.config)
    return (sys.executable, "-m", "app", *(("--home", str(home.config)) if one_folder else ()))
