"""Stand-in for ``azureml.core.run``: outside of a run, Azure ML's SDK gives one that is offline; so does this."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from scoredock.compat.absence import absent, fill

logger = logging.getLogger("scoredock.compat")
_LOGS = (
    "log",
    "log_list",
    "log_row",
    "log_table",
    "log_image",
    "log_confusion_matrix",
    "log_predictions",
    "tag",
    "flush",
)


class _OfflineRun:
    """Takes what is logged and keeps nothing; anything else needs Azure's service."""

    id = "OfflineRun"

    def __getattr__(self, name: str) -> Any:
        if name in _LOGS:
            return lambda *arguments, **_: logger.debug("Run.%s %s", name, arguments[:1])
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(absent("azureml.core", "Run"), name)


class Run:
    """Only ``get_context``."""

    def __init__(self, *_: Any, **__: Any) -> NoReturn:
        absent("azureml.core", "Run")()
        raise AssertionError

    @staticmethod
    def get_context(allow_offline: bool = True, **_: Any) -> _OfflineRun:
        """A run that is offline."""
        return _OfflineRun()


fill(__name__)
