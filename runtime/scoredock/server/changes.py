"""Watch the script's folder for changes, for ``--reload``."""

from __future__ import annotations

import os
from pathlib import Path

MAX_FILES = 5000
_SKIPPED_FOLDERS = {"__pycache__", "node_modules"}
_SKIPPED_SUFFIX = ".log"


class FolderWatch:
    """Compares modification times at each call of ``changed``; hidden folders,
    caches and log files are left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._times()

    def changed(self) -> str | None:
        """The name of one file that is new, gone or modified since the last call; None when none is."""
        now = self._times()
        before, self._seen = self._seen, now
        return next((name for name in {**before, **now} if before.get(name) != now.get(name)), None)

    def _times(self) -> dict[str, int]:
        times: dict[str, int] = {}
        for folder, folders, files in os.walk(self._folder):
            folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS and not name.startswith(".")]
            for name in files:
                if name.endswith(_SKIPPED_SUFFIX):
                    continue
                path = Path(folder, name)
                try:
                    times[str(path.relative_to(self._folder))] = path.stat().st_mtime_ns
                except OSError:  # gone between the walk and the look
                    continue
                if len(times) >= MAX_FILES:
                    return times
        return times
