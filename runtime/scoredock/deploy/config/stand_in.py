"""An environment on one of Azure's images, with scoredock's in its place."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, TypeVar

from scoredock.deploy.config.azure_images import base_image
from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.environment_parts import PythonSection
from scoredock.deploy.config.kinds import Report
from scoredock.errors import ConfigError

if TYPE_CHECKING:
    from scoredock.deploy.config.environment import Environment

E = TypeVar("E", bound="Environment")


def in_place_of_azures(environment: E) -> E:
    """The environment with scoredock's image where it has one of Azure's, and the packages of that; else itself.

    Raises ConfigError for an image of Azure's that nothing of scoredock's stands for.
    """
    image, registry = environment.docker.base_image, environment.docker.base_image_registry.address
    if image is None:
        return environment
    given, python = f"{registry}/{image}" if registry else image, environment.python
    base, packages = base_image(given, bool(python.conda_dependencies) and not python.user_managed_dependencies)
    if base == given:
        return environment
    resolved = copy.deepcopy(environment)
    resolved.docker.base_image, resolved.docker.base_image_registry = base, ContainerRegistry()
    if packages:
        resolved.python = PythonSection(conda_dependencies=CondaDependencies.create(pip_packages=packages))
    return resolved


def check_image(environment: Environment, report: Report, line: int | None) -> None:
    """Report an image of Azure's that nothing stands for; or one that something does, where reading is strict."""
    try:
        taken, given = in_place_of_azures(environment).docker.base_image, environment.docker.base_image
    except ConfigError as error:
        report.say(error.problems[0].text, line)
        return
    if taken != given and not report.lenient:
        report.say(f"expected an image that is taken as it is, got {given}: {taken} stands for it.", line)
