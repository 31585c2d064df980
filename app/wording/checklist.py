"""The evidence of the director's yearly checklist, one sentence for each code."""

from __future__ import annotations

from datetime import UTC, tzinfo

from app.assessment.model import EvidenceLine, Seen
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
    "declared-before-approval": N_("Declared by {by} on {at}: before the newest version was approved."),
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

SEEN: dict[str, str] = {
    "nothing-approved": N_("No version of the policy is approved, so there is none to pass on."),
    "approved-version": N_("It is about version {version}, approved by {by} on {at}."),
    "changed-since-approval": N_(
        "The policy has been changed since {by} approved version {version} on {at}: what counts now is another text."
    ),
    "accounts": N_("Accounts of people on this computer: {names}."),
    "administrators": N_("Members of a group of administrators: {names}."),
    "keys-closed": N_("The folder with the keys is closed to other accounts."),
    "keys-open": N_("Other accounts on this computer can look into the folder with the keys."),
    "disk-encrypted": N_("The disk with the keys is encrypted."),
    "disk-not-encrypted": N_(
        "Vangnet sees no encryption of the disk with the keys; without it, a thief of this computer can read them."
    ),
    "logins": N_("Elsewhere copies are written under these names: {names}."),
    "access-elsewhere": N_("Who has keys of doors and cupboards, or accounts elsewhere, Vangnet does not see."),
    "servers": N_("Copies go over the network to {names}."),
    "no-servers": N_("Vangnet brings copies to no server; what other programs send away it does not see."),
    "in-the-cloud": N_("Kept in the cloud, as the policy says: {names}."),
    "servers-since": N_("Copies began to go to {names} after those contracts were looked at."),
    "no-number": N_("Without a phone number or an address: {names}."),
    "messages-sent": N_(
        "In the last year messages of Vangnet went out to {names}; whether they were read it does not see."
    ),
    "messages-unsent": N_("Messages that could not be sent now: {count}."),
    "alarms-answered": N_(
        "Alarms of possible ransomware in the last year: {total}; answered within 72 hours: {count}."
    ),
    "no-alarms": N_("Vangnet saw no sign of ransomware in the last year; other breaches it does not see."),
    "attacks": N_("An attack was confirmed, the last one of {at}: see whether it is in the register."),
    "incidents": N_(
        "A serious incident was declared, the last one by {by} on {at}: see whether it is in the register."
    ),
    "disks-seen": N_("Disks for copies that were here in the last year: {count} of {total}."),
    "disks-nowhere": N_("Of these disks it is not written down who has them or where they are: {names}."),
    "other-media": N_("Other disks and sticks, and what was destroyed, Vangnet does not see."),
    "quiet-folders": N_("For {days} days nothing has changed in: {names}. Is that work kept somewhere else now?"),
    "own-devices": N_("Kept on people's own devices, as the policy says: {names}."),
    "stray-files": N_("Whether work is kept outside the agreed folders, Vangnet does not see."),
    "actions-late": N_("Agreed actions past their date: {count} of {total}. Who would do them: {names}."),
    "actions-none-late": N_("Agreed actions: {total}; none is past its date."),
    "no-actions": N_("No verdict and no checklist asks for an action."),
    "tests-not-repeated": N_("A restore test failed and was not done again with success: {names}."),
}
"""What Vangnet sees by itself, beside a declaration."""


def seen_text(line: EvidenceLine, tz: tzinfo = UTC) -> str:
    """Say what Vangnet sees of an item by itself; empty where that is nothing."""
    return " ".join(seen_texts(line, tz))


def seen_texts(line: EvidenceLine, tz: tzinfo = UTC) -> tuple[str, ...]:
    """Say each thing that Vangnet sees of an item by itself."""
    return tuple(_seen(one, tz) for one in line.seen)


def _seen(one: Seen, tz: tzinfo) -> str:
    data = dict(one.data)
    if data.get("at"):
        data["at"] = felt_date(parse_utc(data["at"]), tz)
    said = filled(_(SEEN[one.code]), data)
    return said + (" " + _("Not here: {names}.").format(names=data["missing"]) if data.get("missing") else "")


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
    if data.get("number"):
        said += " " + _("Number given: {number}.").format(number=data["number"])
    if data.get("photos"):
        said += " " + _("With a photo.")
    if data.get("postponed"):
        times = int(data["postponed"])
        said += " " + ngettext("Put off {count} time.", "Put off {count} times.", times).format(count=times)
    return said
