"""The records of power and lines: readings (numbers, bounded); outages, tests and accepted risks (journalled)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.clock import format_utc
from app.records import decode
from app.records.base import RecordsBase
from app.records.canonical import fields_of
from app.records.facts import (
    LineSight,
    LineTest,
    Outage,
    OutageCause,
    OutageId,
    OutageKind,
    RiskAcceptance,
    UpsReading,
    UpsTest,
)
from app.records.journal import JournalKind

READINGS_KEPT = timedelta(hours=48)
READINGS_AT_MOST = 20_000
"""Of all UPSes together: one a minute on mains and one every five seconds in hours of outages."""


class PowerRecords(RecordsBase):
    """What UPSes and lines did, and what people tested and decided about them."""

    # --- outages ---------------------------------------------------------------------------------------------------

    def begin_outage(self, kind: OutageKind, subject: str, cause: OutageCause, began: datetime) -> OutageId:
        """Record that something failed and push "outage-began"; one of this subject that lasts is returned."""
        with self._facts() as connection:
            open_one = connection.execute(
                "SELECT id FROM outages WHERE kind = ? AND subject = ? AND ended IS NULL", (kind, subject)
            ).fetchone()
            if open_one is not None:
                return OutageId(open_one["id"])
            body = {"kind": kind, "subject": subject, "cause": cause, "began": began}
            row = self._record(connection, JournalKind.OUTAGE_BEGAN, body, subject, (("kind", kind), ("cause", cause)))
            return OutageId(row.seq)

    def end_outage(
        self,
        outage: OutageId,
        ended: datetime,
        *,
        critical: bool = False,
        lowest_charge_percent: float | None = None,
        lowest_runtime_s: float | None = None,
    ) -> None:
        """Record that an outage is over and push "outage-ended"; one that has ended already stays as it is."""
        with self._facts() as connection:
            row = connection.execute(
                "SELECT kind, subject FROM outages WHERE id = ? AND ended IS NULL", (outage,)
            ).fetchone()
            if row is None:
                return
            body = {
                "outage": outage,
                "ended": ended,
                "critical": critical,
                "lowest_charge_percent": lowest_charge_percent,
                "lowest_runtime_s": lowest_runtime_s,
            }
            data = (("kind", str(row["kind"])), ("outage", str(outage)))
            self._record(connection, JournalKind.OUTAGE_ENDED, body, row["subject"], data)

    def outages(self, *, since: datetime | None = None, limit: int = 500) -> tuple[Outage, ...]:
        """Return outages, the newest first; with `since` those that lasted until then or later."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM outages WHERE :since IS NULL OR ended IS NULL OR ended >= :since"
                " ORDER BY began DESC, id DESC LIMIT :limit",
                {"since": None if since is None else format_utc(since), "limit": limit},
            )
            return self._decoded(decode.outage, rows)

    # --- UPSes -----------------------------------------------------------------------------------------------------

    def note_readings(self, readings: Sequence[UpsReading]) -> None:
        """Keep numbers to draw; those older than two days go."""
        if not readings:
            return
        newest = max(reading.at for reading in readings)
        with self._database.write(durable=False) as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO ups_readings (ups, at, on_battery, charge_percent, runtime_s, load_percent)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (r.ups, format_utc(r.at), r.on_battery, r.charge_percent, r.runtime_s, r.load_percent)
                    for r in readings
                ),
            )
            connection.execute("DELETE FROM ups_readings WHERE at < ?", (format_utc(newest - READINGS_KEPT),))
            connection.execute(
                "DELETE FROM ups_readings WHERE rowid <= (SELECT max(rowid) FROM ups_readings) - ?",
                (READINGS_AT_MOST,),
            )

    def readings(self, ups: str, *, since: datetime, limit: int = READINGS_AT_MOST) -> tuple[UpsReading, ...]:
        """Return the numbers of a UPS since a moment, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM ups_readings WHERE ups = ? AND at >= ? ORDER BY at LIMIT ?",
                (ups, format_utc(since), limit),
            )
            return self._decoded(decode.ups_reading, rows)

    def record_ups_test(self, test: UpsTest) -> None:
        """Record a test of a UPS's battery."""
        with self._facts() as connection:
            self._record(connection, JournalKind.UPS_TESTED, fields_of(test), test.ups, (("result", test.result),))

    # --- lines -----------------------------------------------------------------------------------------------------

    def see_line(self, sight: LineSight) -> None:
        """Note how a line was last seen; while it stays up or down, the earlier `since` stays."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "INSERT INTO line_sights (line, at, up, since, latency_ms, in_use) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (line) DO UPDATE SET at = excluded.at,"
                " since = CASE WHEN up = excluded.up THEN since ELSE excluded.since END, up = excluded.up,"
                " latency_ms = excluded.latency_ms, in_use = excluded.in_use",
                (
                    sight.line,
                    format_utc(sight.at),
                    sight.up,
                    format_utc(sight.since),
                    sight.latency_ms,
                    sight.in_use,
                ),
            )

    def record_line_test(self, test: LineTest) -> None:
        """Record a test of a line."""
        with self._facts() as connection:
            passed = (("passed", "yes" if test.passed else "no"),)
            self._record(connection, JournalKind.LINE_TESTED, fields_of(test), test.line, passed)

    # --- risks -----------------------------------------------------------------------------------------------------

    def accept_risk(self, acceptance: RiskAcceptance) -> None:
        """Record that the director lives with a finding until a day."""
        with self._facts() as connection:
            data = (("subject", acceptance.subject),)
            self._record(connection, JournalKind.RISK_ACCEPTED, fields_of(acceptance), acceptance.finding, data)
