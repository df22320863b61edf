"""Keys: one or two secrets that every client may present."""

from __future__ import annotations

import hmac
import logging
import secrets
from hashlib import sha256

from scoredock.access.bearer import bearer
from scoredock.access.watched_file import WatchedFile
from scoredock.errors import SettingError, Unauthorised
from scoredock.settings import Settings

SHORT = 16  # characters, below which a key may be guessed
REFUSAL = "Missing or wrong key. Send one of the service's keys in the header Authorization: Bearer KEY."

logger = logging.getLogger("scoredock.access")


class Keys:
    """Admits requests that carry one of the keys in ``settings``, which are given there or in files.

    Raises SettingError.
    """

    wanted = "a key"

    def __init__(self, settings: Settings) -> None:
        given = (
            ("SCOREDOCK_PRIMARY_KEY", settings.primary_key, settings.primary_key_file),
            ("SCOREDOCK_SECONDARY_KEY", settings.secondary_key, settings.secondary_key_file),
        )
        # Random in the place of a key that there is not: always both are compared, and never is one empty.
        self._digests = [secrets.token_bytes(32) for _ in given]
        self._files: list[tuple[int, str, WatchedFile[bytes]]] = []
        for place, (variable, key, path) in enumerate(given):
            if key is not None and path is not None:
                raise SettingError(f"{variable} and {variable}_FILE are both set. Give the key once.")
            if path is not None:
                self._files.append((place, variable, WatchedFile(f"{variable}_FILE", path, key_in)))
            elif key is not None:
                try:
                    content = key_in(key.encode())
                except ValueError as error:
                    raise SettingError(f"{variable}: the key {error}") from None
                self._take(place, variable, content)

    def start(self) -> None:
        """Begin to admit; the files are read by the first request."""

    def load(self) -> None:
        """Read the files now. Raises SettingError."""
        for place, variable, file in self._files:
            self._take(place, f"{variable}_FILE", file.load())

    def admit(self, authorization: bytes) -> None:
        """Raise Unauthorised, after the same steps for every header, unless it carries one of the keys."""
        for place, _, file in self._files:
            if file.refresh() and file.value is not None:
                self._digests[place] = sha256(file.value).digest()
        presented = sha256(bearer(authorization)).digest()
        is_primary, is_secondary = (hmac.compare_digest(presented, digest) for digest in self._digests)
        if not is_primary | is_secondary:
            raise Unauthorised(REFUSAL)

    def _take(self, place: int, variable: str, key: bytes) -> None:
        if len(key) < SHORT:
            logger.warning(
                "%s: a key of %d characters can be guessed. Make one of at least %d: openssl rand -hex 32",
                variable,
                len(key),
                SHORT,
            )
        self._digests[place] = sha256(key).digest()


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
