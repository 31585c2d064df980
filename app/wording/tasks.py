"""What people are asked to do: what, by when, how, and the words on the key that does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.assessment.model import Obligation, ObligationKind, Timing
from app.clock import parse_utc
from app.i18n import _, ngettext
from app.wording.disk_tasks import plug_in_words, take_off_words
from app.wording.duty_texts import duty_words, review_words
from app.wording.power import power_task_words
from app.wording.times import before, felt_day, felt_time, lateness


@dataclass(frozen=True, slots=True)
class TaskText:
    """`title` and `when` stand in a list; `how` explains it; `action` is the label of the key that starts it."""

    title: str
    when: str
    how: str
    action: str


def task_text(obligation: Obligation, now: datetime, tz: tzinfo) -> TaskText:
    """Word an obligation, a person's or the machine's own."""
    title, how, action = _words(obligation.kind, dict(obligation.data))
    return TaskText(title, _when(obligation, now, tz), how, action)


def _when(obligation: Obligation, now: datetime, tz: tzinfo) -> str:
    if obligation.timing is Timing.MET:
        return _("done")
    put_off = dict(obligation.data).get("postponed_until")
    if put_off:
        until, today = parse_utc(put_off).astimezone(tz).date(), now.astimezone(tz).date()
        return _("put off until {day}").format(day=felt_day(until, today))
    if obligation.kind is ObligationKind.ANSWER_ALARM:
        return felt_time(obligation.due, now, tz)
    if now > obligation.due:
        return lateness(obligation.due, now, tz)
    return before(obligation.due, now, tz)


def _words(kind: ObligationKind, data: dict[str, str]) -> tuple[str, str, str]:
    data_set, target = data.get("data_set", ""), data.get("target", "")
    match kind:
        case ObligationKind.PLUG_IN_DISK:
            return plug_in_words(data)
        case ObligationKind.TAKE_OFF_SITE:
            return take_off_words(data)
        case ObligationKind.CONFIRM_RESTORE_TEST:
            return (
                _("Restore test of {data_set}: look at one file").format(data_set=data_set),
                _("Vangnet has put some files back. Open one that you know and say whether it is right."),
                _("Do it now"),
            )
        case ObligationKind.APPROVE_POLICY:
            return (
                _("Approve the back-up policy"),
                _("The director reads the policy and approves it with the PIN. Until then the copies are simply made."),
                _("Read"),
            )
        case ObligationKind.REVIEW_POLICY:
            return review_words(data)
        case ObligationKind.DUTY:
            return duty_words(data)
        case ObligationKind.ANSWER_ALARM:
            return (
                _("Possible ransomware in {data_set}").format(data_set=data_set),
                _("Pull out the network cable and call the IT provider. Then say what it was."),
                _("Look now"),
            )
        case ObligationKind.JUDGE:
            count = int(data.get("count") or 1)
            return (
                ngettext(
                    "{count} thing went wrong: your verdict?",
                    "{count} things went wrong: your verdict?",
                    count,
                ).format(count=count),
                _("Look at what went wrong, and say whether that is good enough or something must be done."),
                _("Judge"),
            )
        case ObligationKind.KEY_TEST:
            return (
                _("Test the recovery key"),
                _("Fetch the recovery sheet and type its key. So you know that it still opens the copies."),
                _("Do it now"),
            )
        case ObligationKind.CHECKLIST:
            return (
                _("Yearly check {school_year}").format(school_year=data.get("school_year", "")),
                _("Answer the questions; Vangnet has the evidence ready. Then sign."),
                _("Look"),
            )
        case ObligationKind.BACKUP:
            return (
                _("Copy of {data_set} to {target}").format(data_set=data_set, target=target),
                _("Vangnet does this by itself. You can also make the copy now."),
                _("Make a copy"),
            )
        case ObligationKind.START_FULL:
            return (
                _("Yearly full back-up to {target}").format(target=target),
                _(
                    "Everything is read again, copied and read back from the disk. Choose a quiet moment; "
                    "at the end of the period Vangnet starts it by itself."
                ),
                _("Start it"),
            )
        case ObligationKind.YEARLY_FULL:
            return (
                _("Yearly full back-up of {data_set}").format(data_set=data_set),
                _("Vangnet does this by itself once {target} is there. Everything is read again and read back.").format(
                    target=target
                ),
                _("Make a copy"),
            )
        case ObligationKind.RESTORE_TEST:
            return (
                _("Restore test of {data_set}").format(data_set=data_set),
                _("Vangnet puts some files back in a separate place and compares them. Then it asks you to open one."),
                _("Do it now"),
            )
        case ObligationKind.PRUNE:
            return (
                _("Clear old versions on {target}").format(target=target),
                _("Vangnet does this by itself, after good copies. The newest good version always stays."),
                _("Look"),
            )
        case ObligationKind.REPAIR_CONFIGURATION:
            return (
                _("Mend a mistake in {file}").format(file=data.get("file", "")),
                _(
                    "Line {line}, {key}: this cannot be read. Vangnet goes on with the last version that was right. "
                    "`vangnet policy validate` shows what is meant."
                ).format(line=data.get("line", ""), key=data.get("key", "") or "–"),
                _("Look"),
            )
        case ObligationKind.ENTER_PASSWORD:
            return (
                _("Enter the password of {target}").format(target=target),
                _(
                    "{target} does not accept our name, password or key. Ask for the new one and type it here; until "
                    "then no copy goes there. Earlier copies are still there."
                ).format(target=target)
                if data.get("reason") == "login"
                else _("This computer does not know the password of {target}. Until then no copy goes there.").format(
                    target=target
                ),
                _("Type it"),
            )
        case ObligationKind.REPAIR_LINE | ObligationKind.REPLACE_BATTERY:
            return power_task_words(kind, data)
        case ObligationKind.CHECK:
            return (
                _("Check the copies on {target}").format(target=target),
                _("Vangnet looks by itself whether every copy is still whole."),
                _("Do it now"),
            )
