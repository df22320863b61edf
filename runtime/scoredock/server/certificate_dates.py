"""A certificate's serial number and validity, out of its DER (RFC 5280, 4.1).

The standard library tells them of a peer's certificate alone.
"""

from __future__ import annotations

from datetime import datetime, timezone


def serial_and_validity(der: bytes) -> tuple[str, datetime, datetime]:
    """Serial number (hexadecimal) and both ends of the validity of a certificate that OpenSSL has taken."""
    at = _inside(der, _inside(der, 0))
    if der[at] == 0xA0:  # the version, which the first version of certificates has not
        at = _behind(der, at)
    serial = der[_inside(der, at) : _behind(der, at)].hex()
    for _ in ("serial number", "algorithm", "issuer"):
        at = _behind(der, at)
    begin = _inside(der, at)
    return serial, _time(der, begin), _time(der, _behind(der, begin))


def _time(der: bytes, at: int) -> datetime:
    text = der[_inside(der, at) : _behind(der, at)].decode("ascii")
    if der[at] == 0x17:  # UTCTime: years of two digits, of which 50 is 1950
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _inside(der: bytes, at: int) -> int:
    """Where the content of the element at ``at`` begins."""
    return at + 2 + (der[at + 1] & 0x7F if der[at + 1] & 0x80 else 0)


def _behind(der: bytes, at: int) -> int:
    """Where the element at ``at`` ends."""
    inside = _inside(der, at)
    length = int.from_bytes(der[at + 2 : inside], "big") if inside > at + 2 else der[at + 1]
    return inside + length
