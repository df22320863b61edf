"""The supervisor's own listener: health while workers load, are busy, or are gone; and metrics.

It answers on the ports of health and of metrics always, and on the serving port while no worker takes connections;
there everything but liveness gets 503 with the phase, instead of hanging in the backlog. It is driven by the
supervisor's loop, so that no thread lives when workers are forked; a child process writes the page of metrics, so that
no probe waits for it. On the serving port it speaks TLS where the workers do; the health port is plain HTTP always.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from scoredock.observe.metrics.exposition import CONTENT_TYPE
from scoredock.server.page_writer import PageWriter
from scoredock.server.tls import Tls

MAX_REQUEST = 16 * 1024
MAX_CONNECTIONS = 256
PATIENCE_S = 5.0
UNRESPONSIVE = "unresponsive"  # the phase of a server whose workers are ready, and give no sign of life
LINGER_S = 1.0
REST_S = 0.05
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

logger = logging.getLogger("scoredock.server")
_REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Health:
    """Whether a worker can score, and on what; what the youngest does otherwise, and since how many seconds."""

    ready: bool
    phase: str
    elapsed_s: float = 0.0
    device: str = ""

    @property
    def accepting(self) -> bool:
        """Whether the serving port is a worker's, though it may not come round to those who connect."""
        return self.ready or self.phase == UNRESPONSIVE


class Content(NamedTuple):
    """What is at a path: status, content type and body."""

    status: int
    kind: str
    body: bytes


@dataclass
class _Connection:
    content: Callable[[str], Content | None]  # None: it will come
    until: float
    head: bool = False
    shaking_hands: bool = False
    received: bytearray = field(default_factory=bytearray)
    unsent: bytes = b""
    answered: bool = False


class HealthListener:
    """Call ``poll`` again and again; it returns when something happened or the time is over.

    ``health_port`` and ``metrics_port`` are sockets that listen there, where there are such ports; ``metrics`` writes
    the page of metrics, in a process that ``fork`` makes.
    """

    def __init__(
        self,
        health: Callable[[], Health],
        serving: Iterable[socket.socket],
        health_port: socket.socket | None,
        wake_fd: int | None = None,
        metrics_port: socket.socket | None = None,
        metrics: Callable[[], bytes] = bytes,
        tls: Callable[[], Tls | None] = lambda: None,
        fork: Callable[[], int] = os.fork,
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._writer = PageWriter(metrics, fork)
        self._asking: list[socket.socket] = []  # for the page that is being written
        self._in_thread = False
        self._serving = list(serving)
        self._separate = {
            port: content
            for port, content in ((health_port, self._on_health_port), (metrics_port, self._on_metrics_port))
            if port is not None
        }
        self._wake_fd = wake_fd
        self._tls = tls
        self._connections: dict[socket.socket, _Connection] = {}
        self._selector = selectors.PollSelector()
        self._covering = False
        if wake_fd is not None:
            self._selector.register(wake_fd, selectors.EVENT_READ, None)
        for port in self._separate:
            port.setblocking(False)
            self._selector.register(port, selectors.EVENT_READ, port)

    def poll(self, timeout_s: float) -> None:
        """Answer what there is; wait at most ``timeout_s`` seconds for something to come."""
        self._cover(not self._health().accepting)
        for key, events in self._selector.select(max(0.0, min(timeout_s, self._writer.until - time.monotonic()))):
            if key.data is self._writer:
                self._take_page()
            elif key.fd == self._wake_fd:
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            elif key.data is not None:
                self._accept(key.data)
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._connections:
                if events & selectors.EVENT_WRITE:
                    self._send(key.fileobj)
                else:
                    self._read(key.fileobj)
        now = time.monotonic()
        if now >= self._writer.until:
            self._take_page()
        for connection in [one for one, state in self._connections.items() if state.until < now]:
            self._close(connection)

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[None]:
        """Poll in a thread while the with block keeps this one busy; the thread is gone afterwards."""
        over = threading.Event()
        self._in_thread = True

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
            self._in_thread = False

    def take_serving_sockets(self, serving: Iterable[socket.socket]) -> None:
        """The serving sockets, of a port that is shared, listen now."""
        self._cover(False)
        self._serving = list(serving)

    def leave_serving_sockets(self) -> None:
        """The serving sockets are about to be closed: answer on the other ports only."""
        self._cover(False)
        self._serving = []

    def close(self) -> None:
        """Close every connection and the ports of health and metrics; the serving sockets are not this one's."""
        for connection in list(self._connections):
            self._close(connection)
        self._writer.close()
        self._selector.close()
        for port in self._separate:
            port.close()

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
        content = self._separate.get(listener)
        if content is None and self._health().accepting:  # a worker became ready since the poll began: its connection
            return
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if error.errno in NO_ROOM:  # it stays readable: do not ask again and again
                time.sleep(REST_S)
            return
        if len(self._connections) >= MAX_CONNECTIONS:
            self._make_room()
        connection.setblocking(False)
        tls = self._tls() if content is None else None
        until = time.monotonic() + PATIENCE_S
        if tls is not None:
            try:
                connection = tls.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            except (OSError, ValueError):  # it has left already
                connection.close()
                return
        self._connections[connection] = _Connection(content or self._on_serving_port, until, tls is not None)
        self._selector.register(connection, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Close the connection that has said nothing whole for longest: who asks at once is answered by then."""
        oldest = next(iter(self._connections))
        self._close(next((one for one, state in self._connections.items() if not state.answered), oldest))

    def _read(self, connection: socket.socket) -> None:
        state = self._connections[connection]
        try:
            if state.shaking_hands and isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
                state.shaking_hands = False
            data = connection.recv(MAX_REQUEST)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
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
        """Answer the request whose line has come."""
        words = bytes(state.received.split(b"\r\n", 1)[0]).split(b" ")
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) == 3 else ""
        state.answered = True
        state.received.clear()
        state.head = words[0] == b"HEAD"
        content = state.content(path)
        if content is None:
            self._asking.append(connection)
            state.until = self._writer.until + PATIENCE_S
        else:
            self._respond(connection, content)

    def _respond(self, connection: socket.socket, content: Content) -> None:
        state = self._connections[connection]
        state.unsent = _response(content, state.head)
        state.until = time.monotonic() + PATIENCE_S
        self._send(connection)

    def _send(self, connection: socket.socket) -> None:
        """Send on; after the end, read on for a moment: closing at once could take the answer away from the client."""
        state = self._connections[connection]
        try:
            state.unsent = state.unsent[connection.send(state.unsent) :]
            if state.unsent:
                self._selector.modify(connection, selectors.EVENT_WRITE)
                return
            if isinstance(connection, ssl.SSLSocket):
                with contextlib.suppress(ssl.SSLError):  # the client's own goodbye is not waited for
                    connection.unwrap()
            connection.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            self._close(connection)
            return
        self._selector.modify(connection, selectors.EVENT_READ)
        state.until = time.monotonic() + LINGER_S

    def _on_health_port(self, path: str) -> Content:
        return (
            self._on_serving_port(path) if path in ("/", "/livez", "/readyz") else _missing(path, "/, /livez, /readyz")
        )

    def _on_metrics_port(self, path: str) -> Content | None:
        if path != "/metrics":
            return _missing(path, "/metrics")
        try:
            if self._in_thread:  # a process that is busy elsewhere is not forked; there is little to write yet
                return Content(200, CONTENT_TYPE, self._metrics())
            if not self._writer.writing:
                self._writer.begin()
                self._selector.register(self._writer.descriptor, selectors.EVENT_READ, self._writer)
        except Exception:
            logger.exception("the metrics could not be written")
            return _NO_METRICS
        return None

    def _take_page(self) -> None:
        """The page of metrics is written, or cannot be: answer all who asked for it meanwhile."""
        descriptor = self._writer.descriptor
        try:
            page = self._writer.read()
            if page is None:
                return
            content = Content(200, CONTENT_TYPE, page)
        except RuntimeError as error:
            logger.error("/metrics: %s", error)
            content = _NO_METRICS
        self._selector.unregister(descriptor)
        asking, self._asking = self._asking, []
        for connection in asking:
            self._respond(connection, content)

    def _on_serving_port(self, path: str) -> Content:
        health = self._health()
        if path == "/livez":
            return _json(200, {"status": "alive"})
        if health.ready and path == "/":
            return Content(200, "text/html; charset=utf-8", b"Healthy")
        if health.ready and path == "/readyz":
            return _json(200, {"status": "ready", "phase": "ready", "device": health.device})
        message = f"Not ready: {health.phase} for {health.elapsed_s:.1f} s"
        if health.ready:  # the connection is older than the readiness, and the workers will never see it
            message = "Ready since a moment ago: send the request again, over a new connection."
        return _json(503, {"message": message, "phase": health.phase, "elapsed_s": round(health.elapsed_s, 1)})

    def _close(self, connection: socket.socket) -> None:
        del self._connections[connection]
        if connection in self._asking:
            self._asking.remove(connection)
        self._selector.unregister(connection)
        connection.close()


def _json(status: int, content: dict[str, Any]) -> Content:
    return Content(status, "application/json", orjson.dumps(content))


_NO_METRICS = _json(500, {"message": "The metrics could not be written. Check the logs for more info."})


def _missing(path: str, routes: str) -> Content:
    return _json(404, {"message": f"There is no {path} here. Routes: {routes}"})


def _response(content: Content, head: bool) -> bytes:
    status, kind, body = content
    retry = "Retry-After: 1\r\n" if status == 503 else ""
    lines = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"{retry}Connection: close\r\n\r\n"
    )
    return lines.encode("latin-1") + (b"" if head else body)
