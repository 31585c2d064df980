"""Ports for servers, outside of what the kernel gives to connections: one stays free while its server is out."""

from __future__ import annotations

import os
import random
import socket

_FIRST, _COUNT = 20_000, 12_000
_WORKERS = 8
_chance = random.SystemRandom()


def free_port() -> int:
    """Return a port that nobody listens on now; test processes that run side by side draw from other ranges."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    size = _COUNT // _WORKERS
    while True:
        port = _FIRST + worker * size + _chance.randrange(size)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
