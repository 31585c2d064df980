"""What is not as the policy wants it: one function for each thing that is looked at."""

from __future__ import annotations

from collections.abc import Iterator

from app.assessment.acceptance import with_acceptances
from app.assessment.configuration import configuration_findings
from app.assessment.continuous import continuous_findings, continuous_targets
from app.assessment.copies import age_state
from app.assessment.duties import approval_of
from app.assessment.full import exemption_findings
from app.assessment.health import newest_copy
from app.assessment.holidays import holiday_findings
from app.assessment.judgements import alarm_findings, notice_findings
from app.assessment.line_findings import line_findings
from app.assessment.model import Finding, FindingCode, State
from app.assessment.power_findings import power_findings
from app.assessment.retention import retention_findings
from app.assessment.room import room_findings
from app.assessment.run_findings import run_findings
from app.assessment.sites import site_findings
from app.assessment.situation import Situation, grounds, has_folders
from app.policy.machine import Target
from app.policy.model import Basis, DataSet, DataSetKind, Demand, Plan

_BUNDLE = (DataSetKind.CONFIGURATION, DataSetKind.SYSTEM_IMAGE)


def findings_of(situation: Situation) -> tuple[Finding, ...]:
    """Return everything that is wrong, the worst first."""
    found = [
        *room_findings(situation),
        *alarm_findings(situation),
        *notice_findings(situation),
        *configuration_findings(situation),
        *_approval(situation),
        *_clock(situation),
        *_coverage(situation),
        *_never(situation),
        *_places(situation),
        *_configuration(situation),
        *site_findings(situation),
        *continuous_findings(situation),
        *power_findings(situation),
        *line_findings(situation),
        *run_findings(situation),
        *retention_findings(situation),
        *exemption_findings(situation),
        *holiday_findings(situation),
    ]
    order = tuple(FindingCode)
    judged = with_acceptances(tuple(found), situation.facts.risk_acceptances, situation.now)
    return tuple(sorted(judged, key=lambda f: (-f.state, order.index(f.code), f.subject)))


def _approval(situation: Situation) -> Iterator[Finding]:
    if approval_of(situation) is None:
        version = situation.policy.document.version
        yield Finding(
            FindingCode.POLICY_NOT_APPROVED, State.ATTENTION, "", Basis.SOURCE, ("S0-3",), (("version", version),)
        )


def _clock(situation: Situation) -> Iterator[Finding]:
    if situation.history.from_the_future:
        yield Finding(FindingCode.CLOCK_WENT_BACK, State.ATTENTION, "", Basis.RECOMMENDED, ("S1-4.2.2",))


def _coverage(situation: Situation) -> Iterator[Finding]:
    for data_set, _ in situation.plans:
        named = (("data_set", data_set.name),)
        if not has_folders(situation.machine, data_set):
            yield Finding(FindingCode.NO_FOLDER, State.ERROR, data_set.id, Basis.SOURCE, ("S0-1", "S0-4"), named)
        if not situation.machine.targets_of(data_set.id):
            yield Finding(FindingCode.NO_TARGET, State.ERROR, data_set.id, Basis.SOURCE, ("S0-1", "S0-4"), named)


def _never(situation: Situation) -> Iterator[Finding]:
    for data_set, plan in situation.covered:
        if situation.machine.targets_of(data_set.id) and newest_copy(situation, data_set) is None:
            state = age_state(situation, None, plan.max_age)
            named = (("data_set", data_set.name),)
            yield Finding(FindingCode.NEVER_BACKED_UP, state, data_set.id, Basis.SOURCE, ("S0-1", "S0-6"), named)


def _places(situation: Situation) -> Iterator[Finding]:
    """Copies elsewhere, on another medium, and out of reach of whoever breaks in (S2-1f, S2-4e, S4-3)."""

    def lacking(data_set: DataSet, plan: Plan, code: FindingCode) -> bool:
        places = situation.machine.targets_of(data_set.id)
        match code:
            case FindingCode.ONE_COPY_ONLY:
                return len(places) == 1
            case FindingCode.NO_OFFSITE:
                return bool(places) and not any(t.offsite for t in places)
            case FindingCode.NO_OFFLINE:
                return bool(places) and not any(_can_be_detached(t) for t in places)
            case FindingCode.NO_CONTINUOUS:
                return plan.continuous and not continuous_targets(situation.machine, data_set.id)
            case FindingCode.NO_ALTERNATIVE_LINE:
                known = bool(situation.machine.alternative_lines)
                return plan.alternative_line and not known and not _declared(situation, Demand.ALTERNATIVE_LINE)
            case _:
                raise ValueError(code)

    for code, (demand, otherwise) in _ABOUT_PLACES.items():
        concerned = tuple((s, p) for s, p in situation.plans if lacking(s, p, code))
        if concerned:
            yield _together(code, demand, otherwise, concerned, everything=len(concerned) == len(situation.plans))


_ABOUT_PLACES: dict[FindingCode, tuple[Demand, tuple[str, ...]]] = {
    FindingCode.ONE_COPY_ONLY: (Demand.OFFLINE_COPY, ("S2-4e",)),
    FindingCode.NO_OFFSITE: (Demand.OTHER_MEDIUM_AND_SITE, ("S2-1f",)),
    FindingCode.NO_OFFLINE: (Demand.OFFLINE_COPY, ("S4-3",)),
    FindingCode.NO_CONTINUOUS: (Demand.CONTINUOUS_OFFSITE, ("S2-4b",)),
    FindingCode.NO_ALTERNATIVE_LINE: (Demand.ALTERNATIVE_LINE, ("S2-3a",)),
}


def _together(
    code: FindingCode,
    demand: Demand,
    otherwise: tuple[str, ...],
    concerned: tuple[tuple[DataSet, Plan], ...],
    *,
    everything: bool,
) -> Finding:
    """Make one finding for all data sets concerned; what is only our advice never changes a light."""
    requirements = [r for _, plan in concerned if (r := plan.requirement(demand)) is not None]
    demanded = [r for r in requirements if r.rule.basis is Basis.SOURCE]
    basis, why = grounds(next(iter([*demanded, *requirements]), None), otherwise=otherwise)
    return Finding(
        code,
        State.ATTENTION if basis is Basis.SOURCE else State.OK,
        "",
        basis,
        why,
        (
            ("count", str(len(concerned))),
            ("data_sets", ", ".join(s.name for s, _ in concerned)),
            ("everything", "yes" if everything and len(concerned) > 1 else ""),
        ),
    )


def _configuration(situation: Situation) -> Iterator[Finding]:
    if not any(data_set.kind in _BUNDLE for data_set, _ in situation.plans):
        yield Finding(FindingCode.NO_CONFIGURATION_SET, State.ATTENTION, "", Basis.SOURCE, ("S0-1", "S0-5"))


def _can_be_detached(target: Target) -> bool:
    return target.removable


def _declared(situation: Situation, demand: Demand) -> bool:
    return any(a.subject == demand.value and a.at <= situation.now for a in situation.facts.attestations)
