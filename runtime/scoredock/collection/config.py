"""What is collected and where to, settled from the settings before any worker starts."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoredock.collection.model_identity import ModelIdentity, model_identity
from scoredock.collection.names import component
from scoredock.errors import SettingError
from scoredock.settings import Settings

MDC_CONFIG = Path("/etc/mdc-config.json")
PAYLOADS = ("request", "response")
NEVER_CAPTURED = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key"),
        *("ocp-apim-subscription-key", "x-functions-key", "x-forwarded-client-cert", "x-amz-security-token"),
    )
)
_BACKENDS = {"s3": "s3fs", "s3a": "s3fs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "gs": "gcsfs"}
_DEFAULT_SERVICE = "ML service"  # the setting's default: a title, not a name that somebody gave
MIB = 1024 * 1024

logger = logging.getLogger("scoredock.collection")


@dataclass(frozen=True)
class Target:
    """A root to write below: a folder's path or a URL, with what its storage needs to be opened.

    ``container`` is made where it is missing. ``private`` folders lie in a place that others can write to.
    """

    url: str
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    container: str | None = None
    private: bool = False


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

    @property
    def stores(self) -> bool:
        """Whether anything could be stored."""
        return any((self.own, self.first, self.second, self.payloads))


def collection_config(settings: Settings) -> CollectionConfig:
    """Settle it. Raises SettingError for values that cannot be, and for packages that are missing."""
    own = None if settings.collect_to is None else _target(settings)
    file = _read_mdc_config(settings)
    first_on = _or(settings.model_data_collection, own is not None)
    second_on = _or(settings.mdc_enabled, own is not None or file is not None)
    payloads = _payloads(settings, file if second_on else None)
    warnings: list[str] = []
    default = own
    needs_default = (first_on and settings.model_data_storage is None) or second_on or payloads
    if default is None and needs_default:
        folder = Path(tempfile.gettempdir(), f"scoredock-modeldata-{os.getuid()}")
        default = Target(str(folder), private=True)
        warnings.append(
            f"Data collection is on, but SCOREDOCK_COLLECT_TO names no place: collected data goes to {folder}, "
            "which may end with the container."
        )
    first = _azure(settings.model_data_storage) if settings.model_data_storage else default
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


@dataclass(frozen=True)
class _MdcConfig:
    collections: dict[str, float]
    headers: tuple[str, ...]


def _or(value: bool | None, otherwise: bool) -> bool:
    return otherwise if value is None else value


def _target(settings: Settings) -> Target:
    url = str(settings.collect_to)
    if "://" not in url:
        return Target(str((settings.app_root / Path(url).expanduser()).resolve()))
    if re.match(r"[^/]+://[^/@]*:[^/@]*@", url):
        raise SettingError(
            "SCOREDOCK_COLLECT_TO: expected a URL without a password; the storage's own variables hold credentials."
        )
    scheme = url.partition("://")[0].lower()
    for package, extra in (("fsspec", "collect"), (_BACKENDS.get(scheme, "fsspec"), "")):
        if importlib.util.find_spec(package) is None:
            install = f"scoredock[{extra}]" if extra else package
            raise SettingError(f"SCOREDOCK_COLLECT_TO: {scheme}:// needs {package}. Install {install}.")
    from fsspec import available_protocols

    if scheme not in available_protocols():
        raise SettingError(
            f"SCOREDOCK_COLLECT_TO: expected a folder or a URL that fsspec knows, got the scheme {scheme!r}."
        )
    return Target(url.rstrip("/"))


def _azure(connection_string: str) -> Target:
    if "accountname=" not in connection_string.lower() and "blobendpoint=" not in connection_string.lower():
        raise SettingError(
            "AML_MODEL_DC_STORAGE: expected the connection string of an Azure storage account "
            "(DefaultEndpointsProtocol=…;AccountName=…;AccountKey=…), got something else."
        )
    if importlib.util.find_spec("adlfs") is None:
        raise SettingError("AML_MODEL_DC_STORAGE needs adlfs. Install scoredock[azure].")
    return Target("abfs://modeldata", (("connection_string", connection_string),), container="modeldata")


def _workspace(name: str) -> str:
    parts = [part for part in name.split("/") if part][-3:]
    return "/".join(["default"] * (3 - len(parts)) + parts)


def _payloads(settings: Settings, file: _MdcConfig | None) -> dict[str, float]:
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


def _read_mdc_config(settings: Settings) -> _MdcConfig | None:
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
        share = _mdc_share(path, name, entry)
        if share is not None:
            collections[name.lower()] = share
    headers = content.get("captureHeaders") or []
    if not isinstance(headers, list) or not all(isinstance(header, str) for header in headers):
        raise SettingError(f"AZUREML_MDC_CONFIG_PATH: {path}: captureHeaders: expected a list of names.")
    return _MdcConfig(collections, tuple(headers))


def _mdc_share(path: Path, name: str, entry: Any) -> float | None:
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
