"""What a request's head has to say, beyond the syntax that the parser looks at (RFC 9112).

Where another server on a request's way could see its end, its host or its target elsewhere, it is refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from scoredock.web.answers import Header
from scoredock.web.target import host_in

# A name or an address, and a port (RFC 9110, section 7.2). Commas could be a second Host's.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9._~%!$&'()*+;=-]*)(?::[0-9]{0,5})?")
# In a URL, where other servers look more closely: no signs that a name in DNS has not, no port that none can be.
_HOST_OF_URL = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{0,5}))?")

Refusal = tuple[int, str]


def refusal_of(method: bytes, target: bytes, version: str, by_name: Mapping[bytes, bytes]) -> Refusal | None:
    """Why a request is refused: a status and a message; None where it is not. Names are in lower case."""
    if version not in ("1.0", "1.1"):
        return 505, "Expected HTTP/1.1 or HTTP/1.0."
    return _wrong_framing(version, by_name) or _wrong_host(version, by_name) or _wrong_target(method, target)


def with_host(pairs: list[Header], host: bytes) -> list[Header]:
    """Headers with this Host."""
    return [(b"host", host), *(pair for pair in pairs if pair[0] != b"host")]


def without_upgrade(method: bytes, target: bytes, version: bytes, pairs: list[Header]) -> bytes:
    """The head of a request as if it did not ask for another protocol (RFC 9110, section 7.8)."""
    lines = [b"%b %b HTTP/%b" % (method, target, version)]
    lines += [b"%b: %b" % pair for pair in pairs if pair[0] not in (b"upgrade", b"http2-settings")]
    return b"\r\n".join([*lines, b"", b""])


def _wrong_framing(version: str, by_name: Mapping[bytes, bytes]) -> Refusal | None:
    """Section 6.1; the parser refuses what comes beside a Content-Length."""
    codings = by_name.get(b"transfer-encoding")
    if codings is None:
        return None
    if version == "1.0":
        return 400, "HTTP/1.0 has no Transfer-Encoding; expected a Content-Length."
    words = [word.strip().lower() for word in codings.split(b",")]
    if words == [b"chunked"]:
        return None
    if words[-1] != b"chunked" or words.count(b"chunked") > 1:
        return 400, "Transfer-Encoding does not end with chunked, once: the body's end cannot be known."
    return 501, "Of transfer codings only chunked is known. Content-Encoding is the place for compression."


def _wrong_host(version: str, by_name: Mapping[bytes, bytes]) -> Refusal | None:
    """Section 3.2."""
    host = by_name.get(b"host")
    if host is None:
        return (400, "Expected a Host header.") if version == "1.1" else None
    return None if _is_host(host.strip()) else (400, "Expected one Host header: a name or an address, a port.")


def _is_host(host: bytes) -> bool:
    found = _HOST.fullmatch(host)
    if found is None or found[1] is None:
        return found is not None
    try:
        ipaddress.IPv6Address(found[1].decode())
    except ValueError:
        return False
    return True


def _wrong_target(method: bytes, target: bytes) -> Refusal | None:
    """Sections 3.2.1 to 3.2.4."""
    if target.startswith(b"/") and b"#" not in target:
        return None
    if target == b"*" and method == b"OPTIONS":
        return None
    host = host_in(target)
    if host is not None and (found := _HOST_OF_URL.fullmatch(host)) and int(found[1] or 0) < 65536 and _is_host(host):
        return None
    return 400, "Expected a target that is a path, or a URL of http or https, without a fragment."
