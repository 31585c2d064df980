"""Disks through udisks2: mounted, unmounted, powered off, formatted, and asked how worn they are.

An action is a connection to the system bus that lasts as long as the action (source: the udisks 2 D-Bus interfaces).
Where there is no bus or no udisks, `DiskServiceMissing` says so, and a disk that is mounted already works as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from app.targets.errors import DiskActionRefused, DiskServiceMissing

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus  # 8 MB and 80 ms: loaded where a disk is acted on

FileSystem = Literal["ext4", "exfat"]

_SERVICE: Final = "org.freedesktop.UDisks2"
_ROOT: Final = "/org/freedesktop/UDisks2"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_NONE: Final = "/"
"""udisks' way to say "no object"."""
_ASK_S: Final = 10.0
_MOUNT_S: Final = 60.0
_FLUSH_S: Final = 600.0
"""Unmounting waits until a slow stick has taken everything."""
_FORMAT_S: Final = 900.0
_TEXT_LIMIT: Final = 200

_REASONS: Final[Mapping[str, str]] = {
    "org.freedesktop.UDisks2.Error.DeviceBusy": "busy",
    "org.freedesktop.UDisks2.Error.NotAuthorized": "not-allowed",
    "org.freedesktop.UDisks2.Error.NotAuthorizedCanObtain": "not-allowed",
    "org.freedesktop.UDisks2.Error.NotAuthorizedDismissed": "not-allowed",
    "org.freedesktop.UDisks2.Error.OptionNotPermitted": "not-allowed",
    "org.freedesktop.UDisks2.Error.NotSupported": "not-supported",
    "org.freedesktop.UDisks2.Error.Timedout": "timeout",
    "org.freedesktop.DBus.Error.AccessDenied": "not-allowed",
    "org.freedesktop.DBus.Error.UnknownObject": "gone",
    "org.freedesktop.DBus.Error.UnknownMethod": "gone",
    "org.freedesktop.DBus.Error.UnknownInterface": "not-supported",
    "org.freedesktop.DBus.Error.InvalidArgs": "not-supported",
    "org.freedesktop.DBus.Error.NoReply": "timeout",
}
_NO_SERVICE: Final = frozenset(
    (
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.ChildExited",
        "org.freedesktop.systemd1.NoSuchUnit",
    )
)


class Wear(StrEnum):
    """What a disk says of its own health (SMART), as far as udisks knows it."""

    UNKNOWN = "unknown"
    GOOD = "good"
    WORN = "worn"
    """It has bad sectors, or one of its own figures is past its limit."""
    FAILING = "failing"
    """The disk itself expects to fail."""


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A file system's device and the drive it is on. `system`: udisks takes the drive for a part of this computer."""

    device: str
    fs_uuid: str
    fs_type: str
    label: str
    size_bytes: int
    read_only: bool
    system: bool
    mount_points: tuple[Path, ...]
    can_power_off: bool
    wear: Wear


class Udisks:
    """The actions, on one connection; `connected()` makes one."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    async def facts(self, device: str) -> DiskFacts:
        """Say what udisks knows of a device ("/dev/sdb1"). Raises DiskActionRefused ("gone") for one it does not."""
        block = await self._block(device)
        about = _Values(await self._properties(block, "Block"))
        mounts = _Values(await self._optional_properties(block, "Filesystem"))
        drive = about.text("Drive") or _NONE
        hardware = _Values({} if drive == _NONE else await self._optional_properties(drive, "Drive"))
        return DiskFacts(
            device=device,
            fs_uuid=about.text("IdUUID"),
            fs_type=about.text("IdType"),
            label=about.text("IdLabel"),
            size_bytes=about.number("Size"),
            read_only=about.flag("ReadOnly"),
            system=about.flag("HintSystem"),
            mount_points=tuple(Path(os.fsdecode(point)) for point in mounts.byte_strings("MountPoints")),
            can_power_off=hardware.flag("CanPowerOff"),
            wear=Wear.UNKNOWN if drive == _NONE else await self._wear(drive),
        )

    async def mount(self, device: str) -> Path:
        """Mount a device where udisks mounts disks; one that is mounted already stays where it is."""
        block = await self._block(device)
        mounted = _Values(await self._optional_properties(block, "Filesystem")).byte_strings("MountPoints")
        if mounted:
            return Path(os.fsdecode(mounted[0]))
        answer = await self._call(device, block, "Filesystem", "Mount", {}, timeout_s=_MOUNT_S)
        if len(answer) != 1 or not isinstance(answer[0], str) or not answer[0].startswith("/"):
            raise DiskActionRefused(device=device, reason="failed", detail="")
        return Path(answer[0])

    async def unmount(self, device: str) -> None:
        """Unmount a device wherever it is mounted; returns when everything has been written to it."""
        block = await self._block(device)
        # One call unmounts one place; a desktop and a person may both have mounted it.
        for _place in _Values(await self._optional_properties(block, "Filesystem")).byte_strings("MountPoints"):
            await self._call(device, block, "Filesystem", "Unmount", {}, timeout_s=_FLUSH_S)

    async def power_off(self, device: str) -> bool:
        """Switch off the drive that a device is on; False for a drive that cannot be."""
        block = await self._block(device)
        drive = _Values(await self._properties(block, "Block")).text("Drive") or _NONE
        if drive == _NONE or not _Values(await self._optional_properties(drive, "Drive")).flag("CanPowerOff"):
            return False
        await self._call(device, drive, "Drive", "PowerOff", {}, timeout_s=_FLUSH_S)
        return True

    async def erase_and_format(self, device: str, file_system: FileSystem, label: str) -> str:
        """Make an empty file system on a device, owned by who asks; returns its new UUID. What was there is gone."""
        from dbus_fast import Variant

        block = await self._block(device)
        options: dict[str, object] = {
            "label": Variant("s", label),
            "update-partition-type": Variant("b", True),
            # A folder of root's own would keep the copies of everyone else out; exFAT knows no owners.
            **({"take-ownership": Variant("b", True)} if file_system == "ext4" else {}),
        }
        await self._call(device, block, "Block", "Format", file_system, options, timeout_s=_FORMAT_S)
        return _Values(await self._properties(block, "Block")).text("IdUUID")

    async def _wear(self, drive: str) -> Wear:
        ata = _Values(await self._optional_properties(drive, "Drive.Ata"))
        if ata.flag("SmartSupported") and ata.number("SmartUpdated"):
            if ata.flag("SmartFailing"):
                return Wear.FAILING
            worn = ata.number("SmartNumAttributesFailing") > 0 or ata.number("SmartNumBadSectors") > 0
            return Wear.WORN if worn else Wear.GOOD
        nvme = _Values(await self._optional_properties(drive, "NVMe.Controller"))
        if nvme.number("SmartUpdated"):
            warnings = nvme.texts("SmartCriticalWarning")
            if {"degraded", "readonly"} & set(warnings):
                return Wear.FAILING
            return Wear.WORN if warnings else Wear.GOOD
        return Wear.UNKNOWN

    async def _block(self, device: str) -> str:
        from dbus_fast import Variant

        spec = {"path": Variant("s", device)}
        answer = await self._call(device, f"{_ROOT}/Manager", "Manager", "ResolveDevice", spec, {})
        found = answer[0] if len(answer) == 1 else None
        if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], str):
            raise DiskActionRefused(device=device, reason="gone", detail="")
        return found[0]

    async def _properties(self, path: str, interface: str) -> Mapping[str, object]:
        answer = await self._call(path, path, _PROPERTIES, "GetAll", f"{_SERVICE}.{interface}")
        found = answer[0] if len(answer) == 1 else None
        if not isinstance(found, dict):
            raise DiskActionRefused(device=path, reason="failed", detail="")
        return found

    async def _optional_properties(self, path: str, interface: str) -> Mapping[str, object]:
        """Return the properties of an interface that this object may not have."""
        try:
            return await self._properties(path, interface)
        except DiskActionRefused:
            return {}

    async def _call(
        self, about: str, path: str, interface: str, member: str, *body: object, timeout_s: float = _ASK_S
    ) -> list[object]:
        from dbus_fast import Message, MessageType

        full_name = interface if "." in interface and interface.startswith("org.") else f"{_SERVICE}.{interface}"
        message = Message(
            destination=_SERVICE,
            path=path,
            interface=full_name,
            member=member,
            signature="".join("s" if isinstance(item, str) else "a{sv}" for item in body),
            body=list(body),
        )
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._bus.call(message)
        except TimeoutError as exc:
            raise DiskActionRefused(device=about, reason="timeout", detail="") from exc
        except (OSError, EOFError) as exc:
            raise DiskServiceMissing(reason="no-bus") from exc
        if reply is None:
            raise DiskServiceMissing(reason="no-bus")
        if reply.message_type is MessageType.ERROR:
            raise _refusal(about, reply.error_name or "", reply.body)
        return list(reply.body)


@contextlib.asynccontextmanager
async def udisks() -> AsyncIterator[Udisks]:
    """Connect to udisks; raises DiskServiceMissing when there is no system bus (or, at the first call, no udisks)."""
    from dbus_fast import AuthError, BusType, InvalidAddressError
    from dbus_fast.aio import MessageBus

    try:
        bus = MessageBus(bus_type=BusType.SYSTEM)
    except (InvalidAddressError, OSError) as exc:
        raise DiskServiceMissing(reason="no-bus") from exc
    try:
        try:
            async with asyncio.timeout(_ASK_S):
                await bus.connect()
        except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as exc:
            raise DiskServiceMissing(reason="no-bus") from exc
        yield Udisks(bus)
    finally:
        bus.disconnect()


class _Values:
    """Properties as D-Bus gave them, read by type; what is missing or of another type counts as empty."""

    def __init__(self, properties: Mapping[str, object]) -> None:
        self._values = {name: getattr(variant, "value", None) for name, variant in properties.items()}

    def text(self, name: str) -> str:
        value = self._values.get(name)
        return value[:_TEXT_LIMIT] if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def number(self, name: str) -> int:
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def byte_strings(self, name: str) -> tuple[bytes, ...]:
        value = self._values.get(name)
        items = value if isinstance(value, list) else []
        return tuple(bytes(item).rstrip(b"\0") for item in items if isinstance(item, (bytes, bytearray, list)))


def _refusal(device: str, name: str, body: object) -> DiskActionRefused | DiskServiceMissing:
    if name in _NO_SERVICE:
        return DiskServiceMissing(reason="no-service")
    detail = body[0] if isinstance(body, list) and body and isinstance(body[0], str) else ""
    reason = _REASONS.get(name, "failed")
    if reason == "failed" and "target is busy" in detail:
        reason = "busy"
    return DiskActionRefused(device=device, reason=reason, detail=detail[:_TEXT_LIMIT])
