"""Taking connections so that several workers get their share.

Workers wait for connections at one socket. An event loop's own server takes all that wait there at one wake-up: of
eight connections that come at once, one of two workers mostly got all eight, and the other had nothing to do for as
long as they lived. So a worker takes one at a time, and one that has connections already first gives others the time
to wake up.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

GIVE_WAY_S = 0.0001
REST_S = 0.05  # when no file can be opened for a connection: the socket stays readable

logger = logging.getLogger("scoredock.server")


class Acceptor:
    """Takes connections from ``listeners`` until it is closed, one at each turn of the running loop.

    ``connected`` makes a connection's protocol, ``busy`` says whether this process has connections. It has what
    uvicorn needs of a server.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        connected: Callable[[], asyncio.BaseProtocol],
        busy: Callable[[], bool],
        tls: Any,
        backlog: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connected = connected
        self._busy = busy
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners = {listener.fileno(): listener for listener in listeners}
        for listener in listeners:
            listener.setblocking(False)
            listener.listen(backlog)
            self._wait(listener.fileno())

    def close(self) -> None:
        """Take no more."""
        for descriptor in self._listeners:
            self._loop.remove_reader(descriptor)
        self._listeners = {}

    async def wait_closed(self) -> None:
        """Return when nothing is left to be done."""

    def _wait(self, descriptor: int) -> None:
        if descriptor in self._listeners:
            self._loop.add_reader(descriptor, self._accept, descriptor)

    def _accept(self, descriptor: int) -> None:
        if self._busy():
            time.sleep(GIVE_WAY_S)
        try:
            connection, _ = self._listeners[descriptor].accept()
        except (BlockingIOError, ConnectionError):  # another worker has it, or it is gone
            return
        except OSError:
            self._loop.remove_reader(descriptor)
            self._loop.call_later(REST_S, self._wait, descriptor)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._connect(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._connected, connection, ssl=self._tls)
        except OSError as error:  # of TLS too: the client's fault
            logger.debug("a connection came to nothing: %s", error)
            connection.close()
