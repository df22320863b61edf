"""The environment of an online deployment: described in its file or a file of its own, or named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.document import load, text_of
from scoredock.deploy.config.environment import Environment, EnvironmentReference
from scoredock.deploy.config.environment_section import named_environment
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import Node
from scoredock.deploy.config.online_format import ENVIRONMENT2_FORMAT
from scoredock.deploy.config.references import parse_reference
from scoredock.deploy.config.search import Search
from scoredock.deploy.config.stand_in import check_image
from scoredock.errors import ConfigError, Problem

_AZURE = ("azureml", "azureml-staging")  # the registries of Azure's own environments


def read_environment(node: Node, name: str, report: Report, look: Search) -> Environment | EnvironmentReference | None:
    """What ``environment`` of a deployment says; ``name`` is for one that has none. Problems go to the report."""
    if isinstance(node.value, str):
        return _named(node, name, report, look)
    before = len(report.problems)
    values = ENVIRONMENT2_FORMAT.read(node, report)
    if len(report.problems) > before:
        return None
    environment = Environment(f"{name}-environment")
    python, docker = environment.python, environment.docker
    place = Problem("", report.file, node.key_line or node.line, "environment")
    conda = node.at("conda_file")
    if conda is not None and conda.value is not None:
        python.conda_dependencies = _conda(conda, report.inside("conda_file"), look)
    else:
        python.user_managed_dependencies = True
    docker.base_image = values.get("image")
    folder = values.get("build.path")
    if folder is not None:
        if docker.base_image is not None:
            report.say("expected at most one of image and build, got both. Take one out.", place.line)
        file = values.get("build.dockerfile_path", "Dockerfile").removeprefix("file:")
        found = look.file(str(Path(folder) / file), replace(place, key="environment.build.path"))
        if found is None:
            inner = report.inside("build.path")
            inner.say(look.nowhere(str(Path(folder) / file), "a Dockerfile"), place.line)
        else:
            docker.base_dockerfile = text_of(found / folder / file)
            docker.build_context = {
                "locationType": "local",
                "location": os.path.normpath(found / folder),
                "dockerfilePath": file,
            }
    elif docker.base_image is None and python.user_managed_dependencies:
        report.say("expected an image, a build or a conda_file, got none of them.", place.line)
    image = node.at("image") or node.at("docker.image")
    check_image(environment, report.inside("image"), image.key_line if image else None)
    return environment


def _named(node: Node, name: str, report: Report, look: Search) -> Environment | EnvironmentReference | None:
    text = str(node.value)
    if text.startswith("file:"):
        path = text.removeprefix("file:")
        found = look.file(path, Problem("", report.file, node.line, report.key))
        if found is None:
            report.say(look.nowhere(path, "a file"), node.line)
            return None
        document = load(found / path)
        inner = replace(report, file=document.file)
        return read_environment(document.root, name, inner, replace(look, start=document.folder, report=inner))
    reference = parse_reference(text)
    if reference is None:
        report.say(f"expected azureml:NAME:VERSION, or an object with image and conda_file, got {text!r}.", node.line)
        return None
    named = reference.name
    if reference.registry in _AZURE and not named.casefold().startswith("azureml-"):
        named = f"AzureML-{named}"
    return named_environment(replace(node, value=named), reference.version, report)


def _conda(node: Node, report: Report, look: Search) -> CondaDependencies:
    if isinstance(node.value, dict):
        dependencies = CondaDependencies.read(node, report)
        dependencies.follow_includes(look.start)
        return dependencies
    path = str(node.value).removeprefix("file:")
    found = (
        look.file(path, Problem("", report.file, node.key_line, report.key)) if isinstance(node.value, str) else None
    )
    if found is None:
        report.say(look.nowhere(path, "a file"), node.line)
        return CondaDependencies()
    try:
        return CondaDependencies(found / path)
    except ConfigError as error:
        report.problems.extend(error.problems)
        return CondaDependencies()
