"""Whether a server can score, from what its workers say of themselves."""

from __future__ import annotations

from collections.abc import Sequence

from scoredock.server.health import UNRESPONSIVE, Health
from scoredock.server.status import WorkerStatus

SILENT_S = 5.0  # without a sign of life, of which there is one a second, a worker does not count as ready


def readiness(workers: Sequence[WorkerStatus], device: str) -> Health | None:
    """The health of so many workers; None where there are none, those that end by themselves not counted."""
    silent_s = min((one.silent_s for one in workers if one.is_ready), default=None)
    if silent_s is not None and silent_s < SILENT_S:
        return Health(ready=True, phase="ready", device=device)
    if silent_s is not None:
        return Health(ready=False, phase=UNRESPONSIVE, elapsed_s=silent_s)
    coming = [one for one in workers if one.phase != "draining"]
    if not coming:
        return None
    youngest = min(coming, key=lambda one: one.elapsed_s)
    return Health(ready=False, phase=youngest.phase, elapsed_s=youngest.elapsed_s)
