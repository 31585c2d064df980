"""What is wrong with the journal, in words."""

from __future__ import annotations

from typing import Final

from app.i18n import N_, _
from app.records.journal import AnchorFlaw
from app.records.verify import JournalFlaw, JournalProblem

FLAWS: Final[dict[str, str]] = {
    JournalFlaw.MISSING: N_("rows have been removed here"),
    JournalFlaw.UNEXPECTED: N_("a row has been put in that does not belong"),
    JournalFlaw.CHANGED: N_("this row has been changed"),
    JournalFlaw.CHAIN: N_("this row does not follow the one before it"),
    JournalFlaw.SIGNATURE: N_("this row was not signed by this computer"),
    JournalFlaw.UNREADABLE: N_("this row cannot be read"),
    JournalFlaw.GAP: N_("Vangnet itself found rows missing when it wrote this one"),
    JournalFlaw.KEY_REPLACED: N_("from here on another key signs: the old one was lost"),
    JournalFlaw.KEY_MISSING: N_("the key of the journal is gone"),
    JournalFlaw.KEY_DAMAGED: N_("the key of the journal cannot be read"),
    JournalFlaw.KEY_OTHER: N_("the journal is signed with another key than this computer's"),
    JournalFlaw.PROJECTION: N_("a table says something else than the journal"),
    JournalFlaw.CHECKLIST: N_("a signed checklist is not as it was signed"),
    JournalFlaw.DATABASE: N_("the database is damaged"),
    AnchorFlaw.MISSING: N_("the file that guards the end of the journal is gone"),
    AnchorFlaw.INVALID: N_("the file that guards the end of the journal is not right"),
    AnchorFlaw.AHEAD: N_("the last rows are gone, or an older database was put back"),
    AnchorFlaw.OTHER_ROW: N_("the last rows have been replaced"),
}


def journal_problem_text(problem: JournalProblem) -> str:
    """Say at which row something is wrong, and what."""
    text = _(FLAWS[problem.reason]) if problem.reason in FLAWS else str(problem.reason)
    where = _("row {seq}: {what}").format(seq=problem.seq, what=text) if problem.seq else text
    return f"{where} ({problem.what})" if problem.what else where
