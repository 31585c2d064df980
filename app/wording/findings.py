"""What is not as the policy wants it, in one or two sentences: what is wrong, and what helps."""

from __future__ import annotations

from datetime import date

from app.assessment.model import Finding, FindingCode
from app.i18n import N_, _, language, ngettext
from app.policy.model import Basis
from app.wording.errors import explain
from app.wording.risks import accepted_text
from app.wording.text import filled
from app.wording.times import day_and_month, felt_duration

_TEXTS: dict[FindingCode, tuple[str, str]] = {
    FindingCode.HOME_FULL: (
        N_("The disk on which Vangnet keeps its records is full: no copies are made."),
        N_("Make room on it, for instance by emptying the bin; then it goes on by itself. You can get files back."),
    ),
    FindingCode.HOME_READ_ONLY: (
        N_("Nothing can be written to the disk on which Vangnet keeps its records: no copies are made."),
        N_("Call the IT provider: a disk that is failing does this. You can get files back."),
    ),
    FindingCode.POSSIBLE_ATTACK: (
        N_("{data_set} looks as if ransomware is at work."),
        N_("Pull out the network cable and call the IT provider. Vangnet keeps every version."),
    ),
    FindingCode.NOTICES_NOT_SENT: (
        N_("People could not be told of everything: {count} waiting."),
        N_("Look at “Who gets told”: the mail account or an address may be wrong."),
    ),
    FindingCode.POLICY_NOT_APPROVED: (
        N_("The back-up policy is not approved yet."),
        N_("Ask the director to approve it; until then everything simply goes on."),
    ),
    FindingCode.NO_TARGET: (
        N_("There is no place for copies of {data_set}."),
        N_("Set up a disk or a folder on another device."),
    ),
    FindingCode.NO_FOLDER: (
        N_("Vangnet does not know where {data_set} is."),
        N_("Show the folders that belong to it, so that they are copied."),
    ),
    FindingCode.ONE_COPY_ONLY: (
        N_("There is only one place for copies of: {data_sets}."),
        N_("A second disk makes it safe when the first one breaks."),
    ),
    FindingCode.NO_OFFSITE: (
        N_("No copy is kept in another building: {data_sets}."),
        N_("Take a disk elsewhere, so that a fire or a theft does not take everything."),
    ),
    FindingCode.SAME_ZONE: (
        N_("{target} stands elsewhere, but the same fire or flood would reach it: {data_sets}."),
        N_("Keep one copy further away."),
    ),
    FindingCode.NO_OFFLINE: (
        N_("No copy is ever unplugged: {data_sets}."),
        N_("A disk that you take out cannot be reached by ransomware."),
    ),
    FindingCode.NO_CONTINUOUS: (
        N_("The policy wants changes copied to another building at once, and no place for that is known: {data_sets}."),
        N_("Add a server elsewhere as a place for copies. Until then these data do get their daily copy."),
    ),
    FindingCode.SYNC_BEHIND: (
        N_("{data_set}: the continuous copy to {target} is behind."),
        N_("Vangnet catches up by itself. If it stays like this, call your IT provider."),
    ),
    FindingCode.SYNC_LINK_DOWN: (
        N_("{data_set}: {target} does not answer, so changes wait here."),
        N_("Nothing is lost: Vangnet catches up as soon as the connection is back."),
    ),
    FindingCode.NO_UPS: (
        N_("The policy wants a UPS for this computer, and none is known."),
        N_("Connect one, or tell Vangnet about the one that is there."),
    ),
    FindingCode.NO_REDUNDANT_UPS: (
        N_("The policy wants {wanted} UPSes for this computer; {there} is known."),
        N_("Connect a second one."),
    ),
    FindingCode.UPS_ON_BATTERY: (
        N_("{ups} is on battery."),
        N_("New copies wait until the mains power is back."),
    ),
    FindingCode.UPS_LOW_BATTERY: (
        N_("{ups} is almost empty."),
        N_("Save your work and shut down this computer."),
    ),
    FindingCode.UPS_REPLACE_BATTERY: (
        N_("The battery of {ups} is worn out."),
        N_("Have it replaced."),
    ),
    FindingCode.UPS_SILENT: (
        N_("{ups} gives no sign of life."),
        N_("Look whether its cable is plugged in and it is switched on."),
    ),
    FindingCode.UPS_NOT_COVERING: (
        N_("{place} does not stand behind a UPS: {there} of {wanted}."),
        N_("Put its plug in a UPS, and record that on the screen Power (6)."),
    ),
    FindingCode.UPS_TOO_SHORT: (
        N_("{ups} lasts only {runtime}; the policy wants {minimum}."),
        N_("Have its battery replaced, or hang less on it."),
    ),
    FindingCode.UPS_TEST_FAILED: (
        N_("The last test of {ups} failed."),
        N_("Have its battery replaced, and test it again."),
    ),
    FindingCode.UPS_BATTERY_OLD: (
        N_("The battery of {ups} is {years} years old."),
        N_("Batteries last three to five years. Plan a new one."),
    ),
    FindingCode.SLA_EXPIRED: (
        N_("The agreement about {line} has run out ({until})."),
        N_("Renew it, or record why that is not possible."),
    ),
    FindingCode.NO_CONFIGURATION_SET: (
        N_("Settings, software and keys are not being copied."),
        N_("Add a data set for them: without it data cannot be used again after a disaster."),
    ),
    FindingCode.NO_ALTERNATIVE_LINE: (
        N_("Nobody has declared that there is an alternative internet line: {data_sets}."),
        N_("Arrange one, or declare why it is not needed."),
    ),
    FindingCode.LAST_RUN_FAILED: (
        N_("The last copy of {data_set} to {target} did not succeed."),
        N_("Vangnet tries again by itself."),
    ),
    FindingCode.LAST_RUN_INCOMPLETE: (
        N_("The last copy of {data_set} to {target} is not complete: {files}."),
        N_("Close programs that keep these files open, or ask the IT provider to look."),
    ),
    FindingCode.CHECK_FAILED: (
        N_("The check of the copies on {target} did not go well."),
        N_("Ask the IT provider to look, and do not throw any other copy away."),
    ),
    FindingCode.PRUNE_FAILED: (
        N_("Old versions on {target} could not be cleared."),
        N_("Nothing is lost; look whether the place has room left, and ask the IT provider to look."),
    ),
    FindingCode.KEEPING_EVERYTHING: (
        N_("Vangnet keeps every version for now."),
        N_("Until that is lifted nothing is cleared, and the places for copies fill up faster."),
    ),
    FindingCode.HOLIDAYS_ENDED: (
        N_("Vangnet does not know the school holidays any more ({region}): it knew them until {known_until}."),
        N_("Now it asks for disks in holidays too. Ask the IT provider to write them in policy.yml, under calendar."),
    ),
    FindingCode.HOLIDAYS_END: (
        N_("Vangnet knows the school holidays ({region}) until {known_until} only."),
        N_("Ask the IT provider to install the newest Vangnet, or to write them in policy.yml, under calendar."),
    ),
    FindingCode.HOLIDAYS_EXPECTED: (
        N_("The school holidays of this year ({region}) are our best guess."),
        N_("Ask the IT provider to compare them with the official ones; what differs goes into policy.yml."),
    ),
    FindingCode.NO_ARCHIVE: (
        N_("A back-up is no archive: the law wants things kept for {years} years, the copies go back {kept}."),
        N_("Keep what the law asks for in an archive of its own: {laws}."),
    ),
    FindingCode.EXEMPTION_INCOMPLETE: (
        N_("{data_set} is said to need no yearly full back-up, but the reason or who approved it is missing."),
        N_("Write both in the policy; until then the full back-up is made."),
    ),
    FindingCode.EXEMPTION_ENDED: (
        N_("The exemption of {data_set} from the yearly full back-up ended on {until}."),
        N_("Decide again, and write it in the policy; until then the full back-up is made."),
    ),
    FindingCode.CONFIGURATION_REFUSED: (
        N_("There is a mistake in {file}, line {line}: {key}."),
        N_("Vangnet goes on with the last version that was right. Ask the IT provider to mend it."),
    ),
    FindingCode.RESTORE_TEST_FAILED: (
        N_("The restore test of {data_set} did not go well."),
        N_("Ask the IT provider to look, and do not throw any other copy away."),
    ),
    FindingCode.NEVER_BACKED_UP: (
        N_("There is no copy of {data_set} yet."),
        N_("Connect the place for its copies; the first copy then starts by itself."),
    ),
    FindingCode.CLOCK_WENT_BACK: (
        N_("The clock of this computer has been set back."),
        N_("Set it right; until then Vangnet does not believe what lies in the future."),
    ),
}


def finding_text(finding: Finding) -> str:
    """Say what is wrong."""
    what, _advice = _TEXTS[finding.code]
    text = filled(_(what), _data(finding))
    reason = dict(finding.data).get("error", "")
    if finding.code is FindingCode.LAST_RUN_FAILED and reason:
        return f"{text} {explain(reason, dict(finding.data)).what}"
    return text


def finding_advice(finding: Finding) -> str:
    """Say what helps; of a risk that the director accepts, who does so and until when."""
    data = dict(finding.data)
    if "accepted_by" in data:
        return accepted_text(data)
    _what, advice = _TEXTS[finding.code]
    return filled(_(advice), _data(finding))


def source_text(basis: Basis, why: tuple[str, ...]) -> str:
    """Say where a demand comes from."""
    if basis is Basis.RECOMMENDED:
        return _("Our advice")
    return _("Demanded: {sources}").format(sources=", ".join(why))


def _data(finding: Finding) -> dict[str, str]:
    data = dict(finding.data)
    problems = int(data.get("problems") or 0)
    data["files"] = ngettext("{count} file could not be read", "{count} files could not be read", problems).format(
        count=problems
    )
    if data.get("everything"):
        data["data_sets"] = _("all your data")
    if "kept_days" in data:
        months = int(data["kept_days"]) // 30
        data["kept"] = ngettext("{count} month", "{count} months", months).format(count=months)
        data["laws"] = data[f"laws_{language()}"]
    if "region_nl" in data:
        data["region"] = data[f"region_{language()}"]
    if "known_until" in data:
        day = date.fromisoformat(data["known_until"])
        data["known_until"] = f"{day_and_month(day)} {day.year}"
    if "runtime_s" in data:
        data["runtime"] = felt_duration(float(data["runtime_s"]))
    if "minimum_s" in data:
        data["minimum"] = felt_duration(float(data["minimum_s"]))
    return data
