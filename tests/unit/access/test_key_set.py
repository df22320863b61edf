"""Which keys of a key set may sign tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from scoredock.access.issue import key_set_of, make_key
from scoredock.access.key_set import key_set_in, secret_in

EC = json.loads(key_set_of(make_key("ES256"), "ec"))["keys"][0]
RSA = json.loads(key_set_of(make_key("RS256"), "rsa"))["keys"][0]
SHORT = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)


def read(*keys: Any) -> Any:
    return key_set_in(json.dumps({"keys": keys}).encode())


def test_each_key_has_one_algorithm() -> None:
    keys = read(EC, RSA)
    assert keys.find("ES256", "ec") is not None
    assert keys.find("RS256", "rsa") is not None
    for algorithm, kid in (("RS256", "ec"), ("ES256", "rsa"), ("HS256", "rsa"), ("none", "ec"), ("RS256", "other")):
        assert keys.find(algorithm, kid) is None


def test_a_token_without_a_name_fits_the_one_key_of_its_algorithm() -> None:
    assert read(EC, RSA).find("ES256", None) is not None
    assert read(EC, {**EC, "kid": "again"}).find("ES256", None) is None


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({**SHORT}, "has 1024 bits"),
        ({**EC, "crv": "P-384"}, "another curve"),
        ({**EC, "use": "enc"}, "not meant for signatures"),
        ({**EC, "key_ops": ["encrypt"]}, "not meant for signatures"),
        ({**EC, "alg": "ES384"}, "another algorithm"),
        ({**RSA, "alg": "HS256"}, "another algorithm"),
        ({**RSA, "alg": "none"}, "another algorithm"),
        ({"kty": "oct", "k": "c2VjcmV0" * 8}, "another algorithm"),
        ({**EC, "x": EC["y"]}, "no valid key"),
        ({**EC, "x": 1}, "lacks one of"),
        ({**RSA, "n": "!"}, "no valid key"),
        ({**EC, "kid": 1}, "kid that is no text"),
        ({"kty": ["RSA"]}, "another algorithm"),
        ("key", "is no object"),
        ({**EC, "key_ops": 1}, "not meant for signatures"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_others_are_left_out(key: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(key)
    assert len(read(key, EC).keys) == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"keys": {}}', b"\xff", b"[" * 100_000, b'{"keys": []}']
)
def test_what_is_no_key_set_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"is no JSON Web Key Set|has no key"):
        key_set_in(content)


def test_a_private_key_in_a_set_is_read_as_a_public_one() -> None:
    private = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    assert not hasattr(read({**private, "key_ops": ["verify"]}).keys[0].key, "private_numbers")


def test_no_secret_is_shown() -> None:
    secret = "hush " * 10
    assert secret not in repr(secret_in(secret.encode()))
    assert "hush" not in repr(secret_in(secret.encode()))
