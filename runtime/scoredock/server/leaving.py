"""The end of a worker's process, in bounded time: no thread of the script, or of a library, can hold it up."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
from typing import NoReturn

from scoredock.server.script_processes import end_children

PATIENCE_S = 2.0  # for the script's exit handlers

logger = logging.getLogger("scoredock.server")


def leave(code: int, patience_s: float = PATIENCE_S) -> NoReturn:
    """End this process: the script's children, its exit handlers, and then at once, whatever other threads do.

    Python itself would wait for all threads of executors, which may be stuck, and daemon threads that wake up in native
    code while it takes itself down can crash it.
    """
    overdue = threading.Timer(patience_s, os._exit, [code])
    overdue.daemon = True
    overdue.start()
    try:
        end_children()
        atexit._run_exitfuncs()
    except BaseException:
        logger.exception("an error while worker %d ended", os.getpid())
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)
