"""What stands where in a machine file: from its YAML nodes to a `Machine`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.policy.decode import Fields, Item, nearest
from app.policy.errors import Expected, Reason
from app.policy.machine import DataSetFolders, Machine, Purpose, Target, TargetId, TargetKind
from app.policy.model import DataSetId, Policy
from app.policy.network_file import read_network
from app.policy.people import read_person
from app.policy.power_file import read_line, read_ups, report_unknown_devices
from app.policy.yamlfile import Mapping, Report

FORMAT: Final = 1
_WITH_PATH: Final = (TargetKind.FOLDER, TargetKind.USB)


def read_machine(top: Mapping, policy: Policy | None, report: Report) -> Machine:
    """Read the whole file; what is wrong goes to the report, and then the machine must not be used."""
    known = None if policy is None else frozenset(data_set.id for data_set in policy.data_sets)
    with Fields(top, "", report) as fields:
        fields.number("format", FORMAT, FORMAT)
        set_items = fields.items("data_sets")
        target_items = fields.items("targets")
        ups_items = fields.items("upses", required=False)
        data_sets = tuple(_folders(item, known) for item in set_items)
        targets = tuple(_target(item, known) for item in target_items)
        upses = tuple(read_ups(item) for item in ups_items)
        line_items = fields.items("lines", required=False)
        lines = tuple(read_line(item) for item in line_items)
        _report_doubles(set_items, tuple(folders.data_set for folders in data_sets))
        _report_doubles(target_items, tuple(target.id for target in targets))
        _report_doubles(ups_items, tuple(ups.id for ups in upses))
        people = tuple(read_person(item) for item in fields.items("people", required=False))
        _report_doubles(line_items, tuple(line.id for line in lines))
        report_unknown_devices(ups_items, upses, targets)
        _report_inside_source(target_items, targets, data_sets)
        time = fields.get("backup_time")
        return Machine(
            language="nl" if fields.one_of("language", ("nl", "en")) == "nl" else "en",
            data_sets=data_sets,
            targets=targets,
            upses=upses,
            backup_time=time.time() if time else (18, 0),
            theme=fields.text("theme", ""),
            lines=lines,
            people=people,
        )


def _folders(item: Item, known: frozenset[DataSetId] | None) -> DataSetFolders:
    with item.fields() as fields:
        return DataSetFolders(
            data_set=_known_set(fields.need("id"), known),
            paths=tuple(_absolute(path) for path in fields.items("paths")),
            exclude=tuple(pattern.path_text() for pattern in fields.items("exclude", required=False)),
        )


def _known_set(item: Item | None, known: frozenset[DataSetId] | None) -> DataSetId:
    name = DataSetId(item.slug()) if item else DataSetId("")
    if item and known is not None and name not in known:
        item.problem(Reason.UNKNOWN_DATA_SET, expected=tuple(sorted(known)), suggestion=nearest(name, known))
    return name


def _target(item: Item, known: frozenset[DataSetId] | None) -> Target:
    with item.fields() as fields:
        problems = len(fields.report.problems)
        kind = fields.choice("kind", TargetKind)
        # A kind that is wrong says nothing about the path, or about needing a UUID.
        known_kind = kind if len(fields.report.problems) == problems else None
        on_network = read_network(fields, kind) if known_kind and known_kind not in _WITH_PATH else None
        path = None if on_network else fields.need("path")
        distance, same_zone = fields.get("distance_km"), fields.get("same_zone")
        return Target(
            id=TargetId(fields.slug("id")),
            name=fields.text("name"),
            kind=kind,
            path=_path_on(known_kind, path) if path else Path(on_network.address if on_network else "/"),
            repository_id=fields.text("repository_id"),
            marker_id=fields.text("marker_id"),
            purpose=fields.choice("purpose", Purpose, Purpose.COPIES),
            colour=fields.text("colour", ""),
            site=fields.text("site", ""),
            offsite=fields.true_or_false("offsite", False),
            # Without the UUID any disk in the same place would do, and copies would end up on the wrong one.
            fs_uuid=fields.text("fs_uuid") if known_kind is TargetKind.USB else fields.text("fs_uuid", ""),
            serial=fields.text("serial", ""),
            disk_set=fields.text("disk_set", ""),
            kept_by=fields.text("kept_by", ""),
            data_sets=tuple(_known_set(entry, known) for entry in fields.items("data_sets", required=False)),
            on_network=on_network,
            site_address=fields.text("site_address", ""),
            distance_km=distance.number(0, 20_100) if distance else None,
            same_zone=same_zone.true_or_false() if same_zone else None,
        )


def _path_on(kind: TargetKind | None, item: Item) -> Path:
    if kind is TargetKind.FOLDER:
        return _absolute(item)
    path = Path(item.path_text())
    if kind is TargetKind.USB and (path.is_absolute() or ".." in path.parts):
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.RELATIVE_PATH,))
    return path


def _absolute(item: Item) -> Path:
    path = Path(item.path_text())
    if not path.is_absolute() or ".." in path.parts:
        item.problem(Reason.IMPOSSIBLE_VALUE, expected=(Expected.ABSOLUTE_PATH,))
    return path


def _report_doubles(items: tuple[Item, ...], ids: tuple[str, ...]) -> None:
    for item, name, index in zip(items, ids, range(len(ids)), strict=False):
        if name and name in ids[:index]:
            item.problem(Reason.NOT_UNIQUE, found=name)


def _report_inside_source(
    items: tuple[Item, ...], targets: tuple[Target, ...], data_sets: tuple[DataSetFolders, ...]
) -> None:
    """A place inside a folder that is copied would be copied into itself, every day a bit larger."""
    sources = {path for folders in data_sets for path in folders.paths}
    for item, target in zip(items, targets, strict=False):
        inside = sources.intersection((target.path, *target.path.parents))
        if target.kind is TargetKind.FOLDER and inside and target.path != Path("/"):
            item.problem(Reason.INSIDE_ITS_SOURCE, found=str(target.path), expected=tuple(map(str, inside)))
