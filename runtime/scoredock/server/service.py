"""One worker's service: engine, gateway and script, wired together."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from types import FrameType

from scoredock.engine import Engine, Limits
from scoredock.entry import EntryScript
from scoredock.entry.script import script_stack
from scoredock.schema import Documents, build_documents
from scoredock.server.boot import boot, describe
from scoredock.server.status import WorkerStatus
from scoredock.settings import Settings
from scoredock.web.answers import Answer
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming
from scoredock.web.scoring import Scoring

logger = logging.getLogger("scoredock.server")


class Service:
    """Scores with one script. ``gateway`` answers its requests once ``start`` has returned."""

    def __init__(self, settings: Settings, status: WorkerStatus, preloaded: EntryScript | None = None) -> None:
        self._settings = settings
        self._status = status
        self._preloaded = preloaded
        limits = Limits(settings.scoring_timeout_ms, settings.max_queue, settings.max_queue_wait_ms)
        self._engine: Engine[Incoming, Answer] = Engine(
            limits, status.ask_for_replacement, self._late, settings.scoring_threads
        )
        self.gateway = Gateway(self._engine, settings, self.not_ready)

    def _late(self, incoming: Incoming, frame: FrameType | None) -> None:
        logger.error(
            "[%s] run() took longer than %d ms (SCORING_TIMEOUT_MS). It was at:\n%s",
            incoming.ids.request_id,
            self._settings.scoring_timeout_ms,
            script_stack(frame),
        )

    def not_ready(self) -> str | None:
        """Why the service cannot score now, in a word or two; None when it can."""
        if self._engine.draining:
            return "draining"
        return None if self._engine.scoring else "replacing a stuck worker"

    async def start(self) -> None:
        """Import the script and call init(), in the scoring thread. Raises BootError."""
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        booted: list[tuple[EntryScript, Documents]] = []

        def prepare() -> Callable[[Incoming], Answer]:
            script = self._preloaded or boot(self._settings, self._status.report)
            self._status.report("swagger")
            booted.append((script, build_documents(script.signature, self._settings)))
            return Scoring(script, loop)

        await self._engine.start(prepare)
        script, documents = booted[0]
        self.gateway.open(script.signature.kind, documents)
        logger.info("Worker %d is ready after %.1f s: %s", os.getpid(), time.monotonic() - started, describe(script))

    async def drain(self, timeout_s: float) -> None:
        """Finish what was accepted, for at most ``timeout_s`` seconds; answer the rest with 503."""
        await self._engine.drain(timeout_s)

    def begin_drain(self) -> None:
        """Not ready from now on."""
        self._engine.draining = True
        self._status.report("draining")

    def stop(self) -> None:
        """End the scoring thread once it is idle."""
        self._engine.stop()
