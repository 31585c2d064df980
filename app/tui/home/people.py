"""How a home keeps what people answer, sign and judge, and who is told."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from app.policy.model import Role
from app.records.facts import AnomalyVerdict, ChecklistAnswer, ChecklistSignature, KeyTest, RunId, SentNotice
from app.tui.home.base import HomeBase

if TYPE_CHECKING:
    from app.jobs.evidence import Closing
    from app.notices.accounts import MailAccount
    from app.notices.people import Arrival
    from app.policy.machine import Person
    from app.records.store import Records
    from app.secret import Secret
    from app.tui.screens.inbox import Verdict


class HomeTasks(HomeBase):
    """What people do: tasks, restore tests, the recovery key, alarms."""

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

    async def confirm_restore_test(self, run: RunId, *, opened_file: str, by: str) -> None:
        from app.jobs.samples import forget_sample

        await self._write(lambda records: records.confirm_restore_test(run, opened_file=opened_file, by=by))
        await asyncio.to_thread(forget_sample, self._home, run)

    async def sample_folder(self, run: RunId) -> Path:
        from app.jobs.samples import sample_folder

        return sample_folder(self._home, run)

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


class HomeDirector(HomeBase):
    """What the director answers, approves and judges, with the PIN."""

    async def answer(self, answer: ChecklistAnswer) -> None:
        await self._write(lambda records: records.answer(answer))

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


class HomeTold(HomeBase):
    """Who is told, and how."""

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

        await self._with_records(lambda: save_accounts(self._home, load_accounts(self._home).with_mail(account)))

    async def send_test(self) -> tuple[Arrival, ...]:
        from app.notices.people import send_test

        installation = await self._loaded()
        return await send_test(self._home, installation.policy, installation.machine)

    async def notices(self) -> tuple[SentNotice, ...]:
        return await self._read(lambda records: records.notices(limit=10))
