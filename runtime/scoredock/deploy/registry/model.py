"""Models: registered once, then known by name and version. The calls of ``azureml.core.model.Model``.

::

    model = Model.register(workspace, model_path="./models", model_name="sentiment", tags={"area": "qna"})
    model.id                                  # "sentiment:1"
    Model(workspace, "sentiment").local_path()  # the newest; the folder for azureml-models/sentiment/1/
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from scoredock.deploy.registry import local_content, model_content, registration
from scoredock.deploy.registry.file_lock import utc_now
from scoredock.deploy.registry.labels import Filter, added_properties, labels
from scoredock.deploy.registry.local_storage import LocalStorage
from scoredock.deploy.registry.model_record import ModelRecord
from scoredock.deploy.registry.model_resources import ResourceConfiguration
from scoredock.deploy.registry.model_source import model_source
from scoredock.deploy.registry.names import check_name, parse_reference
from scoredock.deploy.registry.progress import Progress
from scoredock.deploy.registry.registration import KIND
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound, Refused

M = TypeVar("M", bound="Model")
_FETCH_WAIT_S = 24 * 3600


class Model(ModelRecord):
    """A registered model: one version of a name, with the attributes of its record.

    ``Model(workspace, "sentiment")`` is the newest version, ``Model(workspace, "sentiment", version=2)`` and
    ``Model(workspace, id="sentiment:2")`` are that one; ``tags``, ``properties`` and ``model_framework`` limit what is
    found. Raises NotFound, which names the nearest names; Refused for what is no name.
    """

    class Framework:
        """The frameworks with names of their own; any other text may be given."""

        TENSORFLOW, ONNX, SCIKITLEARN, MULTI, CUSTOM = registration.FRAMEWORKS

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - the name of Azure's argument
        tags: Filter | Mapping[str, Any] | None = None,
        properties: Filter | Mapping[str, Any] | None = None,
        version: int | str | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
    ) -> None:
        reference = id or name
        if not reference:
            raise Refused('Model: expected a name or an id, as in Model(workspace, "sentiment"), got neither.')
        wanted, number = parse_reference(reference)
        records = workspace.records(KIND)
        asked = number if version is None else version
        if asked is None and (tags or properties or model_framework):
            found = Model.list(workspace, wanted, tags, properties, model_framework=model_framework)
            if not found:
                records.get(wanted)  # says so if there is no such name at all
                raise NotFound(f"No version of the model {wanted} has these tags, properties and framework.")
            self._set(workspace, found[0]._document)
            return
        self._set(workspace, records.get(wanted, asked))
        if not self._fits(tags, properties, model_framework):
            raise NotFound(f"The model {self.id} has not these tags, properties and framework.")

    @classmethod
    def _of(cls: type[M], workspace: Workspace, document: dict[str, Any]) -> M:
        model = cls.__new__(cls)
        model._set(workspace, document)
        return model

    @classmethod
    def register(
        cls: type[M],
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        description: str | None = None,
        datasets: Iterable[Any] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Iterable[str] | None = None,
        sample_input_dataset: str | os.PathLike[str] | None = None,
        sample_output_dataset: str | os.PathLike[str] | None = None,
        resource_configuration: Any = None,
        *,
        progress: Progress | None = None,
    ) -> M:
        """Copy a file or a folder into the workspace as the next version of ``model_name``.

        ``child_paths`` keeps only these files and folders of a folder. The samples are paths of files. Which links and
        files are refused: ``model_source``. Raises NotFound, Refused, Unreachable; then nothing is registered.
        """
        version = registration.register(
            workspace,
            model_source(model_path, child_paths),
            check_name(model_name, "model name"),
            {
                "description": description,
                "framework": registration.framework(model_framework, model_framework_version),
                "frameworkVersion": None if model_framework_version is None else str(model_framework_version),
                "tags": labels(tags, "tags"),
                "properties": labels(properties, "properties"),
                "datasets": [[str(purpose), str(getattr(data, "name", data))] for purpose, data in datasets or ()],
                "resourceRequirements": _resources(resource_configuration),
            },
            {"sampleInput": sample_input_dataset, "sampleOutput": sample_output_dataset},
            progress,
        )
        return cls(workspace, model_name, version=version)

    @classmethod
    def list(
        cls: type[M],
        workspace: Workspace,
        name: str | None = None,
        tags: Filter | Mapping[str, Any] | None = None,
        properties: Filter | Mapping[str, Any] | None = None,
        run_id: str | None = None,
        latest: bool = False,
        model_framework: str | None = None,
        **_azure: Any,
    ) -> builtins.list[M]:
        """The models that have all that is asked for, by name, the newest version first; ``latest``: that one alone."""
        found = [cls._of(workspace, document) for document in workspace.records(KIND).all(name)]
        found = [model for model in found if model._fits(tags, properties, model_framework)]
        found.sort(key=lambda model: (model.name, -model.version))
        if latest:
            newest: dict[str, M] = {}
            for model in found:
                newest.setdefault(model.name, model)
            return [*newest.values()]
        return found

    def update(
        self,
        tags: Mapping[str, Any] | None = None,
        description: str | None = None,
        sample_input_dataset: str | os.PathLike[str] | None = None,
        sample_output_dataset: str | os.PathLike[str] | None = None,
        resource_configuration: Any = None,
    ) -> None:
        """Replace what is given; None leaves it as it is. ``tags`` replaces all tags. Raises NotFound, Refused."""
        change: dict[str, Any] = {}
        if tags is not None:
            change["tags"] = labels(tags, "tags")
        if description is not None:
            change["description"] = description
        if resource_configuration is not None:
            change["resourceRequirements"] = _resources(resource_configuration)
        for field, path in (("sampleInput", sample_input_dataset), ("sampleOutput", sample_output_dataset)):
            if path is not None:
                change[field] = registration.store_sample(self.workspace.storage, self._key, field, path)
        self._change(lambda document: change)

    def update_tags_properties(
        self,
        add_tags: Mapping[str, Any] | None = None,
        remove_tags: Iterable[str] | None = None,
        add_properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Add and remove tags, add properties, in one step.

        Raises Refused for a property that is there with another value, NotFound for a model that is deleted.
        """
        tags, properties = labels(add_tags, "tags"), labels(add_properties, "properties")
        removed = set(remove_tags or ())

        def change(document: dict[str, Any]) -> dict[str, Any]:
            kept = {name: value for name, value in document["tags"].items() if name not in removed}
            return {
                "tags": {**kept, **tags},
                "properties": added_properties(document["properties"], properties, self.id),
            }

        self._change(change)

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags, or change the values of those that are there."""
        self.update_tags_properties(add_tags=tags)

    def remove_tags(self, tags: Iterable[str] | str) -> None:
        """Remove tags by name; those that are not there are fine."""
        self.update_tags_properties(remove_tags=[tags] if isinstance(tags, str) else tags)

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Add properties. Raises Refused where one is there with another value."""
        self.update_tags_properties(add_properties=properties)

    def local_path(self, progress: Progress | None = None) -> Path:
        """The folder on this machine whose content belongs under ``azureml-models/<name>/<version>/``, to be read only.

        From a workspace elsewhere it is fetched once, into ``workspace.cache_folder``. A file whose size or time is
        not that of its last check is compared with its hash. Raises Damaged, which names the files.
        """
        storage = self.workspace.storage
        if isinstance(storage, LocalStorage):
            found = local_content.check_local(storage, self._key, self.files, progress)
            if found:
                raise model_content.damaged(f"The model {self.id} in {self.workspace.location}", found)
            return storage.folder / self._key / "model"
        cache = LocalStorage(self.workspace.cache_folder)
        with cache.lock(f"fetch/{self._document['content']}", _FETCH_WAIT_S):
            if local_content.check_local(cache, self._key, self.files, progress):
                local_content.fetch(storage, self._key, self.files, cache, progress)
        return cache.folder / self._key / "model"

    def verify(self, progress: Progress | None = None) -> builtins.list[str]:
        """Read every file in the workspace and compare it with its hash; what is wrong, a line each, else nothing."""
        return model_content.damage(self.workspace.storage, f"{self._key}/model", self.files, progress)

    def download(
        self, target_dir: str | os.PathLike[str] = ".", exist_ok: bool = False, *, progress: Progress | None = None
    ) -> str:
        """Copy the registered file or folder into ``target_dir``; returns the copy's path.

        Files that are there are replaced with ``exist_ok``, else Refused is raised before anything is written. Every
        file is compared with its hash before it takes its name. Raises Damaged.
        """
        target = Path(target_dir).expanduser()
        storage = self.workspace.storage
        model_content.copy_to(storage, f"{self._key}/model", self.files, target, exist_ok, progress)
        return str(target / self.files[0].path.split("/")[0])

    def sample_path(self, which: str = "input") -> Path | None:
        """The registered sample of requests (``input``) or of results (``output``), on this machine, or None.

        Raises Damaged when it is missing or changed.
        """
        sample = self._document.get("sampleInput" if which == "input" else "sampleOutput")
        if not sample:
            return None
        files = model_content.stored_files([sample], f"sample of model {self.id}")
        target = self.workspace.cache_folder / "samples" / self.name / str(self.version)
        model_content.copy_to(self.workspace.storage, self._key, files, target, True, None)
        return target / files[0].path

    def used_by(self) -> builtins.list[str]:
        """The names of services whose records name this model."""
        services = self.workspace.records("services").all()
        return sorted({one["name"] for one in services if self.id in (one.get("models") or ())})

    def delete(self, force: bool = False) -> None:
        """Delete the version with its files. Its number is not given again.

        Raises Refused while a service uses it, unless ``force``; NotFound when it is gone already.
        """
        services = self.used_by()
        if services and not force:
            raise Refused(
                f"The model {self.id} is used by the service {', '.join(services)}. Delete the service first, or "
                "delete the model by force: the service then cannot start again."
            )
        self.workspace.records(KIND).delete(self.name, self.version)
        self.workspace.storage.remove_tree(self._key)
        if not isinstance(self.workspace.storage, LocalStorage):
            LocalStorage(self.workspace.cache_folder).remove_tree(self._key)
        registration.tidy(self.workspace, self.name)

    def _change(self, change: Any) -> None:
        def apply(document: dict[str, Any]) -> dict[str, Any]:
            return {**document, **change(document), "modifiedTime": utc_now()}

        self._set(self.workspace, self.workspace.records(KIND).update(self.name, apply, self.version))


def _resources(given: Any) -> dict[str, Any] | None:
    return None if given is None else ResourceConfiguration.of(given).document()
