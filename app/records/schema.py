"""The tables, as a list of migrations. A migration that has been released is never changed: a new one is added."""

from __future__ import annotations

APPLICATION_ID = 0x56474E54
"""SQLite's `application_id`: "VGNT". Tells our database from another program's."""

_FIRST: tuple[str, ...] = (
    # The truth: every fact, in order. All other tables with a `seq` are a projection of it (`projections.py`).
    """CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        previous_hash TEXT NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL)""",
    "CREATE INDEX journal_kind ON journal (kind, seq)",
    # A guard against our own mistakes; tampering is found by the chain, not stopped by this.
    """CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END""",
    """CREATE TRIGGER journal_is_not_removed BEFORE DELETE ON journal
        BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL,
        outcome TEXT NOT NULL, started TEXT NOT NULL, finished TEXT, reason TEXT NOT NULL,
        snapshot TEXT NOT NULL DEFAULT '', files INTEGER NOT NULL DEFAULT 0,
        files_new_or_changed INTEGER NOT NULL DEFAULT 0, bytes_total INTEGER NOT NULL DEFAULT 0,
        bytes_added INTEGER NOT NULL DEFAULT 0, duration_s REAL NOT NULL DEFAULT 0, error_code TEXT NOT NULL DEFAULT '',
        error_data TEXT NOT NULL DEFAULT '[]', problems_total INTEGER NOT NULL DEFAULT 0,
        problems TEXT NOT NULL DEFAULT '[]')""",
    "CREATE INDEX runs_started ON runs (started)",
    "CREATE INDEX runs_latest ON runs (kind, data_set, target, outcome, id)",
    "CREATE INDEX runs_running ON runs (id) WHERE outcome = 'running'",
    "CREATE INDEX runs_data_set ON runs (data_set, id)",
    "CREATE INDEX runs_target ON runs (target, id)",
    """CREATE TABLE restore_tests (
        run INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL,
        snapshot TEXT NOT NULL, at TEXT NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL,
        identical INTEGER NOT NULL, duration_s REAL NOT NULL, full_restore_estimate_s REAL NOT NULL,
        rto_met INTEGER NOT NULL, opened_file TEXT NOT NULL, confirmed_by TEXT NOT NULL, confirmed_at TEXT)""",
    """CREATE TABLE approvals (
        seq INTEGER PRIMARY KEY, policy_sha256 TEXT NOT NULL, version TEXT NOT NULL, by TEXT NOT NULL,
        function TEXT NOT NULL, at TEXT NOT NULL)""",
    "CREATE TABLE key_tests (seq INTEGER PRIMARY KEY, target TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL)",
    """CREATE TABLE attestations (
        seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, remark TEXT NOT NULL,
        reference TEXT NOT NULL)""",
    """CREATE TABLE postponements (
        obligation TEXT PRIMARY KEY, seq INTEGER NOT NULL, until TEXT NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL,
        at TEXT NOT NULL)""",
    """CREATE TABLE answers (
        school_year INTEGER NOT NULL, item TEXT NOT NULL, seq INTEGER NOT NULL, verdict TEXT NOT NULL,
        remark TEXT NOT NULL, action_owner TEXT NOT NULL, action_due TEXT, by TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (school_year, item))""",
    """CREATE TABLE signatures (
        seq INTEGER PRIMARY KEY, school_year INTEGER NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL,
        content TEXT NOT NULL, content_sha256 TEXT NOT NULL, journal_seq INTEGER NOT NULL, journal_hash TEXT NOT NULL,
        public_key TEXT NOT NULL, signature TEXT NOT NULL)""",
    "CREATE TABLE set_up (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, at TEXT NOT NULL)",
    # Numbers and messages: not evidence, not in the journal.
    """CREATE TABLE run_processes (
        run INTEGER PRIMARY KEY, pid INTEGER NOT NULL, pid_started REAL NOT NULL)""",
    """CREATE TABLE progress (
        run INTEGER PRIMARY KEY, at TEXT NOT NULL, phase TEXT NOT NULL, files_done INTEGER NOT NULL,
        files_total INTEGER NOT NULL, bytes_done INTEGER NOT NULL, bytes_total INTEGER NOT NULL,
        current TEXT NOT NULL)""",
    """CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL,
        state TEXT NOT NULL, asked TEXT NOT NULL, by TEXT NOT NULL, runs TEXT NOT NULL, refusal TEXT NOT NULL)""",
    "CREATE INDEX requests_state ON requests (state, id)",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
        data TEXT NOT NULL)""",
    """CREATE TABLE target_sights (
        target TEXT PRIMARY KEY, connected INTEGER NOT NULL, since TEXT NOT NULL, free_bytes INTEGER,
        total_bytes INTEGER)""",
    "CREATE TABLE drive_sights (device TEXT PRIMARY KEY, sight TEXT NOT NULL)",
    """CREATE TABLE ups_sights (
        ups TEXT PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL, reachable INTEGER NOT NULL, flags TEXT NOT NULL,
        charge_percent REAL, runtime_s REAL, load_percent REAL, model TEXT NOT NULL, on_battery INTEGER NOT NULL)""",
)

_CONTINUOUS: tuple[str, ...] = (
    """CREATE TABLE sync_periods (
        run INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL,
        begun TEXT NOT NULL, ended TEXT NOT NULL, copies INTEGER NOT NULL, max_lag_s REAL NOT NULL,
        late_s REAL NOT NULL)""",
    "CREATE INDEX sync_periods_ended ON sync_periods (ended)",
    """CREATE TABLE sync_states (
        data_set TEXT NOT NULL, target TEXT NOT NULL, run INTEGER NOT NULL, since TEXT NOT NULL, at TEXT NOT NULL,
        safe_until TEXT, waiting_since TEXT, link_up INTEGER NOT NULL, copies INTEGER NOT NULL,
        max_lag_s REAL NOT NULL, late_s REAL NOT NULL, PRIMARY KEY (data_set, target))""",
)

PEOPLE: tuple[str, ...] = (
    "ALTER TABLE attestations ADD COLUMN evidence TEXT NOT NULL DEFAULT '[]'",
    # Every postponement is kept, not only the newest of an obligation: how often a task was put off is evidence.
    "DROP TABLE postponements",
    """CREATE TABLE postponements (
        seq INTEGER PRIMARY KEY, obligation TEXT NOT NULL, until TEXT NOT NULL, reason TEXT NOT NULL,
        by TEXT NOT NULL, at TEXT NOT NULL, approved_by TEXT NOT NULL DEFAULT '')""",
    """INSERT OR IGNORE INTO postponements (seq, obligation, until, reason, by, at)
        SELECT seq, json_extract(body, '$.obligation'), json_extract(body, '$.until'), json_extract(body, '$.reason'),
            json_extract(body, '$.by'), json_extract(body, '$.at') FROM journal
            WHERE kind = 'postponed' AND json_valid(body)""",
)

_DEVIATIONS: tuple[str, ...] = (
    """CREATE TABLE holds (
        id TEXT PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL,
        remark TEXT NOT NULL, by TEXT NOT NULL, since TEXT NOT NULL, lifted_at TEXT,
        lifted_by TEXT NOT NULL DEFAULT '', lift_remark TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE run_changes (
        run INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL, at TEXT NOT NULL,
        files_before INTEGER NOT NULL, new INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL,
        opaque_new INTEGER NOT NULL, opaque_changed INTEGER NOT NULL, canaries_touched TEXT NOT NULL)""",
    """CREATE TABLE canaries (
        path TEXT PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, sha256 TEXT NOT NULL, by TEXT NOT NULL,
        at TEXT NOT NULL)""",
    """CREATE TABLE anomalies (
        run INTEGER PRIMARY KEY, seq INTEGER NOT NULL, data_set TEXT NOT NULL, target TEXT NOT NULL, at TEXT NOT NULL,
        signs TEXT NOT NULL, verdict TEXT NOT NULL, closed_at TEXT, closed_by TEXT NOT NULL DEFAULT '',
        remark TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE misses (
        obligation TEXT NOT NULL, due TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, data_set TEXT NOT NULL,
        target TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (obligation, due))""",
    """CREATE TABLE judgements (
        seq INTEGER PRIMARY KEY, case_id TEXT NOT NULL, until TEXT NOT NULL, ruling TEXT NOT NULL,
        remark TEXT NOT NULL, action_owner TEXT NOT NULL, action_due TEXT, by TEXT NOT NULL, at TEXT NOT NULL)""",
    """CREATE TABLE told (
        seq INTEGER PRIMARY KEY, key TEXT NOT NULL, role TEXT NOT NULL, person TEXT NOT NULL, channel TEXT NOT NULL,
        at TEXT NOT NULL)""",
    # Messages, not evidence: what is to be sent, and what became of it.
    """CREATE TABLE notices (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, role TEXT NOT NULL, person TEXT NOT NULL,
        channel TEXT NOT NULL, urgency TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL,
        state TEXT NOT NULL, attempts INTEGER NOT NULL, tried_at TEXT, error TEXT NOT NULL)""",
    "CREATE INDEX notices_state ON notices (state, id)",
    "CREATE INDEX notices_at ON notices (at)",
)

_HANDOVERS: tuple[str, ...] = (
    """CREATE TABLE handovers (
        seq INTEGER PRIMARY KEY, target TEXT NOT NULL, holder TEXT NOT NULL, site TEXT NOT NULL, at TEXT NOT NULL,
        by TEXT NOT NULL)""",
)

_POWER: tuple[str, ...] = (
    """CREATE TABLE outages (
        id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, cause TEXT NOT NULL,
        began TEXT NOT NULL, ended TEXT, critical INTEGER NOT NULL DEFAULT 0, lowest_charge_percent REAL,
        lowest_runtime_s REAL)""",
    "CREATE INDEX outages_open ON outages (kind, subject) WHERE ended IS NULL",
    """CREATE TABLE ups_tests (
        seq INTEGER PRIMARY KEY, ups TEXT NOT NULL, at TEXT NOT NULL, how TEXT NOT NULL, result TEXT NOT NULL,
        runtime_s REAL, charge_percent REAL, by TEXT NOT NULL, remark TEXT NOT NULL)""",
    """CREATE TABLE line_tests (
        seq INTEGER PRIMARY KEY, line TEXT NOT NULL, at TEXT NOT NULL, how TEXT NOT NULL, passed INTEGER NOT NULL,
        latency_ms REAL, by TEXT NOT NULL, remark TEXT NOT NULL)""",
    """CREATE TABLE risk_acceptances (
        seq INTEGER PRIMARY KEY, finding TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL,
        until TEXT NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL)""",
    # Numbers: not evidence, not in the journal.
    """CREATE TABLE ups_readings (
        ups TEXT NOT NULL, at TEXT NOT NULL, on_battery INTEGER NOT NULL, charge_percent REAL, runtime_s REAL,
        load_percent REAL, PRIMARY KEY (ups, at))""",
    """CREATE TABLE line_sights (
        line TEXT PRIMARY KEY, at TEXT NOT NULL, up INTEGER NOT NULL, since TEXT NOT NULL, latency_ms REAL,
        in_use INTEGER NOT NULL)""",
    "ALTER TABLE ups_sights ADD COLUMN battery_date TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE ups_sights ADD COLUMN test_result TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE ups_sights ADD COLUMN trouble TEXT NOT NULL DEFAULT ''",
)

_PARTS: tuple[str, ...] = ("ALTER TABLE runs ADD COLUMN part TEXT NOT NULL DEFAULT ''",)

_WHY_NOT_THERE: tuple[str, ...] = ("ALTER TABLE target_sights ADD COLUMN reason TEXT NOT NULL DEFAULT ''",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST, _CONTINUOUS, PEOPLE, _DEVIATIONS, _HANDOVERS, _POWER, _PARTS, _WHY_NOT_THERE,
)  # fmt: skip
"""Migration n (from 1) brings `PRAGMA user_version` from n-1 to n, in one transaction."""
