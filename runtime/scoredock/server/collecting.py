"""Data collection of a worker: settled before the first fork, opened when the worker can score."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from scoredock.collection import current
from scoredock.collection.config import collection_config, payload_target
from scoredock.errors import BootError, SettingError
from scoredock.observe import context
from scoredock.settings import Settings
from scoredock.web.answers import Header
from scoredock.web.gateway import Gateway
from scoredock.web.incoming import Incoming

if TYPE_CHECKING:
    from scoredock.collection.collection import Collection

logger = logging.getLogger("scoredock.server")


def check_collection(settings: Settings) -> None:
    """Log the warnings of its settings; raises BootError for settings that cannot be."""
    try:
        config = collection_config(settings)
        if config.payloads:
            payload_target(config)
    except SettingError as error:
        raise BootError("settings", str(error)) from None
    for warning in config.warnings:
        logger.warning("%s", warning)
    if config.own is not None and "://" not in config.own.url and not _takes_files(Path(config.own.url)):
        logger.warning(
            "SCOREDOCK_COLLECT_TO: %s is no folder that user %d can write to, nor can it be made. What is collected "
            "waits and is then dropped, until it is one.",
            config.own.url,
            os.geteuid(),
        )


def _takes_files(folder: Path) -> bool:
    """Whether the folder can be written to, or made; True where the system does not tell, not even of ``/``."""
    paths = (folder, *folder.parents)
    there = next((path for path in paths if os.access(path, os.F_OK, effective_ids=True)), None)
    return there is None or (os.access(there, os.W_OK | os.X_OK, effective_ids=True) and there.is_dir())


def open_collection(settings: Settings, gateway: Gateway) -> None:
    """Let the script's collectors, and the gateway where payloads are wanted, store from now on."""
    config = collection_config(settings)

    def make() -> Collection:
        from scoredock.collection.collection import Collection

        return Collection(config, context.request_id.get)

    current.install(make)
    if config.payloads:
        _collect_payloads(gateway)


def _collect_payloads(gateway: Gateway) -> None:
    collection = current.current()
    if collection is None:
        return

    def collect(incoming: Incoming, status: int, headers: list[Header], answer: bytes | None) -> None:
        if incoming.path != "/score":
            return
        kind = next((value.decode("latin-1") for name, value in headers if name == b"content-type"), "")
        request = incoming.by_name, incoming.method, incoming.path, incoming.body, incoming.ids.request_id
        collection.payload(*request, status, kind, answer)

    gateway.collect = collect
