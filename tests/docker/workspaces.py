"""A workspace of a test's own, for commands and scripts that deploy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scoredock.deploy import LocalWebservice, Workspace


@contextmanager
def own_workspace(folder: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a workspace and a cache in ``folder``; its services are deleted at the end."""
    workspace = folder / "workspace"
    yield {"SCOREDOCK_WORKSPACE": str(workspace), "XDG_CACHE_HOME": str(folder / "cache")}
    for service in LocalWebservice.list(Workspace(workspace)):
        service.delete()
