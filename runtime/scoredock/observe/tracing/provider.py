"""Start OpenTelemetry's SDK in a worker: what is wanted, where it goes, and who is told of it."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import MutableMapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from scoredock import __version__
from scoredock.observe.tracing.environment import exporter_names, has_entry_point, number, traces_wanted
from scoredock.observe.tracing.outbox import LastWords, Outbox, listen
from scoredock.observe.tracing.request_trace import Tracing, Value
from scoredock.observe.tracing.scope import SCOPE, unobserved
from scoredock.settings import Settings

if TYPE_CHECKING:
    from scoredock.observe.app_insights.client import AppInsights

_GROUP = "opentelemetry_traces_exporter"

logger = logging.getLogger("scoredock.telemetry")


def start(settings: Settings, environment: MutableMapping[str, str], app_insights: bool) -> Tracing:
    """Make the provider of this process, and OpenTelemetry's global one, which scripts see from now on.

    ``environment`` is one that ``environment.settle`` has looked at. ``app_insights`` also sends to Application
    Insights. To be called in a worker, after the fork: it starts threads.
    """
    resource = resource_of(settings)
    sampler = ALWAYS_ON if app_insights and not environment.get("OTEL_TRACES_SAMPLER") else None
    provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    outboxes: list[Outbox[Any]] = []
    if traces_wanted(environment):
        words = listen("opentelemetry.exporter")
        for name in exporter_names(environment):
            exporter = _exporter(name)
            if exporter is not None:
                processor = QueueingProcessor(exporter, name, environment, words)
                provider.add_span_processor(processor)
                outboxes.append(processor.outbox)
    client = _app_insights(settings, resource) if app_insights else None
    if client is not None:
        provider.add_span_processor(client.processor)
        outboxes += client.outboxes
    _make_global(provider)

    def close(timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        if client is not None:
            client.close()
        for outbox in outboxes:  # all at the same time: a receiver that hangs takes none of the others'
            outbox.end()
        for outbox in outboxes:
            outbox.stop(max(deadline - time.monotonic(), 0))

    tracer = provider.get_tracer(SCOPE, __version__)
    if client is None:
        return Tracing(tracer, close)
    return Tracing(tracer, close, client.request, client.identify, client.boot_failed)


def resource_of(settings: Settings) -> Resource:
    """What the telemetry is of: the service; variables of OpenTelemetry's win over settings."""
    ours: dict[str, Value] = {
        "service.name": settings.service_name,
        "service.version": settings.service_version,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        "process.pid": os.getpid(),
    }
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


class QueueingProcessor(SpanProcessor):
    """Has sampled spans exported; never waits. Bounds and times are those of the variables OTEL_BSP_*."""

    def __init__(
        self, exporter: SpanExporter, name: str, environment: MutableMapping[str, str], words: LastWords
    ) -> None:
        self.outbox: Outbox[ReadableSpan] = Outbox(
            lambda spans: exporter.export(spans) is SpanExportResult.SUCCESS,
            f"spans for {name}",
            number(environment, "OTEL_BSP_MAX_QUEUE_SIZE", 2048),
            number(environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512),
            number(environment, "OTEL_BSP_SCHEDULE_DELAY", 5000) / 1000,
            words,
            unobserved,
            exporter.shutdown,
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Have it sent."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.outbox.put(span)

    def shutdown(self) -> None:
        """Nothing: the server ends it, and a script that shuts the provider down does not."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits now; whether it has been tried in time."""
        return self.outbox.flush(timeout_millis / 1000)


def _exporter(name: str) -> SpanExporter | None:
    """The exporter of that name; None where there is none, which ``environment.settle`` has said, or it refuses."""
    if not has_entry_point(_GROUP, name):
        return None
    try:
        exporter: SpanExporter = next(iter(entry_points(group=_GROUP, name=name))).load()()
    except Exception as error:
        logger.warning("Traces to %s are not sent: %s: %s", name, type(error).__name__, error)
        return None
    return exporter


def _app_insights(settings: Settings, resource: Resource) -> AppInsights | None:
    """None where Microsoft's exporter refuses what it is given, in the variables of its own, too."""
    from scoredock.observe.app_insights.client import AppInsights

    try:
        return AppInsights(settings, resource)
    except Exception as error:
        logger.warning("Nothing is sent to Application Insights: %s: %s", type(error).__name__, error)
        return None


def _make_global(provider: TracerProvider) -> None:
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)
    else:  # a preloaded script has set its own
        logger.warning(
            "The script has set a TracerProvider of its own before the worker began: its spans go there, "
            "those of the server where the OTEL_* variables say."
        )
