"""Online deployments of Azure ML's version 2: what a YAML file says of script, model, environment and service.

Managed and Kubernetes deployments have one format; here both are a service on this machine. What only a cluster or
Azure can do is in ``notes``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.document import Document, load
from scoredock.deploy.config.environment import Environment, EnvironmentReference
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.config.kinds import Report
from scoredock.deploy.config.node import Node
from scoredock.deploy.config.online_environment import read_environment
from scoredock.deploy.config.online_format import DEPLOYMENT_FORMAT, ENDPOINT_FORMAT, MODEL_FORMAT, NOT_HERE
from scoredock.deploy.config.references import parse_reference
from scoredock.deploy.config.search import Search
from scoredock.deploy.config.this_machine import NO_KEYS, SETTINGS, without_effect
from scoredock.errors import ConfigError, Problem

_SERVICE_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_TIMES = {"request_settings.request_timeout_ms": SETTINGS["scoring_timeout_ms"],
          "request_settings.max_queue_wait_ms": SETTINGS["max_request_wait_time"]}  # fmt: skip


@dataclass(frozen=True)
class OnlineModel:
    """A model of the workspace (``id``, ``NAME`` or ``NAME:VERSION``), or a file or folder to register as ``name``."""

    id: str | None = None
    path: Path | None = None
    name: str = "model"


@dataclass(frozen=True)
class OnlineDeployment:
    """What a deployment's file, and its endpoint's, say.

    ``service`` is the name that the service gets: the endpoint's; None where that cannot be a service's.
    """

    service: str | None
    model: OnlineModel | None
    config: InferenceConfig
    deployment: LocalWebserviceDeploymentConfiguration
    needs_cluster: bool
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_online_deployment(paths: Sequence[str | PurePath], *, strict: bool = False) -> OnlineDeployment:
    """Read the file of a deployment, and that of its endpoint, in any order.

    Paths start from the file's folder, or the current one. Raises ConfigError with everything that is wrong;
    ``strict`` counts warnings as wrong.
    """
    documents = [load(path) for path in paths]
    endpoints = [document for document in documents if _is_endpoint(document)]
    deployments = [document for document in documents if document not in endpoints]
    if len(endpoints) == 1 and not deployments:
        deployments, endpoints = [_inside(endpoints[0])], []
    if len(deployments) != 1 or len(endpoints) > 1:
        names = ", ".join(document.file for document in documents)
        raise ConfigError([Problem(f"expected one deployment, and one endpoint at most, got {names}.", "-f")])
    report = Report(lenient=not strict)
    endpoint = _read(endpoints[0], ENDPOINT_FORMAT, report) if endpoints else {}
    return _Reader(deployments[0], report).deployment(endpoint)


def _is_endpoint(document: Document) -> bool:
    keys = set(document.root.value) if isinstance(document.root.value, dict) else set()
    schema = document.root.at("$schema")
    if schema is not None and "Endpoint" in str(schema.value):
        return not keys & {"code_configuration", "endpoint_name"}
    return not keys & {"code_configuration", "endpoint_name", "model", "environment"} and bool(
        keys & {"auth_mode", "traffic", "compute", "deployments"}
    )


def _inside(document: Document) -> Document:
    """The one deployment that stands in an endpoint's file, as a preview of version 2 had it."""
    inner = document.root.at("deployments")
    found = inner.value if inner is not None and isinstance(inner.value, list) else []
    if len(found) != 1 or not isinstance(found[0].value, dict):
        got = f"{len(found)}: put the one to deploy into a file of its own" if found else "none: give its file too, -f"
        text = f"expected one deployment for the endpoint, got {got}."
        raise ConfigError([Problem(text, document.file, inner.line if inner else document.root.line)])
    name = document.root.at("name")
    members = found[0].value if name is None else {"endpoint_name": name, **found[0].value}
    return replace(document, root=replace(found[0], value=members))


def _read(document: Document, format_: Any, report: Report) -> dict[str, Any]:
    inner = replace(report, file=document.file)
    for problem in document.repeated:
        inner.inside(problem.key or "").warn(problem.text, problem.line)
    values: dict[str, Any] = format_.read(document.root, inner)
    values["file"] = document.file
    left = [
        f"{entry.key} (line {node.key_line})"
        for entry in format_.fields
        if entry.meaning == NOT_HERE and (node := document.root.at(entry.key)) is not None and node.value is not None
    ]
    if left:
        inner.note(without_effect(left))
    return values


class _Reader:
    """Reads one deployment's file; problems go to the report."""

    def __init__(self, document: Document, report: Report) -> None:
        self._root = document.root
        self._document = document
        self._report = replace(report, file=document.file)
        self._look = Search(document.folder, Path.cwd(), self._report)

    def deployment(self, endpoint: Mapping[str, Any]) -> OnlineDeployment:
        values = _read(self._document, DEPLOYMENT_FORMAT, self._report)
        name = self._service(values, endpoint)
        environment = self._environment(name or "endpoint")
        folder, script = self._code(values)
        model = self._model(name or "model")
        self._report.finish()
        config = InferenceConfig(
            script, source_directory=folder, environment=environment, source_is_root=True, folder=self._document.folder
        )
        config.places = {name: self._place(key) for name, key in (("entry_script", "code_configuration.scoring_script"),
                         ("source_directory", "code_configuration.code"))}  # fmt: skip
        variables = {variable: str(values[name]) for name, variable in _TIMES.items() if values.get(name)}
        variables |= values.get("environment_variables") or {}
        deployment = LocalWebserviceDeploymentConfiguration(
            cpu_cores=values.get("resources.limits.cpu"),
            memory_gb=values.get("resources.limits.memory"),
            environment_variables=variables or None,
        )
        warnings, notes = (tuple(map(str, said)) for said in (self._report.warnings, self._report.notes))
        cluster = "kubernetes" in (values.get("type"), endpoint.get("type")) or bool(endpoint.get("compute"))
        schema = str(values.get("schema"))
        return OnlineDeployment(name, model, config, deployment, cluster or "kubernetes" in schema, warnings, notes)

    def _service(self, values: Mapping[str, Any], endpoint: Mapping[str, Any]) -> str | None:
        name = values.get("endpoint_name") or endpoint.get("name") or values.get("name")
        named = endpoint.get("name")
        if named and values.get("endpoint_name") and named != values["endpoint_name"]:
            at = self._root.at("endpoint_name")
            text = f"expected the endpoint of {endpoint['file']}, {named}, got {values['endpoint_name']}."
            self._report.inside("endpoint_name").say(text, at.key_line if at else None)
        if endpoint.get("auth_mode"):
            replace(self._report, file=endpoint["file"]).note(f"auth_mode: {NO_KEYS}")
        traffic = endpoint.get("traffic")
        if isinstance(traffic, dict) and set(traffic) - {values.get("name")}:
            text = "traffic: one deployment gets all requests on this machine; shares of them need a cluster."
            replace(self._report, file=endpoint["file"]).note(text)
        return name if isinstance(name, str) and _SERVICE_NAME.fullmatch(name) else None

    def _code(self, values: Mapping[str, Any]) -> tuple[str, str]:
        folder, script = (values.get(f"code_configuration.{key}") for key in ("code", "scoring_script"))
        inner = self._report.inside("code_configuration")
        if script is None:
            own = self._root.at("environment.inference_config")
            why = "a server of its own in the image is run by the engine: docker run" if own else (
                "a model without a script is not deployed: write one with init() and run() that loads it")  # fmt: skip
            inner.say(f"expected code and scoring_script, got no script: {why}.", self._root.line)
            return ".", "score.py"
        if not script.endswith(".py"):
            inner.inside("scoring_script").say(
                f"expected a script of Python, got {script!r}.", self._line("scoring_script")
            )
        if folder is None:
            inner.warn(
                "expected code, the folder of the script, got nothing; it is the file's folder.", self._root.line
            )
            folder = "."
        if parse_reference(folder) and folder.startswith("azureml:"):
            inner.inside("code").say(
                f"expected a folder, got {folder}, which Azure keeps: download it.", self._line("code")
            )
            return folder, script
        return str(self._look.folder(folder, script, self._place("code_configuration.code")) / folder), script

    def _line(self, key: str) -> int | None:
        return self._place(f"code_configuration.{key}").line

    def _place(self, key: str) -> Problem:
        node = self._root.at(key)
        return Problem("", self._document.file, node.key_line if node else self._root.line, key)

    def _environment(self, name: str) -> Environment | EnvironmentReference | None:
        node = self._root.at("environment")
        if node is None or node.value is None:
            return None
        return read_environment(node, name, self._report.inside("environment"), self._look)

    def _model(self, name: str) -> OnlineModel | None:
        node, report = self._root.at("model"), self._report.inside("model")
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, dict):
            return self._kept_model(node, report)
        values = MODEL_FORMAT.read(node, report)
        path = values.get("path")
        if not isinstance(path, str):
            report.say(
                "expected a path, or a model of the workspace (azureml:NAME:VERSION), got neither.", node.key_line
            )
            return None
        if re.match(r"[a-z]+:/?", path):
            return self._kept_model(Node(path, node.line), report)
        place = replace(self._place("model"), key="model.path")
        found = self._look.thing(path, place)
        if found is None:
            report.inside("path").say(self._look.nowhere(path, "a file or a folder"), place.line)
            return None
        if values.get("version"):
            report.note(
                "version: the workspace counts a model's versions; the file's number has no effect.", place.line
            )
        return OnlineModel(path=Path(os.path.normpath(found / path)), name=str(values.get("name") or name))

    def _kept_model(self, node: Node, report: Report) -> OnlineModel | None:
        found = parse_reference(node.value) if isinstance(node.value, str) else None
        if found is None or (found.version or "1") == "latest" or not (found.version or "1").isdigit():
            got = node.described()
            text = f"expected azureml:NAME:VERSION, azureml:NAME@latest or a path (model: {{path: …}}), got {got}."
            report.say(f"{text} What Azure keeps elsewhere: download it, and give its path.", node.line)
            return None
        return OnlineModel(id=found.name if found.version is None else f"{found.name}:{found.version}")
