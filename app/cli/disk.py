"""`vangnet disk`: set a disk up for copies, erase one, let one go, and say who has it, without screens."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Literal, cast

import click

from app.cli.session import JsonValue, Session, json_option, pass_session, print_json
from app.errors import ExitCode
from app.i18n import _

if TYPE_CHECKING:
    from app.jobs.installation import Installation
    from app.setup.disks import DiskLook

_RELEASE_S = 120.0


@click.group()
def disk() -> None:
    """Disks for copies: look at one, set it up, erase it, let it go, and who has it."""


@disk.command()
@click.argument("device")
@json_option
@pass_session
def look(session: Session, device: str, as_json: bool) -> None:
    """Say what is on the disk at DEVICE, and whether copies can go there; writes nothing."""
    from app.setup.disks import find_drive, look_at_disk

    installation = session.installation()
    with installation.records() as records:
        found = look_at_disk(installation, records, find_drive(device))
    if as_json:
        print_json(_look_document(found))
        return
    for line in _look_lines(installation, found):
        click.echo(f"  {line}")


@disk.command()
@click.argument("device")
@click.option("--name", required=True, help="What people call it.")
@click.option("--colour", default="", help="The colour by which people know it.")
@click.option("--site", default="", help="Where it is kept.")
@click.option("--offsite", is_flag=True, help="That is another building than the data.")
@click.option("--kept-by", default="", help="Who has it.")
@click.option("--set", "letter", default="", help="Its letter among the disks that take turns (A, B …).")
@click.option("--full", is_flag=True, help="Only for the yearly full back-up.")
@pass_session
def add(
    session: Session,
    device: str,
    name: str,
    colour: str,
    site: str,
    offsite: bool,
    kept_by: str,
    letter: str,
    full: bool,
) -> None:
    """Set the disk at DEVICE up for copies; nothing that is on it is overwritten."""
    from app.policy.machine import Purpose
    from app.setup.disks import NewDisk, add_disk, find_drive

    installation = session.installation()
    purpose = Purpose.FULL if full else Purpose.COPIES
    new = NewDisk(name, colour, site, offsite, kept_by, letter.strip().upper(), purpose)
    with installation.records() as records:
        target = add_disk(installation, records, find_drive(device), new, by=getpass.getuser())
    click.echo(_("{disk} is ready for copies ({id}). The first copy starts by itself.").format(disk=name, id=target.id))


@disk.command("format")
@click.argument("device")
@click.option("--confirm", required=True, metavar="NAME", help="The disk's name, typed in full.")
@click.option("--fs", "file_system", type=click.Choice(["ext4", "exfat"]), default="ext4", show_default=True,
              help="The file system that it gets.")  # fmt: skip
@pass_session
def format_disk(session: Session, device: str, confirm: str, file_system: str) -> None:
    """Erase the disk at DEVICE: everything on it is gone. Never one of the computer itself or with your data."""
    from app.setup.disks import erase_disk, find_drive

    installation = session.installation()
    kind = cast('Literal["ext4", "exfat"]', file_system)
    with installation.records() as records:
        erase_disk(installation, records, find_drive(device), typed=confirm, file_system=kind, by=getpass.getuser())
    click.echo(_("The disk is empty."))


@disk.command()
@click.argument("target")
@pass_session
def eject(session: Session, target: str) -> int:
    """Unmount the disk of the place TARGET once nothing runs there, so that it can be pulled out."""
    from app.setup.disks import release_disk

    installation = session.installation()
    with installation.records() as records:
        said = release_disk(installation, records, target, by=getpass.getuser(), timeout_s=_RELEASE_S)
    click.echo(said.text)
    return ExitCode.DONE if said.may_leave else ExitCode.FAILED


@disk.command("hand-over")
@click.argument("target")
@click.option("--to", "holder", required=True, help="Who has it from now on.")
@click.option("--site", default="", help="Where it is kept.")
@pass_session
def hand_over(session: Session, target: str, holder: str, site: str) -> None:
    """Record who has the disk of the place TARGET from now on."""
    from app.setup.disks import hand_over as record

    installation = session.installation()
    with installation.records() as records:
        record(installation, records, target, holder=holder, site=site, by=getpass.getuser())
    click.echo(_("{holder} has {disk}.").format(holder=holder, disk=installation.target(target).name))


@disk.command()
@click.argument("target")
@pass_session
def accept(session: Session, target: str) -> None:
    """Say that the disk plugged in now is the place TARGET itself, in another housing, and no copy of it."""
    from app.setup.disks import accept_housing

    installation = session.installation()
    with installation.records() as records:
        accept_housing(installation, records, target, by=getpass.getuser())
    click.echo(_("Vangnet knows {disk} by its new housing.").format(disk=installation.target(target).name))


def _look_lines(installation: Installation, found: DiskLook) -> list[str]:
    from app.wording.disk_looks import belongs_text, disk_maker, room_text
    from app.wording.places import place_problem_text

    marker = {"name": found.marker.name, "organisation": found.marker.organisation} if found.marker else {}
    now = installation.clock.now()
    lines = [
        disk_maker(found.drive),
        belongs_text(found.contents.value, marker, found.copies_until, now, installation.timezone),
        room_text(found.report.free_bytes, found.need.first, found.need.year),
        *(f"✖ {place_problem_text(p.code, dict(p.data))}" for p in found.report.problems),
        *(f"! {place_problem_text(w.code, dict(w.data))}" for w in found.report.warnings),
        _("✔ Copies can go here.") if found.usable else _("✖ Copies cannot go here as it is."),
    ]
    return [line for line in lines if line]


def _look_document(found: DiskLook) -> JsonValue:
    from app.clock import format_utc

    problems: list[JsonValue] = [p.code.value for p in found.report.problems]
    warnings: list[JsonValue] = [w.code.value for w in found.report.warnings]
    return {
        "device": found.drive.device,
        "mount_point": found.drive.mount_point,
        "contents": found.contents.value,
        "organisation": found.marker.organisation if found.marker else "",
        "name": found.marker.name if found.marker else "",
        "copies_until": format_utc(found.copies_until) if found.copies_until else None,
        "usable": found.usable,
        "free_bytes": found.report.free_bytes,
        "need_bytes": found.need.first,
        "need_year_bytes": found.need.year,
        "wear": found.wear.value,
        "problems": problems,
        "warnings": warnings,
    }
