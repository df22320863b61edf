"""The name of the spans that are made here, and where none are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from opentelemetry import context as otel_context

SCOPE = "scoredock"


@contextlib.contextmanager
def unobserved() -> Iterator[None]:
    """What happens here makes no spans, also where a script has its HTTP client instrumented."""
    key = getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")
    token = otel_context.attach(otel_context.set_value(key, True))
    try:
        yield
    finally:
        otel_context.detach(token)
