"""An environment inside another configuration: described, or named."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from scoredock.deploy.config.azure_images import curated_name, is_azures, no_stand_in
from scoredock.deploy.config.curated_environments import CURATED
from scoredock.deploy.config.environment import Environment, EnvironmentReference
from scoredock.deploy.config.environment_format import NAME
from scoredock.deploy.config.kinds import Kind, Report, ScalarText
from scoredock.deploy.config.node import Node


class EnvironmentSection(Kind):
    """An environment inside an inference configuration: described, or named, or one that comes with scoredock."""

    expected = "an object that describes an environment, or has its name and version"

    def read(self, node: Node, report: Report) -> Any:
        if isinstance(node.value, (Environment, EnvironmentReference)):
            return node.value
        if not isinstance(node.value, dict):
            report.refuse(node, self.expected)
            return None
        given = {key for key, member in node.value.items() if member.value is not None}
        if given - {"name", "version"} or "name" not in given:
            return Environment.read(node, report)
        version = node.value.get("version")
        wanted = ScalarText().read(version, report.inside("version")) if version and version.value is not None else None
        return named_environment(node.value["name"], wanted, report.inside("name"))

    def write(self, value: Any, with_secrets: bool) -> Any:
        if isinstance(value, EnvironmentReference):
            return {entry.name: getattr(value, entry.name) for entry in fields(value)}
        return value.to_dict(with_secrets)


def named_environment(node: Node, version: str | None, report: Report) -> Environment | EnvironmentReference | None:
    """What a name stands for: an environment of the workspace, one of scoredock's, or the one in place of Azure's."""
    name = node.value
    if isinstance(name, str) and is_azures(name):
        own = curated_name(name)
        if own is None:
            report.say(no_stand_in(name), node.line)
            return None
        report.warn(
            f"expected an environment that scoredock has, got {name!r}, Azure's own: {own} stands for it.", node.line
        )
        return Environment.curated(own)
    name = NAME.read(node, report)
    return Environment.curated(name) if name in CURATED else EnvironmentReference(name, version)
