"""Tokens and keys for use at home: what an identity provider does elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from scoredock.access.key_set import LEAST_RSA

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_MADE_RSA = 3072  # bits


def issue(key: bytes | PrivateKey, kid: str | None, claims: dict[str, str | None], lifetime_s: int) -> str:
    """A token that ``key`` has signed: bytes by HS256, an RSA key by RS256, one of P-256 by ES256.

    ``claims`` whose value is None are left out; the token is valid from now on for ``lifetime_s`` seconds.
    """
    now = int(time.time())
    payload = {name: value for name, value in claims.items() if value is not None}
    algorithm = "HS256" if isinstance(key, bytes) else _algorithm(key)
    signer: Any = key
    return jwt.encode(
        {**payload, "iat": now, "exp": now + lifetime_s}, signer, algorithm, {"kid": kid} if kid is not None else None
    )


def private_key_in(content: bytes) -> PrivateKey:
    """The RSA or P-256 key in a PEM file without a password. Raises ValueError."""
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "is no private key in PEM format without a password. Make one: scoredock token key-pair"
        ) from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= LEAST_RSA:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        return key
    raise ValueError(f"holds another key than one of RSA with at least {LEAST_RSA} bits, or of the curve P-256.")


def make_key(algorithm: str) -> PrivateKey:
    """A new private key for RS256 or ES256."""
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, _MADE_RSA)
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: PrivateKey) -> bytes:
    """A private key as a PEM file without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_set_of(key: PrivateKey, kid: str | None = None) -> bytes:
    """The public part of a key as a JSON Web Key Set; ``kid`` is its thumbprint (RFC 7638) unless given."""
    if isinstance(key, rsa.RSAPrivateKey):
        made = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        named = {name: made[name] for name in ("e", "kty", "n")}
    else:
        made = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        named = {name: made[name] for name in ("crv", "kty", "x", "y")}
    return json.dumps(
        {"keys": [{**named, "kid": kid or _thumbprint(named), "use": "sig", "alg": _algorithm(key)}]}, indent=2
    ).encode()


def kid_of(key: PrivateKey) -> str:
    """The name that ``key_set_of`` gives a key."""
    kid: str = json.loads(key_set_of(key))["keys"][0]["kid"]
    return kid


def _algorithm(key: PrivateKey) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"


def _thumbprint(members: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
