"""Finding servers on the local network that may keep copies: what they announce over mDNS (RFC 6762, RFC 6763).

An announcement is only a hint to whoever sets up: names are bounded and made printable, nothing is connected to.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from zeroconf import Error, InterfaceChoice, IPVersion, ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

from app.policy.machine import TargetKind

LOOK_S = 3.0
_SERVICES = {"_smb._tcp.local.": TargetKind.SMB, "_sftp-ssh._tcp.local.": TargetKind.SFTP}
_USUAL_PORTS = {TargetKind.SMB: 445, TargetKind.SFTP: 22}
_MOST = 50
_NAME_LIMIT = 80
_RESOLVE_MS = 1000


@dataclass(frozen=True, slots=True, order=True)
class FoundServer:
    """A server that announces itself."""

    name: str
    kind: TargetKind
    host: str
    port: int

    @property
    def address(self) -> str:
        """The beginning of an address: the folder or share is still to be named."""
        port = "" if self.port == _USUAL_PORTS[self.kind] else f":{self.port}"
        return f"{self.kind.value}://{self.host}{port}/"


def find_servers(*, look_s: float = LOOK_S, interfaces: Sequence[str] | None = None) -> tuple[FoundServer, ...]:
    """Listen for a while and return who announced themselves, in order of name; call it from a thread of its own.

    `interfaces` are addresses of this computer, all when not given. Without a network the answer is empty.
    """
    found: dict[tuple[str, str], None] = {}
    guard = threading.Lock()

    def note(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG001
        with guard:
            if state_change is not ServiceStateChange.Removed and len(found) < _MOST:
                found[service_type, name] = None

    try:
        chosen = InterfaceChoice.All if interfaces is None else list(interfaces)
        zeroconf = Zeroconf(interfaces=chosen, ip_version=IPVersion.V4Only)
    except OSError:
        return ()
    try:
        browser = ServiceBrowser(zeroconf, list(_SERVICES), handlers=[note])
        threading.Event().wait(look_s)
        browser.cancel()
        with guard:
            announced = tuple(found)
        servers = (_resolved(zeroconf, service_type, name) for service_type, name in announced)
        return tuple(sorted({server for server in servers if server is not None}))
    finally:
        zeroconf.close()


def _resolved(zeroconf: Zeroconf, service_type: str, name: str) -> FoundServer | None:
    try:
        info = ServiceInfo(service_type, name)
        # Mostly it is known by now, and this asks nobody.
        if not info.load_from_cache(zeroconf) and not info.request(zeroconf, _RESOLVE_MS):
            return None
    except Error:  # a name that no service may have
        return None
    addresses = info.parsed_addresses(IPVersion.V4Only)
    if not addresses or not info.port:
        return None
    host = (info.server or "").rstrip(".")
    usable = host.replace("-", "").replace(".", "").isalnum() and host.isascii()
    label = name.removesuffix(f".{service_type}")
    return FoundServer(_printable(label) or addresses[0], _SERVICES[service_type], host if usable else addresses[0],
                       info.port)  # fmt: skip


def _printable(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char)[0] != "C").strip()[:_NAME_LIMIT]
