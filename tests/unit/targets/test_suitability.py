from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.policy.machine import TargetKind
from app.targets.suitability import PlaceProblemCode, PlaceReport, examine_place


def codes(report: PlaceReport) -> list[PlaceProblemCode]:
    return [problem.code for problem in report.problems]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep" / "er").mkdir(parents=True)
    return folder


def test_folder_beside_the_source_is_suitable_with_a_warning(source: Path, tmp_path: Path) -> None:
    report = examine_place(tmp_path / "copies" / "not-yet", (source,))
    assert report.suitable
    assert [warning.code for warning in report.warnings] == [PlaceProblemCode.SAME_DEVICE]
    assert 0 < report.free_bytes <= report.total_bytes
    assert report.fs_type != ""
    assert not report.read_only


def test_looking_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    examine_place(tmp_path / "copies" / "not-yet", (source,))
    examine_place(tmp_path, (source,))
    assert sorted(tmp_path.rglob("*")) == before


def test_same_device_is_a_problem_for_a_usb_disk(source: Path, tmp_path: Path) -> None:
    report = examine_place(tmp_path / "copies", (source,), kind=TargetKind.USB)
    assert PlaceProblemCode.SAME_DEVICE in codes(report)


def test_source_itself_and_folders_in_it_are_refused(source: Path) -> None:
    assert codes(examine_place(source, (source,))) == [PlaceProblemCode.INSIDE_SOURCE]
    assert codes(examine_place(source / "deep" / "er", (source,))) == [PlaceProblemCode.INSIDE_SOURCE]
    assert codes(examine_place(source / "new" / "folder", (source,))) == [PlaceProblemCode.INSIDE_SOURCE]


def test_folder_that_holds_a_source_is_refused(source: Path, tmp_path: Path) -> None:
    assert codes(examine_place(tmp_path, (source / "deep",))) == [PlaceProblemCode.HOLDS_SOURCE]


def test_link_does_not_hide_that_a_place_lies_in_the_source(source: Path, tmp_path: Path) -> None:
    link = tmp_path / "innocent"
    link.symlink_to(source / "deep")
    assert codes(examine_place(link / "copies", (source,))) == [PlaceProblemCode.INSIDE_SOURCE]
    linked_source = tmp_path / "linked-source"
    linked_source.symlink_to(source)
    assert codes(examine_place(source / "deep", (linked_source,))) == [PlaceProblemCode.INSIDE_SOURCE]


def test_source_that_is_not_there_hinders_nobody(tmp_path: Path) -> None:
    assert examine_place(tmp_path / "copies", (tmp_path / "gone" / "source",)).suitable


def test_too_little_space_is_told_with_both_figures(source: Path, tmp_path: Path) -> None:
    report = examine_place(tmp_path, (source,), need_bytes=1 << 60)
    assert PlaceProblemCode.TOO_LITTLE_SPACE in codes(report)
    data = dict(next(p.data for p in report.problems if p.code is PlaceProblemCode.TOO_LITTLE_SPACE))
    assert int(data["need_bytes"]) == 1 << 60
    assert int(data["free_bytes"]) == report.free_bytes


def test_file_is_no_place(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    assert codes(examine_place(file, ())) == [PlaceProblemCode.NOT_A_FOLDER]


def test_place_that_refuses_files_is_not_writable() -> None:
    # /proc refuses new files to everyone, root too.
    assert PlaceProblemCode.NOT_WRITABLE in codes(examine_place(Path("/proc") / str(os.getpid()), ()))
