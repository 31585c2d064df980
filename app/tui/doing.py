"""What Enter on a task does: start it, or open the window in which a person does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.assessment.model import Obligation, ObligationKind
from app.i18n import _
from app.policy.model import Role
from app.records.facts import RequestKind
from app.wording.tasks import task_text

if TYPE_CHECKING:
    from app.tui.app import VangnetApp
    from app.tui.picture import Picture


async def do_task(app: VangnetApp, picture: Picture, task: Obligation) -> None:
    """Do a task, or help a person to do it."""
    said = task_text(task, picture.now, picture.timezone)
    data_set, target = str(task.data_set or ""), task.target or ""
    match task.kind:
        case ObligationKind.PLUG_IN_DISK:
            from app.tui.screens.dialogs import Tell

            app.push_screen(Tell(said.title, said.how))
        case ObligationKind.TAKE_OFF_SITE:
            from app.tui.screens.disk_dialogs import TakeAlong

            app.push_screen(TakeAlong(task, said))
        case ObligationKind.BACKUP | ObligationKind.CHECK:
            kind = RequestKind.BACKUP if task.kind is ObligationKind.BACKUP else RequestKind.CHECK
            await app.ask(kind, data_set=data_set, target=target)
            app.notify(_("It has been started. You can just go on working."))
        case ObligationKind.YEARLY_FULL | ObligationKind.START_FULL:
            ask_full(app, data_set, target)
        case ObligationKind.RESTORE_TEST | ObligationKind.CONFIRM_RESTORE_TEST:
            from app.tui.screens.restore_test import RestoreTestDialog

            app.push_screen(RestoreTestDialog(data_set))
        case ObligationKind.KEY_TEST:
            from app.tui.screens.key_test import KeyTestDialog

            app.push_screen(KeyTestDialog(said))
        case ObligationKind.DUTY | ObligationKind.REVIEW_POLICY:
            from app.tui.screens.task_dialogs import HowDialog

            app.push_screen(HowDialog(picture, task))
        case ObligationKind.APPROVE_POLICY:
            await approve_policy(app, picture)
        case ObligationKind.ANSWER_ALARM:
            app.open_alarm(int(dict(task.data).get("run") or 0))
        case ObligationKind.JUDGE:
            app.action_go("inbox")
        case ObligationKind.ENTER_PASSWORD:
            from app.tui.screens.place_login import PlaceLogin

            if (place := next((t for t in picture.machine.targets if t.id == target), None)) is not None:
                app.push_screen(PlaceLogin(place, said))
        case ObligationKind.REPAIR_LINE | ObligationKind.REPLACE_BATTERY:
            app.action_go("power")
        case ObligationKind.CHECKLIST:
            app.action_go("checklist")
        case ObligationKind.PRUNE | ObligationKind.REPAIR_CONFIGURATION:
            from app.tui.screens.dialogs import Tell

            app.push_screen(Tell(said.title, said.how))


async def stop_shown(app: VangnetApp) -> None:
    """Stop the run that is shown as busy; what is finished stays, and other copies go on."""
    picture = app.picture
    if picture is None or not picture.busy:
        return
    shown, *others = picture.busy
    await app.ask(RequestKind.CANCEL, data_set=shown.data_set, target=shown.target)
    if others:
        app.notify(
            _("This copy stops; what is already copied stays. The others go on: press x again for the next one.")
        )
    else:
        app.notify(_("The copy stops. What is already copied stays; the next one goes on from there."))


def ask_full(app: VangnetApp, data_set: str = "", target: str = "") -> None:
    """Ask whether the yearly full back-up may start: it reads everything and takes long."""
    from app.tui.screens.dialogs import AskYes

    async def start(yes: bool | None) -> None:
        if yes:
            await app.ask(RequestKind.FULL, data_set=data_set, target=target)
            app.notify(_("The yearly full copy has been started."))

    app.push_screen(
        AskYes(
            _("Yearly full back-up"),
            _("Everything is read again, copied, and then read back from the disk. That can take hours."),
            _("You can go on working meanwhile, and close this window."),
            yes=_("Start it"),
        ),
        start,
    )


async def approve_policy(app: VangnetApp, picture: Picture) -> None:
    """Let the director read what the policy comes down to, and approve it with the PIN."""
    from app.tui.screens.approve import ApproveDialog

    app.push_screen(ApproveDialog(picture, new=not await app.source.has_pin(Role.DIRECTOR)))
