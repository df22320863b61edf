"""Stand-in for ``azureml_inference_server_http.log_config``, which users' logging.json files name."""

from __future__ import annotations

import logging
import time

from scoredock.observe.logs import LINE


class AMLLogFormatter(logging.Formatter):
    """A formatter in UTC; its format is the server's line unless one is given."""

    converter = time.gmtime  # type: ignore[assignment] # the stub knows only time.localtime's signature

    def __init__(self, fmt: str = LINE, datefmt: str | None = None, style: str = "%") -> None:
        super().__init__(fmt, datefmt, style)  # type: ignore[arg-type] # a file's text, checked by logging


class RootAccessFilter(logging.Filter):
    """Keeps health probes out of an access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a probe of ``/``."""
        return "GET / HTTP/1.1" not in record.getMessage()
