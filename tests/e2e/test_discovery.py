"""Servers that announce themselves are found; on the loopback interface only, with a real announcer."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from app.policy.machine import TargetKind
from app.targets.discovery import FoundServer, find_servers

pytestmark = pytest.mark.rig
LOOPBACK = "127.0.0.1"


def service(kind: str, name: str, port: int) -> ServiceInfo:
    return ServiceInfo(
        kind, f"{name}.{kind}", addresses=[socket.inet_aton(LOOPBACK)], port=port, server="school-nas.local."
    )


@pytest.fixture
def announced() -> Iterator[None]:
    announcer = Zeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    try:
        announcer.register_service(service("_smb._tcp.local.", "SCHOOL-NAS", 445))
        announcer.register_service(service("_sftp-ssh._tcp.local.", "Server \u202ered", 2222))
        yield
    finally:
        announcer.unregister_all_services()
        announcer.close()


def test_servers_that_announce_themselves_are_found_with_a_name_that_is_safe_to_show(announced: None) -> None:
    found = find_servers(look_s=1.5, interfaces=[LOOPBACK])
    assert FoundServer("SCHOOL-NAS", TargetKind.SMB, "school-nas.local", 445) in found
    assert FoundServer("Server red", TargetKind.SFTP, "school-nas.local", 2222) in found
    assert {server.address for server in found} >= {"smb://school-nas.local/", "sftp://school-nas.local:2222/"}
