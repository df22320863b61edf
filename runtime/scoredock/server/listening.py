"""Sockets that listen, and why one cannot."""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from gunicorn.sock import TCP6Socket, TCPSocket

from scoredock.errors import BootError
from scoredock.server.shared_port import reserve
from scoredock.settings import Settings

TRIES = 5
AGAIN_S = 1.0
FIRST_FREE_PORT = 1024  # below it, the kernel asks for a privilege (net.ipv4.ip_unprivileged_port_start)

T = TypeVar("T")

logger = logging.getLogger("scoredock.server")


def serving_sockets(settings: Settings, config: Any, log: Any) -> list[Any]:
    """The serving port's socket, of gunicorn's kind. Raises BootError.

    None where gunicorn takes over what listens already: of systemd, or of the server that it takes the place of.
    """
    host, port = settings.host, settings.port
    if settings.share_port:
        return [listen(host, port, lambda: reserve(host, port, config, log))]
    if {"GUNICORN_FD", "LISTEN_FDS"} & set(os.environ):
        return []
    kind = TCP6Socket if ":" in host else TCPSocket
    return [listen(host, port, lambda: kind((host, port), config, log))]


def separate_socket(host: str, port: int | None) -> socket.socket | None:
    """A plain socket that listens, where there is a port. Raises BootError."""
    if port is None:
        return None
    return listen(host, port, lambda: _plain(host, port))


def _plain(host: str, port: int) -> socket.socket:
    """As socket.create_server, which mixes the address into the error's words, and hides that a name is unknown."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def listen(host: str, port: int, make: Callable[[], T]) -> T:
    """What ``make`` returns; a port in use is tried again, since a server that ends may be about to leave it.

    Raises BootError, which says why the port cannot be listened on, and what to do.
    """
    for left in reversed(range(TRIES)):
        try:
            return make()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not left:
                raise BootError("listen", _why(host, port, error)) from None
            if left == TRIES - 1:
                logger.warning("Port %d is in use; trying again for %d s.", port, left * AGAIN_S)
            time.sleep(AGAIN_S)
    raise AssertionError("the last try returns or raises")


def _why(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        cause = f"the host name {host!r} is not known ({error.strerror})"
        advice = "Correct the host (--host, SCOREDOCK_HOST): an address of this machine, or 0.0.0.0 for all of them."
    else:
        cause = f"{error.strerror} (errno {error.errno})"
        advice = _ADVICE.get(error.errno or 0, "")
        if error.errno in (errno.EACCES, errno.EPERM) and port < FIRST_FREE_PORT:
            advice = (
                f"User {os.geteuid()} may not use ports below {FIRST_FREE_PORT}: choose another port, or give the "
                "server the capability NET_BIND_SERVICE."
            )
    address = f"[{host}]" if ":" in host else host
    return f"port {port} cannot be listened on at {address}: {cause}. {advice}".rstrip()


_ADVICE = {
    errno.EADDRINUSE: "Stop what uses it, or choose another port.",
    errno.EADDRNOTAVAIL: "This machine has no such address (--host, SCOREDOCK_HOST): choose one that it has, or "
    "0.0.0.0 for all of them.",
    errno.EAFNOSUPPORT: "This machine has no IPv6: choose an IPv4 address (--host, SCOREDOCK_HOST).",
}
