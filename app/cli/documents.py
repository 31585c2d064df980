"""The JSON documents of the commands: one function a kind of value, so that a field has one name everywhere.

Times are RFC 3339 in UTC or null; sizes are bytes; durations seconds. The fields are described in docs/commands.md.
"""

from __future__ import annotations

from datetime import datetime

from app.assessment.model import DataSetHealth, Finding, Obligation, Score, SyncHealth, TargetHealth
from app.cli.session import JsonValue
from app.clock import format_utc
from app.policy.machine import Target
from app.records.facts import DriveSight, RestoreTest, Run, UpsSight


def instant(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)


def pairs(data: tuple[tuple[str, str], ...]) -> dict[str, JsonValue]:
    return dict(data)


def run_document(run: Run) -> dict[str, JsonValue]:
    return {
        "run": run.id or None,
        "kind": run.kind.value,
        "set": run.data_set,
        "target": run.target,
        "outcome": run.outcome.value,
        "started": instant(run.started),
        "finished": instant(run.finished),
        "snapshot": run.snapshot,
        "files": run.files,
        "files_new_or_changed": run.files_new_or_changed,
        "bytes_total": run.bytes_total,
        "bytes_added": run.bytes_added,
        "duration_s": run.duration_s,
        "error": {"code": run.error_code, "data": pairs(run.error_data)} if run.error_code else None,
        "problems": [{"what": problem.what, "reason": problem.reason} for problem in run.problems],
        "problems_total": run.problems_total,
    }


def restore_test_document(test: RestoreTest) -> dict[str, JsonValue]:
    return {
        "run": test.run,
        "set": test.data_set,
        "target": test.target,
        "snapshot": test.snapshot,
        "at": instant(test.at),
        "files": test.files,
        "bytes": test.bytes,
        "identical": test.identical,
        "duration_s": test.duration_s,
        "full_restore_estimate_s": test.full_restore_estimate_s,
        "rto_met": test.rto_met,
        "opened_file": test.opened_file,
        "confirmed_by": test.confirmed_by,
        "passed": test.passed,
    }


def obligation_document(obligation: Obligation, title: str) -> dict[str, JsonValue]:
    return {
        "id": obligation.id,
        "kind": obligation.kind.value,
        "title": title,
        "set": obligation.data_set,
        "target": obligation.target,
        "timing": obligation.timing.value,
        "due": instant(obligation.due),
        "overdue_since": instant(obligation.overdue_since),
        "last_met": instant(obligation.last_met),
        "who": None if obligation.who is None else obligation.who.value,
        "basis": obligation.basis.value,
        "why": list(obligation.why),
    }


def finding_document(finding: Finding, text: str) -> dict[str, JsonValue]:
    return {
        "code": finding.code.value,
        "state": finding.state.name.lower(),
        "text": text,
        "subject": finding.subject,
        "basis": finding.basis.value,
        "why": list(finding.why),
        "data": pairs(finding.data),
    }


def data_set_document(health: DataSetHealth, score: Score | None) -> dict[str, JsonValue]:
    return {
        "set": health.data_set,
        "name": health.name,
        "tier": health.tier.name,
        "state": health.state.name.lower(),
        "last_good": instant(health.last_good),
        "due": instant(health.due),
        "good_targets": list(health.good_targets),
        "score": None if score is None else score_document(score),
    }


def score_document(score: Score) -> dict[str, JsonValue]:
    return {
        "copies": score.copies,
        "media": score.media,
        "offsite": score.offsite,
        "offline": score.offline,
        "errors": score.errors,
        "sites": score.sites,
        "detached_since": instant(score.detached_since),
        "met": score.met,
    }


def target_document(health: TargetHealth) -> dict[str, JsonValue]:
    return {
        "target": health.target,
        "name": health.name,
        "state": health.state.name.lower(),
        "connection": health.connection.value,
        "since": instant(health.since),
        "reason": health.reason,
        "last_good": instant(health.last_good),
        "free_bytes": health.free_bytes,
        "phases": [
            {
                "phase": phase.phase.value,
                "state": phase.state.name.lower(),
                "last_good": instant(phase.last_good),
                "last_failure": instant(phase.last_failure),
                "failure": phase.failure,
                "next_due": instant(phase.next_due),
                "running": phase.running,
            }
            for phase in health.phases
        ],
        "fulls": [{"school_year": full.label, "bytes": full.stored_bytes} for full in health.fulls],
    }


def sync_document(health: SyncHealth) -> dict[str, JsonValue]:
    return {
        "set": health.data_set,
        "target": health.target,
        "state": health.state.name.lower(),
        "lag_s": None if health.lag is None else round(health.lag.total_seconds(), 1),
        "allowed_s": health.allowed.total_seconds(),
        "live": health.live,
        "link_up": health.link_up,
    }


def where_document(target: Target) -> dict[str, JsonValue]:
    """Return what a place is and where it stands, as the machine file and whoever looked say."""
    return {
        "kind": target.kind.value,
        "where": target.where,
        "site": target.site,
        "offsite": target.offsite,
        "site_address": target.site_address,
        "distance_km": target.distance_km,
        "same_zone": target.same_zone,
    }


def drive_document(drive: DriveSight) -> dict[str, JsonValue]:
    return {
        "device": drive.device,
        "serial": drive.serial,
        "vendor": drive.vendor,
        "model": drive.model,
        "label": drive.label,
        "fs_uuid": drive.fs_uuid,
        "fs_type": drive.fs_type,
        "formatted": drive.formatted,
        "holds": drive.holds,
        "size_bytes": drive.size_bytes,
        "mount_point": drive.mount_point,
        "connected": True,
        "target": drive.target,
        "note": drive.note.value,
    }


def ups_document(ups: UpsSight) -> dict[str, JsonValue]:
    return {
        "ups": ups.ups,
        "name": ups.name,
        "at": instant(ups.at),
        "reachable": ups.reachable,
        "flags": list(ups.flags),
        "charge_percent": ups.charge_percent,
        "runtime_s": ups.runtime_s,
        "load_percent": ups.load_percent,
        "model": ups.model,
    }
