"""Addresses and ports of this machine that a service answers on."""

from __future__ import annotations

import ipaddress
import socket

LOOPBACK = "127.0.0.1"


def listen_once(host: str, port: int) -> int:
    """Bind ``port`` of the address ``host`` for a moment, 0: a free one; returns the port. Raises OSError when taken.

    A low port, which the engine may have and this process may not, counts as free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return port
        return int(probe.getsockname()[1])


def free_port(host: str, wanted: int | None = None) -> int:
    """The port ``wanted`` of an address where it is free, else any free one. Raises OSError for another machine's."""
    if wanted is not None:
        try:
            return listen_once(host, wanted)
        except OSError:
            pass
    return listen_once(host, 0)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    return ipaddress.ip_address(host).is_loopback


def called_as(host: str) -> str:
    """What this machine calls an address, as a URL has it."""
    address = ipaddress.ip_address(host)
    if host == LOOPBACK or address.is_unspecified:
        return "localhost"
    return f"[{host}]" if address.version == 6 else host
