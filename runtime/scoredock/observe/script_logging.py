"""What a script may do to logging, and what it may not: silence the server.

``logging.config.dictConfig`` and ``fileConfig`` disable all existing loggers by default, and remove the root's
handlers. A script that sets handlers of its own on the root keeps them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from operator import not_

from scoredock.observe.output import steady
from scoredock.observe.prints import PrintedLines

OURS = {"scoredock", "gunicorn", "uvicorn"}

logger = logging.getLogger("scoredock.server")
_last: list[logging.Handler] = []  # the root's, after the import and init()


class _Undisabled(logging.Logger):
    """A logger that cannot be disabled."""

    disabled = property(not_, lambda _, value: None)  # False for every logger, by C: it is asked for each request


@contextmanager
def unsilenced() -> Iterator[None]:
    """Let code of the script run; afterwards, the server's lines still come out, or a line says where they go."""
    _undisable()
    handlers = list(logging.root.handlers)
    try:
        yield
    finally:
        _undisable()
        if not logger.hasHandlers():
            logging.root.handlers[:] = handlers
        elif not {*handlers} <= {*logging.root.handlers}:
            _tell_of_others(handlers)
        _last[:] = logging.root.handlers


def give_handlers_back() -> None:
    """To be called now and then: run() may have left the root without any, and a line would go nowhere."""
    if not logger.hasHandlers():
        logging.root.handlers[:] = _last


def _undisable() -> None:
    for name, one in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in OURS and type(one) is logging.Logger:
            one.__class__ = _Undisabled


def _tell_of_others(before: list[logging.Handler]) -> None:
    """Through the handlers that were there before, as the others may not show it."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and isinstance(handler.stream, PrintedLines):
            handler.setStream(steady(handler.stream.real))  # a line of the log is none that is printed
    line = logger.makeRecord(
        logger.name,
        logging.WARNING,
        __file__,
        0,
        "The script has set handlers of its own on logging's root: from now on, all lines go to %s, in the script's "
        "format. To keep scoredock's, configure loggers of the script's own, or the root without handlers; "
        "logging.json replaces both.",
        (", ".join(map(repr, logging.root.handlers)),),
        None,
    )
    for handler in before:
        handler.handle(line)
