"""Conda files: Python's version, conda's packages and channels, and pip's packages, as Azure ML's SDK has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import yaml

from scoredock.deploy.config.channels import beside, parse_channel, without_credentials
from scoredock.deploy.config.conda_spec import parse_spec
from scoredock.deploy.config.document import load, node_of
from scoredock.deploy.config.format import Field, Format
from scoredock.deploy.config.kinds import Kept, Kind, Pairs, Report, Text, Texts
from scoredock.deploy.config.node import Node, shown
from scoredock.deploy.config.pip_line import without_literal_credentials
from scoredock.deploy.config.requirements import Requirements, gather
from scoredock.deploy.config.requirements_file import Line, follow_includes
from scoredock.errors import ConfigError, Problem

DEFAULT_NAME = "project_environment"
_PYTHON = re.compile(r"(\S+::)?python(?![\w.\-])", re.IGNORECASE)


class _Dependencies(Kind):
    """The list of packages: lines for conda, and one object ``{"pip": [lines]}``."""

    expected = 'a list of packages, with those of pip in an object {"pip": [...]}'

    def read(self, node: Node, report: Report) -> Any:
        if not isinstance(node.value, list):
            report.refuse(node, self.expected)
            return [], []
        conda: list[Line] = []
        pip: list[Line] = []
        for number, item in enumerate(node.value):
            inner = report.inside(f"[{number}]")
            if not isinstance(item.value, dict):
                self._line(item, inner, conda)
            elif not item.value or set(item.value) - {"pip", "conda"}:
                inner.refuse(item, f"a package or {{'pip': [...]}}, not the keys {', '.join(item.value) or '{}'}")
            else:  # what stands below conda is conda's, as if it stood in the list itself
                for key, lines in (("conda", conda), ("pip", pip)):
                    self._lines(item.value.get(key), inner.inside(key), lines)
        return conda, pip

    def _lines(self, node: Node | None, report: Report, lines: list[Line]) -> None:
        if node is None or node.value is None:
            return
        if not isinstance(node.value, list):
            report.refuse(node, "a list of requirements")
            return
        for place, line in enumerate(node.value):
            self._line(line, report.inside(f"[{place}]"), lines)

    def _line(self, node: Node, report: Report, lines: list[Line]) -> None:
        if not isinstance(node.value, str) or not node.value.strip() or "\n" in node.value:
            report.refuse(node, "a package, as text of one line")
        else:
            lines.append(Line(node.value.strip(), report.file, node.line))

    def write(self, value: Any, with_secrets: bool) -> Any:
        conda, pip = value
        texts: list[Any] = [line.text for line in conda]
        lines = [line.text if with_secrets else without_literal_credentials(line.text) for line in pip]
        return [*texts, {"pip": lines}] if lines else texts


class _Channels(Texts):
    """Channels; their credentials are in no file that is made of them, unless they are variables."""

    expected = "a list of channels"

    def read(self, node: Node, report: Report) -> Any:
        channels = super().read(node, report)
        for number, channel in enumerate(channels):
            try:
                if isinstance(channel, str):
                    parse_channel(channel)
            except ValueError as expected:
                said = f"expected {expected}, got {without_literal_credentials(shown(channel))!r}."
                report.inside(f"[{number}]").say(said, node.value[number].line)
        return channels

    def write(self, value: Any, with_secrets: bool) -> Any:
        return [one if with_secrets else without_credentials(one) for one in value]


CONDA_FORMAT = Format(
    "conda file",
    (
        Field("name", "name", Text(), "The conda environment's name; it changes nothing.", DEFAULT_NAME),
        Field("channels", "channels", _Channels(), "Where conda looks for packages, the most important first.", ()),
        Field("dependencies", "dependencies", _Dependencies(),
              "Packages of conda, `python=3.11` among them, and those of pip.", ((), ()),
              default_words="none"),
        Field("variables", "variables", Pairs(), "Kept; scoredock does not read it.", when_set=True),
        Field("prefix", "prefix", Kept(), "Kept; scoredock does not read it.", when_set=True),
    ),
)  # fmt: skip


class CondaDependencies:
    """A conda file's content. Without a file it is empty, and Python is the base image's.

    ``-r FILE`` among pip's packages of a file is replaced with that file's lines. Raises ConfigError for a file that
    cannot be read, or that has something else than a conda file has.
    """

    def __init__(self, conda_dependencies_file_path: str | PurePath | None = None) -> None:
        self.name = DEFAULT_NAME
        self._channels: list[str] = []
        self._conda: list[Line] = []
        self._pip: list[Line] = []
        self._kept: dict[str, Any] = {}
        if conda_dependencies_file_path is not None:
            document = load(conda_dependencies_file_path)
            report = Report(document.file)
            self._take(CONDA_FORMAT.read(document.root, report))
            report.finish()
            self.follow_includes(document.folder)
            self._channels = [beside(one, document.folder) for one in self._channels]

    @classmethod
    def create(
        cls,
        conda_packages: Iterable[str] | None = None,
        pip_packages: Iterable[str] | None = None,
        python_version: str | None = None,
        pip_indexurl: str | None = None,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """Of packages. ``pin_sdk_version`` has no meaning here: scoredock stands for the SDK. Raises ConfigError."""
        made = cls()
        if python_version is not None:
            made.set_python_version(python_version)
        for package in conda_packages or ():
            made.add_conda_package(package)
        if pip_indexurl is not None:
            made.add_pip_package(f"--index-url {pip_indexurl}")
        for package in pip_packages or ():
            made.add_pip_package(package)
        return made

    @classmethod
    def of_lines(cls, pip: Iterable[Line]) -> CondaDependencies:
        """Of lines for pip that know where they stand, such as a requirements file's."""
        made = cls()
        made._pip = list(pip)
        return made

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> CondaDependencies:
        """Of what a conda file has. Raises ConfigError."""
        report = Report("conda dependencies")
        made = cls.read(node_of(content), report)
        report.finish()
        return made

    @classmethod
    def read(cls, node: Node, report: Report) -> CondaDependencies:
        """Of a node; problems go to the report."""
        made = cls()
        made._take(CONDA_FORMAT.read(node, report))
        return made

    def _take(self, values: dict[str, Any]) -> None:
        self.name = values.get("name", DEFAULT_NAME)
        self._channels = list(values.get("channels", ()))
        self._conda, self._pip = (list(lines) for lines in values.get("dependencies", ((), ())))
        self._kept = {name: values[name] for name in ("variables", "prefix") if name in values}

    @property
    def conda_channels(self) -> list[str]:
        """Channels, the most important first."""
        return list(self._channels)

    @property
    def conda_packages(self) -> list[str]:
        """Conda's packages, Python among them, as they were given."""
        return [line.text for line in self._conda]

    @property
    def pip_packages(self) -> list[str]:
        """Pip's packages and options, as they were given."""
        return [line.text for line in self._pip]

    @property
    def python_version(self) -> str | None:
        """The version that Python is pinned to, or None."""
        return next((parse_spec(text).pin for text in self.conda_packages if _PYTHON.match(text)), None)

    def add_channel(self, channel: str) -> None:
        """Look in this channel too. Raises ConfigError for what is no channel."""
        report = Report("CondaDependencies").inside("channel")
        _Channels().read(node_of([channel]), report)
        report.finish()
        if channel not in self._channels:
            self._channels.append(channel)

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package of conda, such as ``numpy`` or ``numpy=1.26``. Raises ConfigError for anything else."""
        self._add(self._conda, conda_package, "conda_package")
        try:
            parse_spec(conda_package)
        except ValueError as error:
            self._conda.pop()
            raise ConfigError([Problem(f"{error}, got {shown(conda_package)!r}.", key="conda_package")]) from None

    def add_pip_package(self, pip_package: str) -> None:
        """Add a package of pip, such as ``numpy`` or ``numpy==1.26.4``, or an option of pip.

        Raises ConfigError for what is not text of one line; whether pip can read it, ``requirements`` finds out.
        """
        self._add(self._pip, pip_package, "pip_package")

    def remove_conda_package(self, conda_package: str) -> None:
        """Take a package out, as it was added; one that is not there is no error."""
        self._conda = [line for line in self._conda if line.text != conda_package]

    def remove_pip_package(self, pip_package: str) -> None:
        """Take a package out, as it was added; one that is not there is no error."""
        self._pip = [line for line in self._pip if line.text != pip_package]

    def set_python_version(self, version: str) -> None:
        """Have this version of Python, ``3.11`` say, in place of another one. Raises ConfigError."""
        self._conda = [line for line in self._conda if not _PYTHON.match(line.text)]
        self.add_conda_package(f"python={version}")

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """The content of the conda file; index addresses without credentials, unless ``with_secrets``."""
        values = {"name": self.name, "channels": self._channels, "dependencies": (self._conda, self._pip)}
        return CONDA_FORMAT.write(values | self._kept, with_secrets)

    def serialize_to_string(self) -> str:
        """The conda file's text (YAML), without credentials."""
        return str(yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=10_000))

    def save_to_file(self, base_directory: str | PurePath, conda_file_path: str = "conda_dependencies.yml") -> str:
        """Write the conda file into a folder, over one that is there; returns the file's name in it."""
        Path(base_directory, conda_file_path).write_text(self.serialize_to_string(), encoding="utf-8")
        return conda_file_path

    def follow_includes(self, folder: Path) -> None:
        """Replace ``-r FILE`` among pip's packages with that file's lines; relative names start from the folder.

        Raises ConfigError for a file that cannot be read.
        """
        self._pip = follow_includes(self._pip, folder)

    def requirements(self) -> Requirements:
        """What is to be installed. Raises ConfigError for what cannot be, and for contradictions."""
        return gather(self._pip, self._conda, self._channels)

    def _add(self, lines: list[Line], package: str, argument: str) -> None:
        if not isinstance(package, str) or not package.strip() or len(package.splitlines()) != 1:
            raise ConfigError([Problem(f"expected a package as text of one line, got {package!r}.", key=argument)])
        if package.strip() not in (line.text for line in lines):
            lines.append(Line(package.strip()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaDependencies) and self.to_dict(True) == other.to_dict(True)

    def __bool__(self) -> bool:
        return bool(self._conda or self._pip)

    def __repr__(self) -> str:
        return f"CondaDependencies(conda={self.conda_packages}, pip={len(self._pip)} lines)"


class CondaSection(Kind):
    """A conda file's content inside another configuration."""

    expected = "an object as a conda file has it"

    def read(self, node: Node, report: Report) -> Any:
        if isinstance(node.value, CondaDependencies):
            return node.value
        return CondaDependencies.read(node, report)

    def write(self, value: Any, with_secrets: bool) -> Any:
        return value.to_dict(with_secrets)
