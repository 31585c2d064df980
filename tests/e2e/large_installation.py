"""An installation as large as the figures ask for: ten data sets on three places, and a year of runs behind it."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from app.clock import SystemClock, format_utc
from app.policy.machine import TargetId, TargetKind
from app.records.store import Records
from app.targets.place import prepare_target
from tests.e2e.installation import NUT_NOBODY, TestHome, make_installation, write_machine

SETS = tuple(f"set-{number}" for number in range(10))
PLACES = ("nas", "annex", "cellar")
DAYS = 365


def make_large_installation(folder: Path, *, nut_port: int = NUT_NOBODY, days: int = DAYS) -> TestHome:
    """Build it in an empty folder; nothing has been copied today."""
    made = make_installation(folder)
    cellar = prepare_target(
        made.home, id=TargetId("cellar"), name="CELLAR", kind=TargetKind.FOLDER, path=made.place("cellar"),
        organisation="School", sources=(), clock=SystemClock(),
    )  # fmt: skip
    write_machine(made, [*made.installation().machine.targets, cellar], nut_port=nut_port)
    machine = yaml.safe_load(made.home.machine_file.read_text())
    machine["data_sets"] = [{"id": name, "paths": [str(made.source(name))]} for name in SETS]
    made.home.machine_file.write_text(yaml.safe_dump(machine, sort_keys=False))
    policy = made.home.policy_file.read_text()
    one = re.search(r"^data_sets:\n((?:- |  ).*\n)+", policy, re.MULTILINE)
    assert one is not None
    row = yaml.safe_load(one[0])["data_sets"][0]
    rows = yaml.safe_dump({"data_sets": [row | {"id": name, "name": name} for name in SETS]}, sort_keys=False)
    made.home.policy_file.write_text(policy.replace(one[0], rows))
    for name in SETS:
        made.source(name).mkdir()
        (made.source(name) / "a.txt").write_text(name * 50)
    with made.records() as records:
        write_history(records, days)
    return made


def write_history(records: Records, days: int) -> int:
    """Write a good copy of each set on each place for every day until yesterday; returns how many that are.

    Straight into the table: they have no rows in the journal, so `journal verify` would say so.
    """
    begun = datetime.now(UTC) - timedelta(days=days)
    moments = [begun + timedelta(days=day) for day in range(days)]
    rows = [
        (name, place, format_utc(at), format_utc(at + timedelta(minutes=3)), os.urandom(32).hex())
        for at in moments
        for name in SETS
        for place in PLACES
    ]
    with records._database.write() as connection:
        connection.executemany(
            "INSERT INTO runs (seq, kind, data_set, target, outcome, started, finished, reason, snapshot, files,"
            " bytes_total, bytes_added, duration_s)"
            " VALUES (0, 'backup', ?, ?, 'good', ?, ?, 'due', ?, 1000, 1000000000, 1000000, 180)",
            rows,
        )
    return len(rows)
