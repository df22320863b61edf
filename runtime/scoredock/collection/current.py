"""The collection that a script's collectors find: scripts build them without knowing who serves them."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scoredock.collection import CLOSE_S

if TYPE_CHECKING:
    from scoredock.collection.collection import Collection


class _Current:
    """This process's: how it is made, and what was made. Without a server, from the environment."""

    make: Callable[[], Collection | None] | None = None
    collection: Collection | None = None
    made = False


_LOCK = threading.Lock()


def hold() -> None:
    """Nothing is taken until ``install``: what init() and the warm-up collect comes from no client."""
    install(lambda: None)


def install(make: Callable[[], Collection | None] | None) -> None:
    """From now on collectors hand things to what this makes; it is called when the first of them collects.

    None: as in a process without a server.
    """
    with _LOCK:
        _Current.make, _Current.collection, _Current.made = make, None, False


def current() -> Collection | None:
    """The collection; None while nothing is taken.

    In a script that runs without a server it is made from the environment's settings, and what waits is written when
    the process ends. Raises SettingError when those settings are wrong.
    """
    if not _Current.made:
        with _LOCK:
            if not _Current.made:
                _Current.collection = (_Current.make or _from_environment)()
                _Current.made = True
    return _Current.collection


def end() -> None:
    """Take nothing more, and write what waits; ``close`` waits for that."""
    if _Current.collection is not None:
        _Current.collection.end()


def close(timeout_s: float = CLOSE_S) -> None:
    """Write what waits, for at most ``timeout_s`` seconds; nothing is taken from now on."""
    with _LOCK:
        collection, _Current.collection, _Current.made = _Current.collection, None, True
    if collection is not None:
        collection.close(timeout_s)


def _from_environment() -> Collection:
    from scoredock.collection.collection import Collection
    from scoredock.collection.config import collection_config
    from scoredock.settings import resolve

    collection = Collection(collection_config(resolve({}, os.environ, Path.cwd())[0]))
    atexit.register(close)
    return collection
