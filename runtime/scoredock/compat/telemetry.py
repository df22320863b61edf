"""Stand-in for ``azureml.telemetry``: nothing is sent to Microsoft, so there is no key."""

from __future__ import annotations

from scoredock.compat.absence import fill

INSTRUMENTATION_KEY = ""

fill(__name__)
