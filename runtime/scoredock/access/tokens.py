"""Tokens: JSON Web Tokens (RFC 7519) that somebody else, or ``scoredock token issue``, has signed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import jwt

from scoredock.access.bearer import bearer
from scoredock.access.caller import Caller
from scoredock.access.key_set import KeySet, key_set_in, secret_in
from scoredock.access.key_set_url import KeySetUrl
from scoredock.access.watched_file import WatchedFile
from scoredock.errors import NotReady, SettingError, Unauthorised
from scoredock.settings import Settings
from scoredock.texts import printable

MAX_TOKEN = 8 * 1024  # bytes
LEEWAY_S = 30  # that clocks may differ
MAX_VERIFIED = 4096
MAX_SUBJECT = 100  # characters of a token's subject that the log shows
MAX_REASON = 200  # characters of why a token was refused, which a forged header may write into
REFUSAL = "Missing or invalid token. Send a valid one in the header Authorization: Bearer TOKEN."
_NOBODY = 0.0, Caller("", "")

logger = logging.getLogger("scoredock.access")


class Source(Protocol):
    """Where the keys come from; ``value`` are those of this moment, None while there are none."""

    @property
    def value(self) -> KeySet | None:
        """The keys."""

    def start(self) -> None:
        """In a worker: begin with the keys that were last good, and look for others from now on, in a thread."""

    def refresh(self) -> None:
        """Have the thread look for others if it is time for that."""

    def missing(self, kid: str | None) -> None:
        """A token names a key that is not among them."""


class Tokens:
    """Admits requests that carry a token which a key of ``settings`` has signed, and which is valid now.

    Raises SettingError.
    """

    wanted = "a token"

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.token_issuer
        self._audience = settings.token_audience
        if "" in (self._issuer, self._audience):
            raise SettingError("SCOREDOCK_TOKEN_ISSUER and SCOREDOCK_TOKEN_AUDIENCE may not be empty. Leave them out.")
        self._source = _source(settings)
        self._keys: KeySet | None = None
        self._verified: dict[bytes, tuple[float, Caller]] = {}  # until when, and whose, by the token's digest

    def start(self) -> None:
        """In a worker: begin to look at the file, or to fetch the keys."""
        self._source.start()

    def load(self) -> None:
        """Read the files now. Raises SettingError."""
        if isinstance(self._source, WatchedFile):
            self._source.load()
        if self._audience is None:
            logger.warning(
                "SCOREDOCK_TOKEN_AUDIENCE is not set: tokens that the same keys sign for other services are taken, too."
            )

    def admit(self, authorization: bytes) -> Caller:
        """Whose token it is. Raises Unauthorised unless it carries a valid one; NotReady while there are no keys."""
        self._source.refresh()
        keys = self._source.value
        if keys is not self._keys:
            self._keys = keys
            self._verified.clear()  # a key may have been taken back
        if keys is None:
            raise NotReady("The keys that sign tokens are not there yet.")
        token = bearer(authorization)
        if not token:
            raise Unauthorised(REFUSAL, reason="no bearer token")
        digest = sha256(token).digest()
        until, caller = self._verified.get(digest, _NOBODY)
        if time.time() < until:
            return caller
        try:
            expires, caller = self._verify(token, keys)
        except Exception as error:  # whatever a forgery brings PyJWT to raise: it is no token then
            reason = str(error) if isinstance(error, (jwt.PyJWTError, ValueError)) else type(error).__name__
            challenge = 'Bearer error="invalid_token"'
            raise Unauthorised(REFUSAL, challenge, printable(reason[:MAX_REASON])) from None
        if len(self._verified) >= MAX_VERIFIED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = expires + LEEWAY_S, caller
        return caller

    def _verify(self, token: bytes, keys: KeySet) -> tuple[float, Caller]:
        """When a valid token expires, in seconds since the epoch, and whose it is.

        Raises ValueError, PyJWTError, and what it may.
        """
        if len(token) > MAX_TOKEN:
            raise ValueError(f"the token has more than {MAX_TOKEN} bytes")
        header = jwt.get_unverified_header(token)
        if "crit" in header or "b64" in header:
            raise ValueError("the token's header demands extensions")
        algorithm, kid = header.get("alg"), header.get("kid")
        # The keys settle the algorithm; where the header says that keys are (jku, x5u, jwk, x5c) is not looked at.
        key = keys.find(algorithm, kid) if isinstance(algorithm, str) else None
        if key is None or algorithm is None:
            self._source.missing(kid)
            raise ValueError(f"no key for alg={algorithm!r} kid={kid!r}")
        options: Any = {"require": ["exp"], "verify_aud": self._audience is not None, "verify_sub": False}
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options=options,
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_S,
        )
        return float(claims["exp"]), _caller(claims.get("sub"))


def _source(settings: Settings) -> Source:
    if settings.token_jwks is not None:
        if "://" in settings.token_jwks:
            return KeySetUrl(settings.token_jwks)
        return WatchedFile("SCOREDOCK_TOKEN_JWKS", Path(settings.token_jwks).expanduser().absolute(), key_set_in)
    parse: Callable[[bytes], KeySet] = secret_in
    if settings.token_secret_file is not None:
        return WatchedFile("SCOREDOCK_TOKEN_SECRET_FILE", settings.token_secret_file, parse)
    try:
        return _Fixed(parse((settings.token_secret or "").encode()))
    except ValueError as error:
        raise SettingError(f"SCOREDOCK_TOKEN_SECRET: it {error}") from None


class _Fixed:
    """Keys that never change."""

    def __init__(self, value: KeySet) -> None:
        self.value = value

    def start(self) -> None:
        """They are there."""

    def refresh(self) -> None:
        """There are no others."""

    def missing(self, kid: str | None) -> None:
        """There are no others."""


def _caller(subject: Any) -> Caller:
    """Whose token it is: its subject, which issuers may leave out."""
    named = printable(subject[:MAX_SUBJECT], " ") if isinstance(subject, str) else ""
    return Caller("token", f"sub={named or '-'}")
