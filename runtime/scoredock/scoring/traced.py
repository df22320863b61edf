"""Scoring, and scoring in batches, with a span for each part of it. Only where traces are on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Link

from scoredock.observe import context
from scoredock.observe.tracing.request_trace import RequestTrace
from scoredock.scoring.batches import Batches
from scoredock.scoring.scoring import Scoring
from scoredock.web.answers import Answer
from scoredock.web.incoming import Incoming
from scoredock.web.streaming import StreamedBody


class TracedScoring(Scoring):
    """Scores like Scoring. Inside run(), OpenTelemetry's current span is the request's span ``run``."""

    _now = threading.local()  # the traces that this thread scores

    def __call__(self, incoming: Incoming) -> Answer:
        """The answer to a request."""
        trace = incoming.trace
        if trace is None:
            return super().__call__(incoming)
        with self._current([trace]):
            trace.dequeued()
            return super().__call__(incoming)

    def read(self, incoming: Incoming, request: Any) -> dict[str, Any]:
        """run()'s arguments; the span ``decode``. A value that is refused is no error of the span."""
        trace = incoming.trace
        if trace is None or not trace.is_recording or incoming.arguments is not None:
            return super().read(incoming, request)
        trace.dequeued()
        with trace.stage("decode"):
            return super().read(incoming, request)

    def run(self, arguments: dict[str, Any], call: Callable[..., Any] | None = None) -> tuple[Any, float]:
        """Call run(); the span ``run``, one for each request of a batch.

        In a batch, that of the first one is the current span; it links to the other requests, and theirs to it.
        """
        traces: Sequence[RequestTrace] = getattr(self._now, "traces", ())
        if not traces:
            return super().run(arguments, call)
        first, *others = traces
        size = {"scoredock.batch.size": len(traces)} if others else None
        with ExitStack() as stack:
            links = [Link(other.span.get_span_context()) for other in others]
            stage = stack.enter_context(first.stage("run", size, links))
            joint = [Link(stage.span.get_span_context())] if stage.span is not None else []
            for other in others:
                stack.enter_context(other.beside("run", size, joint))
            return super().run(arguments, call)

    def answer(self, result: Any, incoming: Incoming, elapsed_ms: float) -> Answer:
        """The answer that carries run()'s result; the span ``encode``, and ``stream`` while a body is produced."""
        trace = incoming.trace
        if trace is None or not trace.is_recording:
            return super().answer(result, incoming, elapsed_ms)
        with trace.stage("encode"):
            answer = super().answer(result, incoming, elapsed_ms)
        if trace.tracing.wants_payloads:
            trace.prediction = answer.body
        if isinstance(answer.follow_up, StreamedBody):
            answer.follow_up.chunks = trace.follow(answer.follow_up.chunks)
        return answer

    def together(self, items: Sequence[Incoming], score: Callable[[Sequence[Incoming]], Sequence[Answer]]) -> Any:
        """What ``score`` returns for requests that share a call."""
        with self._current([item.trace for item in items if item.trace is not None]):
            return score(items)

    @contextmanager
    def _current(self, traces: Sequence[RequestTrace]) -> Iterator[None]:
        """This thread scores these now; what it does outside of a stage belongs to the first of them."""
        token = otel_context.attach(traces[0].context if traces else Context())
        log_token = context.trace.set(traces[0].ids if traces else None)
        client_token = context.client_request_id.set(traces[0].client_id if traces else "")
        self._now.traces = [trace for trace in traces if trace.is_recording]
        try:
            yield
        finally:
            self._now.traces = []
            context.client_request_id.reset(client_token)
            context.trace.reset(log_token)
            otel_context.detach(token)


class TracedBatches(Batches):
    """Batches of a TracedScoring."""

    _scoring: TracedScoring

    def key(self, incoming: Incoming) -> Hashable | None:
        """What requests have to have in common; log lines meanwhile name the request's trace."""
        token = context.trace.set(incoming.trace.ids if incoming.trace is not None else None)
        try:
            return super().key(incoming)
        finally:
            context.trace.reset(token)

    def score(self, items: Sequence[Incoming]) -> Sequence[Answer]:
        """One answer a request."""
        answers: Sequence[Answer] = self._scoring.together(items, super().score)
        return answers
