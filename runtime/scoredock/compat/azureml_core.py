"""Stand-in for ``azureml.core``: ``Model`` finds a deployed model, ``Run`` logs to nobody; the rest only imports."""

from __future__ import annotations

from azureml.core.model import Model  # type: ignore[import-not-found] # the finder gives it
from azureml.core.run import Run  # type: ignore[import-not-found] # likewise

from scoredock.compat.absence import fill

__all__ = ["Model", "Run"]

fill(__name__)
