"""The one seam between the screens and what lies below: what they may see and ask.

Screens never open a database, a folder or a process: they show the newest picture and await a `Source`. The real one is
`app.tui.home.HomeSource`; tests and pictures of screens use one with fixed values.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.tui.power_source import PowerSource

if TYPE_CHECKING:
    from app.jobs.browse import FileHit, FileVersion
    from app.jobs.evidence import Closing
    from app.jobs.lost_computer import PlaceWithoutKey
    from app.jobs.other_copies import OtherPlace
    from app.notices.accounts import MailAccount
    from app.notices.people import Arrival
    from app.policy.machine import Person, RemotePlace
    from app.policy.model import Language, Policy, Role
    from app.power.discovery import Discovery
    from app.records.facts import (
        AnomalyVerdict,
        ChecklistAnswer,
        ChecklistSignature,
        DriveSight,
        Request,
        RequestId,
        RequestKind,
        RunId,
        SentNotice,
    )
    from app.secret import Secret
    from app.setup.answers import SetupAnswers
    from app.setup.apply import Step
    from app.setup.disks import DiskLook, NewDisk
    from app.setup.network import ServerLook
    from app.setup.recovery_sheet import RecoverySheet
    from app.targets.discovery import FoundServer
    from app.targets.suitability import PlaceReport
    from app.targets.udisks import FileSystem
    from app.tui.folders import FolderLook
    from app.tui.other_copies import OtherView
    from app.tui.picture import Picture, RestoreResult, RestoreWish
    from app.tui.screens.inbox import Verdict


class Source(PowerSource, Protocol):
    """What the screens may see and ask. Everything may take time, so everything is awaited."""

    async def set_up(self) -> bool:
        """Tell whether this home has a finished set-up."""
        ...

    async def look(self) -> Picture:
        """Return the newest picture; the same object while nothing but the time has changed."""
        ...

    async def drives(self) -> tuple[DriveSight, ...]:
        """List the USB disks that are plugged in now; works before the set-up too."""
        ...

    async def start_agent(self) -> bool:
        """Start the agent as a program of its own when none runs; tell whether it was started."""
        ...

    async def remember(self, language: Language, theme: str) -> None:
        """Keep the language and the theme that somebody chose, for the next time; raises VangnetError."""
        ...

    # Asking the agent
    async def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "") -> RequestId: ...

    async def request(self, request: RequestId) -> Request: ...

    # Answers of people
    async def confirm_restore_test(self, run: RunId, *, opened_file: str, by: str) -> None: ...

    async def answer(self, answer: ChecklistAnswer) -> None: ...

    async def close_task(self, task: str, closing: Closing) -> None:
        """Record that a task was done, with what shows it; raises VangnetError."""
        ...

    async def needs_director(self, task: str) -> bool:
        """Tell whether a task was put off so often in a row that only the director can do so again."""
        ...

    async def postpone_task(self, task: str, *, until: date, reason: str, by: str, pin: Secret | None) -> None:
        """Put a task off; raises VangnetError."""
        ...

    async def exempt_task(self, task: str, *, reason: str, pin: Secret) -> None:
        """Record that a task does not apply here, says the director; raises VangnetError."""
        ...

    async def declare_event(self, event: str, *, remark: str, by: str) -> None:
        """Record that something has happened after which the policy is reviewed; raises VangnetError."""
        ...

    async def has_pin(self, role: Role) -> bool: ...

    async def set_pin(self, role: Role, name: str, pin: Secret) -> None: ...

    async def sign_checklist(self, *, by: str, pin: Secret) -> ChecklistSignature:
        """Sign the answers of this school year; raises VangnetError, among others when the PIN is wrong."""
        ...

    async def checklist_signature_holds(self, signature: ChecklistSignature) -> bool: ...

    async def approve_policy(self, *, by: str, pin: Secret) -> None:
        """Record the director's approval; raises VangnetError, among others when the PIN is wrong."""
        ...

    async def judge(self, verdict: Verdict, *, pin: Secret) -> None:
        """Record the director's verdict on something that went wrong. Raises WrongPin, UnknownCase …"""
        ...

    async def answer_alarm(self, run: RunId, verdict: AnomalyVerdict, *, by: str, remark: str) -> None:
        """Say what an alarm of possible ransomware was; raises UnknownAnomaly."""
        ...

    async def place_watch_files(self) -> int:
        """Place documents among the data that nobody should touch; returns how many."""
        ...

    # Who is told
    async def set_person(self, person: Person, *, instead_of: Person | None) -> None: ...

    async def remove_person(self, person: Person) -> None: ...

    async def mail_account(self) -> MailAccount | None: ...

    async def set_mail(self, account: MailAccount) -> None:
        """Keep the account that mail is sent from; raises BadAddress."""
        ...

    async def send_test(self) -> tuple[Arrival, ...]:
        """Send a test to everybody and say what arrived."""
        ...

    async def notices(self) -> tuple[SentNotice, ...]:
        """Return what people were told last, the newest first."""
        ...

    async def test_recovery_key(self, typed: str, by: str) -> bool:
        """Try a typed recovery key on the organisation's keys; a right one is recorded as a test of the key.

        Raises RecoveryKeyMistyped when it cannot be one.
        """
        ...

    async def sheet_seen(self) -> None:
        """Record that a part of the new recovery sheet was read back."""
        ...

    async def sample_folder(self, run: RunId) -> Path:
        """Return the folder in which a restore test has put its files."""
        ...

    # Disks
    async def look_at_disk(self, drive: DriveSight) -> DiskLook:
        """Look what is on a disk and whether copies can go there; raises VangnetError."""
        ...

    async def add_disk(self, drive: DriveSight, new: NewDisk) -> None:
        """Make a disk a place for copies; raises VangnetError."""
        ...

    async def erase_disk(self, drive: DriveSight, *, typed: str, file_system: FileSystem) -> DriveSight:
        """Erase a disk whose name was typed; returns it as it is then. Raises VangnetError."""
        ...

    async def ignore_disk(self, drive: DriveSight) -> None:
        """Remember that a disk is not for copies."""
        ...

    async def accept_housing(self, target: str) -> None:
        """Take a person's word that the disk plugged in is this one in another housing; raises VangnetError."""
        ...

    async def hand_over(self, target: str, *, holder: str, site: str) -> None:
        """Record who has a disk from now on."""
        ...

    async def declare_lost(self, by: str) -> tuple[PlaceWithoutKey, ...]:
        """Record that the computer before this one is lost, and take its key off every place; raises VangnetError."""
        ...

    async def change_login(self, target: str, *, user: str, secret: Secret) -> None:
        """Keep a place's new password, once it has proved to be right; raises VangnetError."""
        ...

    # Getting files back
    async def find(self, words: str) -> tuple[FileHit, ...]:
        """Look for files whose name has all these words, in this order, in any case."""
        ...

    async def versions(self, path: Path) -> tuple[FileVersion, ...]: ...

    async def restore(self, wish: RestoreWish) -> RestoreResult: ...

    # The copies of another computer
    async def open_other(self, place: OtherPlace, key: Secret) -> OtherView:
        """Open copies with the key of their recovery sheet; nothing is written there. Raises VangnetError."""
        ...

    async def restore_other(self, data_set: str, at: datetime, to: Path) -> RestoreResult:
        """Get a version of a data set back from the copies that are open."""
        ...

    async def take_over(self, by: str) -> tuple[Path, ...]:
        """Go on with the copies that are open; returns the folders that are not here. Raises VangnetError."""
        ...

    # The set-up
    async def template(self) -> Policy:
        """Return the policy that a new set-up starts from: its questions, levels and rules."""
        ...

    async def look_at_data(self, path: Path) -> FolderLook:
        """Look whether a folder is there and count what is in it."""
        ...

    async def find_upses(self) -> Discovery:
        """Look for UPSes that can be read from here; takes about a second."""
        ...

    async def look_at_place(self, path: Path, sources: tuple[Path, ...]) -> PlaceReport:
        """Look whether a folder can hold the copies of `sources`."""
        ...

    async def find_servers(self) -> tuple[FoundServer, ...]:
        """Look which servers announce themselves on the local network; takes about three seconds."""
        ...

    async def look_at_server(self, place: RemotePlace, secret: Secret | None) -> ServerLook:
        """Look whether a server answers and lets us in; takes ten seconds at most."""
        ...

    async def keep_place_secret(self, place: str, secret: Secret) -> str:
        """Keep the password or private key of a place; returns the name under which it lies."""
        ...

    async def load_draft(self) -> SetupAnswers | None: ...

    async def save_draft(self, answers: SetupAnswers) -> None: ...

    async def apply(self, answers: SetupAnswers, on_step: Callable[[Step, str], None]) -> Secret:
        """Make the set-up real and forget the draft; returns the recovery key, which exists nowhere else.

        `on_step` is called from another thread. Raises VangnetError; then nothing counts as set up.
        """
        ...

    async def save_sheet(self, sheet: RecoverySheet, folder: Path) -> Path:
        """Write the recovery sheet as text into a folder, never over an existing file; raises OSError."""
        ...

    async def settle(self) -> None:
        """Wait a moment, so that what was written just now can be seen."""
        ...

    async def close(self) -> None: ...
