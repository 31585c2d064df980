"""The agent tells people: it looks regularly what is to be said, and sends it until it has arrived."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from app.agent.judging import Judged, Judging
from app.agent.log import say
from app.assessment.judgements import missed_now
from app.assessment.model import Assessment
from app.clock import Clock
from app.errors import VangnetError
from app.i18n import set_language
from app.jobs.installation import Installation
from app.notices.accounts import Accounts, load_accounts
from app.notices.deciding import Setting, notices_due
from app.notices.delivery import Parcel, Trouble
from app.notices.desktop import Desktop, open_vangnet, session_bus
from app.notices.model import DESKTOP, EMAIL, PING, SERVICE, Urgency, is_evidence
from app.notices.pinging import ping_due
from app.notices.sending import send
from app.notices.texts import Background, letter
from app.paths import Home
from app.policy.machine import Person
from app.policy.people import people_of
from app.records.facts import Facts, NoticeState, SentNotice
from app.records.store import Records

AT_ONCE: Final = 3
_PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
_GIVE_UP: Final = {
    DESKTOP: timedelta(minutes=30),
    PING: timedelta(hours=1),
    EMAIL: timedelta(days=7),
    SERVICE: timedelta(days=7),
}
"""How long a message is worth sending."""


class Teller:
    """Lives in the agent's loop; what it said, and what is still to be sent, is in the records."""

    def __init__(self, home: Home, clock: Clock, records: Records, judging: Judging) -> None:
        self._home = home
        self._clock = clock
        self._records = records
        self._judging = judging
        self._planned: tuple[Judged, Accounts, bool] | None = None
        """What the last plan was made from."""
        self._installation: Installation | None = None
        self._busy = asyncio.Lock()
        self._desktop = Desktop(self._open)

    async def tell(self, installation: Installation | None) -> None:
        """Say what is to be said now and send what waits. Without a usable configuration the last one serves."""
        self._installation = installation or self._installation
        if self._installation is None:
            return
        async with self._busy:
            self._plan(self._installation)
            await self._send_all(self._installation)

    async def close(self) -> None:
        await self._desktop.close()

    def _open(self) -> None:
        say("vangnet-opened", found=open_vangnet(self._home))

    # --- deciding ----------------------------------------------------------------------------------------------

    def _plan(self, installation: Installation) -> None:
        judged = self._judging.now(installation)
        misses = missed_now(judged.assessment)
        if {(m.obligation, m.due) for m in misses} - {(m.obligation, m.due) for m in judged.facts.misses}:
            self._records.note_missed(misses)
            judged = self._judging.now(installation)
        accounts, desktop = self._accounts(), bool(session_bus())
        if self._planned is not None and self._planned[0] is judged and self._planned[1:] == (accounts, desktop):
            return
        self._planned = judged, accounts, desktop
        said, facts, assessment = self._records.notices(), judged.facts, judged.assessment
        setting = Setting(
            assessment=assessment,
            facts=facts,
            people=reachable(people_of(installation.policy, installation.machine), accounts),
            calendar=installation.policy.calendar,
            desktop=desktop,
            now=self._clock.now(),
            tz=installation.timezone,
        )
        self._plan_notices(installation, setting, said)
        if accounts.ping is not None:
            self._plan_ping(facts, assessment, said)

    def _plan_notices(self, installation: Installation, setting: Setting, said: Sequence[SentNotice]) -> None:
        due = notices_due(setting, said)
        if not due:
            return
        set_language(installation.machine.language)
        background = Background(
            policy=installation.policy,
            machine=installation.machine,
            assessment=setting.assessment,
            facts=setting.facts,
            computer=platform.node() or "?",
            now=setting.now,
            tz=setting.tz,
        )
        for notice in due:
            text = letter(notice, background)
            number = self._records.plan_notice(
                key=notice.key,
                role=notice.to.role.value,
                person=notice.to.name,
                channel=notice.channel,
                urgency=notice.urgency.value,
                title=text.title,
                body=text.body,
            )
            say("notice-planned", notice=number, topic=notice.topic, role=notice.to.role, channel=notice.channel)

    def _plan_ping(self, facts: Facts, assessment: Assessment, said: Sequence[SentNotice]) -> None:
        pings = [sent for sent in said if sent.channel == PING]
        ping = ping_due(facts, assessment, pings, self._clock.now())
        if ping is not None:
            self._records.plan_notice(
                key=ping.key,
                role="",
                person="",
                channel=PING,
                urgency=Urgency.LOW.value,
                title=ping.beat.value,
                body="",
            )

    def _accounts(self) -> Accounts:
        try:
            return load_accounts(self._home)
        except VangnetError as exc:
            say(exc.code, logging.WARNING)
            return Accounts()

    # --- sending -----------------------------------------------------------------------------------------------

    async def _send_all(self, installation: Installation) -> None:
        now = self._clock.now()
        waiting = [(notice, body) for notice, body in self._records.waiting_notices() if is_due(notice, now)]
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(notice: SentNotice, body: str) -> None:
            async with gate:
                await self._send(installation, notice, body)

        await asyncio.gather(*(one(notice, body) for notice, body in waiting))

    async def _send(self, installation: Installation, notice: SentNotice, body: str) -> None:
        trouble = await self._deliver(installation, notice, body)
        state = NoticeState.SENT
        if trouble is not None:
            too_old = self._clock.now() - notice.at > _GIVE_UP[_kind(notice.channel)]
            state = NoticeState.GIVEN_UP if too_old else NoticeState.WAITING
        level = logging.INFO if trouble is None else logging.WARNING
        say("notice-sent" if trouble is None else "notice-not-sent", level, notice=notice.id, trouble=trouble or "-")
        self._records.note_attempt(
            notice, state=state, error="" if trouble is None else trouble.value, evidence=is_evidence(notice.key)
        )

    async def _deliver(self, installation: Installation, notice: SentNotice, body: str) -> Trouble | None:
        people = people_of(installation.policy, installation.machine)
        address = next((p.email for p in people if p.name == notice.person and p.role.value == notice.role), "")
        critical = notice.urgency == Urgency.CRITICAL
        parcel = Parcel(notice.channel, address, notice.title, body, critical)
        if notice.channel == DESKTOP:
            return await self._desktop.show(parcel)
        return await send(self._home, parcel)


def reachable(people: tuple[Person, ...], accounts: Accounts) -> tuple[Person, ...]:
    """Return the people with only those addresses for which there is an account to send from."""
    known = dict(accounts.services)
    return tuple(
        replace(
            person,
            email=person.email if accounts.mail else "",
            services=tuple(name for name in person.services if name in known),
        )
        for person in people
    )


def is_due(notice: SentNotice, now: datetime) -> bool:
    """Tell whether a message is to be tried now: at once, then ever less often."""
    if notice.tried_at is None or notice.attempts == 0:
        return True
    pause = _PAUSES[min(notice.attempts, len(_PAUSES)) - 1]
    return not timedelta(0) <= now - notice.tried_at < pause


def _kind(channel: str) -> str:
    return SERVICE if channel.startswith(SERVICE) else channel
