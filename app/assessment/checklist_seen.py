"""What Vangnet sees by itself beside what people declare on the yearly checklist (REQUIREMENTS 5).

Nothing here makes an item green. The records show that something is wrong, or what there is to look at; that all is
well, only a person can say, and where no machine can know, that is said too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from app.assessment.checklist_evidence import YEAR, Inspection, moment
from app.assessment.judgements import actions_late
from app.assessment.model import ConnectionState, Seen
from app.assessment.people_duties import declarations
from app.assessment.review_events import EVENT
from app.assessment.rotation import handover_of
from app.policy.machine import Target
from app.policy.model import DataSet, DataSetKind, ItemId, LocationKind, Role, RoleHolder
from app.records.facts import AnomalyVerdict, ChecklistAnswer, Outcome, Ruling, RunKind, Verdict

TO_DECIDE: Final = timedelta(hours=72)
"""GDPR 33(1): from becoming aware of a breach to notifying it."""
QUIET: Final = timedelta(days=90)
"""A folder in which people work does not stay the same for so long."""
_ENOUGH_COPIES: Final = 10
_HOST: Final = re.compile(r"//(?:[^/@]*@)?([^/]+)")

Observe = Callable[[Inspection], Iterator[Seen]]


def seen(inspection: Inspection, item: ItemId) -> tuple[Seen, ...]:
    """Return what the records and this computer show about an item that people declare."""
    observe = _OBSERVED.get(item)
    return tuple(observe(inspection)) if observe is not None else ()


def _distribution(inspection: Inspection) -> Iterator[Seen]:
    """C04: what there is to pass on, and whether it is what counts now."""
    approvals = [a for a in inspection.situation.facts.approvals if a.at <= inspection.now]
    newest = max(approvals, key=lambda a: a.at, default=None)
    if newest is None:
        yield Seen("nothing-approved")
        return
    data = (("version", newest.version), ("by", newest.by), ("at", moment(newest.at)))
    if newest.policy_sha256 == inspection.situation.policy.sha256:
        yield Seen("approved-version", data)
    else:
        yield Seen("changed-since-approval", data, Verdict.NOT_OK)


def _access(inspection: Inspection) -> Iterator[Seen]:
    """C18: accounts and keys on this computer, and the names under which copies go elsewhere."""
    access = inspection.access
    if access is not None and access.accounts:
        yield Seen("accounts", _named(access.accounts))
    if access is not None and access.administrators:
        yield Seen("administrators", _named(access.administrators))
    if access is not None and access.keys_closed is not None:
        yield Seen("keys-closed") if access.keys_closed else Seen("keys-open", verdict=Verdict.NOT_OK)
    if access is not None and access.encrypted is not None:
        yield Seen("disk-encrypted" if access.encrypted else "disk-not-encrypted")
    logins = [f"{t.name} ({t.on_network.user})" for t in _servers(inspection) if t.on_network and t.on_network.user]
    if logins:
        yield Seen("logins", _named(logins))
    yield Seen("access-elsewhere")


def _processors(inspection: Inspection) -> Iterator[Seen]:
    """C29: where data goes that this computer knows of, and what came after somebody looked at the contracts."""
    servers = _servers(inspection)
    yield Seen("servers", _named(_with_host(t) for t in servers)) if servers else Seen("no-servers")
    cloud = [s.name for s in inspection.situation.policy.data_sets if s.location is LocationKind.CLOUD]
    if cloud:
        yield Seen("in-the-cloud", _named(cloud))
    looked = _declared_at(inspection, "C29")
    if looked is not None:
        later = [t.name for t in servers if t.offsite and (first := _first_run(inspection, t)) and first > looked]
        if later:
            yield Seen("servers-since", _named(later), Verdict.NOT_OK)


def _contacts(inspection: Inspection) -> Iterator[Seen]:
    """C31: who has a number or an address at all, and to whom messages went."""
    policy, facts = inspection.situation.policy, inspection.situation.facts
    # Of the staff as a whole there is no one number.
    named = [r for r in policy.roles if r.person and r.role is not Role.STAFF]
    lacking = [r for r in named if not _reachable(inspection, r)]
    if lacking:
        language = policy.organisation.language
        yield Seen("no-number", _named(f"{r.person} ({r.label.text(language)})" for r in lacking), Verdict.NOT_OK)
    told = {t.person: None for t in facts.told if t.person and timedelta(0) <= inspection.now - t.at <= YEAR}
    if told:
        yield Seen("messages-sent", _named(told))
    if facts.unsent:
        yield Seen("messages-unsent", (("count", str(facts.unsent)),))


def _breaches(inspection: Inspection) -> Iterator[Seen]:
    """C33: alarms and incidents that may have been a breach, and how soon somebody decided."""
    facts, now = inspection.situation.facts, inspection.now
    alarms = [a for a in facts.anomalies if timedelta(0) <= now - a.at <= YEAR]
    in_time = [a for a in alarms if a.closed_at is not None and a.closed_at - a.at <= TO_DECIDE]
    waiting = [a for a in alarms if a.verdict is AnomalyVerdict.OPEN and now - a.at > TO_DECIDE]
    if alarms:
        data = (("count", str(len(in_time))), ("total", str(len(alarms))))
        yield Seen("alarms-answered", data, Verdict.NOT_OK if waiting else None)
    else:
        yield Seen("no-alarms")
    attacks = [a for a in alarms if a.verdict is AnomalyVerdict.ATTACK]
    if attacks:
        yield Seen("attacks", (("at", moment(max(a.at for a in attacks))), ("count", str(len(attacks)))))
    incident = EVENT + "major-incident"
    declared = [a for a in facts.attestations if a.subject == incident and timedelta(0) <= now - a.at <= YEAR]
    if declared:
        newest = max(declared, key=lambda a: a.at)
        yield Seen("incidents", (("by", newest.by), ("at", moment(newest.at)), ("count", str(len(declared)))))


def _media(inspection: Inspection) -> Iterator[Seen]:
    """C34: of the disks that Vangnet knows, which were there this year, and of which it is known who has them."""
    disks = [t for t in inspection.situation.machine.targets if t.removable]
    if disks:
        since = inspection.now - YEAR
        unseen = [t.name for t in disks if (at := _last_seen(inspection, t)) is None or at < since]
        there = (("count", str(len(disks) - len(unseen))), ("total", str(len(disks))), ("missing", ", ".join(unseen)))
        # In its first year a disk may still have to come for the first time.
        old = inspection.situation.history.set_up < since
        yield Seen("disks-seen", there, Verdict.NOT_OK if unseen and old else None)
    nowhere = [
        t.name for t in disks if not (t.site or t.kept_by or handover_of(inspection.situation, t.id) is not None)
    ]
    if nowhere:
        yield Seen("disks-nowhere", _named(nowhere), Verdict.NOT_OK)
    yield Seen("other-media")


def _training(inspection: Inspection) -> Iterator[Seen]:
    """C37: folders in which nothing changes are a sign that the work is kept elsewhere."""
    situation = inspection.situation
    quiet = [s.name for s, _ in situation.plans if s.kind is DataSetKind.DATA and _is_quiet(inspection, s)]
    if quiet:
        yield Seen("quiet-folders", (*_named(quiet), ("days", str(QUIET.days))))
    own = [s.name for s, _ in situation.plans if s.location is LocationKind.OWN_DEVICE]
    if own:
        yield Seen("own-devices", _named(own))
    yield Seen("stray-files")


def _lessons(inspection: Inspection) -> Iterator[Seen]:
    """C38: actions that were agreed on, and tests that failed and were not done again."""
    situation, now = inspection.situation, inspection.now
    judgements = {j.case: j for j in sorted(situation.facts.judgements, key=lambda j: j.at) if j.at <= now}
    actions = [j for j in judgements.values() if j.ruling is Ruling.ACTION and now - j.at <= YEAR]
    answers: dict[str, ChecklistAnswer] = {}
    for answer in sorted((a for a in situation.facts.answers if a.at <= now), key=lambda a: a.at):
        answers[answer.item] = answer
    wanted = [a for a in answers.values() if a.verdict is Verdict.NOT_OK and a.action_due is not None]
    late = [j.action_owner for j in actions_late(actions, now)]
    late += [a.action_owner for a in wanted if a.action_due is not None and a.action_due < situation.today]
    total = len(actions) + len(wanted)
    if late:
        data = (("count", str(len(late))), ("total", str(total)), *_named(dict.fromkeys(late)))
        yield Seen("actions-late", data, Verdict.NOT_OK)
    else:
        yield Seen("actions-none-late", (("total", str(total)),)) if total else Seen("no-actions")
    failed = [s.name for s, _ in situation.plans if (tests := situation.history.tests(s.id)) and not tests[0].identical]
    if failed:
        yield Seen("tests-not-repeated", _named(failed), Verdict.NOT_OK)


def _named(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return (("names", ", ".join(names)),)


def _servers(inspection: Inspection) -> tuple[Target, ...]:
    return tuple(t for t in inspection.situation.machine.targets if t.on_network is not None)


def _with_host(target: Target) -> str:
    found = _HOST.search(target.on_network.address) if target.on_network is not None else None
    return f"{target.name} ({found[1]})" if found else target.name


def _declared_at(inspection: Inspection, item: str) -> datetime | None:
    """Return when a duty that serves an item was last declared done."""
    situation = inspection.situation
    duties = (d for d in situation.policy.duties if item in d.items)
    return max((a.at for duty in duties for a in declarations(situation, duty)[:1]), default=None)


def _first_run(inspection: Inspection, target: Target) -> datetime | None:
    return min((r.started for r in inspection.situation.history.runs if r.target == target.id), default=None)


def _reachable(inspection: Inspection, holder: RoleHolder) -> bool:
    people = inspection.situation.machine.people
    return bool(holder.phone or holder.email) or any(
        p.email or p.services for p in people if p.role is holder.role and p.name == holder.person
    )


def _last_seen(inspection: Inspection, target: Target) -> datetime | None:
    situation = inspection.situation
    if situation.connection(target) is ConnectionState.CONNECTED:
        return situation.now
    sight = situation.history.sights.get(target.id)
    moments = [situation.history.moment(r) for r in situation.history.runs if r.target == target.id]
    # Where it is not there now, `since` is the moment at which it left.
    return max([*moments, *((sight.since,) if sight is not None else ())], default=None)


def _is_quiet(inspection: Inspection, data_set: DataSet) -> bool:
    history = inspection.situation.history
    good = [r for r in history.of_set(RunKind.BACKUP, data_set.id) if r.outcome is Outcome.GOOD]
    recent = [r for r in good if inspection.now - r.started <= QUIET]
    watched = len(recent) < len(good) and len(recent) >= _ENOUGH_COPIES
    return watched and not any(r.files_new_or_changed for r in recent)


_OBSERVED: Final[dict[str, Observe]] = {
    "C04": _distribution,
    "C18": _access,
    "C29": _processors,
    "C31": _contacts,
    "C33": _breaches,
    "C34": _media,
    "C37": _training,
    "C38": _lessons,
}
"""By item."""
