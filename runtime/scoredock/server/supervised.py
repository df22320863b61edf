"""What the supervisor supervises the workers of."""

from __future__ import annotations

from typing import Protocol

from scoredock.observe.metrics.metrics import Metrics
from scoredock.server.tls import Tls
from scoredock.settings import Settings


class Supervised(Protocol):
    """What the supervisor needs of the gunicorn application, beside what gunicorn's own arbiter needs."""

    settings: Settings
    metrics: Metrics | None
    tls: Tls | None
    preload_phase: tuple[str, float]  # what goes on before the first fork, and since when (monotonic seconds)

    @property
    def device(self) -> str:
        """What is computed on."""

    @property
    def prepares_long(self) -> bool:
        """Whether ``prepare`` takes its time."""

    def prepare(self) -> None:
        """What comes before the first fork. Raises BootError."""

    def reload_tls(self) -> bool:
        """Read the certificate again; False, with the cause in the log, where it is wrong: the present one stays."""
