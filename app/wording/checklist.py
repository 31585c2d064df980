"""The evidence of the director's yearly checklist, one sentence for each code."""

from __future__ import annotations

from datetime import UTC, tzinfo

from app.assessment.model import EvidenceLine
from app.clock import parse_utc
from app.i18n import N_, _, ngettext
from app.wording.text import filled
from app.wording.times import felt_date, felt_duration

TEXTS: dict[str, str] = {
    "not-gathered": N_("Vangnet does not gather evidence of this yet."),
    "nothing-concerned": N_("There is nothing here that this holds for."),
    "no-data-sets": N_("There are no data sets yet."),
    "declared": N_("Declared by {by} on {at}. {reference}"),
    "declared-too-long-ago": N_("Declared by {by} on {at}: more than a year ago."),
    "not-declared": N_("Nobody has declared this yet."),
    "policy-approved": N_("Version {version} approved by {by} on {at}."),
    "policy-not-approved": N_("This version of the policy is not approved."),
    "policy-review-overdue": N_("Version {version} approved on {at}, but the yearly review is overdue."),
    "revisions-none": N_("The revision table is empty."),
    "revisions-complete": N_("{count} of {total} rows complete."),
    "no-old-versions": N_("No version of the policy has been replaced yet."),
    "old-versions-restricted": N_(
        "{count} of {total} replaced versions of the policy are kept unchanged, where nobody else can read them."
    ),
    "clearing-overdue": N_("Old versions that should be gone are still on: {targets}."),
    "roles-filled": N_("{count} of {total} roles with a holder and a deputy."),
    "classified": N_("{count} of {total} data sets classified in the last year."),
    "covered": N_("{count} of {total} data sets are being copied."),
    "copies-on-time": N_("{count} of {total} times on time this school year; longest gap {gap}."),
    "copies-begun": N_("The first day is not over yet."),
    "exceptions-valid": N_("{count} of {total} exceptions still hold."),
    "exempt": N_("Not applicable here, said {by} on {at}: {reason}"),
    "parts-declared": N_("{count} of {total} declared, the last by {by} on {at}. {reference}"),
    "review-blocks": N_("Reviewed by {by} on {at}; {count} of {total} questions answered."),
    "no-continuous": N_("Changes are not copied elsewhere at once."),
    "continuous-begun": N_("Changes are copied elsewhere at once; not long enough yet to judge."),
    "continuous-in-time": N_("Changes were copied elsewhere in time for {percent} % of the time."),
    "no-other-site": N_("No copy is kept in another building."),
    "other-sites": N_("Kept elsewhere: {sites}."),
    "fulls-this-year": N_("{count} of {total} full back-ups made in {school_year}."),
    "exemptions-grounded": N_("{count} of {total} exceptions with a reason and an approver."),
    "score-met": N_("{count} of {total} important data sets."),
    "no-detached-copy": N_("There is no copy on a disk that is unplugged."),
    "detached-copy": N_("{target}, unplugged, with a copy of {at}."),
    "encrypted-copies": N_("{count} of {total} confidential data sets have an encrypted copy; none is unencrypted."),
    "key-tested": N_("Tested by {by} on {at}."),
    "key-never-tested": N_("The recovery key has not been tested yet."),
    "checks": N_("{count} of {total} places checked, {errors} with an error."),
    "restore-tests-passed": N_("{count} of {total} data sets tested and confirmed."),
    "no-tests-yet": N_("There has been no restore test yet."),
    "recovery-times": N_("{count} of {total} tests within the longest recovery time."),
    "restores-journalled": N_("Every restore is in the journal ({rows} rows)."),
    "ups-tested": N_("{count} of {total} UPSes tested in the last year; the shortest lasts {runtime}."),
    "line-never-tested": N_("{line} has never been tested."),
    "line-test-failed": N_("The test of {line} on {at} failed."),
    "line-probe": N_("{line} was there on {at}, as Vangnet probed."),
    "line-failover": N_("Work went on over {line} in the test of {at}, by {by}."),
    "sla-unknown": N_("Nothing is recorded about the agreement."),
    "sla-expired": N_("The agreement has run out."),
    "sla-not-possible": N_("There is none, because: {reason}."),
    "sla-valid": N_("Valid until {until}. {contact}"),
    "ups-missing": N_("{count} of {total} UPSes."),
    "failures-waiting": N_("{waiting} waiting for a verdict; {count} judged this year."),
    "failures-actions-late": N_("{count} judged this year; {late} action not done in time."),
    "failures-judged": N_("{count} judged this year, none waiting; people were told {told} times."),
    "failures-none": N_("Nothing went wrong this year that was not judged."),
}


def evidence_text(line: EvidenceLine, tz: tzinfo = UTC) -> str:
    """Say what the records hold about one item, and name what is missing."""
    data = dict(line.data)
    if data.get("at"):
        data["at"] = felt_date(parse_utc(data["at"]), tz)
    if data.get("gap_s"):
        data["gap"] = felt_duration(float(data["gap_s"]))
    if data.get("missing"):
        data["missing"] = ", ".join(_("here") if name == "*" else name for name in data["missing"].split(", "))
    if data.get("runtime_s"):
        data["runtime"] = felt_duration(float(data["runtime_s"]))
    text = _(TEXTS.get(line.code, TEXTS["not-gathered"]))
    if not data.get("reference"):
        text = text.replace(" {reference}", "")
    said = filled(text, data)
    if data.get("missing"):
        said += " " + _("Missing: {names}.").format(names=data["missing"])
    if data.get("photos"):
        said += " " + _("With a photo.")
    if data.get("postponed"):
        times = int(data["postponed"])
        said += " " + ngettext("Put off {count} time.", "Put off {count} times.", times).format(count=times)
    return said
