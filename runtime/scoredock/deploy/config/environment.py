"""Environments: base image, Python, packages and variables of a service, as Azure ML's SDK has them."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path, PurePath
from typing import Any, TypeVar

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry
from scoredock.deploy.config.curated_environments import CURATED
from scoredock.deploy.config.document import load, node_of
from scoredock.deploy.config.environment_format import ENVIRONMENT_FORMAT, NAME
from scoredock.deploy.config.kinds import Kind, Report, ScalarText
from scoredock.deploy.config.node import Node
from scoredock.deploy.config.requirements import Requirements
from scoredock.deploy.config.requirements_file import read_requirements_file
from scoredock.errors import ConfigError, DeployError, Problem

DEFINITION_FILE = "azureml_environment.json"
CONDA_FILE = "conda_dependencies.yml"
E = TypeVar("E", bound="Environment")


def _default_of(name: str) -> Any:
    return copy.deepcopy(ENVIRONMENT_FORMAT.field(name).default)


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
    def from_pip_requirements(cls: type[E], name: str, file_path: str | PurePath) -> E:
        """With what a requirements file, and the files that it includes, name. Raises ConfigError."""
        environment = cls(name)
        environment.python.conda_dependencies = CondaDependencies.of_lines(read_requirements_file(file_path))
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
        values = ENVIRONMENT_FORMAT.read(node, report)
        if len(report.problems) > before:
            return cls("unreadable")
        environment = cls(values.pop("name"))
        for name, value in values.items():
            section, _, attribute = name.rpartition(".")
            setattr(attrgetter(section)(environment) if section else environment, attribute, value)
        return environment

    @classmethod
    def load_from_directory(cls: type[E], path: str | PurePath) -> E:
        """Of a folder that ``save_to_directory`` wrote; of a conda file there, what it says is what counts.

        Raises ConfigError.
        """
        document = load(Path(path, DEFINITION_FILE))
        report = Report(document.file)
        environment = cls.read(document.root, report)
        report.finish()
        environment.read_conda_file(document.folder)
        conda_file = Path(path, CONDA_FILE)
        if conda_file.exists():
            environment.python.conda_dependencies = CondaDependencies(conda_file)
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

    def _values(self) -> dict[str, Any]:
        return {entry.name: attrgetter(entry.name)(self) for entry in ENVIRONMENT_FORMAT.fields}


@dataclass(frozen=True)
class EnvironmentReference:
    """An environment of the workspace, by name; ``version`` None for its newest."""

    name: str
    version: str | None = None


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
        name = NAME.read(node.value["name"], report.inside("name"))
        version = node.value.get("version")
        if name in CURATED:
            return Environment.curated(name)
        wanted = ScalarText().read(version, report.inside("version")) if version and version.value is not None else None
        return EnvironmentReference(name, wanted)

    def write(self, value: Any, with_secrets: bool) -> Any:
        if isinstance(value, EnvironmentReference):
            return {entry.name: getattr(value, entry.name) for entry in fields(value)}
        return value.to_dict(with_secrets)
