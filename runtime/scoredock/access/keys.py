"""Keys: one or two secrets that every client may present."""

from __future__ import annotations

import hmac
import logging
import secrets
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

from scoredock.access.bearer import bearer
from scoredock.access.caller import Caller
from scoredock.access.watched_file import WatchedFile
from scoredock.errors import SettingError, Unauthorised
from scoredock.settings import Settings

SHORT = 16  # characters, below which a key may be guessed
REFUSAL = "Missing or wrong key. Send one of the service's keys in the header Authorization: Bearer KEY."
_PRIMARY = Caller("primary_key", "key=primary")
_SECONDARY = Caller("secondary_key", "key=secondary")

logger = logging.getLogger("scoredock.access")


class Keys:
    """Admits requests that carry one of the keys in ``settings``, which are given there or in files.

    Raises SettingError.
    """

    wanted = "a key"

    def __init__(self, settings: Settings) -> None:
        self._primary = _source("SCOREDOCK_PRIMARY_KEY", settings.primary_key, settings.primary_key_file)
        self._secondary = _source("SCOREDOCK_SECONDARY_KEY", settings.secondary_key, settings.secondary_key_file)
        # Random in the place of a key that there is not: always both are compared, and never is one empty.
        self._nobodys = secrets.token_bytes(32)

    def load(self) -> None:
        """Read the files now. Raises SettingError."""
        for source in (self._primary, self._secondary):
            if isinstance(source, WatchedFile):
                source.load()

    def start(self) -> None:
        """In a worker: begin to look at the files."""
        for source in (self._primary, self._secondary):
            if isinstance(source, WatchedFile):
                source.start()

    def admit(self, authorization: bytes) -> Caller:
        """Whose key it is. Raises Unauthorised, after the same steps for every header, unless it carries one."""
        presented = sha256(bearer(authorization)).digest()
        is_primary = hmac.compare_digest(presented, self._primary.value or self._nobodys)
        is_secondary = hmac.compare_digest(presented, self._secondary.value or self._nobodys)
        if not is_primary | is_secondary:
            raise Unauthorised(REFUSAL)
        return _PRIMARY if is_primary else _SECONDARY


@dataclass(frozen=True)
class _Given:
    """The digest of a key that never changes; None where there is no key."""

    value: bytes | None = field(default=None, repr=False)


def _source(variable: str, key: str | None, path: Path | None) -> WatchedFile[bytes] | _Given:
    """The key's digest, and where it comes from. Raises SettingError."""
    if path is not None:
        if key is not None:
            raise SettingError(f"{variable} and {variable}_FILE are both set. Give the key once.")
        return WatchedFile(f"{variable}_FILE", path, partial(_digest, f"{variable}_FILE"))
    if key is None:
        return _Given()
    try:
        return _Given(_digest(variable, key.encode()))
    except ValueError as error:
        raise SettingError(f"{variable}: the key {error}") from None


def _digest(variable: str, content: bytes) -> bytes:
    """The digest of the key that a file or variable holds; warns of a short one. Raises ValueError."""
    key = key_in(content)
    if len(key) < SHORT:
        logger.warning(
            "%s: a key of %d characters can be guessed. Make one of at least %d: openssl rand -hex 32",
            variable,
            len(key),
            SHORT,
        )
    return sha256(key).digest()


def key_in(content: bytes) -> bytes:
    """The key that a file or variable holds: without the line's end. Raises ValueError."""
    key = content.removesuffix(b"\n").removesuffix(b"\r")
    if not key:
        raise ValueError("is empty. `openssl rand -hex 32` makes a key.")
    if not all(0x21 <= byte <= 0x7E for byte in key):
        raise ValueError(
            "has white space, control or other characters that are not ASCII, which cannot travel in a header. "
            "Make another one: openssl rand -hex 32"
        )
    return key
