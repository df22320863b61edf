"""The metrics of scripts: prometheus-client's files, one for each process and kind, in a folder that all share.

The variable PROMETHEUS_MULTIPROC_DIR has that folder's name; prometheus-client reads it when it is imported.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PAST = "past"  # stands where the others have a process id

logger = logging.getLogger("scoredock.server")


class Folder:
    """Where the files lie: a new folder, named by the variable; or the one that it names already, which stays."""

    def __init__(self) -> None:
        named = os.environ.get(VARIABLE)
        self._is_ours = not named
        self.path = named or tempfile.mkdtemp(prefix="scoredock-metrics-")
        os.environ[VARIABLE] = self.path
        Path(self.path).mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """The server has ended."""
        if self._is_ours:
            os.environ.pop(VARIABLE, None)
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for path in _files(self.path, "*"):
            path.unlink(missing_ok=True)


def page(folder: str | None) -> bytes:
    """All processes' metrics in Prometheus' text format; empty when there are none.

    Raises FileNotFoundError when a process's files are being folded meanwhile.
    """
    if folder is None or not _files(folder, "*"):
        return b""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def fold(folder: str | None, pid: int) -> None:
    """A process is dead: add what it counted to one file for all of the past, and drop what it measured.

    Gauges that are meant to outlive their process (modes without ``live``) are left as they are.
    """
    for path in _files(folder, str(pid)) if folder is not None else []:
        kind = path.name.rpartition("_")[0]
        try:
            if kind.startswith("gauge_live"):
                path.unlink()
            elif not kind.startswith("gauge"):
                _add(path, path.with_name(f"{kind}_{PAST}.db"))
                path.unlink()
        except Exception as error:  # a file that is cut off, or gone: no reason for the supervisor to end
            logger.warning("What worker %d counted in %s is lost: %s: %s", pid, path.name, type(error).__name__, error)
            path.unlink(missing_ok=True)


def _add(path: Path, to: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    values = list(MmapedDict.read_all_values_from_file(str(path)))  # type: ignore[no-untyped-call]
    past = MmapedDict(str(to))  # type: ignore[no-untyped-call]
    for key, value, _, _ in values:
        before, stamp = past.read_value(key)  # type: ignore[no-untyped-call]
        past.write_value(key, before + value, stamp)  # type: ignore[no-untyped-call]
    past.close()  # type: ignore[no-untyped-call]


def _files(folder: str, owner: str) -> list[Path]:
    """prometheus-client's files of one process, or of all (``*``); the folder may hold other files, too."""
    owners = rf"(\d+|{PAST})" if owner == "*" else owner
    name = re.compile(rf"(counter|histogram|summary|gauge_\w+)_{owners}\.db")
    return [path for path in Path(folder).glob("*.db") if name.fullmatch(path.name)]
