"""Whatever people type, what is written is what is read; and no input makes the loader fail in another way."""

from __future__ import annotations

import dataclasses
import string
from datetime import date
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.policy import emit
from app.policy.errors import FileInvalid, PolicyInvalid
from app.policy.load import parse_machine, parse_policy, template_policy, template_text
from app.policy.machine import DataSetFolders, Machine, Purpose, Target, TargetId, TargetKind, Ups, UpsId
from app.policy.model import (
    Classification,
    DataSet,
    DataSetId,
    DataSetKind,
    LocationKind,
    Revision,
)
from app.policy.write import PolicyEdit, edited_policy
from app.policy.yamlfile import Mapping, Report, Scalar, parse_yaml

AWKWARD = st.sampled_from(
    ["yes", "No", "null", "~", "12", "1.0", "1e3", "0x1F", "12:30", "2026-01-01", "true", "a: b", "- a", "a #b",
     '"', "'", "\\", "\\n", "{a}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "?", ":", ",", "<<", "=",
     "  a  ", "…", "é", "日本", "😀", "a\u00a0b", "---", "...", "\ufeffa", "É: 'x' \"y\" #z"]
)  # fmt: skip
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
NAMES = (AWKWARD | st.text(LETTERS, min_size=1, max_size=40)).filter(lambda name: bool(name.strip()))
TEXTS = st.just("") | AWKWARD | st.text(LETTERS | st.sampled_from("\n\t"), max_size=60)
LINES = st.just("") | AWKWARD | st.text(LETTERS, max_size=40)
SLUGS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
PATHS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20).filter(
        lambda name: name not in {".", ".."}
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: Path("/", *parts))
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))

DATA_SETS = st.lists(
    st.builds(
        DataSet,
        id=SLUGS.map(DataSetId),
        name=NAMES,
        classification=st.builds(Classification),
        kind=st.sampled_from(DataSetKind),
        location=st.sampled_from(LocationKind),
        owner=LINES,
        classified_on=st.none() | DAYS,
        kept_in_archive=st.booleans(),
        exemption_reason=TEXTS,
        exemption_approved_by=LINES,
    ),
    max_size=5,
    unique_by=lambda data_set: data_set.id,
).map(tuple)
REVISIONS = st.lists(
    st.builds(
        Revision, version=NAMES, on=DAYS, change=TEXTS.filter(lambda text: bool(text.strip())), approved_by=LINES
    ),
    max_size=3,
    unique_by=lambda revision: revision.version,
).map(tuple)


@settings(max_examples=60, deadline=None)
@given(name=LINES, owner=LINES, number=LINES, person=LINES, data_sets=DATA_SETS, revisions=REVISIONS)
def test_policy_reads_back_as_it_was_written(
    name: str,
    owner: str,
    number: str,
    person: str,
    data_sets: tuple[DataSet, ...],
    revisions: tuple[Revision, ...],
) -> None:
    template = template_policy()
    edit = PolicyEdit(
        organisation=dataclasses.replace(template.organisation, name=name),
        document=dataclasses.replace(template.document, owner=owner, number=number),
        roles=(dataclasses.replace(template.roles[1], person=person),),
        data_sets=data_sets,
        revisions=revisions,
    )
    text = edited_policy(template_text(), edit, "policy.yml")
    policy = parse_policy(text.encode(), "policy.yml")
    assert (policy.organisation, policy.document) == (edit.organisation, edit.document)
    assert (policy.data_sets, policy.revisions) == (data_sets, revisions)
    assert policy.roles[1].person == person
    assert policy.rules == template.rules
    # And back again leaves no trace of the values in between.
    assert parse_policy(edited_policy(text, PolicyEdit(data_sets=(), revisions=()), "p").encode(), "p").data_sets == ()


@given(text=TEXTS | NAMES)
def test_any_yaml_reader_reads_a_written_text_as_that_text(text: str) -> None:
    line = f"key: {emit.scalar(text)}\n"
    assert yaml.safe_load(line) == {"key": text}
    node = parse_yaml(line.encode(), Report("x", PolicyInvalid)).entries["key"]
    assert isinstance(node, Scalar)
    assert node.text == text


def apart(machine: Machine) -> bool:
    """Whether no folder target lies in a folder that is copied; those machines are refused."""
    sources = {path for folders in machine.data_sets for path in folders.paths}
    return not any(
        sources.intersection((target.path, *target.path.parents)) for target in machine.targets if not target.removable
    )


def targets() -> st.SearchStrategy[Target]:
    common = {
        "id": SLUGS.map(TargetId),
        "name": NAMES,
        "repository_id": NAMES,
        "marker_id": NAMES,
        "purpose": st.sampled_from(Purpose),
        "colour": LINES,
        "site": LINES,
        "offsite": st.booleans(),
        "serial": LINES,
        "data_sets": st.lists(SLUGS.map(DataSetId), max_size=2).map(tuple),
    }
    folder = st.builds(Target, kind=st.just(TargetKind.FOLDER), path=PATHS, fs_uuid=LINES, **common)
    disk = st.builds(
        Target,
        kind=st.just(TargetKind.USB),
        path=PATHS.map(lambda path: path.relative_to("/")),
        fs_uuid=NAMES,
        **common,
    )
    return folder | disk


MACHINES = st.builds(
    Machine,
    language=st.sampled_from(["nl", "en"]),
    data_sets=st.lists(
        st.builds(
            DataSetFolders,
            data_set=SLUGS.map(DataSetId),
            paths=st.lists(PATHS, max_size=3).map(tuple),
            exclude=st.lists(NAMES, max_size=3).map(tuple),
        ),
        max_size=3,
        unique_by=lambda folders: folders.data_set,
    ).map(tuple),
    targets=st.lists(targets(), max_size=3, unique_by=lambda target: target.id).map(tuple),
    upses=st.lists(
        st.builds(
            Ups,
            id=SLUGS.map(UpsId),
            name=NAMES,
            host=st.sampled_from(["127.0.0.1", "ups.school.local", "::1", "fe80::1"]),
            port=st.integers(1, 65535),
            ups=NAMES,
        ),
        max_size=2,
        unique_by=lambda ups: ups.id,
    ).map(tuple),
    backup_time=st.tuples(st.integers(0, 23), st.integers(0, 59)),
    theme=LINES,
).filter(apart)


@settings(max_examples=100, deadline=None)
@given(machine=MACHINES)
def test_machine_reads_back_as_it_was_written(machine: Machine) -> None:
    assert parse_machine(emit.machine_text(machine).encode(), "machine.yml") == machine


LINES_OF_TEMPLATE = template_text().splitlines(keepends=True)
BYTES = st.binary(max_size=200) | st.text(string.printable, max_size=200).map(str.encode)


@settings(max_examples=150, deadline=None)
@given(content=BYTES)
def test_any_bytes_give_a_policy_error_and_nothing_else(content: bytes) -> None:
    try:
        parse_policy(content, "policy.yml")
    except FileInvalid as invalid:
        assert invalid.problems  # noqa: PT017 - the error is the expected outcome, but not the only allowed one
    else:
        raise AssertionError("these bytes are no policy")


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, len(LINES_OF_TEMPLATE) - 1),
    line=st.sampled_from(
        ["", "  x: 1\n", "x\n", "- x\n", "    nl: [\n", "      - {\n", "\t\n", "? x\n", ": x\n", "'\n"]
    ),
)
def test_damaged_line_gives_a_policy_or_a_policy_error(at: int, line: str) -> None:
    damaged = "".join([*LINES_OF_TEMPLATE[:at], line, *LINES_OF_TEMPLATE[at + 1 :]])
    try:
        policy = parse_policy(damaged.encode(), "policy.yml")
    except PolicyInvalid as invalid:
        total = damaged.count("\n") + 1
        assert all(0 <= problem.line <= total for problem in invalid.problems)  # noqa: PT017 - as above
    else:
        assert len(policy.tiers) == 3


def tree(text: str) -> Mapping:
    return parse_yaml(text.encode(), Report("x", PolicyInvalid))


@given(keys=st.lists(SLUGS, min_size=1, max_size=8, unique=True), blank=st.integers(0, 3))
def test_every_node_knows_its_line(keys: list[str], blank: int) -> None:
    text = "".join("\n" * blank + f"k{key}: value # {number}\n" for number, key in enumerate(keys))
    nodes = tree(text).entries.values()
    assert [node.line for node in nodes] == [blank + 1 + number * (blank + 1) for number in range(len(keys))]
