"""Environments that the workspace keeps under names and versions. The calls of ``azureml.core.Environment``."""

from __future__ import annotations

import builtins
from typing import Any, TypeVar

from scoredock.deploy.config import environment as described
from scoredock.deploy.config.azure_images import curated_name, is_azures, no_stand_in
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import ConfigError, NotFound, Problem

E = TypeVar("E", bound="Environment")
KIND = "environments"


class Environment(described.Environment):
    """An environment: what it holds is described, what the workspace keeps of it has a version."""

    @classmethod
    def get(cls: type[E], workspace: Workspace, name: str, version: str | int | None = None) -> E:
        """The environment of that name, the newest version when none is given; or one of scoredock's own.

        One of Azure's own is scoredock's with the same packages. Raises NotFound, which names the nearest ones, and
        ConfigError for one of Azure's that scoredock has not.
        """
        if is_azures(name):
            own = curated_name(name)
            if own is None:
                raise ConfigError([Problem(no_stand_in(name), "Environment.get")])
            return cls.curated(own)
        try:
            return cls._of(workspace.records(KIND).get(name, version))
        except NotFound:
            if name not in cls.curated_names():
                raise
            return cls.curated(name)

    @classmethod
    def list(cls: type[E], workspace: Workspace) -> dict[str, E]:
        """Every registered environment by name, in its newest version."""
        records = workspace.records(KIND)
        return {name: cls._of(records.get(name)) for name in records.names()}

    def register(self: E, workspace: Workspace) -> E:
        """Keep this description under the next version; one that is the same as the newest is that one.

        Raises ConfigError for attributes that an environment cannot have, Refused for a name that a record cannot have.
        """
        records, content = workspace.records(KIND), self._content()
        names: builtins.list[str] = records.names()
        if self.name in names:
            newest = self._of(records.get(self.name))
            if newest._content() == content:
                return newest
        version = records.add_version(self.name, {"definition": content})
        return self.get(workspace, self.name, version)

    def _content(self) -> dict[str, Any]:
        return {**self.to_dict(), "version": None}

    @classmethod
    def _of(cls: type[E], record: dict[str, Any]) -> E:
        found = cls.from_dict(record["definition"])
        found.version = str(record["version"])
        return found
