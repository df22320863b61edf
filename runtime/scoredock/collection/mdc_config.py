"""Azure's file of collections, ``mdc-config.json``: which of ``azureml.ai.monitoring`` are on, and how much of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoredock.errors import SettingError
from scoredock.settings import Settings

MDC_CONFIG = Path("/etc/mdc-config.json")


@dataclass(frozen=True)
class MdcConfig:
    """The share, 0 to 1, of each collection that is on, by its name in lower case; and the headers to capture."""

    collections: dict[str, float]
    headers: tuple[str, ...]


def read_mdc_config(settings: Settings) -> MdcConfig | None:
    """The file that the settings name, or the one at its usual place; None where there is none. Raises SettingError."""
    path = settings.mdc_config_path
    if settings.mdc_enabled is False:
        return None
    if path is None:
        if not MDC_CONFIG.is_file():
            return None
        path = MDC_CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"AZUREML_MDC_CONFIG_PATH: {path} is not readable as JSON: {error}") from None
    entries = content.get("collections") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        raise SettingError(f"AZUREML_MDC_CONFIG_PATH: {path}: expected an object with an object 'collections'.")
    collections = {}
    for name, entry in entries.items():
        share = _share(path, name, entry)
        if share is not None:
            collections[name.lower()] = share
    headers = content.get("captureHeaders") or []
    if not isinstance(headers, list) or not all(isinstance(header, str) for header in headers):
        raise SettingError(f"AZUREML_MDC_CONFIG_PATH: {path}: captureHeaders: expected a list of names.")
    return MdcConfig(collections, tuple(headers))


def _share(path: Path, name: str, entry: Any) -> float | None:
    """The share of one collection that is stored; None when it is off."""
    if not isinstance(entry, dict):
        raise SettingError(f"AZUREML_MDC_CONFIG_PATH: {path}: collections.{name}: expected an object.")
    if str(entry.get("enabled", True)).lower() != "true":
        return None
    percentage = entry.get("sampling_percentage", 100)
    if isinstance(percentage, bool) or not isinstance(percentage, (int, float)) or not 0 <= percentage <= 100:
        raise SettingError(
            f"AZUREML_MDC_CONFIG_PATH: {path}: collections.{name}.sampling_percentage: expected a number from 0 to "
            f"100, got {percentage!r}."
        )
    return float(percentage) / 100
