"""What was seen of targets, drives and UPSes. Readings are overwritten; a change of state is a fact in the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from app.clock import format_utc
from app.records.base import RecordsBase, text
from app.records.canonical import canonical
from app.records.facts import DriveSight, TargetSight, UpsSight
from app.records.journal import JournalKind


class SightRecords(RecordsBase):
    """The newest sight of each thing; not evidence by itself, but for the journal's rows of changes."""

    def see_target(self, sight: TargetSight) -> None:
        """Note a target as seen or as gone.

        The first sight and each change push and journal "target-connected" or "target-detached". While nothing
        changes, the earlier `since` stays, and sizes that are not known now stay as they were.
        """
        with self._database.read() as connection:
            changed = self._is_change(connection, sight)
        if not changed:
            self._note_target(sight)
            return
        kind = JournalKind.TARGET_CONNECTED if sight.connected else JournalKind.TARGET_DETACHED
        with self._facts() as connection:
            if not self._is_change(connection, sight):
                return  # another process saw the same and was first
            self._record(connection, kind, {"target": sight.target, "since": sight.since}, sight.target)
            connection.execute(
                "INSERT INTO target_sights (target, connected, since, free_bytes, total_bytes, reason)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (target) DO UPDATE SET connected = excluded.connected, since = excluded.since,"
                " free_bytes = coalesce(excluded.free_bytes, free_bytes),"
                " total_bytes = coalesce(excluded.total_bytes, total_bytes), reason = excluded.reason",
                (
                    sight.target,
                    sight.connected,
                    format_utc(sight.since),
                    sight.free_bytes,
                    sight.total_bytes,
                    sight.reason,
                ),
            )

    def _is_change(self, connection: sqlite3.Connection, sight: TargetSight) -> bool:
        row = connection.execute("SELECT connected FROM target_sights WHERE target = ?", (sight.target,)).fetchone()
        return row is None or bool(row["connected"]) != sight.connected

    def _note_target(self, sight: TargetSight) -> None:
        with self._database.write(durable=False) as connection:
            connection.execute(
                "UPDATE target_sights SET free_bytes = coalesce(?, free_bytes), total_bytes = coalesce(?, total_bytes),"
                " reason = ? WHERE target = ?",
                (sight.free_bytes, sight.total_bytes, sight.reason, sight.target),
            )

    def see_drives(self, drives: Sequence[DriveSight]) -> None:
        """Note the drives that are plugged in now, all of them; writes nothing when they are the same as before."""
        wanted = {text(drive.device): canonical(drive) for drive in drives}
        with self._database.read() as connection:
            known = {row["device"]: row["sight"] for row in connection.execute("SELECT * FROM drive_sights")}
        if known == wanted:
            return
        with self._database.write(durable=False) as connection:
            connection.execute("DELETE FROM drive_sights")
            connection.executemany("INSERT INTO drive_sights (device, sight) VALUES (?, ?)", wanted.items())

    def see_ups(self, sight: UpsSight) -> None:
        """Note a reading of a UPS; going on battery and coming back are pushed and journalled.

        A UPS that does not answer is taken to be in the state it was last seen in.
        """
        with self._database.read() as connection:
            was_on_battery = self._was_on_battery(connection, sight)
        on_battery = "OB" in sight.flags if sight.reachable and sight.flags else was_on_battery
        if on_battery == was_on_battery:
            with self._database.write(durable=False) as connection:
                self._note_ups(connection, sight, on_battery)
            return
        with self._facts() as connection:
            if self._was_on_battery(connection, sight) == on_battery:
                return  # another process saw the same and was first
            kind = JournalKind.UPS_ON_BATTERY if on_battery else JournalKind.UPS_ON_LINE
            body = {
                "ups": sight.ups,
                "at": sight.at,
                "flags": sight.flags,
                "charge_percent": sight.charge_percent,
                "runtime_s": sight.runtime_s,
            }
            self._record(connection, kind, body, sight.ups)
            self._note_ups(connection, sight, on_battery)

    def _was_on_battery(self, connection: sqlite3.Connection, sight: UpsSight) -> bool:
        row = connection.execute("SELECT on_battery FROM ups_sights WHERE ups = ?", (sight.ups,)).fetchone()
        return row is not None and bool(row["on_battery"])

    def _note_ups(self, connection: sqlite3.Connection, sight: UpsSight, on_battery: bool) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO ups_sights (ups, name, at, reachable, flags, charge_percent, runtime_s,"
            " load_percent, model, on_battery, battery_date, test_result, trouble)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                sight.ups,
                text(sight.name),
                format_utc(sight.at),
                sight.reachable,
                text(" ".join(sight.flags)),
                sight.charge_percent,
                sight.runtime_s,
                sight.load_percent,
                text(sight.model),
                on_battery,
                text(sight.battery_date),
                text(sight.test_result),
                text(sight.trouble),
            ),
        )
