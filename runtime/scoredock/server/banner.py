"""What a person sees first."""

from __future__ import annotations

from collections.abc import Mapping

from scoredock import __version__
from scoredock.server.numeric_threads import share_line
from scoredock.settings import Settings


def banner(settings: Settings, device: str, environment: Mapping[str, str]) -> str:
    """A few lines: version, script, model folder, workers, CPUs, device, routes; ``environment`` is the user's."""
    scheme = "http" if settings.tls_certificate is None else "https"
    base = f"{scheme}://{settings.host}:{settings.port}"
    preload = ", preloaded" if settings.worker_preload else ""
    lines = [
        f"scoredock {__version__}",
        f"  script   {settings.script_path}",
        f"  model    {_model_folder(settings)}",
        f"  workers  {settings.worker_count}{preload}",
        f"  cpus     {share_line(settings, environment)}",
        f"  device   {device}",
        f"  score    {base}/score",
        f"  swagger  {base}/swagger.json?version=2|3|3.1",
        *([f"  docs     {base}/docs"] if settings.docs else []),
        f"  health   {base}/  {base}/livez  {base}/readyz",
    ]
    if settings.health_listener_port is not None:
        port = settings.health_listener_port
        lines.append(f"           http://{settings.host}:{port}/livez  http://{settings.host}:{port}/readyz")
    if settings.metrics:
        own_port = f"http://{settings.host}:{settings.metrics_port}"
        lines.append(f"  metrics  {own_port if settings.metrics_port else base}/metrics")
    return "\n".join(lines)


def _model_folder(settings: Settings) -> str:
    if settings.model_dir is None:
        return "no folder (AZUREML_MODEL_DIR is not set)"
    return str(settings.model_dir) if settings.model_dir.exists() else f"{settings.model_dir} (is not there)"
