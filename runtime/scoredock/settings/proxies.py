"""The addresses of proxies that are believed."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYWHERE = ["0.0.0.0/0", "::/0"]


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas; ``*`` are all. What is none is left out."""
    found = (_networks(part) for part in _parts(text))
    return tuple(one for some in found for one in some)


def not_networks(text: str) -> list[str]:
    """What ``networks`` leaves out."""
    return [part for part in _parts(text) if not _networks(part)]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(part: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(one, strict=False) for one in (EVERYWHERE if part == "*" else [part])]
    except ValueError:
        return []


def address_in(text: str) -> Address | None:
    """The address, with a port or without; None where it is none."""
    text = text.strip()
    host, _, _ = text.rpartition(":")
    for one in (text, host.strip("[]")):
        try:
            found = ipaddress.ip_address(one)
        except ValueError:
            continue
        return getattr(found, "ipv4_mapped", None) or found
    return None
