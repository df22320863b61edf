"""The format of ``azureml_environment.json``, which is also an inference configuration's ``environment``."""

from __future__ import annotations

import re
from typing import Any

from scoredock.deploy.config.azure_images import is_azures
from scoredock.deploy.config.conda_dependencies import CondaSection
from scoredock.deploy.config.container_registry import RegistrySection
from scoredock.deploy.config.format import Field, Format, exclusive
from scoredock.deploy.config.kinds import Choice, Flag, Kept, Pairs, Report, ScalarText, Text, Texts
from scoredock.deploy.config.node import Node

_NAME = r"[A-Za-z0-9_][\w.\-]{0,254}"


class _Name(Text):
    """An environment's name; one that Azure keeps for itself, and what is none, are replaced where a file has them."""

    def read(self, node: Node, report: Report) -> Any:
        name = node.value
        if report.lenient and isinstance(name, str) and name.strip():
            name = re.sub(r"[^\w.\-]+", "-", name.strip(), flags=re.ASCII).lstrip("-.") or "environment"
            name = f"copy-of-{name}"[:255] if is_azures(name) else name[:255]
            if name != node.value:
                why = "names of that kind are Azure's own" if is_azures(node.value) else "it is no environment's name"
                report.warn(f"expected another name than {node.value!r}, since {why}; {name} is taken.", node.line)
            return name
        name = super().read(node, report)
        if isinstance(name, str) and is_azures(name):
            report.say(
                f"expected a name that does not begin with Microsoft or AzureML, got {name!r}: those are Azure's own. "
                f"Give it another name, such as copy-of-{name}; Environment.curated_names() lists scoredock's.",
                node.line,
            )
        return name


class InferencingStack(Choice):
    """Only its newest version is there; files name older ones."""

    def read(self, node: Node, report: Report) -> Any:
        if report.lenient and node.scalar_text() and node.value != "latest":
            report.warn(f"expected {self.expected}, got {node.described()}; the newest is what there is.", node.line)
            return "latest"
        return super().read(node, report)


NAME = _Name(_NAME, "a name of letters, digits, dots, dashes and underscores")
IMAGE = Text(r"[A-Za-z0-9][\w.\-/:@]*", "an image's name, such as scoredock:cpu")
VARIABLES = Pairs(r"[A-Za-z_][A-Za-z0-9_]*", "a variable's name, of letters, digits and underscores")
_SPARK = {"repositories": [], "packages": [], "precachePackages": True}
_DATABRICKS: dict[str, Any] = {
    "mavenLibraries": [], "pypiLibraries": [], "rcranLibraries": [], "jarLibraries": [], "eggLibraries": [],
}  # fmt: skip
_UNREAD = "Kept; scoredock does not read it."

ENVIRONMENT_FORMAT = Format(
    "environment",
    (
        Field("name", "name", NAME, "The environment's name.", required=True),
        Field("version", "version", ScalarText(), "Its version.", default_words="the newest"),
        Field("environment_variables", "environmentVariables", VARIABLES, "Variables of the service's processes.", {}),
        Field(
            "python.user_managed_dependencies",
            "python.userManagedDependencies",
            Flag(),
            "The base image has all packages: nothing is installed.",
            False,
        ),
        Field(
            "python.interpreter_path",
            "python.interpreterPath",
            Text(),
            "The interpreter, where the base image has all packages.",
            "python",
        ),
        Field(
            "python.conda_dependencies_file",
            "python.condaDependenciesFile",
            Text(),
            "A conda file in place of `condaDependencies`; relative as `condaFile` is.",
        ),
        Field("python.base_conda_environment", "python.baseCondaEnvironment", Text(), _UNREAD),
        Field(
            "python.conda_dependencies",
            "python.condaDependencies",
            CondaSection(),
            "What a [conda file](#conda-file) has.",
            default_words="no packages",
        ),
        Field("docker.enabled", "docker.enabled", Flag(), "Services run in containers either way.", False),
        Field(
            "docker.base_image",
            "docker.baseImage",
            IMAGE,
            "The image that packages are installed on.",
            default_words="`scoredock:cpu`",
        ),
        Field("docker.base_dockerfile", "docker.baseDockerfile", Text(), "A Dockerfile in place of `baseImage`."),
        Field(
            "docker.base_image_registry",
            "docker.baseImageRegistry",
            RegistrySection(),
            "Where the base image comes from: `address`, `username`, `password`, or an address alone.",
        ),
        Field("docker.shared_volumes", "docker.sharedVolumes", Flag(), _UNREAD, True),
        Field(
            "docker.shm_size",
            "docker.shmSize",
            Text(r"[0-9]+(\.[0-9]+)?[bkmgBKMG]?", "a size, such as 2g"),
            "Size of the container's shared memory.",
        ),
        Field("docker.arguments", "docker.arguments", Texts(), _UNREAD, ()),
        Field("docker.platform", "docker.platform", Kept(), _UNREAD, when_set=True),
        Field("docker.build_context", "docker.buildContext", Kept(), _UNREAD, when_set=True),
        Field("spark", "spark", Kept(), _UNREAD, _SPARK, default_words="empty lists"),
        Field("databricks", "databricks", Kept(), _UNREAD, _DATABRICKS, default_words="empty lists"),
        Field("r", "r", Kept(), _UNREAD, when_set=True),
        Field(
            "inferencing_stack_version",
            "inferencingStackVersion",
            InferencingStack(("latest",)),
            "`latest`: install scoredock into a base image that has no inference server.",
        ),
        Field("asset_id", "assetId", Kept(), _UNREAD, when_set=True),
    ),
    (
        exclusive("docker.base_image", "docker.base_dockerfile"),
        exclusive("python.conda_dependencies", "python.conda_dependencies_file"),
    ),
)
