"""A JSON Web Key Set at an https URL, fetched by a thread, so that neither requests nor scoring wait for it."""

from __future__ import annotations

import logging
import threading
import time
from typing import IO, Any
from urllib.parse import urlsplit

from scoredock.access.key_set import KeySet, key_set_in
from scoredock.access.last_good import MAX_BYTES, LastGood
from scoredock.errors import SettingError

REFRESH_S = 300.0
AGAIN_S = 10.0  # between fetches because of a key that is unknown; anybody can make one up
RETRY_S = 2.0
TIMEOUT_S = 10.0

logger = logging.getLogger("scoredock.access")


class KeySetUrl:
    """The keys at a URL: ``value``, None until they were fetched for the first time.

    They are fetched by ``start``, which takes those that were last good until then; again when they are five minutes
    old and asked for, and when a token names a key that is not among them. A server that does not answer, or with
    something else, leaves the keys as they are.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            raise SettingError(
                "SCOREDOCK_TOKEN_JWKS: expected a file, or an https URL without user and password. Who can change the "
                "keys on their way can sign tokens: for a key set that is not at an https URL, give a copy as a file."
            )
        self.value: KeySet | None = None
        self._url = url
        self._shown = f"https://{parts.netloc}{parts.path}"
        self._last_good = LastGood()
        self._busy = threading.Lock()
        self._fetched_at = self._begun_at = -1e9
        self._said = ""

    def start(self) -> None:
        """In a worker: begin with what another one has fetched last, and fetch them."""
        content = self._last_good.get()
        if content is not None:
            self.value = key_set_in(content)
        self._begin()

    def refresh(self) -> None:
        """Fetch them again if they are old."""
        now = time.monotonic()
        if now - self._fetched_at > REFRESH_S and now - self._begun_at > AGAIN_S:
            self._begin()

    def missing(self, kid: str | None) -> None:
        """A token names a key that is not among them: fetch them again, if that was not tried just now."""
        if kid is not None and time.monotonic() - self._begun_at > AGAIN_S:
            self._begin()

    def _begin(self) -> None:
        if self._busy.acquire(blocking=False):
            self._begun_at = time.monotonic()
            threading.Thread(target=self._fetch_until_there, daemon=True, name="scoredock-key-set").start()

    def _fetch_until_there(self) -> None:
        """Fetch once; before there are any keys, until there are."""
        try:
            while not self._fetch() and self.value is None:
                time.sleep(RETRY_S)
        finally:
            self._busy.release()

    def _fetch(self) -> bool:
        try:
            content = read_https(self._url)
            keys = key_set_in(content)
        except Exception as error:  # of sockets, TLS, HTTP and the content; a thread that dies of one would say less
            self._complain(str(error) or type(error).__name__)
            return False
        self._fetched_at = time.monotonic()
        self._last_good.put(content)
        if self._said or self.value is None:
            logger.info("SCOREDOCK_TOKEN_JWKS: %s gave %d keys.", self._shown, len(keys.keys))
        self._said = ""
        if keys != self.value:
            self.value = keys
        return True

    def _complain(self, wrong: str) -> None:
        if wrong != self._said:
            self._said = wrong
            kept = "The keys from before stay in use" if self.value else "Until there are keys, requests get 503"
            logger.error("SCOREDOCK_TOKEN_JWKS: %s: %s. %s.", self._shown, wrong.rstrip("."), kept)


def read_https(url: str) -> bytes:
    """What a server answers, of at most 1 MiB, within seconds. Follows no redirect. Raises OSError and ValueError."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
            return None  # urllib raises HTTPError then

    deadline = time.monotonic() + TIMEOUT_S
    content = b""
    with build_opener(NoRedirect).open(url, timeout=TIMEOUT_S) as answer:
        while piece := answer.read1(65536):
            content += piece
            if len(content) > MAX_BYTES:
                raise ValueError(f"it has more than {MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise ValueError(f"it did not come within {TIMEOUT_S:.0f} s")
    return content
