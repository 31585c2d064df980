"""A source with fixed values that remembers what it was asked: the screens run on it without a home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from app.assessment.judgements import open_cases
from app.assessment.new_disks import ignoring
from app.errors import VangnetError
from app.jobs.browse import FileHit, FileVersion
from app.jobs.evidence import Closing, EvidenceMissing
from app.jobs.lost_computer import PlaceWithoutKey
from app.jobs.other_copies import OnServer, OtherPlace
from app.jobs.people import PostponeRefused
from app.notices.accounts import MailAccount
from app.notices.people import Arrival
from app.policy.load import template_policy
from app.policy.machine import Person, RemotePlace
from app.policy.model import Language, Policy, Role
from app.power.discovery import Discovery
from app.records.facts import (
    AnomalyVerdict,
    Attestation,
    ChecklistAnswer,
    ChecklistSignature,
    DriveSight,
    Facts,
    Handover,
    Judgement,
    Outcome,
    Postponement,
    Request,
    RequestId,
    RequestKind,
    RequestState,
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
from app.targets.erasing import disk_title
from app.targets.errors import DiskNotToBeErased, RecoveryKeyMistyped
from app.targets.suitability import PlaceProblem, PlaceProblemCode, PlaceReport
from app.targets.udisks import FileSystem
from app.tui.folders import FolderLook, FolderState
from app.tui.other_copies import OtherSetView, OtherView
from app.tui.picture import Picture, RestoreResult, RestoreWish
from app.tui.screens.inbox import Verdict as InboxVerdict
from tests.tui import sample
from tests.tui.fixed_power import FixedPower

KEY = Secret("K7QF-2M9D-8XTW-P4RN-6HJC-Z3VB-9GSE-1YKA-5NQ8")
WHERE = Path("/home/school/puntenboek")


class FixedSource(FixedPower):
    """Implements `app.tui.source.Source` with values that a test chooses."""

    def __init__(self, picture: Picture | None, *, draft: SetupAnswers | None = None) -> None:
        self.picture = picture
        self.draft = draft
        self.plugged: tuple[DriveSight, ...] = ()
        self.asked: list[tuple[RequestKind, str, str]] = []
        self.wishes: list[RestoreWish] = []
        self.applied: SetupAnswers | None = None
        self.apply_error: VangnetError | None = None
        self.pin = ""
        self.sheets_seen = 0
        self.upses = Discovery((), ())
        self.got_back: list[tuple[str, datetime, Path]] = []
        self.taken_by = ""
        self.opened: OtherPlace | None = None
        self.logins: list[tuple[str, str, Secret]] = []
        self.closed: list[tuple[str, Closing]] = []
        self.exempted: tuple[str, str] | None = None
        self.remembered: tuple[Language, str] | None = None
        self.approved_by = ""
        self.agent_started = 0
        self.folders: dict[Path, FolderLook] = {}
        self.servers: tuple[FoundServer, ...] = ()
        self.servers_looked_at: list[RemotePlace] = []
        self.server_look = ServerLook(None, 800_000_000_000)
        self.place_secrets: dict[str, Secret] = {}
        self.place_problems: dict[Path, PlaceProblemCode] = {}
        self.request_state = RequestState.DONE
        self.account: MailAccount | None = None
        self.watch_files = 0
        self.arrivals: tuple[Arrival, ...] = ()
        self.sent: tuple[SentNotice, ...] = ()
        self.disk_found: DiskLook | VangnetError | None = None
        self.added: list[tuple[str, NewDisk]] = []
        self.erased: list[tuple[str, str]] = []
        self.accepted: list[str] = []
        self.lost_keys: tuple[PlaceWithoutKey, ...] | VangnetError = ()
        self.said_lost: list[str] = []

    def change(self, facts: Facts) -> None:
        """Let the facts be these from now on."""
        assert self.picture is not None
        self.picture = sample.picture(facts, progress=self.picture.progress)

    async def set_up(self) -> bool:
        return self.picture is not None

    async def look(self) -> Picture:
        assert self.picture is not None
        return self.picture

    async def settle(self) -> None:
        return

    async def drives(self) -> tuple[DriveSight, ...]:
        return self.plugged

    async def start_agent(self) -> bool:
        self.agent_started += 1
        return True

    async def remember(self, language: Language, theme: str) -> None:
        self.remembered = (language, theme)

    async def ask(self, kind: RequestKind, *, data_set: str = "", target: str = "") -> RequestId:
        self.asked.append((kind, data_set, target))
        return RequestId(len(self.asked))

    async def request(self, request: RequestId) -> Request:
        kind, data_set, target = self.asked[request - 1]
        runs = tuple(run.id for run in self.picture.runs[:4]) if self.picture is not None else ()
        return Request(request, kind, data_set, target, self.request_state, sample.NOW, "test", runs)

    async def confirm_restore_test(self, run: RunId, *, opened_file: str, by: str) -> None:
        assert self.picture is not None
        tests = tuple(
            replace(t, opened_file=opened_file, confirmed_by=by, confirmed_at=sample.NOW) if t.run == run else t
            for t in self.picture.facts.restore_tests
        )
        self.change(replace(self.picture.facts, restore_tests=tests))

    async def answer(self, answer: ChecklistAnswer) -> None:
        assert self.picture is not None
        others = tuple(a for a in self.picture.facts.answers if a.item != answer.item)
        self.change(replace(self.picture.facts, answers=(*others, answer)))

    # Disks

    async def look_at_disk(self, drive: DriveSight) -> DiskLook:
        if isinstance(self.disk_found, VangnetError):
            raise self.disk_found
        assert self.disk_found is not None
        return self.disk_found

    async def add_disk(self, drive: DriveSight, new: NewDisk) -> None:
        self.added.append((drive.device, new))

    async def erase_disk(self, drive: DriveSight, *, typed: str, file_system: FileSystem) -> DriveSight:
        if typed != disk_title(drive):
            raise DiskNotToBeErased(device=drive.device, reason="name-not-typed", wanted=disk_title(drive))
        self.erased.append((drive.device, file_system))
        return replace(drive, fs_uuid="new", fs_type=file_system)

    async def ignore_disk(self, drive: DriveSight) -> None:
        assert self.picture is not None
        said = Attestation(ignoring(drive), "test", sample.NOW, drive.label)
        self.change(replace(self.picture.facts, attestations=(said, *self.picture.facts.attestations)))

    async def accept_housing(self, target: str) -> None:
        self.accepted.append(target)

    async def declare_lost(self, by: str) -> tuple[PlaceWithoutKey, ...]:
        if isinstance(self.lost_keys, VangnetError):
            raise self.lost_keys
        self.said_lost.append(by)
        return self.lost_keys

    async def hand_over(self, target: str, *, holder: str, site: str) -> None:
        assert self.picture is not None
        told = Handover(target, holder, site, sample.NOW, "test")
        self.change(replace(self.picture.facts, handovers=(told, *self.picture.facts.handovers)))

    async def change_login(self, target: str, *, user: str, secret: Secret) -> None:
        if isinstance(self.server_look.error, VangnetError):
            raise self.server_look.error
        self.logins.append((target, user, secret))

    async def close_task(self, task: str, closing: Closing) -> None:
        if not any((closing.remark, closing.document, closing.photo, closing.number, closing.answers)):
            raise EvidenceMissing(task=task, wanted="remark")
        self.closed.append((task, closing))
        subject = task.removeprefix("duty:")
        attestation = Attestation(subject, closing.by, sample.NOW, closing.remark, closing.document)
        assert self.picture is not None
        self.change(replace(self.picture.facts, attestations=(attestation, *self.picture.facts.attestations)))

    async def needs_director(self, task: str) -> bool:
        assert self.picture is not None
        return any(p.obligation == task for p in self.picture.facts.postponements)

    async def postpone_task(self, task: str, *, until: date, reason: str, by: str, pin: Secret | None) -> None:
        if not reason:
            raise PostponeRefused(task=task, reason="no-reason", longest_days=30)
        if pin is not None:
            self._check(pin)
        at = datetime.combine(until, time(), tzinfo=sample.BRUSSELS)
        assert self.picture is not None
        postponement = Postponement(task, at, reason, by, sample.NOW)
        self.change(replace(self.picture.facts, postponements=(postponement, *self.picture.facts.postponements)))

    async def exempt_task(self, task: str, *, reason: str, pin: Secret) -> None:
        self._check(pin)
        self.exempted = (task, reason)

    async def declare_event(self, event: str, *, remark: str, by: str) -> None:
        attestation = Attestation(f"event:{event}", by, sample.NOW, remark)
        assert self.picture is not None
        self.change(replace(self.picture.facts, attestations=(attestation, *self.picture.facts.attestations)))

    async def has_pin(self, role: Role) -> bool:
        return bool(self.pin)

    async def set_pin(self, role: Role, name: str, pin: Secret) -> None:
        self.pin = pin.reveal()

    async def sign_checklist(self, *, by: str, pin: Secret) -> ChecklistSignature:
        self._check(pin)
        assert self.picture is not None
        signature = ChecklistSignature(2026, by, sample.NOW, "{}", "0" * 64, 812, "1" * 64, "2" * 64, "3" * 128)
        self.change(replace(self.picture.facts, signatures=(signature,)))
        return signature

    async def checklist_signature_holds(self, signature: ChecklistSignature) -> bool:
        return signature.signature == "3" * 128

    async def approve_policy(self, *, by: str, pin: Secret) -> None:
        self._check(pin)
        self.approved_by = by

    def _check(self, pin: Secret) -> None:
        from app.records.errors import WrongPin

        if pin.reveal() != self.pin:
            raise WrongPin(role="director")

    async def judge(self, verdict: InboxVerdict, *, pin: Secret) -> None:
        self._check(pin)
        assert self.picture is not None
        found = next(c for c in open_cases(self.picture.facts, sample.NOW) if c.id == verdict.case)
        judgement = Judgement(
            verdict.case, found.last, verdict.ruling, verdict.remark, verdict.owner, verdict.due, verdict.by, sample.NOW
        )
        self.change(replace(self.picture.facts, judgements=(*self.picture.facts.judgements, judgement)))

    async def answer_alarm(self, run: RunId, verdict: AnomalyVerdict, *, by: str, remark: str) -> None:
        assert self.picture is not None
        anomalies = tuple(
            replace(a, verdict=verdict, closed_by=by, remark=remark, closed_at=sample.NOW) if a.run == run else a
            for a in self.picture.facts.anomalies
        )
        self.change(replace(self.picture.facts, anomalies=anomalies))

    async def place_watch_files(self) -> int:
        self.watch_files += 8
        return 8

    async def set_person(self, person: Person, *, instead_of: Person | None) -> None:
        assert self.picture is not None
        others = tuple(p for p in self.picture.machine.people if p not in (instead_of, person))
        machine = replace(self.picture.machine, people=(*others, person))
        self.picture = replace(self.picture, machine=machine)

    async def remove_person(self, person: Person) -> None:
        assert self.picture is not None
        people = tuple(p for p in self.picture.machine.people if p != person)
        self.picture = replace(self.picture, machine=replace(self.picture.machine, people=people))

    async def mail_account(self) -> MailAccount | None:
        return self.account

    async def set_mail(self, account: MailAccount) -> None:
        self.account = account

    async def send_test(self) -> tuple[Arrival, ...]:
        return self.arrivals

    async def notices(self) -> tuple[SentNotice, ...]:
        return self.sent

    async def test_recovery_key(self, typed: str, by: str) -> bool:
        return typed == KEY.reveal()

    async def sheet_seen(self) -> None:
        self.sheets_seen += 1

    async def sample_folder(self, run: RunId) -> Path:
        return Path("/home/school/.cache/vangnet/restore-tests/11")

    async def find(self, words: str) -> tuple[FileHit, ...]:
        names = ("3A/Rapport Kerst 3A.odt", "3B/Rapport Kerst 3B.odt", "3B/Rapport Pasen 3B.odt")
        wanted = words.casefold().split()
        return tuple(
            FileHit(
                path=WHERE / name,
                data_set="puntenboek",
                target="nas",
                snapshot="c" * 64,
                copied_at=sample.NOW - timedelta(hours=23),
                modified_at=sample.NOW - timedelta(hours=25 + 30 * number),
                size=48_000 - 900 * number,
                folder=False,
            )
            for number, name in enumerate(names)
            if all(word in name.casefold() for word in wanted)
        )

    async def versions(self, path: Path) -> tuple[FileVersion, ...]:
        return tuple(
            FileVersion(
                path=path,
                data_set="puntenboek",
                targets=("nas", "schijf-b") if number else ("nas",),
                snapshot="c" * 64,
                copied_at=sample.NOW - timedelta(hours=23, days=3 * number),
                modified_at=sample.NOW - timedelta(hours=25, days=4 * number),
                size=48_000 - 1000 * number,
                folder=False,
            )
            for number in range(3)
        )

    async def restore(self, wish: RestoreWish) -> RestoreResult:
        self.wishes.append(wish)
        return RestoreResult(Outcome.GOOD, len(wish.paths), wish.to)

    async def open_other(self, place: OtherPlace, key: Secret) -> OtherView:
        if key != KEY:
            raise RecoveryKeyMistyped(reason="check", groups=(2,))
        copied = tuple(sample.NOW - timedelta(hours=23, days=n) for n in range(3))
        sets = (
            OtherSetView("leerlingadministratie", "Leerlingadministratie", (WHERE.parent / "administratie",), copied),
            OtherSetView("puntenboek", "Puntenboek", (WHERE,), copied[1:]),
        )
        where = place.place.address if isinstance(place, OnServer) else str(place / "vangnet")
        self.opened = place
        return OtherView(where, "Basisschool De Linde", sets, can_be_taken_over=self.picture is None)

    async def restore_other(self, data_set: str, at: datetime, to: Path) -> RestoreResult:
        self.got_back.append((data_set, at, to))
        return RestoreResult(Outcome.GOOD, 1204, to)

    async def take_over(self, by: str) -> tuple[Path, ...]:
        self.taken_by = by
        self.picture = sample.picture(sample.good_facts())
        return ()

    async def template(self) -> Policy:
        return template_policy()

    async def look_at_data(self, path: Path) -> FolderLook:
        return self.folders.get(path, FolderLook(path, FolderState.FINE, 1204, 3_100_000_000))

    async def find_upses(self) -> Discovery:
        return self.upses

    async def look_at_place(self, path: Path, sources: tuple[Path, ...]) -> PlaceReport:
        problem = self.place_problems.get(path)
        problems = (PlaceProblem(problem),) if problem is not None else ()
        return PlaceReport(problems, (), 900_000_000_000, 2_000_000_000_000, "ext4", read_only=False)

    async def find_servers(self) -> tuple[FoundServer, ...]:
        return self.servers

    async def look_at_server(self, place: RemotePlace, secret: Secret | None) -> ServerLook:
        self.servers_looked_at.append(place)
        return self.server_look

    async def keep_place_secret(self, place: str, secret: Secret) -> str:
        self.place_secrets[place] = secret
        return f"place-{place}"

    async def load_draft(self) -> SetupAnswers | None:
        return self.draft

    async def save_draft(self, answers: SetupAnswers) -> None:
        self.draft = answers

    async def apply(self, answers: SetupAnswers, on_step: Callable[[Step, str], None]) -> Secret:
        if self.apply_error is not None:
            raise self.apply_error
        self.applied = answers
        self.picture = sample.picture(sample.good_facts())
        return KEY

    async def save_sheet(self, sheet: RecoverySheet, folder: Path) -> Path:
        return folder / "Herstelblad Vangnet.txt"

    async def close(self) -> None:
        return
