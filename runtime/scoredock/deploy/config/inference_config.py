"""Inference configurations: the entry script, the files beside it, and the environment that it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry, RegistrySection
from scoredock.deploy.config.document import load, node_of
from scoredock.deploy.config.environment import Environment, EnvironmentReference, EnvironmentSection
from scoredock.deploy.config.environment_format import IMAGE
from scoredock.deploy.config.format import Format, declared, fields_of
from scoredock.deploy.config.kinds import Choice, Flag, Report, Text
from scoredock.errors import ConfigError, Problem

# What an environment says in their place.
LEGACY = (
    "runtime", "conda_file", "extra_docker_file_steps", "enable_gpu", "cuda_version", "base_image",
    "base_image_registry",
)  # fmt: skip
_LEGACY = "Ignored with `environment`. "
_IGNORED = "ignored, since environment says what it said. Take it out."


@dataclass
class InferenceConfig:
    """How models are scored. Relative paths start from ``source_directory`` where that is set, else from ``folder``.

    ``folder`` is the current folder, or that of the file that was loaded. ``warnings`` says what was ignored. Raises
    ConfigError for values that it cannot have, with all problems at once; ``check`` looks again after changes.
    """

    # fmt: off
    entry_script: str = declared(Text(), "entryScript", None,
        "The entry script, with `init()` and `run()`; relative to `sourceDirectory`.", required=True, flag="--es")
    runtime: str | None = declared(Choice(("python", "python-slim", "spark-py")), "runtime", None,
        _LEGACY + "What the script runs in.", flag="--rt", default_words="`python`")
    conda_file: str | None = declared(Text(), "condaFile", None,
        _LEGACY + "A [conda file](#conda-file); relative to `sourceDirectory`.", flag="--cf")
    extra_docker_file_steps: str | None = declared(Text(), "extraDockerfileSteps", None,
        _LEGACY + "A file of lines for the Dockerfile; relative to `sourceDirectory`.",
        aliases=("extraDockerFileSteps",), flag="--ds")
    source_directory: str | None = declared(Text(), "sourceDirectory", None,
        "A folder that goes into the image as a whole.", flag="--sd")
    enable_gpu: bool | None = declared(Flag(), "enableGpu", None,
        _LEGACY + "Compute on an NVIDIA device.", flag="--eg", default_words="`false`")
    description: str | None = declared(Text(), "description", None, "What the configuration is for.")
    base_image: str | None = declared(IMAGE, "baseImage", None,
        _LEGACY + "The image that packages are installed on.", flag="--bi", default_words="by `enableGpu`")
    base_image_registry: ContainerRegistry = declared(RegistrySection(), "baseImageRegistry", None,
        _LEGACY + "Where the base image comes from: an address, or an object.", flag="--ir")
    cuda_version: str | None = declared(Choice(("9.0", "9.1", "10.0")), "cudaVersion", None,
        _LEGACY + "The CUDA that was asked for; the image has its own.", flag="--cv",
        default_words="`9.1` with `enableGpu`")
    environment: Environment | EnvironmentReference | None = declared(EnvironmentSection(), "environment", None,
        "An [environment](#environment), or its `name` and `version`.", flag="-e")
    # fmt: on
    folder: Path = field(default_factory=Path.cwd)
    warnings: tuple[str, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        self.base_image_registry = self.base_image_registry or ContainerRegistry()
        self.check()

    @classmethod
    def load(cls, path: str | PurePath, overrides: Mapping[str, Any] | None = None) -> InferenceConfig:
        """Read an inference configuration (JSON or YAML), and the conda file that its environment names.

        ``overrides`` are values by SDK argument, from a command line say, that win over the file's. Raises ConfigError
        with everything that is wrong in the file.
        """
        document = load(path)
        report = Report(document.file)
        values = INFERENCE_FORMAT.read(document.root, report, overrides)
        report.finish()
        config = cls(**values, folder=document.folder)
        if isinstance(config.environment, Environment):
            config.environment.read_conda_file(config.root)
        lines = {entry.name: member.key_line for key, entry in INFERENCE_FORMAT.spellings()
                 if (member := document.root.value.get(key)) is not None}  # fmt: skip
        config.warnings = tuple(
            str(Problem(_IGNORED, document.file, lines.get(name), INFERENCE_FORMAT.field(name).key))
            for name in config._ignored()
        )
        return config

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], folder: str | PurePath) -> InferenceConfig:
        """Of what ``to_dict`` gave; ``folder`` is where its paths start from. Raises ConfigError."""
        report = Report("inference configuration")
        values = INFERENCE_FORMAT.read(node_of(content), report)
        report.finish()
        return cls(**values, folder=Path(folder))

    def check(self) -> None:
        """Raise ConfigError with every attribute that has a value that it cannot have; renew ``warnings``."""
        values = {entry.name: getattr(self, entry.name) or None for entry in INFERENCE_FORMAT.fields}
        for name, value in INFERENCE_FORMAT.check(values, "InferenceConfig").items():
            setattr(self, name, value)
        if isinstance(self.environment, Environment):
            self.environment.check()
        self.warnings = tuple(str(Problem(_IGNORED, "InferenceConfig", key=name)) for name in self._ignored())

    def _ignored(self) -> list[str]:
        return [name for name in LEGACY if self.environment is not None and getattr(self, name)]

    @property
    def root(self) -> Path:
        """The folder that the entry script's, the conda file's and the Docker steps' paths start from, absolute."""
        return (self.folder / (self.source_directory or "")).absolute()

    @property
    def script_path(self) -> Path:
        """The entry script."""
        return self.root / self.entry_script

    @property
    def extra_docker_steps_path(self) -> Path | None:
        """The file of lines for the Dockerfile; None where there is none, or where it is ignored."""
        if self.extra_docker_file_steps is None or self.environment is not None:
            return None
        return self.root / self.extra_docker_file_steps

    def check_files(self) -> None:
        """Raise ConfigError with every file or folder that is named but not there, or that the image cannot have."""
        named = [("source_directory", self.root, Path.is_dir, "a folder"),
                 ("entry_script", self.script_path, Path.is_file, "a file")]  # fmt: skip
        if self.environment is None and self.conda_file is not None:
            named.append(("conda_file", self.root / self.conda_file, Path.is_file, "a file"))
        if self.extra_docker_steps_path is not None:
            named.append(("extra_docker_file_steps", self.extra_docker_steps_path, Path.is_file, "a file"))
        problems = [
            Problem(
                f"expected {kind}, got {path}, where there is none. Relative paths start from {base}.", what, key=key
            )
            for key, path, is_there, kind in named
            for what, base in [("InferenceConfig", self.folder if key == "source_directory" else self.root)]
            if not is_there(path)
        ]
        if self.source_directory is not None and not self.script_path.resolve().is_relative_to(self.root.resolve()):
            text = f"expected a file inside source_directory ({self.root}), got {self.entry_script!r}. Move it there."
            problems.append(Problem(text, "InferenceConfig", key="entry_script"))
        if problems:
            raise ConfigError(problems)

    def described_environment(self) -> Environment:
        """The environment, or what the legacy arguments say in its place.

        Raises ConfigError for a conda file that is none, and for an environment that is only named: look it up in the
        workspace and set it first.
        """
        if isinstance(self.environment, Environment):
            return self.environment
        if self.environment is not None:
            text = f"expected an environment that is described, got the name {self.environment.name!r} alone. Look it "
            text += f"up in the workspace, or use one of scoredock's: {', '.join(Environment.curated_names())}."
            raise ConfigError([Problem(text, "InferenceConfig", key="environment")])
        environment = Environment("inference-config")
        environment.docker.base_image = self.base_image or ("scoredock:cuda" if self.enable_gpu else "scoredock:cpu")
        environment.docker.base_image_registry = self.base_image_registry
        if self.conda_file is not None:
            environment.python.conda_dependencies = CondaDependencies(self.root / self.conda_file)
        return environment

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """The configuration as its JSON file has it. Raises ConfigError for values that it cannot have."""
        self.check()
        values = {entry.name: getattr(self, entry.name) or None for entry in INFERENCE_FORMAT.fields}
        return INFERENCE_FORMAT.write(values, with_secrets)


INFERENCE_FORMAT = Format("inference configuration", fields_of(InferenceConfig))
