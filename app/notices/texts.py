"""What a notice says, in the language spoken now: what happened, whether the data is safe, what to do. Plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from app.assessment.judgements import Case, CaseKind, open_cases
from app.assessment.model import Assessment, State
from app.i18n import _, ngettext
from app.notices.model import DESKTOP, Notice, Topic
from app.policy.machine import Machine
from app.policy.model import Policy, Role
from app.records.facts import Facts, Outcome, RunKind
from app.wording.cases import case_title, case_when, case_why, data_set_name, sign_texts
from app.wording.findings import finding_text
from app.wording.headline import headline
from app.wording.numbers import felt_number
from app.wording.tasks import task_text
from app.wording.times import felt_time

SHOWN: Final = 10
DESKTOP_SHOWN: Final = 3
_SIGNS: Final = {State.OK: "✔", State.ATTENTION: "!", State.ERROR: "✖"}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is sent."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Background:
    """What a text needs to know beside the notice."""

    policy: Policy
    machine: Machine
    assessment: Assessment
    facts: Facts
    computer: str
    now: datetime
    tz: tzinfo

    @property
    def organisation(self) -> str:
        return self.policy.organisation.name


def letter(notice: Notice, background: Background) -> Letter:
    """Word a notice for its channel."""
    if notice.channel == DESKTOP:
        title, lines = _short(notice, background)
        return Letter(title, "\n".join(lines))
    title, body = _long(notice, background)
    signed = _("Vangnet, on the computer {computer} of {organisation}").format(
        computer=background.computer, organisation=background.organisation
    )
    # A name in the policy may hold anything; a subject is one line.
    subject = " ".join(" · ".join(part for part in (title, background.organisation) if part.strip()).split())
    return Letter(subject, "\n".join(("\n".join(body).rstrip(), "", "-- ", signed)) + "\n")


# --- on the desktop: a line or three ---------------------------------------------------------------------------


def _short(notice: Notice, background: Background) -> tuple[str, tuple[str, ...]]:
    match notice.topic:
        case Topic.ALARM:
            lines = tuple(dict.fromkeys(text for anomaly in notice.anomalies for text in sign_texts(anomaly)))
            return _alarm_title(notice, background), (*lines[:2], _PULL())
        case Topic.FAILURE | Topic.NO_VERDICT:
            titles = tuple(case_title(case, background.policy, background.machine) for case in notice.cases)
            return _failure_title(notice, background), (*titles[1:DESKTOP_SHOWN], _safety(background))
        case Topic.TASK:
            said = tuple(task_text(task, background.now, background.tz) for task in notice.tasks)
            if len(said) == 1:
                return said[0].title, (said[0].how,)
            return _tasks_title(notice), tuple(text.title for text in said[:DESKTOP_SHOWN])
        case Topic.DIGEST:
            return _("This week"), (headline(background.assessment).text,)
        case Topic.TEST:
            return _("A test by Vangnet"), (_("This is how Vangnet tells you something. You need not do anything."),)


# --- by mail: one screen ---------------------------------------------------------------------------------------


def _long(notice: Notice, background: Background) -> tuple[str, tuple[str, ...]]:
    match notice.topic:
        case Topic.ALARM:
            return _alarm_title(notice, background), tuple(_alarm(notice, background))
        case Topic.FAILURE:
            return _failure_title(notice, background), tuple(_failure(notice, background))
        case Topic.NO_VERDICT:
            return _("A verdict is still missing"), tuple(_no_verdict(notice, background))
        case Topic.TASK:
            return _tasks_title(notice), tuple(_tasks(notice, background))
        case Topic.DIGEST:
            return _("This week: {headline}").format(headline=headline(background.assessment).text), tuple(
                _digest(background)
            )
        case Topic.TEST:
            return _("A test by Vangnet"), (
                _("Good day {name},").format(name=notice.to.name),
                "",
                _("This is how Vangnet tells you something. You need not do anything."),
            )


def _PULL() -> str:  # noqa: N802 - a constant, in the language of the moment
    return _("Pull out the network cable of this computer and call the IT provider.")


def _alarm_title(notice: Notice, background: Background) -> str:
    names = ", ".join(dict.fromkeys(data_set_name(background.policy, a.data_set) for a in notice.anomalies))
    return _("Possible ransomware in {data_set}").format(data_set=names)


def _alarm(notice: Notice, background: Background) -> Iterator[str]:
    for anomaly in notice.anomalies:
        name = data_set_name(background.policy, anomaly.data_set)
        when = felt_time(anomaly.at, background.now, background.tz)
        yield _("{data_set}, seen {when}:").format(data_set=name, when=when)
        yield from (f"  - {text}" for text in sign_texts(anomaly))
        yield ""
    yield _("What Vangnet does")
    yield "  " + _("It keeps every version that there is. Nothing is cleared, and no disk is asked for.")
    yield ""
    yield _("What to do now")
    yield "  1. " + _PULL()
    yield "  2. " + _("Leave the disks that are unplugged where they are: do not plug one in.")
    yield "  3. " + _("Was it you, a clean-up or a new program? Open Vangnet on that computer and say so with one key.")


def _failure_title(notice: Notice, background: Background) -> str:
    if len(notice.cases) == 1:
        return case_title(notice.cases[0], background.policy, background.machine)
    return ngettext("{count} thing went wrong", "{count} things went wrong", len(notice.cases)).format(
        count=felt_number(len(notice.cases))
    )


def _failure(notice: Notice, background: Background) -> Iterator[str]:
    yield from _cases(notice.cases, background)
    yield _("Is the data safe?")
    yield "  " + _safety(background)
    yield ""
    yield _("What now?")
    if notice.to.role is Role.DIRECTOR:
        yield "  " + _("Open Vangnet and give your verdict: good enough, or something must be done.")
        yield "  " + _("Without a verdict the governing body is told after a day.")
    elif any(case.kind is not CaseKind.MISSED for case in notice.cases):
        yield "  " + _("Vangnet tries again by itself. Look at what went wrong; the director has been told too.")
    else:
        yield "  " + _("Make sure that it still gets done; the director has been told too.")


def _no_verdict(notice: Notice, background: Background) -> Iterator[str]:
    yield _("This has waited for the director's verdict for more than a day:")
    yield ""
    yield from _cases(notice.cases, background)
    yield _safety(background)
    if notice.to.role is Role.DIRECTOR:
        yield _("Open Vangnet and give your verdict. The governing body was told.")
    else:
        yield _("Please ask the director to look at it in Vangnet.")


def _cases(cases: tuple[Case, ...], background: Background) -> Iterator[str]:
    for case in cases[:SHOWN]:
        yield f"- {case_title(case, background.policy, background.machine)}"
        yield f"  {case_when(case, background.now, background.tz)}"
        if why := case_why(case):
            yield f"  {why}"
        yield ""
    if len(cases) > SHOWN:
        more = len(cases) - SHOWN
        yield ngettext("and {count} more", "and {count} more", more).format(count=felt_number(more))
        yield ""


def _safety(background: Background) -> str:
    """Say whether there are good copies: from the evidence, never by default."""
    newest = max((h.last_good for h in background.assessment.data_sets if h.last_good), default=None)
    unsafe = [h.name for h in background.assessment.data_sets if h.state is State.ERROR or h.last_good is None]
    if newest is None:
        return _("There is no good copy yet.")
    if unsafe:
        return _("Not safe now: {names}.").format(names=", ".join(unsafe[:5]))
    when = felt_time(newest, background.now, background.tz)
    return _("There is a good copy of all data; the newest is from {when}.").format(when=when)


def _tasks_title(notice: Notice) -> str:
    count = len(notice.tasks)
    return ngettext("{count} thing for you", "{count} things for you", count).format(count=felt_number(count))


def _tasks(notice: Notice, background: Background) -> Iterator[str]:
    for task in notice.tasks[:SHOWN]:
        said = task_text(task, background.now, background.tz)
        yield f"- {said.title} ({said.when})"
        yield f"  {said.how}"
        yield ""


def _digest(background: Background) -> Iterator[str]:
    assessment = background.assessment
    yield f"{_SIGNS[assessment.state]} {headline(assessment).text}"
    yield ""
    yield _("The data, and its last good copy")
    for health in assessment.data_sets[:SHOWN]:
        last = felt_time(health.last_good, background.now, background.tz) if health.last_good else _("never yet")
        yield f"  {_SIGNS[health.state]} {health.name[:36]:<36}  {last}"
    if len(assessment.data_sets) > SHOWN:
        more = len(assessment.data_sets) - SHOWN
        yield "  " + ngettext("and {count} more", "and {count} more", more).format(count=felt_number(more))
    yield ""
    yield _week(background)
    waiting = len(open_cases(background.facts, background.now))
    if waiting:
        yield ngettext(
            "{count} thing waits for the director's verdict.",
            "{count} things wait for the director's verdict.",
            waiting,
        ).format(count=felt_number(waiting))
    points = [f for f in assessment.findings if f.state is not State.OK][:3]
    if points:
        yield ""
        yield _("Points of attention")
        yield from (f"  - {finding_text(finding)}" for finding in points)
    yield ""
    yield _("This mail comes every Monday. If it does not, check whether that computer is still on.")


def _week(background: Background) -> str:
    """Count the copies of the last seven days."""
    runs = [
        run
        for run in background.facts.runs
        if run.kind in (RunKind.BACKUP, RunKind.FULL) and 0 <= (background.now - run.started).days < 7
    ]
    good = sum(run.outcome is Outcome.GOOD for run in runs)
    said = ngettext("{count} good copy in the last seven days", "{count} good copies in the last seven days", good)
    wrong = sum(run.outcome in (Outcome.FAILED, Outcome.INCOMPLETE, Outcome.INTERRUPTED) for run in runs)
    text = said.format(count=felt_number(good))
    if wrong:
        text += ", " + ngettext("{count} not good", "{count} not good", wrong).format(count=felt_number(wrong))
    return f"{text}."
