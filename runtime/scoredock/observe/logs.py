"""Logging: one line format, the request id on every line that belongs to a request, the user's own config.

Source of the line format: azureml-inference-server-http's logs,
``<UTC date> <UTC time>,<ms> <level letter> [<pid>] <logger> - <message>``.
"""

from __future__ import annotations

import json
import logging
import logging.config
import sys
import time
from pathlib import Path
from typing import Any

from scoredock.errors import SettingError
from scoredock.observe.context import request_id
from scoredock.observe.json_lines import JsonFormatter, written_line
from scoredock.observe.output import missing, steady

LINE = "%(asctime)s %(levelname).1s [%(process)d] %(name)s - %(message)s"
# Scripts' logging.json files name the loggers of the server that they were written for.
_FORMER_LOGGER, _LOGGER = "azmlinfsrv", "scoredock"


class LineFormatter(logging.Formatter):
    """The contract's line, in UTC, with the request id in brackets before the message where there is one."""

    converter = time.gmtime  # type: ignore[assignment] # the stub knows only time.localtime's signature

    def __init__(self) -> None:
        super().__init__(LINE)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, without the traceback that may follow it."""
        current = request_id.get()
        if current:
            record.message = f"[{current}] {record.message}"
        return super().formatMessage(record)


def configure(level: str, folders: list[Path], as_json: bool = False) -> Path | None:
    """Set logging up: ``logging.json`` of the first folder that has one, else lines on standard output.

    Returns the path of the file that was used. Raises SettingError when that file is not valid.
    """
    logging.captureWarnings(True)
    for folder in folders:
        path = folder / "logging.json"
        if path.is_file():
            _configure_from(path)
            return path
    handler = logging.StreamHandler(steady(sys.stdout, _missing_as_json if as_json else missing))
    handler.setFormatter(JsonFormatter() if as_json else LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("scoredock.print").setLevel(logging.INFO)  # prints have no level that could be too low
    if level != "DEBUG":
        for chatty in ("gunicorn.error", "uvicorn.error"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    return None


def _missing_as_json(lines: int) -> str:
    return written_line("WARNING", "scoredock", missing(lines))


def _configure_from(path: Path) -> None:
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
        loggers = config.setdefault("loggers", {})
        for name in [name for name in loggers if name.split(".")[0] == _FORMER_LOGGER]:
            loggers.setdefault(_LOGGER + name.removeprefix(_FORMER_LOGGER), loggers[name])
        config.setdefault("disable_existing_loggers", False)
        logging.config.dictConfig(config)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise SettingError(f"logging config {path}: {error}") from None
