"""The credential in an Authorization header."""

from __future__ import annotations


def bearer(authorization: bytes) -> bytes:
    """What follows ``Bearer`` (in any case) in a header's value; empty for every other header, and for none."""
    scheme, _, credential = authorization.strip(b" \t").partition(b" ")
    return credential.strip(b" \t") if scheme.lower() == b"bearer" else b""
