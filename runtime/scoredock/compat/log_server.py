"""Stand-in for ``azureml.automl.core.shared.log_server``: scripts that AutoML generated report their start to it."""

from __future__ import annotations

import logging
from typing import Any


def enable_telemetry(*_: Any, **__: Any) -> None:
    """Nothing: scoredock has its own telemetry."""


def update_custom_dimensions(*_: Any, **__: Any) -> None:
    """Nothing."""


def set_log_file(*_: Any, **__: Any) -> None:
    """Nothing: the log is the server's."""


def set_verbosity(verbosity: int | str = "INFO") -> None:
    """The level of AutoML's own loggers. Raises ValueError for one that there is not."""
    logging.getLogger("azureml.automl").setLevel(verbosity)
