"""Watch the script's folder for changes, for ``--reload``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

MAX_FILES = 5000
_SKIPPED_FOLDERS = {"__pycache__", "node_modules"}
_SKIPPED_SUFFIX = ".log"


class FolderWatch:
    """Compares modification times at each call of ``changed``; hidden folders, caches and log files are left out.

    ``folders`` says which folders those are right now: a link to one may have been turned.
    """

    def __init__(self, folders: Callable[[], Iterable[Path]]) -> None:
        self._folders = folders
        self._seen = self._times()

    def changed(self) -> str | None:
        """The name of one file that is new, gone or modified since the last call; None when none is."""
        now = self._times()
        before, self._seen = self._seen, now
        return next((name for (_, name), time in {*before.items()} ^ {*now.items()}), None)

    def _times(self) -> dict[tuple[Path, str], int]:
        """Nanoseconds since the epoch by folder and name in it."""
        times: dict[tuple[Path, str], int] = {}
        for root in self._folders():
            self._add_times(root, times)
        return times

    def _add_times(self, root: Path, times: dict[tuple[Path, str], int]) -> None:
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS and not name.startswith(".")]
            for name in files:
                if name.endswith(_SKIPPED_SUFFIX):
                    continue
                path = Path(folder, name)
                try:
                    times[root, str(path.relative_to(root))] = path.stat().st_mtime_ns
                except OSError:  # gone between the walk and the look
                    continue
                if len(times) >= MAX_FILES:
                    return
