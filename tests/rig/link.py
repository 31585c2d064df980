"""A line to a server on this computer that can be cut, frozen, or made to fail in the middle of what is sent."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

_PIECE = 64 << 10
_RESET = struct.pack("ii", 1, 0)  # closing then says "connection reset", as a crashed server's kernel does
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Link:
    """Forwards connections to a port, as long as nothing else is ordered."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._errors_left = 0
        self._kill_at: list[int] = []
        self._sent = 0
        self.kills = 0
        """How often a connection was killed in the middle of an upload."""
        self.refused = 0
        """How many connections were turned away while the line was cut, or answered with an error."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="link", daemon=True).start()

    def cut(self) -> None:
        """Break all connections and turn new ones away."""
        with self._guard:
            self._is_cut = True
        self._break_all()

    def restore(self) -> None:
        """Let everything through again."""
        with self._guard:
            self._is_cut = False
            self._errors_left = 0
            self._kill_at.clear()

    def kill_after(self, *sent: int) -> None:
        """Break every connection when so many bytes were sent from now on; and again at each further number."""
        with self._guard:
            self._kill_at = [self._sent + number for number in sent]

    def answer_with_errors(self, count: int) -> None:
        """Have the next connections answered with HTTP's 500 (those that are open end now)."""
        with self._guard:
            self._errors_left = count
        self._break_all()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="link", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._guard:
            turned_away, failing = self._is_cut, self._errors_left > 0
            self._errors_left -= failing
            self.refused += turned_away or failing
        if turned_away:
            _reset(client)
            return
        if failing:
            with contextlib.suppress(OSError):
                client.settimeout(5)
                client.recv(_PIECE)
                client.sendall(_ERROR)
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            _reset(client)
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._guard:
            self._open |= {client, server}
        threading.Thread(target=self._pump, args=(server, client, False), name="link", daemon=True).start()
        self._pump(client, server, True)

    def _pump(self, source: socket.socket, sink: socket.socket, upwards: bool) -> None:
        try:
            while data := source.recv(_PIECE):
                if upwards and self._must_kill(len(data)):
                    self._break_all()
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(source, sink)

    def _must_kill(self, size: int) -> bool:
        with self._guard:
            self._sent += size
            if not self._kill_at or self._sent < self._kill_at[0]:
                return False
            self._kill_at.pop(0)
            self.kills += 1
            return True

    def _break_all(self) -> None:
        with self._guard:
            pairs, self._open = self._open, set()
        for end in pairs:
            _reset(end)

    def _drop(self, *ends: socket.socket) -> None:
        with self._guard:
            self._open -= set(ends)
        for end in ends:
            _reset(end)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextlib.contextmanager
def link_to(port: int) -> Iterator[Link]:
    """Give a line to a port of this computer."""
    link = Link(port)
    try:
        yield link
    finally:
        link.close()
