"""Metrics of a script's own, on the same ``/metrics`` page, over all workers.

::

    from scoredock.metrics import Counter, Histogram

    refused = Counter("loans_refused_total", "Loans that were refused", ["reason"])
    incomes = Histogram("income_euros", "Monthly income", buckets=(1000, 2000, 4000, 8000))

    def run(data):
        refused.labels("income").inc()
        incomes.observe(2500)

These are prometheus-client's classes (https://prometheus.github.io/client_python/), made at the top of the script or
in init(). Counters and histograms are summed over the workers, those that have ended too. Outside a server they count
in their process alone.
"""

from __future__ import annotations

from typing import Any

import prometheus_client
from prometheus_client import Counter, Histogram, Summary

__all__ = ["Counter", "Gauge", "Histogram", "Summary"]


class Gauge(prometheus_client.Gauge):
    """A value that goes up and down.

    Of several workers' values the page shows the one that was set last. ``multiprocess_mode`` may say otherwise:
    ``livesum`` (which inc() and dec() need), ``livemin``, ``livemax``, or ``liveall``, which shows each with its
    process id.
    """

    def __init__(self, name: str, documentation: str, *arguments: Any, **more: Any) -> None:
        more.setdefault("multiprocess_mode", "livemostrecent")
        super().__init__(name, documentation, *arguments, **more)
