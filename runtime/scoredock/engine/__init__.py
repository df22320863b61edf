"""The queue in front of the scoring thread, and the deadline over it. Knows nothing of HTTP or of scripts."""

from scoredock.engine.engine import Engine, Limits
from scoredock.engine.job import Job

__all__ = ["Engine", "Job", "Limits"]
