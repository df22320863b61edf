"""Sends to Application Insights: a request for each server span, its exceptions, the spans of scripts, lines as traces.

Nothing but the ingestion endpoint is contacted: the exporter's statistics, its remote configuration and its storage on
disk are off. Custom dimensions are those of azureml-inference-server-http.
"""

from __future__ import annotations

import codecs
import logging
import os
from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import Span, SpanKind

from scoredock.observe.app_insights.lines import LineHandler, LogQueue
from scoredock.observe.service_info import versioned_models
from scoredock.observe.tracing.outbox import Outbox, listen
from scoredock.observe.tracing.request_trace import RequestTrace
from scoredock.observe.tracing.scope import SCOPE, unobserved
from scoredock.settings import Settings

MAX_DIMENSION = 8192  # characters of a custom dimension that Application Insights keeps; the exporter cuts there, too
QUEUE_SIZE, BATCH_SIZE, DELAY_S = 1024, 100, 5.0
TIMEOUT_S = 10
# The exporter's variables: what it would send elsewhere, and an item with the resource before each batch.
_QUIET = ("STATSBEAT_DISABLED_ALL", "SDKSTATS_DISABLED", "CONTROLPLANE_DISABLED")
_RESOURCE_ITEM = "OPENTELEMETRY_RESOURCE_METRIC_DISABLED"


class AppInsights:
    """The telemetry of one worker. ``processor`` is for the tracer provider."""

    def __init__(self, settings: Settings, resource: Resource) -> None:
        for name in (*_QUIET, _RESOURCE_ITEM):
            os.environ.setdefault(f"APPLICATIONINSIGHTS_{name}", "true")
        from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter, AzureMonitorTraceExporter

        self._payloads = settings.app_insights_log_response
        self._container_id = os.environ.get("HOSTNAME", "Unknown")
        self._service = {
            "Container Id": self._container_id,
            "Workspace Name": settings.workspace_name,
            "Service Name": settings.service_name,
            "Models": ", ".join(versioned_models(settings.model_dir)),
        }
        words = listen("azure.monitor.opentelemetry.exporter", "azure.core", "azure.identity")
        options: dict[str, Any] = {
            "connection_string": settings.app_insights_connection,
            "disable_offline_storage": True,
            "timeout": TIMEOUT_S,
            "read_timeout": TIMEOUT_S,
            "retry_total": 2,
            "retry_backoff_max": 5,
        }
        spans, records = AzureMonitorTraceExporter(**options), AzureMonitorLogExporter(**options)

        def outbox(exporter: Any, what: str) -> Outbox[Any]:
            def send(batch: list[Any]) -> bool:
                return bool(exporter.export(batch).name == "SUCCESS")

            where = f"{what} for Application Insights"
            return Outbox(send, where, QUEUE_SIZE, BATCH_SIZE, DELAY_S, words, unobserved)

        self._spans = outbox(spans, "requests and spans")
        self._records = outbox(records, "traces")
        self.outboxes = (self._spans, self._records)
        self.processor = OwnSpans(self._spans)
        provider = LoggerProvider(resource, shutdown_on_exit=False)
        provider.add_log_record_processor(LogQueue(self._records))
        self._handler = LineHandler(provider.get_logger(SCOPE), self._service)
        logging.getLogger().addHandler(self._handler)

    def request(self, span: Span, trace: RequestTrace) -> None:
        """Send an ended server span, with the custom dimensions of its request."""
        if not isinstance(span, ReadableSpan) or span.context is None or not span.context.trace_flags.sampled:
            return
        dimensions = {**(span.attributes or {}), **self._service, **self.identify(trace)}
        if self._payloads:
            dimensions["Input"], dimensions["Prediction"] = text_of(trace.payload), text_of(trace.prediction)
        for name in ("scoredock.request_id", "scoredock.client_request_id"):
            dimensions.pop(name, None)
        self._spans.put(
            ReadableSpan(
                span.name,
                span.context,
                span.parent,
                span.resource,
                dimensions,
                span.events,
                span.links,
                span.kind,
                status=span.status,
                start_time=span.start_time,
                end_time=span.end_time,
                instrumentation_scope=span.instrumentation_scope,
            )
        )

    def identify(self, trace: RequestTrace) -> Mapping[str, str]:
        """The custom dimensions that tell which request an exception belongs to."""
        return {
            "Container Id": self._container_id,
            "Request Id": trace.request_id,
            "Client Request Id": trace.client_id,
        }

    def boot_failed(self, error: BaseException) -> None:
        """Send what ended the worker's start: mostly what init() raised."""
        cause = error.__cause__ or error
        raised = type(cause), cause, cause.__traceback__
        self._handler.send(logging.LogRecord("scoredock.server", logging.ERROR, "", 0, "%s", (error,), raised))

    def close(self) -> None:
        """Take no more lines."""
        logging.getLogger().removeHandler(self._handler)


class OwnSpans(SpanProcessor):
    """Sends the spans of scripts and their libraries, and those of ours that have an exception."""

    def __init__(self, outbox: Outbox[Any]) -> None:
        self._outbox = outbox

    def on_end(self, span: ReadableSpan) -> None:
        """Have it sent, unless ``request`` does, or it is a part of a request that went well."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        scope = span.instrumentation_scope
        if scope is not None and scope.name == SCOPE and (span.kind is SpanKind.SERVER or not span.events):
            return
        self._outbox.put(span)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits now; whether it has been tried in time."""
        return self._outbox.flush(timeout_millis / 1000)


def text_of(body: bytes) -> str:
    """The first MAX_DIMENSION characters of a body in UTF-8; for what is no text, its size."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(body[: MAX_DIMENSION * 4])
    except UnicodeDecodeError:
        return f"{len(body)} bytes that are not UTF-8 text"
    return text[:MAX_DIMENSION]
