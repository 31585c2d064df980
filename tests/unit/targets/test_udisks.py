"""What udisks says and refuses, through a real bus: worn disks, disks that are switched off, nonsense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from dbus_fast import Variant

from app.targets import udisks as module
from app.targets.errors import DiskActionRefused
from app.targets.mounting import from_a_thread
from app.targets.udisks import Udisks, Wear, udisks
from tests.rig.fake_udisks import BLOCK, DRIVE, FakeUdisks
from tests.rig.udisks import SystemBus

pytestmark = pytest.mark.rig
Answer = TypeVar("Answer")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeUdisks]:
    bus = SystemBus(tmp_path / "bus")
    bus.start()
    server = FakeUdisks()
    try:
        server.start()
        yield server
    finally:
        server.clean_up()
        bus.stop()


def with_udisks(act: Callable[[Udisks], Awaitable[Answer]]) -> Answer:
    async def work() -> Answer:
        async with udisks() as disks:
            return await act(disks)

    return from_a_thread(work())


def wear(fake: FakeUdisks, interface: str, **values: Variant) -> Wear:
    fake.interfaces[(DRIVE, interface)] = values
    found = with_udisks(lambda disks: disks.facts("/dev/sdz1")).wear
    del fake.interfaces[(DRIVE, interface)]
    return found


def test_wear_is_what_the_disk_says_of_itself(fake: FakeUdisks) -> None:
    def ata(**values: Variant) -> Wear:
        known = {"SmartSupported": Variant("b", True), "SmartUpdated": Variant("t", 1_700_000_000)}
        return wear(fake, "Drive.Ata", **known, **values)

    assert with_udisks(lambda disks: disks.facts("/dev/sdz1")).wear is Wear.UNKNOWN
    assert ata() is Wear.GOOD
    assert ata(SmartNumBadSectors=Variant("x", 3)) is Wear.WORN
    assert ata(SmartNumAttributesFailing=Variant("i", 1)) is Wear.WORN
    assert ata(SmartNumBadSectors=Variant("x", -1), SmartNumAttributesFailing=Variant("i", -1)) is Wear.GOOD
    assert ata(SmartFailing=Variant("b", True)) is Wear.FAILING
    assert wear(fake, "Drive.Ata", SmartSupported=Variant("b", True)) is Wear.UNKNOWN
    updated = Variant("t", 1_700_000_000)
    assert wear(fake, "NVMe.Controller", SmartUpdated=updated) is Wear.GOOD
    assert wear(fake, "NVMe.Controller", SmartUpdated=updated, SmartCriticalWarning=Variant("as", ["spare"])) is (
        Wear.WORN
    )
    assert wear(fake, "NVMe.Controller", SmartUpdated=updated, SmartCriticalWarning=Variant("as", ["readonly"])) is (
        Wear.FAILING
    )


def test_drive_is_switched_off_only_when_it_can_be(fake: FakeUdisks) -> None:
    assert with_udisks(lambda disks: disks.power_off("/dev/sdz1")) is True
    assert fake.called[-1] == "PowerOff"
    fake.interfaces[(DRIVE, "Drive")] = {"CanPowerOff": Variant("b", False)}
    fake.called.clear()
    assert with_udisks(lambda disks: disks.power_off("/dev/sdz1")) is False
    assert "PowerOff" not in fake.called


def test_mounted_disk_is_not_mounted_again_and_every_mount_is_undone(fake: FakeUdisks) -> None:
    places = Variant("aay", [b"/media/a\0", b"/media/b\0"])
    fake.interfaces[(BLOCK, "Filesystem")] = {"MountPoints": places}
    assert with_udisks(lambda disks: disks.mount("/dev/sdz1")) == Path("/media/a")
    assert "Mount" not in fake.called
    with_udisks(lambda disks: disks.unmount("/dev/sdz1"))
    assert fake.called.count("Unmount") == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("org.freedesktop.UDisks2.Error.DeviceBusy", "busy"),
        ("org.freedesktop.UDisks2.Error.NotAuthorizedCanObtain", "not-allowed"),
        ("org.freedesktop.UDisks2.Error.Failed", "failed"),
        ("org.freedesktop.UDisks2.Error.Whatever", "failed"),
    ],
)
def test_refusals_have_their_reason(fake: FakeUdisks, name: str, reason: str) -> None:
    fake.refusals["Mount"] = name
    with pytest.raises(DiskActionRefused) as refused:
        with_udisks(lambda disks: disks.mount("/dev/sdz1"))
    assert refused.value.data["reason"] == reason


def test_an_unknown_device_and_nonsense_are_refused(fake: FakeUdisks) -> None:
    with pytest.raises(DiskActionRefused) as refused:
        with_udisks(lambda disks: disks.facts("/dev/none"))
    assert refused.value.data["reason"] == "gone"
    fake.interfaces[(BLOCK, "Block")] = {"IdUUID": Variant("i", 7), "Size": Variant("s", "large")}
    facts = with_udisks(lambda disks: disks.facts("/dev/sdz1"))
    assert (facts.fs_uuid, facts.size_bytes, facts.wear) == ("", 0, Wear.UNKNOWN)


def test_a_udisks_that_never_answers_is_given_up(fake: FakeUdisks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOUNT_S", 0.3)
    fake.silent.add("Mount")
    with pytest.raises(DiskActionRefused) as refused:
        with_udisks(lambda disks: disks.mount("/dev/sdz1"))
    assert refused.value.data["reason"] == "timeout"
