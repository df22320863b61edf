"""Inference configurations: the entry script, the files beside it, and the environment that it runs in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.container_registry import ContainerRegistry, RegistrySection
from scoredock.deploy.config.document import Document, load, node_of
from scoredock.deploy.config.environment import Environment, EnvironmentReference
from scoredock.deploy.config.environment_format import IMAGE
from scoredock.deploy.config.environment_section import EnvironmentSection
from scoredock.deploy.config.format import Format, declared, fields_of
from scoredock.deploy.config.kinds import Choice, Flag, Report, Text
from scoredock.deploy.config.search import CONDA_FILE_KEY, Search
from scoredock.deploy.config.stand_in import check_image
from scoredock.errors import ConfigError, Problem

# What an environment says in their place.
LEGACY = (
    "runtime", "conda_file", "extra_docker_file_steps", "enable_gpu", "cuda_version", "base_image",
    "base_image_registry",
)  # fmt: skip
_LEGACY = "Ignored with `environment`. "
_IGNORED = "ignored, since environment says what it said. Take it out."
_UNREAD = {
    "schemaFile": "means nothing to Azure ML either: the script's decorators say what it takes",
    "dependencies": "means nothing to Azure ML either: the files of sourceDirectory come along",
}


@dataclass
class InferenceConfig:
    """How models are scored. Relative paths start from ``source_directory`` where that is set, else from ``folder``.

    ``folder`` is the current folder, or the one that the files of a loaded file were found from. ``warnings`` says what
    was ignored, ``notes`` what else a reader may not expect; ``options`` is what a command line said in place of the
    file, by argument. Raises ConfigError for values that it cannot have, with
    all problems at once; ``check`` looks again after changes.
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
    image_python: bool | None = declared(Flag(), "imagePython", None,
        "scoredock's own: use the image's Python where the environment asks for one that scoredock cannot run on.",
        flag="--image-python", default_words="`false`", when_set=True)
    source_is_root: bool | None = declared(Flag(), "sourceIsRoot", None,
        "The files of `sourceDirectory` lie in the app root itself, as in version 2. scoredock's own key.",
        default_words="`false`: below its name")
    # fmt: on
    folder: Path = field(default_factory=Path.cwd)
    warnings: tuple[str, ...] = field(default=(), init=False, compare=False)
    notes: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)
    places: Mapping[str, Problem] = field(default_factory=dict, init=False, compare=False, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.base_image_registry = self.base_image_registry or ContainerRegistry()
        self.check()

    @classmethod
    def load(
        cls, path: str | PurePath, overrides: Mapping[str, Any] | None = None, *, strict: bool = False
    ) -> InferenceConfig:
        """Read an inference configuration (JSON or YAML), and the conda file that its environment names.

        Files are looked for from the file's folder, then from the current folder. ``overrides`` are values by SDK
        argument, from a command line say, that win over the file's. Raises ConfigError with everything that is wrong in
        the file; ``strict`` counts warnings as wrong.
        """
        document = load(path)
        report = document.report(lenient=not strict)
        values = INFERENCE_FORMAT.read(document.root, report, overrides)
        report.finish()
        config = cls(**values, folder=document.folder)
        config.places = _places(document, overrides or {})
        look = Search(document.folder, Path.cwd(), report)
        config._find_files(look)
        if isinstance(config.environment, Environment):
            look.environment_files(config.environment, config.root, document.root.at(f"environment.{CONDA_FILE_KEY}"))
        for name in config._ignored():
            place = config.places[name]
            replace(report, file=place.file, key=place.key or "").warn(_IGNORED, place.line)
        config._check_image(report, document)
        report.finish()
        config.options = dict(overrides or {})
        config.warnings, config.notes = tuple(map(str, report.warnings)), tuple(map(str, report.notes))
        return config

    def _check_image(self, report: Report, document: Document) -> None:
        """Say what is wrong with an image of Azure's that nothing stands for; or with any, where reading is strict."""
        environment = self._described_base() if self.environment is None else self.environment
        key = "baseImage" if self.environment is None else "environment.docker.baseImage"
        node = document.root.at(key)
        if isinstance(environment, Environment):
            check_image(environment, replace(report, key=key), node.key_line if node else None)

    def _find_files(self, look: Search) -> None:
        """Settle which folder the paths start from: the file's, or the current one."""
        if self.source_directory is not None:
            self.folder = look.folder(self.source_directory, self.entry_script, self.places["source_directory"])
            return
        script = look.file(self.entry_script, self.places["entry_script"])
        self.folder = look.start if script is None else script
        for name in () if self.environment is not None else ("conda_file", "extra_docker_file_steps"):
            found = look.file(getattr(self, name), self.places[name]) if getattr(self, name) is not None else None
            if found is not None and found != self.folder:
                setattr(self, name, str(found / getattr(self, name)))

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
    def script_in_root(self) -> str:
        """The entry script's path relative to ``root``."""
        return os.path.relpath(self.script_path, self.root)

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
        problems = []
        for name, path, is_there, kind in named:
            if not is_there(path):
                base = self.folder if name == "source_directory" else self.root
                other = Path.cwd() / path.relative_to(self.folder) if path.is_relative_to(self.folder) else path
                nor = f", nor at {other}" if self.places and other != path else ""
                text = f"expected {kind}, got {path}, where there is none{nor}. Relative paths start from {base}"
                problems.append(self._problem(name, f"{text}{' or the current folder' if nor else ''}."))
        if self.source_directory is not None and not self.script_path.resolve().is_relative_to(self.root.resolve()):
            text = f"expected a file inside source_directory ({self.root}), got {self.entry_script!r}. Move it there."
            problems.append(self._problem("entry_script", text))
        if problems:
            raise ConfigError(problems)

    def _problem(self, name: str, text: str) -> Problem:
        """A problem of an argument, where its file has it."""
        return replace(self.places.get(name) or Problem("", "InferenceConfig", key=name), text=text)

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
        environment = self._described_base()
        if self.conda_file is not None:
            environment.python.conda_dependencies = CondaDependencies(self.root / self.conda_file)
        return environment

    def _described_base(self) -> Environment:
        environment = Environment("inference-config")
        environment.docker.base_image = self.base_image or ("scoredock:cuda" if self.enable_gpu else "scoredock:cpu")
        environment.docker.base_image_registry = self.base_image_registry
        if self.conda_file is not None:  # its packages are all that there is, whatever the image had
            environment.python.conda_dependencies.add_conda_package("pip")
        return environment

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """The configuration as its JSON file has it. Raises ConfigError for values that it cannot have."""
        self.check()
        values = {entry.name: getattr(self, entry.name) or None for entry in INFERENCE_FORMAT.fields}
        return INFERENCE_FORMAT.write(values, with_secrets)


INFERENCE_FORMAT = Format("inference configuration", fields_of(InferenceConfig), foreign=_UNREAD)


def _places(document: Document, overrides: Mapping[str, Any]) -> dict[str, Problem]:
    """Where each argument stands: in the file with its line, in the file without, or on the command line."""
    places = {}
    for entry in INFERENCE_FORMAT.fields:
        given = ((key, document.root.at(key)) for key in (entry.key, *entry.aliases))
        key, node = next(((key, node) for key, node in given if node and node.value is not None), (entry.key, None))
        places[entry.name] = Problem("", document.file, node.key_line if node else None, key)
        if overrides.get(entry.name) is not None:
            places[entry.name] = Problem("", key=entry.long_flag)
    return places
