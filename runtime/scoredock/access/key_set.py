"""The keys that sign tokens: a JSON Web Key Set (RFC 7517), or a secret."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from jwt.algorithms import ECAlgorithm, HMACAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

LEAST_SECRET = 32  # bytes, as many as the hash of HS256 has (RFC 7518, 3.2)
LEAST_RSA = 2048  # bits (RFC 7518, 3.3)
MAX_KEYS = 200

logger = logging.getLogger("scoredock.access")


@dataclass(frozen=True)
class SigningKey:
    """A key that tokens may be signed with, by this algorithm and no other; it is equal to those with its digest."""

    algorithm: str
    kid: str | None
    digest: str
    key: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class KeySet:
    """All keys that tokens may be signed with."""

    keys: tuple[SigningKey, ...]

    def find(self, algorithm: str, kid: str | None) -> Any:
        """The one key that a token with this header may be signed with; None where there is none, or several."""
        fitting = [one for one in self.keys if one.algorithm == algorithm]
        if kid is not None:
            fitting = [one for one in fitting if one.kid == kid] or [one for one in fitting if one.kid is None]
        return fitting[0].key if len(fitting) == 1 else None


def secret_in(content: bytes) -> KeySet:
    """The secret that a file or variable holds, without the line's end, as a set. Raises ValueError."""
    secret = content.removesuffix(b"\n").removesuffix(b"\r")
    if len(secret) < LEAST_SECRET:
        raise ValueError(
            f"has {len(secret)} bytes; a secret of HS256 needs at least {LEAST_SECRET}. Make one: openssl rand -hex 32"
        )
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except InvalidKeyError:
        raise ValueError(
            "holds a public key or certificate, which is no secret. Give public keys as a key set: SCOREDOCK_TOKEN_JWKS"
        ) from None
    return KeySet((SigningKey("HS256", None, sha256(secret).hexdigest(), secret),))


def key_set_in(content: bytes) -> KeySet:
    """The keys for RS256 and ES256 in a JSON Web Key Set, without others. Raises ValueError when there are none."""
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, LookupError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise ValueError('is no JSON Web Key Set: expected {"keys": [...]}.')
    keys, left_out = [], []
    for number, one in enumerate(listed[:MAX_KEYS]):
        try:
            keys.append(_signing_key(one))
        except ValueError as error:
            left_out.append(f"key {number + 1} {error}")
    if not keys:
        why = f" ({'; '.join(left_out[:5])})" if left_out else ""
        raise ValueError(f"has no key that can sign tokens with RS256 or ES256{why}.")
    if left_out:
        logger.debug("Left out of the key set: %s", "; ".join(left_out))
    return KeySet(tuple(keys))


def _signing_key(one: Any) -> SigningKey:
    """Raises ValueError, whose text ends a sentence that begins with the key's number."""
    if not isinstance(one, dict):
        raise ValueError("is no object")
    operations = one.get("key_ops", ["verify"])
    if one.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("is not meant for signatures")
    kid = one.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("has a kid that is no text")
    kind = one.get("kty")
    algorithm, names = {"RSA": ("RS256", ("kty", "n", "e")), "EC": ("ES256", ("kty", "crv", "x", "y"))}.get(
        kind if isinstance(kind, str) else "", ("", ())
    )
    if not algorithm or one.get("alg", algorithm) != algorithm:
        raise ValueError("is for another algorithm")
    if kind == "EC" and one.get("crv") != "P-256":
        raise ValueError("is on another curve than P-256")
    public = {name: one.get(name) for name in names}  # never the private ones, if somebody has put them there
    if not all(isinstance(value, str) for value in public.values()):
        raise ValueError(f"lacks one of {', '.join(names)}")
    try:
        key: Any = (RSAAlgorithm if kind == "RSA" else ECAlgorithm).from_jwk({**public})
    except Exception:  # what cryptography and base64 raise for numbers that are no key
        raise ValueError("is no valid key") from None
    if kind == "RSA" and key.key_size < LEAST_RSA:
        raise ValueError(f"has {key.key_size} bits; RSA keys need at least {LEAST_RSA}")
    return SigningKey(algorithm, kid, sha256(json.dumps(public).encode()).hexdigest(), key)
