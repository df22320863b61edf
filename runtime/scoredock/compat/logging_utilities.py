"""Stand-in for ``azureml.automl.core.shared.logging_utilities``."""

from __future__ import annotations

import logging
from typing import Any


def log_traceback(exception: BaseException, logger: logging.Logger | None = None, *_: Any, **__: Any) -> None:
    """Log an exception with its traceback."""
    chosen = logger or logging.getLogger("azureml.automl")
    chosen.error("%s: %s", type(exception).__name__, exception, exc_info=exception)
