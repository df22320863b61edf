"""The supervisor's own listener: health while workers load, are busy, or are gone.

It answers on the separate health port always, and on the serving port while no worker is ready; there
everything but liveness gets 503 with the phase, instead of hanging in the backlog. It is driven by the
supervisor's loop, so that no thread lives when workers are forked.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import orjson

MAX_REQUEST = 16 * 1024
MAX_CONNECTIONS = 256
PATIENCE_S = 5.0
LINGER_S = 1.0

_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Health:
    """Whether a worker can score, and on what; what the youngest does otherwise, and since how many seconds."""

    ready: bool
    phase: str
    elapsed_s: float = 0.0
    device: str = ""


@dataclass
class _Connection:
    on_health_port: bool
    until: float
    received: bytearray = field(default_factory=bytearray)
    answered: bool = False


class HealthListener:
    """Call ``poll`` again and again; it returns when something happened or the time is over."""

    def __init__(
        self,
        health: Callable[[], Health],
        serving: Iterable[socket.socket],
        separate: socket.socket | None,
        wake_fd: int | None = None,
    ) -> None:
        self._health = health
        self._serving = list(serving)
        self._separate = separate
        self._wake_fd = wake_fd
        self._connections: dict[socket.socket, _Connection] = {}
        self._selector = selectors.PollSelector()
        self._covering = False
        if wake_fd is not None:
            self._selector.register(wake_fd, selectors.EVENT_READ, None)
        if separate is not None:
            separate.setblocking(False)
            self._selector.register(separate, selectors.EVENT_READ, separate)

    def poll(self, timeout_s: float) -> None:
        """Answer what there is; wait at most ``timeout_s`` seconds for something to come."""
        self._cover(not self._health().ready)
        for key, _ in self._selector.select(timeout_s):
            if key.fd == self._wake_fd:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            elif key.data is not None:
                self._accept(key.data)
            elif isinstance(key.fileobj, socket.socket):
                self._read(key.fileobj)
        now = time.monotonic()
        for connection in [one for one, state in self._connections.items() if state.until < now]:
            self._close(connection)

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[None]:
        """Poll in a thread while the with block keeps this one busy; the thread is gone afterwards."""
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                self.poll(0.05)

        thread = threading.Thread(target=work, name="health")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def leave_serving_sockets(self) -> None:
        """The serving sockets are about to be closed: answer on the separate port only."""
        self._cover(False)
        self._serving = []

    def close(self) -> None:
        """Close every connection and the separate socket; the serving sockets are not this one's."""
        for connection in list(self._connections):
            self._close(connection)
        self._selector.close()
        if self._separate is not None:
            self._separate.close()

    def _cover(self, wanted: bool) -> None:
        if wanted == self._covering:
            return
        self._covering = wanted
        for listener in self._serving:
            if wanted:
                self._selector.register(listener, selectors.EVENT_READ, listener)
            else:
                self._selector.unregister(listener)

    def _accept(self, listener: socket.socket) -> None:
        separate = listener is self._separate
        if not separate and self._health().ready:  # a worker became ready since the poll began: its connection
            return
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            if len(self._connections) >= MAX_CONNECTIONS:
                connection.close()
                return
            connection.setblocking(False)
            self._connections[connection] = _Connection(separate, time.monotonic() + PATIENCE_S)
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        state = self._connections[connection]
        try:
            data = connection.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
        elif not state.answered:
            state.received += data
            if b"\r\n\r\n" in state.received or len(state.received) >= MAX_REQUEST:
                self._answer(connection, state)

    def _answer(self, connection: socket.socket, state: _Connection) -> None:
        """Send the answer, then read on for a moment: closing at once could take it away from the client."""
        words = bytes(state.received.split(b"\r\n", 1)[0]).split(b" ")
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) == 3 else ""
        try:
            connection.send(_response(*self._content(path, state.on_health_port), head=words[0] == b"HEAD"))
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        state.answered = True
        state.received.clear()
        state.until = time.monotonic() + LINGER_S

    def _content(self, path: str, on_health_port: bool) -> tuple[int, bytes]:
        health = self._health()
        if path == "/livez":
            return 200, orjson.dumps({"status": "alive"})
        if on_health_port and path not in ("/", "/readyz"):
            return 404, orjson.dumps({"message": f"There is no {path} here. Routes: /, /livez, /readyz"})
        if health.ready:
            ready = {"status": "ready", "phase": "ready", "device": health.device}
            return 200, b"Healthy" if path == "/" else orjson.dumps(ready)
        message = f"Not ready: {health.phase} for {health.elapsed_s:.1f} s"
        return 503, orjson.dumps({"message": message, "phase": health.phase, "elapsed_s": round(health.elapsed_s, 1)})

    def _close(self, connection: socket.socket) -> None:
        del self._connections[connection]
        self._selector.unregister(connection)
        connection.close()


def _response(status: int, body: bytes, head: bool) -> bytes:
    kind = "application/json" if body.startswith(b"{") else "text/html; charset=utf-8"
    retry = "Retry-After: 1\r\n" if status == 503 else ""
    lines = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{retry}Connection: close\r\n\r\n"
    )
    return lines.encode("latin-1") + (b"" if head else body)
