"""Environments: base image, Python, packages and variables of a service, as Azure ML's SDK has them."""

from __future__ import annotations

import copy
import difflib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path, PurePath
from typing import Any, TypeVar

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.curated_environments import CURATED
from scoredock.deploy.config.document import load, node_of, text_of
from scoredock.deploy.config.environment_format import ENVIRONMENT_FORMAT, NAME
from scoredock.deploy.config.environment_parts import DockerSection, PythonSection
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import Node
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.config.requirements_file import read_requirements_file
from scoredock.deploy.config.stand_in import in_place_of_azures
from scoredock.errors import ConfigError, DeployError, Problem

DEFINITION_FILE = "azureml_environment.json"
CONDA_FILE = "conda_dependencies.yml"
DOCKERFILE = "BaseDockerfile"
E = TypeVar("E", bound="Environment")


def _default_of(name: str) -> Any:
    return copy.deepcopy(ENVIRONMENT_FORMAT.field(name).default)


@dataclass(slots=True)
class Environment:
    """A service's environment. Its attributes may be changed; what they cannot be is found by ``check``.

    Raises ConfigError for a name that it cannot have.
    """

    name: str
    version: str | None = field(default=None, init=False)
    environment_variables: dict[str, str] = field(default_factory=dict, init=False, repr=False)  # may hold secrets
    docker: DockerSection = field(default_factory=DockerSection, init=False)
    python: PythonSection = field(default_factory=PythonSection, init=False)
    spark: Any = field(default_factory=lambda: _default_of("spark"), init=False, repr=False)
    databricks: Any = field(default_factory=lambda: _default_of("databricks"), init=False, repr=False)
    r: Any = field(default=None, init=False, repr=False)
    inferencing_stack_version: str | None = field(default=None, init=False)
    asset_id: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        report = Report("Environment").inside("name")
        NAME.read(Node(self.name), report)
        report.finish()

    @classmethod
    def from_conda_specification(cls: type[E], name: str, file_path: str | PurePath) -> E:
        """With what a conda file names. Raises ConfigError for a file that is none."""
        environment = cls(name)
        environment.python.conda_dependencies = CondaDependencies(file_path)
        return environment

    @classmethod
    def from_pip_requirements(cls: type[E], name: str, file_path: str | PurePath, pip_version: str | None = None) -> E:
        """With what a requirements file, and the files that it includes, name. Raises ConfigError.

        ``pip_version`` means nothing here: the base image's pip installs.
        """
        environment = cls(name)
        environment.python.conda_dependencies = CondaDependencies.of_lines(read_requirements_file(file_path))
        return environment

    @classmethod
    def from_dockerfile(
        cls: type[E],
        name: str,
        dockerfile: str | PurePath,
        conda_specification: str | PurePath | None = None,
        pip_requirements: str | PurePath | None = None,
    ) -> E:
        """On what a Dockerfile makes: its text, or its path; with the packages of a file, or those of the image alone.

        Raises ConfigError for files that cannot be read, and for two files of packages.
        """
        environment = cls._with_packages(name, conda_specification, pip_requirements)
        text = str(dockerfile)
        is_text = isinstance(dockerfile, str) and ("\n" in text or text.lstrip().upper().startswith("FROM "))
        environment.docker.base_dockerfile = text if is_text else text_of(text)
        return environment

    @classmethod
    def from_docker_image(
        cls: type[E],
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | PurePath | None = None,
        pip_requirements: str | PurePath | None = None,
    ) -> E:
        """On an image; with the packages of a file, or those of the image alone. Raises ConfigError."""
        environment = cls._with_packages(name, conda_specification, pip_requirements)
        environment.docker.base_image = image
        environment.docker.base_image_registry = container_registry or ContainerRegistry()
        return environment

    @classmethod
    def _with_packages(cls: type[E], name: str, conda: str | PurePath | None, pip: str | PurePath | None) -> E:
        if conda and pip:
            text = "expected at most one of conda_specification and pip_requirements, got both. Leave one out."
            raise ConfigError([Problem(text, "Environment")])
        if conda:
            return cls.from_conda_specification(name, conda)
        if pip:
            return cls.from_pip_requirements(name, pip)
        environment = cls(name)
        environment.python.user_managed_dependencies = True
        return environment

    @classmethod
    def from_existing_conda_environment(cls, name: str, conda_environment_name: str) -> Environment:
        """Not offered: an image is made of what is written down. Raises DeployError with the commands that do that."""
        raise DeployError(
            f"Environment.from_existing_conda_environment: expected an environment that is written down, got the conda "
            f"environment {conda_environment_name!r} of this machine. Write it down with `conda env export "
            f"--from-history --name {conda_environment_name} > environment.yml`, then "
            f"Environment.from_conda_specification({name!r}, 'environment.yml')."
        )

    @classmethod
    def curated(cls: type[E], name: str) -> E:
        """An environment that comes with scoredock. Raises ConfigError for a name that none has."""
        entry = CURATED.get(name)
        if entry is None:
            near = difflib.get_close_matches(name, CURATED, n=1)
            hint = f"Did you mean {near[0]}?" if near else "Choose one, or describe an environment of your own."
            known = ", ".join(CURATED)
            raise ConfigError([Problem(f"expected one of {known}, got {name!r}. {hint}", "curated environment")])
        environment = cls(name)
        environment.docker.base_image = entry.base_image
        environment.python.conda_dependencies = CondaDependencies.create(pip_packages=entry.packages)
        return environment

    @staticmethod
    def curated_names() -> tuple[str, ...]:
        """The names of the environments that come with scoredock."""
        return tuple(CURATED)

    @classmethod
    def from_dict(cls: type[E], content: Mapping[str, Any]) -> E:
        """Of what ``azureml_environment.json`` has. Raises ConfigError with everything that is wrong."""
        report = Report("environment")
        environment = cls.read(node_of(content), report)
        report.finish()
        return environment

    @classmethod
    def read(cls: type[E], node: Node, report: Report) -> E:
        """Of a node; problems go to the report, and the environment is an empty one then."""
        before = len(report.problems)
        values = ENVIRONMENT_FORMAT.read(_named(node) if report.lenient else node, report)
        if len(report.problems) > before:
            return cls("unreadable")
        environment = cls(values.pop("name"))
        for name, value in values.items():
            section, _, attribute = name.rpartition(".")
            setattr(attrgetter(section)(environment) if section else environment, attribute, value)
        return environment

    @classmethod
    def load_from_directory(cls: type[E], path: str | PurePath) -> E:
        """Of a folder that ``save_to_directory``, scoredock's or Azure's, wrote.

        A conda file and a ``BaseDockerfile`` there count. What is ignored is a UserWarning. Raises ConfigError.
        """
        document = load(Path(path, DEFINITION_FILE))
        report = document.report(lenient=True)
        environment = cls.read(document.root, report)
        report.finish()
        conda_file, dockerfile = Path(path, CONDA_FILE), Path(path, DOCKERFILE)
        if conda_file.exists():
            environment.python.conda_dependencies_file = None
            environment.python.conda_dependencies = CondaDependencies(conda_file)
        environment.read_conda_file(document.folder)
        if dockerfile.exists():
            environment.docker.base_dockerfile = text_of(dockerfile)
        for warning in report.warnings:
            warnings.warn(str(warning), stacklevel=2)
        return environment

    def save_to_directory(self, path: str | PurePath, overwrite: bool = False) -> None:
        """Write ``azureml_environment.json`` and ``conda_dependencies.yml``, without a registry's password.

        The folder is made where it is not there. Raises ConfigError for files that are there, unless ``overwrite``.
        """
        folder = Path(path)
        content = json.dumps(self.to_dict(), indent=4, ensure_ascii=False)
        there = [name for name in (DEFINITION_FILE, CONDA_FILE) if (folder / name).exists()]
        if there and not overwrite:
            text = f"expected no files, got {' and '.join(there)}. Use another folder, or overwrite=True."
            raise ConfigError([Problem(text, str(path))])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DEFINITION_FILE).write_text(content + "\n", encoding="utf-8")
        self.python.conda_dependencies.save_to_file(folder, CONDA_FILE)

    def read_conda_file(self, folder: Path) -> None:
        """Take up what files name, relative to the folder: ``conda_dependencies_file``, and ``-r`` in pip's lines.

        Raises ConfigError for files that cannot be read.
        """
        if self.python.conda_dependencies_file is not None:
            self.python.conda_dependencies = CondaDependencies(folder / self.python.conda_dependencies_file)
            self.python.conda_dependencies_file = None
        self.python.conda_dependencies.follow_includes(folder)

    def clone(self: E, new_name: str) -> E:
        """An independent copy under another name, without a version. Raises ConfigError for the name."""
        Environment(new_name)  # refuses what a name cannot be
        clone = copy.deepcopy(self)
        clone.name, clone.version, clone.asset_id = new_name, None, None
        return clone

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """What ``azureml_environment.json`` has. A registry's password is null, unless ``with_secrets``.

        Raises ConfigError for attributes that an environment cannot have.
        """
        self.check()
        return ENVIRONMENT_FORMAT.write(self._values(), with_secrets, nulls=True)

    def check(self) -> None:
        """Raise ConfigError with every attribute that has a value that it cannot have."""
        values = self._values()
        if not self.python.conda_dependencies:
            del values["python.conda_dependencies"]
        ENVIRONMENT_FORMAT.check(values, f"environment {self.name}")

    def requirements(self) -> Requirements:
        """What is to be installed; nothing with ``user_managed_dependencies``.

        Raises ConfigError for what cannot be installed, and for contradictions.
        """
        self.check()
        if self.python.user_managed_dependencies:
            return Requirements()
        return self.python.conda_dependencies.requirements()

    def get_image_details(self, workspace: Any = None) -> dict[str, Any]:
        """What an image would be made of: base image, Python, packages; none is asked for or built.

        Raises ConfigError for what cannot be installed.
        """
        resolved = in_place_of_azures(self)
        needed = resolved.requirements()
        return {
            "name": self.name,
            "version": self.version,
            "baseImage": resolved.docker.base_image or "scoredock:cpu",
            "python": needed.python,
            "pip": list(needed.pip),
            "conda": list(needed.conda),
        }

    def _values(self) -> dict[str, Any]:
        return {entry.name: attrgetter(entry.name)(self) for entry in ENVIRONMENT_FORMAT.fields}


def _named(node: Node) -> Node:
    """A description that has a name: Azure's readers do not ask for one."""
    if not isinstance(node.value, dict) or ("name" in node.value and node.value["name"].value is not None):
        return node
    return replace(node, value={**node.value, "name": Node("environment", node.line)})


@dataclass(frozen=True)
class EnvironmentReference:
    """An environment of the workspace, by name; ``version`` None for its newest."""

    name: str
    version: str | None = None
