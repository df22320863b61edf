"""A registry of container images, and who asks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scoredock.deploy.config.format import Field, Format, needs
from scoredock.deploy.config.kinds import Kept, Kind, Report, Text
from scoredock.deploy.config.node import Node


@dataclass(slots=True)
class ContainerRegistry:
    """A registry's ``address`` (``host[:port]``) and credentials. The password is in no repr and no file."""

    address: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    registry_identity: Any = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self != ContainerRegistry()


_ADDRESS = Text(r"(https?://)?[\w.\-]+(:\d+)?(/[\w.\-/]*)?", "a registry's address, such as registry.company.org:5000")
REGISTRY_FORMAT = Format(
    "registry",
    (
        Field("address", "address", _ADDRESS, "The registry's host, with its port where it has one."),
        Field("username", "username", Text(), "Who asks."),
        Field("password", "password", Text(), "The user's password; never written to a file.", secret=True),
        Field("registry_identity", "registryIdentity", Kept(), "Kept; scoredock does not read it.", when_set=True),
    ),
    (needs("password", "username"), needs("username", "address")),
)


class RegistrySection(Kind):
    """A registry: an object, or its address alone."""

    expected = "an object with address, username and password, or an address"

    def read(self, node: Node, report: Report) -> Any:
        if isinstance(node.value, ContainerRegistry):
            registry = node.value
            values = {
                name: Node(value) for name in registry.__slots__ if (value := getattr(registry, name)) is not None
            }
            keys = {entry.name: entry.key for entry in REGISTRY_FORMAT.fields}
            node = Node({keys[name]: value for name, value in values.items()})
        elif isinstance(node.value, str):
            return ContainerRegistry(_ADDRESS.read(node, report))
        elif not isinstance(node.value, dict):
            report.refuse(node, self.expected)
            return ContainerRegistry()
        return ContainerRegistry(**REGISTRY_FORMAT.read(node, report))

    def write(self, value: Any, with_secrets: bool) -> Any:
        values = {name: getattr(value, name) for name in value.__slots__}
        return REGISTRY_FORMAT.write(values, with_secrets, nulls=True)
