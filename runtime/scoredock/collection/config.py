"""What is collected and where to, settled from the settings before any worker starts."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from scoredock.collection.mdc_config import MdcConfig, read_mdc_config
from scoredock.collection.model_identity import ModelIdentity, model_identity
from scoredock.collection.names import component
from scoredock.collection.targets import Target, storage_account, target_of
from scoredock.errors import SettingError
from scoredock.settings import Settings

PAYLOADS = ("request", "response")
NEVER_CAPTURED = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key"),
        *("ocp-apim-subscription-key", "x-functions-key", "x-forwarded-client-cert", "x-amz-security-token"),
    )
)
_DEFAULT_SERVICE = "ML service"  # the setting's default: a title, not a name that somebody gave
MIB = 1024 * 1024


@dataclass(frozen=True)
class CollectionConfig:
    """Everything that the rooms of collection are told. Targets are None where that kind is not stored.

    ``collections`` has the sampling share, 0 to 1, of each collection that the file of collections switches on; None
    where there is no such file, and so no collection is off.
    """

    own: Target | None = None
    first: Target | None = None
    second: Target | None = None
    first_debug: bool = False
    file_format: str = "jsonl"
    roll: str = "hour"
    share: float = 1.0
    collections: dict[str, float] | None = None
    payloads: dict[str, float] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    flush_s: float = 5.0
    max_bytes: int = 64 * MIB
    max_records: int = 100_000
    endpoint: str = "default"
    deployment: str = "default"
    workspace: str = "default/default/default"
    model: ModelIdentity = field(default_factory=lambda: ModelIdentity({}))
    warnings: tuple[str, ...] = ()


def collection_config(settings: Settings) -> CollectionConfig:
    """Settle it. Raises SettingError for values that cannot be, and for packages that are missing."""
    own = None if settings.collect_to is None else target_of(str(settings.collect_to), settings.app_root)
    file = read_mdc_config(settings)
    first_on = _or(settings.model_data_collection, own is not None)
    second_on = _or(settings.mdc_enabled, own is not None or file is not None)
    payloads = _payloads(settings, file if second_on else None)
    warnings: list[str] = []
    default = own
    if default is None and (second_on or (first_on and settings.model_data_storage is None)):
        folder = Path(tempfile.gettempdir(), f"scoredock-modeldata-{os.getuid()}")
        default = Target(str(folder), private=True)
        warnings.append(
            f"Data collection is on, but SCOREDOCK_COLLECT_TO names no place: collected data goes to {folder}, "
            "which may end with the container."
        )
    first = storage_account(settings.model_data_storage) if settings.model_data_storage else default
    headers = {name.strip().lower() for name in (settings.collect_headers or "").split(",")} - {""}
    headers |= {name.lower() for name in (file.headers if file is not None and second_on else ())}
    refused = sorted(headers & NEVER_CAPTURED)
    if refused:
        warnings.append(f"Data collection stores no headers that carry keys: {', '.join(refused)}.")
    if settings.collect_format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        raise SettingError("SCOREDOCK_COLLECT_FORMAT: parquet needs pyarrow. Install scoredock[arrow].")
    service = settings.service_name if settings.service_name != _DEFAULT_SERVICE else "default"
    return CollectionConfig(
        own=own,
        first=first if first_on else None,
        second=default if second_on else None,
        first_debug=settings.model_data_debug,
        file_format=settings.collect_format,
        roll=settings.collect_roll,
        share=settings.collect_sampling / 100,
        collections=file.collections if file is not None else None,
        payloads=payloads,
        headers=tuple(sorted(headers - NEVER_CAPTURED)),
        flush_s=settings.collect_flush_s,
        max_bytes=settings.collect_max_mb * MIB,
        max_records=settings.collect_max_records,
        endpoint=service,
        deployment=component(settings.collect_deployment),
        workspace=_workspace(settings.workspace_name),
        model=model_identity(settings.model_dir),
        warnings=tuple(warnings),
    )


def payload_target(config: CollectionConfig) -> Target:
    """Where payloads go. Raises SettingError where they have no place."""
    target = config.own or config.second
    if target is None:
        raise SettingError("SCOREDOCK_COLLECT_PAYLOADS needs SCOREDOCK_COLLECT_TO.")
    return target


def _or(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value


def _workspace(name: str) -> str:
    parts = [part for part in name.split("/") if part][-3:]
    return "/".join(["default"] * (3 - len(parts)) + parts)


def _payloads(settings: Settings, file: MdcConfig | None) -> dict[str, float]:
    found = {}
    for name in (part.strip().lower() for part in (settings.collect_payloads or "").split(",")):
        if name and name not in PAYLOADS:
            raise SettingError(
                f"SCOREDOCK_COLLECT_PAYLOADS: expected request, response or request,response, got {name!r}."
            )
        if name:
            found[name] = settings.collect_sampling / 100
    if file is not None:
        found |= {name: share for name, share in file.collections.items() if name in PAYLOADS}
    return found
