"""How a long copy tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is done in a word (``register``, ``fetch``, ``download``, ``verify``), bytes done, bytes in all.

Called for each chunk of at most a megabyte, in the thread that copies; what it raises ends the copy.
"""


class Meter:
    """Counts the bytes of one task, and tells a Progress, where there is one."""

    def __init__(self, progress: Progress | None, task: str, total_bytes: int) -> None:
        self._progress = progress
        self._task = task
        self._total = total_bytes
        self._done = 0

    def advance(self, count: int) -> None:
        """``count`` more bytes are done."""
        self._done += count
        if self._progress is not None:
            self._progress(self._task, min(self._done, self._total), self._total)
