"""SCOREDOCK_SHARE_PORT: a port that two servers may listen on, so that one can take over from the other."""

from __future__ import annotations

import socket
from typing import Any

from gunicorn.sock import TCP6Socket, TCPSocket


class _Reserved:
    """Bound, but not listening: the port is ours too, and nothing is sent here before a worker can score.

    A worker that is ready listens, which uvicorn's start does.
    """

    def set_options(self, sock: socket.socket, bound: bool = False) -> socket.socket:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.bind(sock)  # type: ignore[attr-defined] # of gunicorn's class
        sock.setblocking(False)
        sock.set_inheritable(True)
        return sock


class _ReservedIPv4(_Reserved, TCPSocket):  # type: ignore[misc] # gunicorn has no types
    pass


class _ReservedIPv6(_Reserved, TCP6Socket):  # type: ignore[misc] # gunicorn has no types
    pass


def reserve(host: str, port: int, config: Any, log: Any) -> Any:
    """A socket of gunicorn's kind for the address. Raises OSError when another user's, or no shared, server has it."""
    kind = _ReservedIPv6 if ":" in host else _ReservedIPv4
    return kind((host, port), config, log)
