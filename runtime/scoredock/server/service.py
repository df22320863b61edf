"""One worker's service: engine, gateway and script, wired together."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from traceback import StackSummary
from typing import TYPE_CHECKING

from scoredock.accelerators.choice import Accelerator
from scoredock.access import Access
from scoredock.collection import current as collecting
from scoredock.engine import Engine, Limits
from scoredock.engine.interrupts import checking
from scoredock.entry import EntryScript
from scoredock.entry.failures import script_stack
from scoredock.entry.script import own_files
from scoredock.observe import telemetry
from scoredock.observe.context import of_request
from scoredock.observe.metrics.counting import Counting
from scoredock.observe.metrics.metrics import Metrics
from scoredock.payload.room import Room
from scoredock.schema import Documents, build_documents
from scoredock.scoring.batches import Batches, why_no_batches
from scoredock.scoring.scoring import Scoring
from scoredock.scoring.warm_up import warm_up
from scoredock.server.boot import Booted, boot, describe, unused_accelerator
from scoredock.server.collecting import open_collection
from scoredock.server.recycling import Recycling
from scoredock.server.status import WorkerStatus
from scoredock.settings import Settings, Sizes
from scoredock.web.answers import Answer
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming

if TYPE_CHECKING:
    from scoredock.observe.tracing.request_trace import Tracing
    from scoredock.server.description import Description

FLUSH_S = 2.0  # for what waits to be written and sent when the worker ends

logger = logging.getLogger("scoredock.server")


class Service:
    """Scores with one script. ``gateway`` answers its requests once ``start`` has returned."""

    def __init__(
        self,
        settings: Settings,
        status: WorkerStatus,
        accelerator: Accelerator,
        preloaded: Booted | None = None,
        metrics: Metrics | None = None,
        counting: Counting | None = None,
        access: Access | None = None,
    ) -> None:
        self._settings = settings
        self._status = status
        self._accelerator = accelerator
        self._preloaded = preloaded
        self._tracing: Tracing | None = None
        self._served: tuple[EntryScript, Documents]  # once start has returned
        self._description: Description | None = None
        limits = Limits(settings.scoring_timeout_ms, settings.max_queue, settings.max_queue_wait_ms)
        self._engine: Engine[Incoming, Answer] = Engine(
            limits, self._stuck, self._late, settings.scoring_threads, own_files(settings)
        )
        self.recycling = Recycling(settings, lambda: self._engine.scored, status.ask_for_recycling)
        self._counting = counting
        self.exhausted: Callable[[], None] = lambda: None  # called when no scoring thread is left
        sinks = [counting.count] if counting is not None else []
        page = metrics.page if metrics is not None and settings.metrics_port is None else None
        self._live = metrics.live if metrics is not None else None
        docs = {"/docs/service.json": self._describe}
        if self._live is not None:
            docs["/docs/live.json"] = self._live.page
        admitted = counting.admitted if counting is not None else lambda by: None
        self.gateway = Gateway(
            self._engine, settings, self.not_ready, str(accelerator), sinks, page, docs, access, admitted
        )

    def _late(self, items: Sequence[Incoming], stack: StackSummary) -> None:
        others = f" for this request and {len(items) - 1} more, which are scored one by one now" if items[1:] else ""
        with of_request(items[0].ids.request_id):
            logger.error(
                "run() took longer than %d ms (SCORING_TIMEOUT_MS)%s. It was at:\n%s",
                self._settings.scoring_timeout_ms,
                others,
                script_stack(stack),
            )

    def _stuck(self) -> None:
        """A scoring thread was given up."""
        self._status.ask_for_replacement()
        if not self._engine.scoring:
            self.exhausted()

    def not_ready(self) -> str | None:
        """Why the service cannot score now, in a word or two; None when it can."""
        if self._engine.draining:
            return "draining"
        return None if self._engine.scoring else "replacing a stuck worker"

    def _describe(self) -> bytes:
        """What is served, for the page at /docs. Called in a thread, by one at a time, once the script is ready."""
        if self._description is None:
            from scoredock.server.description import Description

            ready = self._live.workers_ready if self._live is not None else None
            self._description = Description(self._settings, *self._served, str(self._accelerator), ready)
        return self._description.page()

    async def start(self) -> None:
        """Import the script, call init(), score the schema's sample, in the scoring thread. Raises BootError."""
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        prepared: list[tuple[Booted, Documents, str]] = []

        def prepare() -> Callable[[Incoming], Answer]:
            self._tracing = telemetry.start(self._settings, os.environ)  # a script sees the provider from its import on
            if self._preloaded is not None:
                _draw_other_numbers()
            booted = self._preloaded or boot(self._settings, self._status.report)
            logging.setLogRecordFactory(checking(logging.getLogRecordFactory()))  # the script may have its own
            script = booted.script
            self._status.report("swagger")
            documents = build_documents(script.signature, self._settings)
            scoring_class, batches_class = self._scoring_classes()
            settings = self._settings
            room = Room.shared_by(settings.scoring_threads, Sizes.of(settings).parsed)
            max_body, strict = self.gateway.intake.max_body, settings.strict_columns
            proxies = settings.trusted_proxies
            scoring = scoring_class(script, loop, max_body, room, strict_columns=strict, proxies=proxies)
            scoring.batching = batches = self._batches(batches_class, scoring, script)
            warm_up_s = warm_up(script, scoring, batches, self._status.report) if self._settings.warmup else None
            if batches is not None:
                batches.report()
            prepared.append((booted, documents, "" if warm_up_s is None else f", {warm_up_s:.3f} s of them warm-up"))
            open_collection(self._settings, self.gateway)
            gc.freeze()  # what a script loads lives as long as the process: no collection looks at it again
            return scoring

        try:
            await self._engine.start(prepare)
        except BaseException as error:
            if self._tracing is not None:
                self._tracing.boot_failed(error)
            self._end_telemetry(FLUSH_S)
            raise
        if self._tracing is not None:
            from scoredock.web import request_trace

            self.gateway.begin_trace = partial(request_trace.begin, self._tracing)
        booted, documents, of_them = prepared[0]
        self._served = booted.script, documents
        self.gateway.open(booted.script.signature.kind, documents)
        elapsed_s = time.monotonic() - started
        if self._counting is not None:
            self._counting.ready(elapsed_s)
        unused = unused_accelerator(booted, self._accelerator.name)
        if unused is not None:
            logger.warning("%s", unused)
        self._ready_after = f"{elapsed_s:.1f} s{of_them}: {describe(booted)}"

    def announce(self) -> None:
        """Say that the worker is ready. To be called when new connections are its own: whoever reads it may call."""
        logger.info("Worker %d is ready after %s", os.getpid(), self._ready_after)

    def _scoring_classes(self) -> tuple[type[Scoring], type[Batches]]:
        if self._tracing is None:
            return Scoring, Batches
        from scoredock.scoring.traced import TracedBatches, TracedScoring

        return TracedScoring, TracedBatches

    def _batches(self, made: type[Batches], scoring: Scoring, script: EntryScript) -> Batches | None:
        """What scores requests together, if that is wanted and can be."""
        settings = self._settings
        if settings.max_batch_size == 1:
            return None
        reason = why_no_batches(script.signature, scoring.uses_flask)
        if reason is None:
            return made(scoring, script.signature, settings.max_batch_size, settings.batch_wait_ms)
        logger.warning("SCOREDOCK_MAX_BATCH_SIZE is ignored: %s.", reason)
        return None

    @property
    def unfinished(self) -> int:
        """Requests that are being decompressed, wait, or are being scored."""
        return self._engine.unfinished + self.gateway.decompressing

    @property
    def scoring(self) -> bool:
        """Whether anything waits, is being scored, or does not come back from that."""
        return bool(self.unfinished or self._engine.stuck_threads)

    async def drain(self, timeout_s: float) -> None:
        """Finish what was accepted, for at most ``timeout_s`` seconds; answer the rest with 503."""
        await self._engine.drain(timeout_s)

    def begin_drain(self) -> None:
        """Not ready from now on."""
        self._engine.draining = True
        self._status.report("draining")
        if self._counting is not None:
            self._counting.draining()

    def measure(self, connections: int) -> None:
        """Have the metrics show what is the case right now."""
        if self._counting is not None:
            self._counting.measure(self._engine.waiting, self._engine.unfinished, connections)

    def stop(self, timeout_s: float = FLUSH_S) -> None:
        """End the scoring thread once it is idle; write and send what waits, within ``timeout_s`` seconds in all."""
        self._engine.stop()
        deadline = time.monotonic() + timeout_s
        collecting.end()  # it writes while telemetry is sent: neither takes the other's time
        self._end_telemetry(timeout_s)
        collecting.close(max(deadline - time.monotonic(), 0))

    def _end_telemetry(self, timeout_s: float) -> None:
        tracing, self._tracing = self._tracing, None
        if tracing is not None:
            tracing.close(timeout_s)


def _draw_other_numbers() -> None:
    """Seed NumPy's global generator anew, as Python does with its own after a fork: workers would draw the same."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
