"""The formats of version 2's YAML files: online deployments, online endpoints, and the environments inside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scoredock.deploy.config.environment_format import IMAGE, VARIABLES
from scoredock.deploy.config.format import Field, Format
from scoredock.deploy.config.kinds import Choice, Kept, Kind, Report, ScalarText, Text, Whole
from scoredock.deploy.config.node import Node

KIND = ("managed", "kubernetes")
NOT_HERE = "Without effect on this machine; a note says so."
_AUTH = (("amltoken", "aml_token"), ("aadtoken", "aad_token"))
_MEMORY = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


class PathText(Text):
    """A path, bare, with ``file:`` before it, or as the ``path`` or ``local_path`` of an object."""

    def __init__(self) -> None:
        super().__init__(expected="a path")

    def read(self, node: Node, report: Report) -> Any:
        for key in ("path", "local_path"):
            if isinstance(node.value, dict) and key in node.value:
                return self.read(node.value[key], report.inside(key))
        text = super().read(node, report)
        return text.removeprefix("file:") if isinstance(text, str) else text


@dataclass(frozen=True)
class Either(Kept):
    """What has several forms, which its own reader tells apart."""

    expected: str = "text or an object"


@dataclass(frozen=True)
class Quantity(Kind):
    """An amount as Kubernetes writes it: ``500m`` CPUs, ``2Gi`` of memory; read as CPUs, or as GB of 1024³ bytes."""

    memory: bool
    expected: str = "an amount such as 0.5, 500m or 2Gi"

    def read(self, node: Node, report: Report) -> Any:
        match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?", (node.scalar_text() or "").strip().casefold())
        unit = (match[2] or "") if match else ""
        if match is None or float(match[1]) <= 0 or (not self.memory and unit not in ("", "m")):
            report.refuse(node, self.expected)
            return None
        if not self.memory:
            return float(match[1]) / (1000 if unit else 1)
        return float(match[1]) * _MEMORY[unit] / 2**30


def _here(key: str, kind: Kind, meaning: str, *aliases: str, required: bool = False) -> Field:
    return Field(key, key, kind, meaning, aliases=aliases, required=required)


def _elsewhere(*keys: str) -> tuple[Field, ...]:
    return tuple(Field(key, key, Kept(), NOT_HERE, when_set=True) for key in keys)


_SAID = ("id", "description", "tags", "properties", "provisioning_state")  # they change nothing anywhere

DEPLOYMENT_FORMAT = Format(
    "online deployment",
    (
        Field("schema", "$schema", Kept(), "Kept; scoredock does not read it.", when_set=True),
        _here("name", Text(), "The deployment's name."),
        _here("endpoint_name", Text(), "The endpoint's name, which the service gets."),
        _here("type", Choice(KIND, (("online", "managed"),)), "What it is for; kubernetes needs `--local`."),
        _here("model", Either(),
              "A path (`path`), or a model of the workspace: `azureml:NAME:VERSION`, `azureml:NAME@latest`."),
        _here("code_configuration.code", PathText(), "The folder that goes into the app root, with the script.",
              "code_configuration.source"),
        _here("code_configuration.scoring_script", Text(), "The entry script, relative to `code`."),
        _here("environment", Either(), "An environment, as below, or one of the workspace: `azureml:NAME:VERSION`."),
        _here("environment_variables", VARIABLES, "Variables of the service's processes."),
        _here("request_settings.request_timeout_ms", Whole(1), "Milliseconds that a request may take."),
        _here("request_settings.max_queue_wait_ms", Whole(0),
              "Milliseconds that a request may wait before it is answered with 429."),
        _here("resources.limits.cpu", Quantity(memory=False), "Most CPUs that the container may use."),
        _here("resources.limits.memory", Quantity(memory=True), "Most memory that the container may use."),
        *_elsewhere("request_settings.max_concurrent_requests_per_instance", "resources.limits.gpu",
                    "resources.requests", "resource_requirements", "instance_type", "instance_count", "scale_settings",
                    "app_insights_enabled", "data_collector", "liveness_probe", "readiness_probe", "startup_probe",
                    "egress_public_network_access", "private_network_connection", "model_mount_path", "settings"),
        *(Field(key, key, Kept(), "Kept; it changes nothing.", when_set=True) for key in _SAID),
    ),
    foreign={"resources.limits.nvidia.com/gpu": "asks a cluster for a device; here the image says it: scoredock:cuda"},
)  # fmt: skip

ENDPOINT_FORMAT = Format(
    "online endpoint",
    (
        Field("schema", "$schema", Kept(), "Kept; scoredock does not read it.", when_set=True),
        _here("name", Text(), "The endpoint's name, which the service gets.", required=True),
        _here("type", Choice(KIND, (("online", "managed"),)), "What it is for; kubernetes needs `--local`."),
        _here("compute", Text(), "A Kubernetes cluster; needs `--local`.", "target"),
        _here("auth_mode", Choice(("key", "aml_token", "aad_token"), _AUTH),
              "A service on this machine asks nobody for a key or token; a note says so."),
        _here("traffic", Either("an object of names and percentages"),
              "Shares of the requests; on this machine one deployment gets all, and a note says so."),
        *_elsewhere("mirror_traffic", "identity", "public_network_access", "location", "scoring_uri", "openapi_uri"),
        *(Field(key, key, Kept(), "Kept; it changes nothing.", when_set=True) for key in (*_SAID, "kind")),
    ),
)  # fmt: skip

ENVIRONMENT2_FORMAT = Format(
    "environment",
    (
        Field("schema", "$schema", Kept(), "Kept; scoredock does not read it.", when_set=True),
        _here("name", Text(), "Its name; it changes nothing."),
        _here("version", ScalarText(), "Its version; it changes nothing."),
        _here("image", IMAGE, "The image that packages are installed on; without `conda_file`, it has them.",
              "docker.image"),
        _here("conda_file", Either(), "A path, or what a conda file has."),
        _here("build.path", PathText(), "The folder of a Dockerfile and of what it copies, in place of `image`.",
              "build.local_path", "docker.build.path"),
        _here("build.dockerfile_path", Text(), "The Dockerfile in that folder; `Dockerfile` without it.",
              "docker.build.dockerfile", "docker.build.dockerfile_path"),
        _here("inference_config", Either("an object"),
              "Routes of an image with a server of its own, which scoredock does not run."),
        *(Field(key, key, Kept(), "Kept; it changes nothing.", when_set=True)
          for key in (*_SAID, "os_type", "path", "local_path", "datastore", "latest_version", "creation_context")),
    ),
)  # fmt: skip

MODEL_FORMAT = Format(
    "model",
    (
        Field("schema", "$schema", Kept(), "Kept; scoredock does not read it.", when_set=True),
        _here("name", Text(), "The name that it is registered under; the endpoint's without it."),
        _here("version", ScalarText(), "Its version in Azure; here they count up."),
        _here("path", PathText(), "A file or folder.", "local_path", "model_uri", "uri"),
        _here("type", Text(), "Azure's format of it; a script loads it either way."),
        *(Field(key, key, Kept(), "Kept; it changes nothing.", when_set=True)
          for key in (*_SAID, "flavors", "stage", "job_name", "latest_version", "datastore", "creation_context")),
    ),
)  # fmt: skip
