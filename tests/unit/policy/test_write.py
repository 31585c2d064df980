"""Writing keeps what people wrote, and never leaves a file that cannot be loaded."""

from __future__ import annotations

import dataclasses
import difflib
import os
import stat
from datetime import date
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.policy.calendar import Region
from app.policy.errors import PolicyInvalid, Reason
from app.policy.load import load_machine, load_policy, parse_policy, template_policy, template_text
from app.policy.machine import DataSetFolders, Machine, Target, TargetId, TargetKind
from app.policy.model import (
    Availability,
    Classification,
    Confidentiality,
    DataSet,
    DataSetId,
    Integrity,
    Revision,
    Role,
)
from app.policy.write import PolicyEdit, edited_policy, write_machine, write_policy

USUAL = template_policy().typical_data_sets[0].classification
GRADES = DataSet(DataSetId("grades"), "Puntenboek", USUAL, owner="An", classified_on=date(2026, 11, 23))
FIRST = Revision("1.0", date(2026, 11, 23), "Eerste versie", "An Peeters")


def filled() -> PolicyEdit:
    template = template_policy()
    director = next(holder for holder in template.roles if holder.role is Role.DIRECTOR)
    return PolicyEdit(
        organisation=dataclasses.replace(template.organisation, name="Basisschool De Linde", country="NL"),
        document=dataclasses.replace(template.document, effective_on=date(2026, 12, 1), review_months=6),
        roles=(dataclasses.replace(director, person="An Peeters", email="an@delinde.be"),),
        data_sets=(GRADES,),
        revisions=(FIRST,),
    )


def difference(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_policy_is_made_from_the_template(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    edit = filled()
    policy = write_policy(path, edit)
    assert policy == load_policy(path)
    assert (policy.organisation, policy.document) == (edit.organisation, edit.document)
    assert (policy.data_sets, policy.revisions) == ((GRADES,), (FIRST,))
    assert [holder.person for holder in policy.roles] == ["", "An Peeters", "", "", ""]
    assert policy.rules == template_policy().rules
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["policy.yml"]


def test_only_the_values_that_change_are_touched() -> None:
    organisation = dataclasses.replace(template_policy().organisation, name="De Linde", country="NL")
    text = template_text()
    assert difference(text, edited_policy(text, PolicyEdit(organisation=organisation), "p")) == [
        '-  name: ""',
        "+  name: De Linde",
        "-  country: BE                     # BE or NL",
        "+  country: NL                     # BE or NL",
    ]


def test_comment_stays_in_its_column_beside_a_longer_value() -> None:
    document = dataclasses.replace(template_policy().document, effective_on=date(2026, 12, 1))
    text = template_text()
    removed, added = difference(text, edited_policy(text, PolicyEdit(document=document), "p"))
    assert added.startswith("+  effective_on: 2026-12-01  ")
    assert added.index("#") == removed.index("#")


def test_every_comment_of_the_template_survives() -> None:
    text = template_text()
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    after = edited_policy(text, filled(), "p")
    assert [line for line in after.splitlines() if line.lstrip().startswith("#")] == comments


def test_same_edit_twice_changes_nothing_more() -> None:
    once = edited_policy(template_text(), filled(), "p")
    assert edited_policy(once, filled(), "p") == once
    back = PolicyEdit(
        organisation=template_policy().organisation,
        document=template_policy().document,
        roles=template_policy().roles,
        data_sets=(),
        revisions=(),
    )
    assert edited_policy(once, back, "p") == template_text()


def test_parts_that_somebody_wrote_in_another_way_are_still_edited() -> None:
    text = template_text()
    start, end = text.index("roles:\n"), text.index("# ───", text.index("roles:\n"))
    flow = "roles:\n" + "".join(
        f"  {holder.role}: {{label: {{nl: {holder.label.nl}, en: {holder.label.en}}}}}\n"
        for holder in template_policy().roles
    )
    after = edited_policy(text[:start] + flow + "\n" + text[end:], filled(), "p")
    assert "person: An Peeters" in after


def test_folded_text_is_replaced_whole() -> None:
    text = template_text().replace("    nl: Back-upbeleid\n", "    nl: >-\n      Ons\n      beleid\n\n")
    document = dataclasses.replace(
        template_policy().document, title=dataclasses.replace(template_policy().document.title, nl="Nieuw")
    )
    assert "    nl: Nieuw\n" in edited_policy(text, PolicyEdit(document=document), "p")


def test_invalid_policy_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(template_text().replace("country: BE", "country: XX"), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(PolicyInvalid):
        write_policy(path, filled())
    assert path.read_bytes() == before


def test_value_that_could_not_be_loaded_again_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    bad = dataclasses.replace(GRADES, name="twee\nregels")
    with pytest.raises(PolicyInvalid) as caught:
        write_policy(path, PolicyEdit(data_sets=(bad,)))
    assert caught.value.problems[0].reason is Reason.IMPOSSIBLE_VALUE
    assert not path.exists()


def test_mode_that_the_it_provider_gave_stays(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    write_policy(path, PolicyEdit())
    path.chmod(0o640)
    write_policy(path, filled())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def machine(*paths: Path) -> Machine:
    target = Target(TargetId("nas"), "NAS: 'school'", TargetKind.FOLDER, Path("/mnt/nas"), "r1", "m1")
    return Machine("nl", (DataSetFolders(GRADES.id, paths),), (target,), theme="dark")


def test_machine_file_says_what_was_written(tmp_path: Path) -> None:
    odd = machine(Path('/data/Punten: "3B" #1'), Path("/data/new\nline"), Path("/data/é ü 😀"), Path("/data/no"))
    write_machine(tmp_path / "machine.yml", odd)
    assert load_machine(tmp_path / "machine.yml") == odd


def test_folder_name_that_is_not_unicode_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        write_machine(tmp_path / "machine.yml", machine(Path(os.fsdecode(b"/data/caf\xe9"))))
    assert caught.value.data["reason"] == "not-text"
    assert os.listdir(tmp_path) == []


def test_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "policy.yml"
    write_policy(path, filled())
    before = path.read_bytes()

    def full_disk(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_policy(path, PolicyEdit(data_sets=()))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["policy.yml"]


def test_classification_of_a_data_set_is_written(tmp_path: Path) -> None:
    levels = Classification(Availability.ESSENTIAL, Integrity.ABSOLUTE, Confidentiality.SECRET)
    exempt = dataclasses.replace(
        GRADES, classification=levels, kept_in_archive=False, exemption_reason="Tijdelijk.\nTot 2027.",
        exemption_approved_by="An",
    )  # fmt: skip
    assert write_policy(tmp_path / "policy.yml", PolicyEdit(data_sets=(exempt,))).data_sets == (exempt,)


def test_the_region_of_the_school_holidays_is_written_into_the_calendar() -> None:
    text = template_text()
    edited = edited_policy(text, PolicyEdit(region=Region.NL_ZUID), "p")
    assert difference(text, edited) == ["-  region:", "+  region: nl-zuid"]
    assert parse_policy(edited.encode(), "p").calendar.region is Region.NL_ZUID


@pytest.mark.parametrize(
    "calendar",
    ["", "calendar:\n  # ours\n  closed:\n    - {first: 2026-11-09}\n", "calendar:   # ours\n  region: be\n"],
)
def test_a_region_is_added_to_a_calendar_that_names_none(calendar: str) -> None:
    text = template_text()
    start = text.index("\ncalendar:")
    text = text[:start] + "\n" + calendar + text[text.index("\n# ─", start) :]
    edited = edited_policy(text, PolicyEdit(region=Region.BE_DE), "p")
    before, after = parse_policy(text.encode(), "p").calendar, parse_policy(edited.encode(), "p").calendar
    assert (after.region, after.closed) == (Region.BE_DE, before.closed)
    assert ("# ours" in edited) == ("# ours" in calendar)


def test_a_calendar_on_one_line_is_left_to_people() -> None:
    text = template_text()
    start = text.index("\ncalendar:")
    text = text[:start] + "\ncalendar: {closed: []}\n" + text[text.index("\n# ─", start) :]
    with pytest.raises(ConfigurationError):
        edited_policy(text, PolicyEdit(region=Region.BE_DE), "p")
