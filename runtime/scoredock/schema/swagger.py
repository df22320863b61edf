"""The service's swagger documents, made once at start: versions 2.0, 3.0 and 3.1, or the user's own files.

The documents are those of azureml-inference-server-http for the same script, word for word, since clients are
generated from them; only examples that would not be scored as the sample are others (``samples``).
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from scoredock.errors import BootError
from scoredock.schema.openapi2 import swagger_20
from scoredock.schema.openapi3 import openapi_30, openapi_31
from scoredock.schema.samples import schemas_of
from scoredock.settings import Settings
from scoredock.signature import Kind, Signature

logger = logging.getLogger("scoredock.schema")

# Version -> what it is also called, and the user's files that replace it, the first one found.
_VERSIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "2": (("2", "2.0"), ("swagger.json", "swagger2.json")),
    "3": (("3", "3.0"), ("swagger3.json",)),
    "3.1": (("3.1",), ("swagger3.1.json",)),
}
DEFAULT_VERSION = "2"


@dataclass(frozen=True)
class Documents:
    """``by_version`` maps every name of a version to its document; ``missing`` says why another has none."""

    by_version: dict[str, bytes]

    def find(self, version: str) -> bytes | None:
        """The JSON of a version's document; None when there is none."""
        return self.by_version.get(version)

    def missing(self, version: str) -> str:
        """A message for a client that asked for a version that there is not."""
        known = any(version in names for names, _ in _VERSIONS.values())
        supported = ", ".join(name for name in _VERSIONS if name in self.by_version)
        if known:
            reason = "is not supported for the scoring script. Supported swagger versions"
        else:
            reason = "is not valid. Supported versions"
        return f"Swagger version [{version}] {reason}: [{supported}]."


def build_documents(signature: Signature, settings: Settings) -> Documents:
    """Make the documents of a script. Raises BootError when a file of the user's is not a JSON object."""
    schemas = schemas_of(signature)
    supported = _supported_versions(signature)
    prefix = settings.service_path_prefix.strip("/")
    service = {
        "name": settings.service_name,
        "version": settings.service_version,
        "prefix": f"/{prefix}" if prefix else "",
    }
    generators = {"2": swagger_20, "3": openapi_30, "3.1": openapi_31}
    by_version = {}
    for version, (names, files) in _VERSIONS.items():
        document = _own_file(settings.app_root, files)
        if document is None and not supported.isdisjoint(names):
            document = generators[version](service, *schemas)
        if document is not None:
            by_version.update(dict.fromkeys(names, as_json(document)))
    return Documents(by_version)


def _supported_versions(signature: Signature) -> set[str]:
    """The versions that the decorators can be told in: arrays of mixed types cannot be told in 2.0."""
    util = sys.modules.get("inference_schema.schema_util")
    if util is None or signature.kind is not Kind.SCHEMA:
        return {"2.0", "3.0", "3.1"}
    return set(util.get_supported_versions(signature.decorated))


def as_json(document: dict[str, Any]) -> bytes:
    """A document's JSON: an example's NaN becomes null, its integers keep their size."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document).encode()


def _own_file(app_root: Path, names: tuple[str, ...]) -> dict[str, Any] | None:
    for name in names:
        path = app_root / name
        if not path.is_file():
            continue
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BootError("swagger", f"{path} is not valid JSON: {error}. Correct or remove it.") from None
        if not isinstance(document, dict):
            raise BootError("swagger", f"{path}: expected a JSON object, got {type(document).__name__}.")
        if document:
            logger.info("The swagger document is %s", path)
            return document
    return None
