"""What an environment is made of: its base image, and its Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry


@dataclass(slots=True)
class DockerSection:
    """The base image: ``base_image``, or the text of a Dockerfile in ``base_dockerfile``."""

    enabled: bool = False
    base_image: str | None = None
    base_dockerfile: str | None = None
    base_image_registry: ContainerRegistry = field(default_factory=ContainerRegistry)
    shared_volumes: bool = True
    shm_size: str | None = None
    arguments: list[str] = field(default_factory=list)
    platform: Any = None
    build_context: Any = None


@dataclass(slots=True)
class PythonSection:
    """Python and its packages; with ``user_managed_dependencies``, the base image's, and nothing is installed."""

    user_managed_dependencies: bool = False
    interpreter_path: str = "python"
    conda_dependencies_file: str | None = None
    base_conda_environment: str | None = None
    conda_dependencies: CondaDependencies = field(default_factory=CondaDependencies)
