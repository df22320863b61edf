"""Where collected data goes: a folder, or a storage by its URL, and whether its packages are there."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path

from scoredock.errors import SettingError

_BACKENDS = {"s3": "s3fs", "s3a": "s3fs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "gs": "gcsfs"}


@dataclass(frozen=True)
class Target:
    """A root to write below: a folder's path or a URL, with what its storage needs to be opened.

    ``container`` is made where it is missing. ``private`` folders lie in a place that others can write to.
    """

    url: str
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    container: str | None = None
    private: bool = False


def target_of(url: str, app_root: Path) -> Target:
    """The target of SCOREDOCK_COLLECT_TO, a folder below ``app_root`` or a URL. Raises SettingError."""
    if "://" not in url:
        return Target(str((app_root / Path(url).expanduser()).resolve()))
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


def storage_account(connection_string: str) -> Target:
    """The container ``modeldata`` of the account that AML_MODEL_DC_STORAGE names. Raises SettingError."""
    if "accountname=" not in connection_string.lower() and "blobendpoint=" not in connection_string.lower():
        raise SettingError(
            "AML_MODEL_DC_STORAGE: expected the connection string of an Azure storage account "
            "(DefaultEndpointsProtocol=…;AccountName=…;AccountKey=…), got something else."
        )
    if importlib.util.find_spec("adlfs") is None:
        raise SettingError("AML_MODEL_DC_STORAGE needs adlfs. Install scoredock[azure].")
    return Target("abfs://modeldata", (("connection_string", connection_string),), container="modeldata")
