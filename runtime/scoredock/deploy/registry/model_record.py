"""What a model's record in the workspace says of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from scoredock.deploy.registry import model_content
from scoredock.deploy.registry.labels import matches
from scoredock.deploy.registry.model_content import StoredFile
from scoredock.deploy.registry.model_resources import ResourceConfiguration
from scoredock.deploy.registry.workspace import Workspace


class ModelRecord:
    """One version of a model, as its record has it.

    Attributes: ``name``, ``version``, ``id``, ``tags``, ``properties``, ``description``, ``model_framework``,
    ``model_framework_version``, ``created_time``, ``modified_time``, ``created_by``, ``datasets``,
    ``resource_configuration``, ``files``, ``size`` (bytes), ``url``, ``workspace``.
    """

    def _set(self, workspace: Workspace, document: dict[str, Any]) -> None:
        self.workspace = workspace
        self._document: dict[str, Any] = document
        self.name: str = document["name"]
        self.version: int = document["version"]
        self.id = f"{self.name}:{self.version}"
        self.tags: dict[str, str] = document.get("tags") or {}
        self.properties: dict[str, str] = document.get("properties") or {}
        self.description: str | None = document.get("description")
        self.model_framework: str = document.get("framework") or "Custom"
        self.model_framework_version: str | None = document.get("frameworkVersion")
        self.created_by: str | None = document.get("createdBy")
        self.datasets: Iterable[list[str]] = document.get("datasets") or []
        self.resource_configuration = ResourceConfiguration.from_document(document.get("resourceRequirements"))

    @property
    def created_time(self) -> datetime:
        """When it was registered, in UTC."""
        return datetime.fromisoformat(self._document["createdTime"])

    @property
    def modified_time(self) -> datetime:
        """When its record was last changed, in UTC."""
        return datetime.fromisoformat(self._document.get("modifiedTime") or self._document["createdTime"])

    @property
    def files(self) -> list[StoredFile]:
        """Its files with sizes and hashes, paths as they are deployed below ``<name>/<version>/``."""
        return model_content.stored_files(self._document.get("files"), f"model {self.id}")

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def url(self) -> str:
        """Where its files lie."""
        return f"{self.workspace.location}/{self._key}/model"

    @property
    def sample_input_dataset(self) -> str | None:
        """The file name of the registered sample of requests."""
        return _file_name(self._document.get("sampleInput"))

    @property
    def sample_output_dataset(self) -> str | None:
        """The file name of the registered sample of results."""
        return _file_name(self._document.get("sampleOutput"))

    def serialize(self) -> dict[str, Any]:
        """All that is known of it, with the names that Azure's REST interface has, ready for JSON."""
        left_out = ("content", "name", "version")
        more = {name: value for name, value in self._document.items() if name not in left_out}
        return {"id": self.id, "name": self.name, "version": self.version, **more, "url": self.url}

    def _fits(self, tags: Any, properties: Any, framework: str | None) -> bool:
        same = framework is None or framework.lower() == self.model_framework.lower()
        return same and matches(self.tags, tags) and matches(self.properties, properties)

    @property
    def _key(self) -> str:
        return model_content.content_key(self.name, self._document.get("content"))

    def __repr__(self) -> str:
        return f"Model({self.id!r}, workspace={self.workspace.location!r})"


def _file_name(sample: Any) -> str | None:
    return sample["path"].rpartition("/")[2] if sample else None
