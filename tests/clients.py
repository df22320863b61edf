"""Clients that score all the time, over TLS, while a server is changed under them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from typing import Any

import httpx

from servers import Server


class Clients:
    """Two that keep their connections and two that do not; each sends ``requests`` in turn, from the start on.

    ``wrong`` has every answer that is not ``expected`` (JSON) with 200, and every failed connection.
    """

    def __init__(
        self, server: Server, context: ssl.SSLContext, requests: Sequence[dict[str, Any]], expected: Any
    ) -> None:
        self._url = f"{server.url}/score"
        self._context = context
        self._requests = requests
        self._expected = expected
        self._counts = [0] * 4
        self.wrong: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._score, args=[number]) for number in range(4)]
        for thread in self._threads:
            thread.start()

    def _score(self, number: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=number % 2)
        with httpx.Client(verify=self._context, limits=limits, timeout=30) as client:
            while not self._over.is_set():
                try:
                    answer = client.post(self._url, **self._requests[self._counts[number] % len(self._requests)])
                    if answer.status_code != 200 or answer.json() != self._expected:
                        self.wrong.append(f"{answer.status_code} {answer.text[:200]}")
                except httpx.TransportError as error:
                    self.wrong.append(f"{number % 2} {error!r}")
                self._counts[number] += 1

    @property
    def answered(self) -> int:
        """How many requests have ended."""
        return sum(self._counts)

    def end(self) -> None:
        """Send no more, and wait for the answers that are due."""
        self._over.set()
        for thread in self._threads:
            thread.join()
