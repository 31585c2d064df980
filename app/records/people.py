"""What people did: tests confirmed, the policy approved, things declared done, the checklist answered and signed."""

from __future__ import annotations

from app.records.base import RecordsBase
from app.records.canonical import fields_of
from app.records.errors import UnknownRun
from app.records.facts import (
    Approval,
    Attestation,
    ChecklistAnswer,
    ChecklistSignature,
    Handover,
    KeyTest,
    Postponement,
    RestoreTest,
    RunId,
)
from app.records.journal import Head, JournalKind, head


class PeopleRecords(RecordsBase):
    """Facts with a name under them. Each pushes an event of the same kind as its journal row."""

    def record_restore_test(self, test: RestoreTest) -> None:
        """Record a restore test, as far as the machine can judge it."""
        with self._facts() as connection:
            self._record(connection, JournalKind.RESTORE_TESTED, fields_of(test), str(test.run))

    def confirm_restore_test(self, run_id: RunId, *, opened_file: str, by: str) -> None:
        """Record that a person has opened a restored file and said it is right. Raises UnknownRun."""
        with self._facts() as connection:
            if connection.execute("SELECT 1 FROM restore_tests WHERE run = ?", (run_id,)).fetchone() is None:
                raise UnknownRun(run=run_id)
            body = {"run": run_id, "opened_file": opened_file, "by": by, "at": self._clock.now()}
            self._record(connection, JournalKind.RESTORE_TEST_CONFIRMED, body, str(run_id))

    def approve(self, approval: Approval) -> None:
        """Record the approval of a version of the policy."""
        with self._facts() as connection:
            self._record(connection, JournalKind.POLICY_APPROVED, fields_of(approval), approval.version)

    def record_key_test(self, test: KeyTest) -> None:
        """Record that the recovery key was typed and opened a repository."""
        with self._facts() as connection:
            self._record(connection, JournalKind.KEY_TESTED, fields_of(test), test.target)

    def attest(self, attestation: Attestation) -> None:
        """Record what a person declares done."""
        with self._facts() as connection:
            self._record(connection, JournalKind.ATTESTED, fields_of(attestation), attestation.subject)

    def postpone(self, postponement: Postponement) -> None:
        """Record that an obligation is put off; of several postponements of one, the newest counts."""
        with self._facts() as connection:
            self._record(connection, JournalKind.POSTPONED, fields_of(postponement), postponement.obligation)

    def hand_over(self, handover: Handover) -> None:
        """Record who has a disk from now on, and where."""
        with self._facts() as connection:
            self._record(connection, JournalKind.HANDED_OVER, fields_of(handover), handover.target)

    def answer(self, answer: ChecklistAnswer) -> None:
        """Record the answer to a checklist item; a later answer in the same school year replaces it."""
        with self._facts() as connection:
            self._record(connection, JournalKind.CHECKLIST_ANSWERED, fields_of(answer), answer.item)

    def sign(self, signature: ChecklistSignature) -> None:
        """Record a signed checklist. Verification checks its signature and that it names a row of this journal."""
        with self._facts() as connection:
            self._record(connection, JournalKind.CHECKLIST_SIGNED, fields_of(signature), str(signature.school_year))

    def mark_set_up(self) -> None:
        """Record that the set-up is finished; the first time is the one that counts."""
        with self._facts() as connection:
            self._record(connection, JournalKind.SET_UP, {})

    def journal_head(self) -> Head:
        """Return the newest row's number and hash: what a signature binds itself to."""
        with self._database.read() as connection:
            return head(connection)
