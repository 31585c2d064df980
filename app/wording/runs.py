"""How a run ended and what runs next, in a sentence."""

from __future__ import annotations

from datetime import datetime, tzinfo

from app.assessment.model import ObligationKind
from app.assessment.schedule import NextRun
from app.i18n import _, ngettext
from app.policy.machine import Machine
from app.policy.model import DataSetId, Policy
from app.records.facts import Outcome, Run, RunKind
from app.wording.errors import explain
from app.wording.numbers import felt_number
from app.wording.sizes import felt_size
from app.wording.times import felt_time


def outcome_text(run: Run, policy: Policy | None = None, machine: Machine | None = None) -> str:
    """Say how a run ended; ids stand in for the names when policy or machine are not given."""
    subject = _subject(run, policy, machine)
    match run.outcome:
        case Outcome.RUNNING:
            return _("{subject}: busy.").format(subject=subject)
        case Outcome.GOOD:
            return _("{subject}: done.").format(subject=subject) + _numbers(run)
        case Outcome.INCOMPLETE:
            problems = max(run.problems_total, len(run.problems))
            return ngettext(
                "{subject}: not complete, {count} file could not be read.",
                "{subject}: not complete, {count} files could not be read.",
                problems,
            ).format(subject=subject, count=felt_number(problems))
        case Outcome.FAILED:
            why = explain(run.error_code, dict(run.error_data)).what
            return _("{subject}: did not succeed. {why}").format(subject=subject, why=why)
        case Outcome.CANCELLED:
            return _("{subject}: stopped by you. What was copied is kept.").format(subject=subject)
        case Outcome.INTERRUPTED:
            return _("{subject}: broken off half-way. Vangnet goes on from there.").format(subject=subject)


def outcome_word(outcome: Outcome) -> str:
    """Say in a word or two how a run ended."""
    match outcome:
        case Outcome.RUNNING:
            return _("busy")
        case Outcome.GOOD:
            return _("in order")
        case Outcome.INCOMPLETE:
            return _("not complete")
        case Outcome.FAILED:
            return _("failed")
        case Outcome.CANCELLED:
            return _("stopped")
        case Outcome.INTERRUPTED:
            return _("broken off")


def run_name(kind: RunKind) -> str:
    """Name what a run does."""
    match kind:
        case RunKind.BACKUP:
            return _("Copy")
        case RunKind.FULL:
            return _("Full back-up")
        case RunKind.CHECK:
            return _("Check of the copies")
        case RunKind.RESTORE:
            return _("Getting files back")
        case RunKind.RESTORE_TEST:
            return _("Restore test")
        case RunKind.PRUNE:
            return _("Clearing old versions")
        case RunKind.SYNC:
            return _("Continuous copy")


def next_run_text(run: NextRun, now: datetime, tz: tzinfo) -> str:
    """Say what the machine does next and when: "vandaag 18:00  dagelijkse kopie"."""
    when = _("now") if run.at <= now else felt_time(run.at, now, tz)
    return f"{when}  {work_name(run.kind, run.pace)}"


def work_name(kind: ObligationKind, pace: str = "") -> str:
    """Name the machine's own work."""
    match kind:
        case ObligationKind.BACKUP:
            return {"daily": _("daily copy"), "weekly": _("weekly copy")}.get(pace, _("copy"))
        case ObligationKind.YEARLY_FULL:
            return _("yearly full copy")
        case ObligationKind.RESTORE_TEST:
            return _("restore test")
        case ObligationKind.CHECK:
            return _("checking the copies")
        case ObligationKind.PRUNE:
            return _("clearing old versions")
        case _:
            return ""


def _subject(run: Run, policy: Policy | None, machine: Machine | None) -> str:
    data_set, target = run.data_set, run.target
    if policy is not None and run.data_set in {s.id for s in policy.data_sets}:
        data_set = policy.data_set(DataSetId(run.data_set)).name
    if machine is not None:
        target = next((t.name for t in machine.targets if t.id == run.target), run.target)
    arrow = "←" if run.kind is RunKind.RESTORE else "→"
    about = f" {arrow} ".join(part for part in (data_set, target) if part)
    return f"{run_name(run.kind)} {about}".rstrip()


def _numbers(run: Run) -> str:
    if run.kind not in (RunKind.BACKUP, RunKind.FULL) or not run.files:
        return ""
    files = ngettext("{count} file", "{count} files", run.files).format(count=felt_number(run.files))
    return " " + _("{files}, {size}, {added} new.").format(
        files=files, size=felt_size(run.bytes_total), added=felt_size(run.bytes_added)
    )
