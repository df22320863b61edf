"""The queue in front of the scoring threads, and the deadline over them. Knows nothing of HTTP or of scripts."""

from scoredock.engine.engine import Engine, Limits
from scoredock.engine.job import Batching, Job

__all__ = ["Batching", "Engine", "Job", "Limits"]
