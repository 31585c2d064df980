"""What went wrong and waits for a verdict, and what an alarm was seen by, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from app.assessment.anomaly import Sign
from app.assessment.judgements import Case, CaseKind
from app.assessment.model import ObligationKind
from app.i18n import _, language, ngettext
from app.policy.machine import Machine
from app.policy.model import DataSetId, Policy
from app.records.facts import Anomaly, Judgement, Ruling, RunKind
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.runs import run_name
from app.wording.times import felt_day, felt_time

SIGNS: Final[dict[str, Callable[[int], str]]] = {
    Sign.CANARY: lambda count: ngettext(
        "{count} watch file that nobody should touch was changed or removed.",
        "{count} watch files that nobody should touch were changed or removed.",
        count,
    ),
    Sign.ENCRYPTED: lambda count: ngettext(
        "{count} file looks encrypted all of a sudden.", "{count} files look encrypted all of a sudden.", count
    ),
    Sign.REWRITTEN: lambda count: ngettext(
        "{count} file has changed at once: far more than usual.",
        "{count} files have changed at once: far more than usual.",
        count,
    ),
    Sign.RENAMED: lambda count: ngettext(
        "{count} file has another name all of a sudden.", "{count} files have another name all of a sudden.", count
    ),
    Sign.GONE: lambda count: ngettext("{count} file is gone.", "{count} files are gone.", count),
}


def sign_texts(anomaly: Anomaly) -> tuple[str, ...]:
    """Say what was noticed, one sentence for each sign."""
    found = [(code, int(figure) if figure.isdigit() else 1) for code, figure in anomaly.signs if code in SIGNS]
    return tuple(SIGNS[code](count).format(count=felt_number(count)) for code, count in found)


def case_title(case: Case, policy: Policy, machine: Machine) -> str:
    """Name what went wrong, and where."""
    data = dict(case.data)
    data_set = ", ".join(data_set_name(policy, name) for name in case.data_sets)
    target = target_name(machine, case.target)
    about = f"{data_set} → {target}" if data_set and target else data_set or target
    match case.kind:
        case CaseKind.ALARM:
            return _("Possible ransomware in {data_set}").format(data_set=data_set)
        case CaseKind.COPY_FAILED:
            return _("Copy failed: {about}").format(about=about)
        case CaseKind.COPY_INCOMPLETE:
            return _("Copy not complete: {about}").format(about=about)
        case CaseKind.BROKEN_OFF:
            return _("Broken off half-way: {about}").format(about=about or _work(machine, data))
        case CaseKind.CHECK_FAILED:
            return _("Check did not go well: {about}").format(about=about)
        case CaseKind.TEST_FAILED:
            return _("Restore test did not go well: {about}").format(about=about)
        case CaseKind.RESTORE_FAILED:
            return _("Files could not be got back: {about}").format(about=about)
        case CaseKind.OTHER_FAILED:
            return _("Work did not succeed: {about}").format(about=about)
        case CaseKind.MISSED:
            what = missed_name(policy, data.get("kind", ""), data.get("obligation", ""))
            return _("Not done in time: {what}").format(what=f"{what} ({about})" if about else what)
        case CaseKind.OUTAGE:
            return outage_name(data.get("kind", "")).format(about=about or data.get("subject", ""))


def _work(machine: Machine, data: dict[str, str]) -> str:
    """Name work that is about a whole place."""
    kind, place = run_name(RunKind(data["work"])), target_name(machine, data["place"])
    return f"{kind} ({place})" if place else kind


def case_why(case: Case) -> str:
    """Say why, as far as it is known; empty otherwise."""
    data = dict(case.data)
    match case.kind:
        case CaseKind.BROKEN_OFF:
            return _("The computer went off, or the program was ended. Vangnet goes on where it left off.")
        case CaseKind.COPY_INCOMPLETE:
            problems = int(data.get("problems") or 0)
            return ngettext("{count} file could not be read", "{count} files could not be read", problems).format(
                count=felt_number(problems)
            )
        case CaseKind.ALARM:
            return ""
        case _:
            return explain(data["error"], data).what if data.get("error") else ""


def case_when(case: Case, now: datetime, tz: tzinfo) -> str:
    """Say when it happened, and how often since the last verdict."""
    last = felt_time(case.last, now, tz)
    if case.count == 1:
        return last
    return _("{count} times, last {when}").format(count=felt_number(case.count), when=last)


def verdict_text(judgement: Judgement, now: datetime, tz: tzinfo) -> str:
    """Say what the director decided."""
    when = felt_time(judgement.at, now, tz)
    match judgement.ruling:
        case Ruling.ACCEPTED:
            said = _("Accepted by {name}, {when}.").format(name=judgement.by, when=when)
        case Ruling.ACTION:
            due = felt_day(judgement.action_due, now.astimezone(tz).date()) if judgement.action_due else "?"
            said = _("{owner} does something about it before {date} ({name}, {when}).").format(
                owner=judgement.action_owner, date=due, name=judgement.by, when=when
            )
    return f"{said} {judgement.remark}".strip()


def data_set_name(policy: Policy, data_set: str) -> str:
    """Name a data set; its id when the policy does not know it any more."""
    try:
        return policy.data_set(DataSetId(data_set)).name
    except KeyError:
        return data_set


def target_name(machine: Machine, target: str) -> str:
    return next((t.name for t in machine.targets if t.id == target), target)


_MISSED: Final[dict[str, Callable[[], str]]] = {
    ObligationKind.BACKUP: lambda: _("copy"),
    ObligationKind.YEARLY_FULL: lambda: _("yearly full back-up"),
    ObligationKind.START_FULL: lambda: _("yearly full back-up"),
    ObligationKind.RESTORE_TEST: lambda: _("restore test"),
    ObligationKind.CONFIRM_RESTORE_TEST: lambda: _("looking at a restored file"),
    ObligationKind.CHECK: lambda: _("check of the copies"),
    ObligationKind.KEY_TEST: lambda: _("test of the recovery key"),
    ObligationKind.PRUNE: lambda: _("clearing old versions"),
    ObligationKind.PLUG_IN_DISK: lambda: _("plugging in the disk"),
    ObligationKind.TAKE_OFF_SITE: lambda: _("taking the disk elsewhere"),
    ObligationKind.REPAIR_LINE: lambda: _("repairing an internet line"),
    ObligationKind.REPLACE_BATTERY: lambda: _("replacing the battery of a UPS"),
    ObligationKind.APPROVE_POLICY: lambda: _("approval of the policy"),
    ObligationKind.REVIEW_POLICY: lambda: _("review of the policy"),
    ObligationKind.CHECKLIST: lambda: _("yearly check"),
}


def missed_name(policy: Policy, kind: str, obligation: str) -> str:
    """Name an obligation that was not met in time; a duty has its name in the policy."""
    duty = policy.duty(obligation.partition(":")[2]) if kind == ObligationKind.DUTY else None
    if duty is not None:
        return duty.title.text(language())
    named = _MISSED.get(kind)
    return named() if named is not None else _("A task of the policy")


def outage_name(kind: str) -> str:
    """Name an interruption; `{about}` is what was interrupted."""
    return {
        "power": _("The mains power failed: {about}"),
        "line": _("The internet line failed: {about}"),
    }.get(kind, _("Interruption: {about}"))
