"""Many connections at once, each with bytes of its own, and all that comes back on each."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable

GIVEN_UP_S = 10.0


def converse(port: int, conversations: Iterable[list[bytes]]) -> list[bytes]:
    """Send each conversation's pieces, each in a segment; returns what came back until the server closed.

    The server has to close connections that say nothing after a short time. Raises TimeoutError after ten seconds.
    """
    selector = selectors.DefaultSelector()
    came: dict[socket.socket, bytearray] = {}
    for pieces in conversations:
        client = socket.create_connection(("127.0.0.1", port), timeout=GIVEN_UP_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        came[client] = bytearray()
        try:
            for piece in pieces:
                client.sendall(piece)
        except OSError:  # refused, and closed
            pass
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)
    until = time.monotonic() + GIVEN_UP_S
    while selector.get_map():
        if time.monotonic() > until:
            raise TimeoutError(f"{len(selector.get_map())} connections were still open after {GIVEN_UP_S} s")
        for key, _ in selector.select(0.2):
            client = key.fileobj  # type: ignore[assignment]
            try:
                piece = client.recv(65536)
            except ConnectionResetError:
                piece = b""
            came[client] += piece
            if not piece:
                selector.unregister(client)
                client.close()
    selector.close()
    return [bytes(data) for data in came.values()]
