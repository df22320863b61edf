"""Images that the engine has, or gets from a registry."""

from __future__ import annotations

import docker
from docker.errors import DockerException
from docker.utils import parse_repository_tag

from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.local.engine import Show, image_id
from scoredock.errors import BuildFailed

DEBIAN = "debian:bookworm-slim"


def have(engine: docker.DockerClient, name: str, registry: ContainerRegistry | None, show: Show) -> str:
    """See that the engine has an image, pulling it if it has not; returns its whole name, with the registry's address.

    Raises BuildFailed; no message has a password.
    """
    full, credentials = name, None
    if registry is not None and registry.address:
        address = registry.address.partition("://")[2] or registry.address
        full = name if name.startswith(f"{address}/") else f"{address.rstrip('/')}/{name}"
        if registry.username:
            credentials = {"username": registry.username, "password": registry.password or ""}
    if image_id(engine, full) is not None:
        return full
    show(f"Pulling {full} ...")
    try:
        engine.images.pull(*_parted(full), auth_config=credentials)
        return full
    except DockerException as error:
        said = getattr(error, "explanation", None) or error
        own = " Without a registry, base-images/rootfs/build makes it." if name == DEBIAN else ""
        raise BuildFailed(
            f"the base image {full} is not in the engine and cannot be pulled: {said}. Check its "
            f"name, the registry's address and its credentials (docker login).{own}"
        ) from None


def _parted(name: str) -> tuple[str, str]:
    repository, tag = parse_repository_tag(name)  # the tag of name@sha256:… is its digest
    return repository, tag or "latest"
