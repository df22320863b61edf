"""A page that is written when somebody asks: in a thread, so that neither scoring nor probes wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from scoredock.web.answers import SERVER_FAILED, Answer, Header, message_answer
from scoredock.web.incoming import Incoming

logger = logging.getLogger("scoredock.web")


class WrittenPage:
    """Answers with ``page()``. It is written once for all who ask meanwhile, so that asking often costs little."""

    def __init__(
        self, page: Callable[[], bytes], headers: Sequence[Header], answer: Callable[[Incoming, Answer], None]
    ) -> None:
        self._page = page
        self._headers = headers
        self._answer = answer
        self._asking: list[Incoming] = []

    def ask(self, incoming: Incoming) -> None:
        """Answer a request when the page is written. Called on the event loop."""
        self._asking.append(incoming)
        if len(self._asking) == 1:
            writing = asyncio.get_running_loop().run_in_executor(None, self._page)
            writing.add_done_callback(self._written)

    def _written(self, page: asyncio.Future[bytes]) -> None:
        asking, self._asking = self._asking, []
        try:
            status, headers, body = 200, self._headers, page.result()
        except Exception:
            logger.exception("%s could not be written", asking[0].path)
            failed = message_answer(500, SERVER_FAILED)
            status, headers, body = failed.status, failed.headers, failed.body
        for incoming in asking:
            self._answer(incoming, Answer(status, list(headers), body))
