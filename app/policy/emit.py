"""Write values as the YAML of our files, so that any YAML reader understands them as we do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from app.errors import ConfigurationError
from app.policy.lines import Line
from app.policy.machine import DataSetFolders, Machine, RemotePlace, Target, Ups
from app.policy.model import DataSet, Document, Organisation, Revision, RoleHolder
from app.policy.people import person_entries

# Words and spaces that no YAML version reads as anything but text; everything else gets quotes.
_PLAIN: Final = re.compile(r"[^\W\d_][\w.@/()'’+-]*( [\w.@/()'’+-]+)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

Value = str | bool | int | date | None | tuple[str, ...]
Entry = tuple[str, Value]


def scalar(value: Value) -> str:
    """Write one value on one line: text plain where it is safe, double-quoted else; None as nothing.

    Raises ConfigurationError (`reason="not-text"`) for a text that is not Unicode, such as a badly encoded file name.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case tuple():
            return "[" + ", ".join(scalar(text) for text in value) + "]"
        case str():
            return _text(value)


def _text(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ConfigurationError(reason="not-text", found=text.encode("utf-8", "backslashreplace").decode())
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def organisation_entries(organisation: Organisation) -> tuple[Entry, ...]:
    month, day = organisation.school_year_starts
    return (
        ("name", organisation.name),
        ("kind", organisation.kind),
        ("country", organisation.country),
        ("language", organisation.language),
        ("timezone", organisation.timezone),
        ("school_year_starts", f"{month:02}-{day:02}"),
    )


def document_entries(document: Document) -> tuple[Entry, ...]:
    """All but `review_months`, which stands under `review` in the file. A dot leads into a mapping."""
    return (
        ("number", document.number),
        ("title.nl", document.title.nl),
        ("title.en", document.title.en),
        ("version", document.version),
        ("effective_on", document.effective_on),
        ("owner", document.owner),
        ("type.nl", document.type.nl),
        ("type.en", document.type.en),
        ("parent", document.parent),
        ("governing_body", document.governing_body),
    )


def role_entries(holders: Iterable[RoleHolder]) -> tuple[Entry, ...]:
    return tuple(
        (f"{holder.role}.{key}", value)
        for holder in holders
        for key, value in (
            ("label.nl", holder.label.nl),
            ("label.en", holder.label.en),
            ("person", holder.person),
            ("deputy", holder.deputy),
            ("email", holder.email),
            ("phone", holder.phone),
        )
    )


def mapping_block(key: str, entries: tuple[Entry, ...]) -> str:
    """Write a top-level mapping, dotted entries nested."""
    lines = [f"{key}:"]
    before: tuple[str, ...] = ()
    for name, value in entries:
        *parents, last = name.split(".")
        for depth, parent in enumerate(parents):
            if before[: depth + 1] != tuple(parents[: depth + 1]):
                lines.append(f"{'  ' * (depth + 1)}{parent}:")
        before = tuple(parents)
        lines.append(f"{'  ' * (len(parents) + 1)}{last}: {scalar(value)}".rstrip())
    return "\n".join(lines) + "\n"


def list_block(key: str, items: Iterable[tuple[Entry, ...]]) -> str:
    """Write a top-level list of mappings."""
    lines = []
    for entries in items:
        for number, (name, value) in enumerate(entries):
            lines.append(f"  {'-' if number == 0 else ' '} {name}: {scalar(value)}".rstrip())
        lines.append("")
    return f"{key}:\n" + "\n".join(lines) if lines else f"{key}: []\n"


def data_set_entries(data_set: DataSet) -> tuple[Entry, ...]:
    exempt: tuple[Entry, ...] = (
        ("exemption_reason", data_set.exemption_reason),
        ("exemption_approved_by", data_set.exemption_approved_by),
        *((("exemption_until", data_set.exemption_until),) if data_set.exemption_until else ()),
    )
    grounds = (data_set.exemption_reason, data_set.exemption_approved_by, data_set.exemption_until)
    shown = not data_set.kept_in_archive or any(grounds)
    return (
        ("id", data_set.id),
        ("name", data_set.name),
        ("availability", data_set.classification.availability.value),
        ("integrity", data_set.classification.integrity.value),
        ("confidentiality", data_set.classification.confidentiality.value),
        ("kind", data_set.kind.value),
        ("location", data_set.location.value),
        ("owner", data_set.owner),
        ("classified_on", data_set.classified_on),
        ("kept_in_archive", data_set.kept_in_archive),
        *(exempt if shown else ()),
    )


def revision_entries(revision: Revision) -> tuple[Entry, ...]:
    return (
        ("version", revision.version),
        ("on", revision.on),
        ("change", revision.change),
        ("approved_by", revision.approved_by),
    )


_MACHINE_HEAD: Final = """\
# What this computer has: the folders of the data sets, the places for copies, the UPSes, the lines; and who is told.
# No secrets.
#
# Made by the set-up and by the screens. You may change it by hand (`vangnet policy validate` checks it too), but
# comments of your own are lost when Vangnet writes it again. Do not change repository_id, marker_id or fs_uuid:
# by these Vangnet knows that a disk is the right one.

format: 1

"""


def machine_text(machine: Machine) -> str:
    """Write a whole machine file."""
    hour, minute = machine.backup_time
    settings: tuple[Entry, ...] = (
        ("language", machine.language),
        ("backup_time", f"{hour:02}:{minute:02}"),
        ("theme", machine.theme),
    )
    return (
        _MACHINE_HEAD
        + "".join(f"{key}: {scalar(value)}\n" for key, value in settings)
        + "\n"
        + list_block("data_sets", map(_folders_entries, machine.data_sets)).rstrip("\n")
        + "\n\n"
        + list_block("targets", map(_target_entries, machine.targets)).rstrip("\n")
        + "\n\n"
        + list_block("upses", map(_ups_entries, machine.upses)).rstrip("\n")
        + "\n\n"
        + list_block("lines", map(_line_entries, machine.lines)).rstrip("\n")
        + "\n\n"
        + list_block("people", map(person_entries, machine.people)).rstrip("\n")
        + "\n"
    )


def _folders_entries(folders: DataSetFolders) -> tuple[Entry, ...]:
    return (
        ("id", folders.data_set),
        ("paths", tuple(map(str, folders.paths))),
        ("exclude", folders.exclude),
    )


def _target_entries(target: Target) -> tuple[Entry, ...]:
    return (
        ("id", target.id),
        ("name", target.name),
        ("kind", target.kind.value),
        *(_network_entries(target.on_network) if target.on_network else (("path", str(target.path)),)),
        ("repository_id", target.repository_id),
        ("marker_id", target.marker_id),
        ("purpose", target.purpose.value),
        ("colour", target.colour),
        ("site", target.site),
        ("offsite", target.offsite),
        ("fs_uuid", target.fs_uuid),
        ("serial", target.serial),
        ("disk_set", target.disk_set),
        ("kept_by", target.kept_by),
        ("data_sets", tuple(target.data_sets)),
        ("site_address", target.site_address),
        ("distance_km", target.distance_km),
        ("same_zone", target.same_zone),
    )


def _network_entries(place: RemotePlace) -> tuple[Entry, ...]:
    """S3's own keys are written where they say something."""
    of_s3: tuple[Entry, ...] = (
        ("region", place.region),
        ("virtual_host", place.virtual_host),
        ("retention_days", place.retention_days),
        ("compliance", place.compliance),
    )
    return (
        ("address", place.address),
        ("user", place.user),
        ("secret", place.secret),
        ("server_key", place.server_key),
        ("append_only", place.append_only),
        *(entry for entry in of_s3 if entry[1]),
    )


def _ups_entries(ups: Ups) -> tuple[Entry, ...]:
    return (
        ("id", ups.id),
        ("name", ups.name),
        ("kind", ups.kind.value),
        ("host", ups.host),
        ("port", ups.port),
        ("ups", ups.ups),
        ("protects", ups.protects),
        ("username", ups.username),
        ("battery_since", ups.battery_since),
    )


def _line_entries(line: Line) -> tuple[Entry, ...]:
    return (
        ("id", line.id),
        ("name", line.name),
        ("role", line.role.value),
        ("interface", line.interface),
        ("gateway", line.gateway),
        ("provider", line.provider),
        ("sla_expires", line.sla.expires),
        ("sla_contact", line.sla.contact),
        ("sla_reference", line.sla.reference),
        ("sla_not_possible", line.sla.not_possible),
    )
