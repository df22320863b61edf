"""A bar for what takes longer than two seconds, on standard error, where that is a terminal.

It is click's own: the commands have click already, and one bar does not pay for another package's start.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

_SHOWN_AFTER_S = 2.0
_WORDS = {"register": "Registering", "fetch": "Fetching", "download": "Downloading", "verify": "Verifying"}


@contextmanager
def progress_bar(shown_after_s: float = _SHOWN_AFTER_S) -> Iterator[Callable[[str, int, int], None]]:
    """A Progress (see ``deploy.registry.progress``) that draws; the bar ends with the block."""
    bar: Any = None
    drawn = 0
    started = time.monotonic()

    def show(task: str, done: int, total: int) -> None:
        nonlocal bar, drawn
        if bar is None:
            if time.monotonic() - started < shown_after_s or not sys.stderr.isatty():
                return
            label = _WORDS.get(task, task)
            bar = click.progressbar(length=total, label=label, file=sys.stderr, show_pos=False, width=30)
            bar.__enter__()
        bar.update(done - drawn)
        drawn = done

    try:
        yield show
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
