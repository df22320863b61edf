"""Values that can be right, but hardly ever are: they are warned of."""

from __future__ import annotations

import re

from scoredock.settings.proxies import not_networks
from scoredock.settings.table import Settings

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]+")  # as browsers send it (RFC 6454, 6.2)
_PATTERN_SIGNS = frozenset("*\\]?$^[]()")  # of what is no origin, but a pattern of some


def doubts(settings: Settings) -> list[str]:
    """Warnings about these values."""
    origins = [
        f"AML_CORS_ORIGINS: no browser sends the origin {origin!r}, so it allows nothing. Expected scheme, host, and a "
        "port unless it is the scheme's own, without a slash at the end: https://shop.example, http://localhost:3000."
        for origin in map(str.strip, (settings.cors_origins or "").split(","))
        if origin and origin != "null" and not _PATTERN_SIGNS & set(origin) and not _ORIGIN.fullmatch(origin)
    ]
    proxies = [
        f"FORWARDED_ALLOW_IPS: {part!r} is no address or network and is ignored. Expected such as 10.0.0.0/8, or *."
        for part in not_networks(settings.forwarded_allow_ips or "")
    ]
    return origins + proxies
