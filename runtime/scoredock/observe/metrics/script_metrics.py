"""The metrics of scripts: prometheus-client's files, one for each process and kind, in a folder that all share.

The variable PROMETHEUS_MULTIPROC_DIR has that folder's name; prometheus-client reads it when it is imported.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PAST = "past"  # stands where the others have a process id


def make_folder() -> str:
    """A new folder, named by the variable; or the one that it names already."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        folder = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="scoredock-metrics-")
    return folder


def remove_folder(folder: str) -> None:
    """The server has ended."""
    shutil.rmtree(folder, ignore_errors=True)


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
    dead = _files(folder, str(pid)) if folder is not None else []
    if not dead:
        return
    from prometheus_client.mmap_dict import MmapedDict

    for path in dead:
        kind = path.name.rpartition("_")[0]
        if kind.startswith("gauge_live"):
            path.unlink()
        elif not kind.startswith("gauge"):
            past = MmapedDict(str(path.with_name(f"{kind}_{PAST}.db")))  # type: ignore[no-untyped-call]
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
                before, stamp = past.read_value(key)  # type: ignore[no-untyped-call]
                past.write_value(key, before + value, stamp)  # type: ignore[no-untyped-call]
            past.close()  # type: ignore[no-untyped-call]
            path.unlink()


def _files(folder: str, owner: str) -> list[Path]:
    found: Iterable[Path] = Path(folder).glob(f"*_{owner}.db") if owner != "*" else Path(folder).glob("*.db")
    return list(found)
