"""What a person sees first."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from scoredock import __version__
from scoredock.access import wanted_access
from scoredock.observe import telemetry
from scoredock.observe.json_lines import JSON_FIELDS
from scoredock.observe.service_info import is_there
from scoredock.server.numeric_threads import share_line
from scoredock.settings import Settings

logger = logging.getLogger("scoredock")


def facts(settings: Settings, device: str, environment: Mapping[str, str]) -> dict[str, list[str]]:
    """What is served, by what and where: lines by their name; ``environment`` is the user's."""
    scheme = "http" if settings.tls_certificate is None else "https"
    base = f"{scheme}://{settings.host}:{settings.port}"
    found = {
        "script": [str(settings.script_path)],
        "model": [_model_folder(settings)],
        "workers": [f"{settings.worker_count}{', preloaded' if settings.worker_preload else ''}"],
        "cpus": [share_line(settings, environment)],
        "device": [device],
        "score": [f"{base}/score"],
        "swagger": [f"{base}/swagger.json?version=2|3|3.1"],
    }
    found["access"] = [_access(settings)]
    found["cors"] = [settings.cors_origins or "none: no browser may call from another origin"]
    found["telemetry"] = [telemetry.wanted(settings, environment) or "none"]
    if settings.docs:
        found["docs"] = [f"{base}/docs"]
    found["health"] = [f"{base}/  {base}/livez  {base}/readyz"]
    if settings.health_listener_port is not None:
        separate = f"http://{settings.host}:{settings.health_listener_port}"
        found["health"].append(f"{separate}/livez  {separate}/readyz")
    if settings.metrics:
        own_port = f"http://{settings.host}:{settings.metrics_port}"
        found["metrics"] = [f"{own_port if settings.metrics_port else base}/metrics"]
    return found


def banner(settings: Settings, device: str, environment: Mapping[str, str]) -> str:
    """scoredock's version and the facts, for a person: a line each."""
    lines = [f"scoredock {__version__}"]
    for name, values in facts(settings, device, environment).items():
        lines += [f"  {label:<11}{value}" for label, value in zip([name, *[""] * len(values)], values, strict=False)]
    return "\n".join(lines)


def log_banner(settings: Settings, device: str, environment: Mapping[str, str]) -> None:
    """The same as a line of the log, in which each fact is a field."""
    fields = {name: "  ".join(values) for name, values in facts(settings, device, environment).items()}
    logger.info("scoredock %s", __version__, extra={JSON_FIELDS: fields})


def _access(settings: Settings) -> str:
    """Who may call, in words."""
    wanted = {"key": ["a key"], "token": ["a token"], "open": []}[wanted_access(settings)]
    if settings.tls_client_ca is not None:
        wanted.append("a client certificate")
    return " and ".join(wanted) or "everybody may call"


def _model_folder(settings: Settings) -> str:
    if settings.model_dir is None:
        return "no folder (AZUREML_MODEL_DIR is not set)"
    return str(settings.model_dir) if is_there(settings.model_dir) else f"{settings.model_dir} (is not there)"
