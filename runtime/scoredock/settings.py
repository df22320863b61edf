"""Every setting of scoredock, declared once: name, variable, flag, type, default, bounds, meaning.

The command line, the documentation and the warnings about unknown keys are made from this table.
Names without the prefix ``SCOREDOCK_`` are those of azureml-inference-server-http.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scoredock.cgroups import available_cpus
from scoredock.errors import SettingError

TRUE = {"true", "1", "yes", "on", "y", "t"}
FALSE = {"false", "0", "no", "off", "n", "f", ""}


@dataclass(frozen=True)
class Declaration:
    """What the table says of one setting; ``kind`` is one of str, int, bool, path, true_only.

    ``auto`` gives the number that the word ``auto`` stands for, where a number may be that word.
    """

    name: str
    variable: str
    kind: str
    default: Any
    group: str
    meaning: str
    flag: str | None = None
    aliases: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    auto: Callable[[], int] | None = None
    secret: bool = False


def _setting(kind: str, variable: str, default: Any, group: str, meaning: str, **more: Any) -> Any:
    return field(
        default=default,
        repr=not more.get("secret", False),
        metadata={"kind": kind, "variable": variable, "group": group, "meaning": meaning, **more},
    )


SCRIPT, SERVING, WORKERS, LIMITS, BATCHING = "Script and model", "Serving", "Workers", "Limits", "Batching"
DESCRIPTION, LOGS, DEVELOPMENT = "Service description", "Logs and telemetry", "Development"


@dataclass(frozen=True)
class Settings:
    """The settings of one server, resolved. Times are in the unit that the name ends with."""

    # fmt: off
    app_root: Path = _setting("path", "AML_APP_ROOT", Path(), SCRIPT,
        "Folder that relative script paths start from; it is importable. Default: the current folder.")
    entry_script: str | None = _setting("str", "AZUREML_ENTRY_SCRIPT", None, SCRIPT,
        "The entry script, a file with init() and run(). Default: module `main` in the app root.",
        flag="--entry_script")
    source_directory: str | None = _setting("str", "AZUREML_SOURCE_DIRECTORY", None, SCRIPT,
        "Folder, relative to the app root, that is importable too.")
    model_dir: Path | None = _setting("path", "AZUREML_MODEL_DIR", None, SCRIPT,
        "Folder of the model; the script reads it from this variable.", flag="--model_dir")
    config_file: Path | None = _setting("path", "AZUREML_CONFIG_FILE", None, SCRIPT,
        "JSON file of settings, one key a variable. Default: `config.json` in the app root, then beside the "
        "entry script.", flag="--config_file")
    extra_python_lib_path: str | None = _setting("str", "AZUREML_EXTRA_PYTHON_LIB_PATH", None, SCRIPT,
        "A ready site-packages folder, relative to the entry script's folder, put on the import path.")
    extra_requirements_txt: str | None = _setting("str", "AZUREML_EXTRA_REQUIREMENTS_TXT", None, SCRIPT,
        "A pip requirements file, relative to the entry script's folder, installed at every start.")

    host: str = _setting("str", "SCOREDOCK_HOST", "0.0.0.0", SERVING,  # noqa: S104 - a container's server
        "Address to listen on.", flag="--host")
    port: int = _setting("int", "SCOREDOCK_PORT", 5001, SERVING,
        "Port to listen on.", flag="--port", minimum=1, maximum=65535)
    share_port: bool = _setting("bool", "SCOREDOCK_SHARE_PORT", False, SERVING,
        "Listen only when a worker can score, and let other servers of the same user that have this setting listen on "
        "the same port: to replace a running server without a gap, start the new one, and when it is ready, end the "
        "old one. Ask for its readiness on a health port of its own.")
    separate_health_endpoint: bool = _setting("bool", "SEPERATE_HEALTH_ENDPOINT", False, SERVING,
        "Answer health on a port of its own as well (the variable's spelling is historical).",
        aliases=("SEPARATE_HEALTH_ENDPOINT",))
    health_port: int = _setting("int", "HEALTH_PORT", 5000, SERVING,
        "That port; the flag switches the separate endpoint on.",
        flag="--health_port", minimum=1, maximum=65535)
    cors_origins: str | None = _setting("str", "AML_CORS_ORIGINS", None, SERVING,
        "Origins that browsers may call from, separated by commas; `*` for every origin.",
        flag="--access_control_allow_origins")
    server_version_header: bool = _setting("true_only", "SERVER_VERSION_LOG_RESPONSE_ENABLED", True, SERVING,
        "Send the `x-ms-server-version` header; anything but `true` switches it off.")

    worker_count: int = _setting("int", "WORKER_COUNT", 1, WORKERS,
        "Worker processes; each holds its own model. `auto`: as many as there are CPUs, of those that the container "
        "may use.", flag="--worker_count", minimum=1, auto=available_cpus)
    worker_timeout_s: int = _setting("int", "WORKER_TIMEOUT", 300, WORKERS,
        "Seconds after which a worker that gives no sign of life is killed; 0 never. Loading a model and "
        "scoring do not count, unless native code holds the interpreter lock.", minimum=0)
    worker_preload: bool = _setting("bool", "WORKER_PRELOAD", False, WORKERS,
        "Import the script and run init() once, before the workers are forked.")
    scoring_threads: int = _setting("int", "SCOREDOCK_SCORING_THREADS", 1, WORKERS,
        "Threads of one worker that call run(), for scripts whose libraries release the interpreter lock and may "
        "be called by several threads at once; init() runs once, in the first.", minimum=1, maximum=64)
    warmup: bool = _setting("bool", "SCOREDOCK_WARMUP", True, WORKERS,
        "Score the sample of the script's schema before a worker takes requests, so that the first one is as fast "
        "as the others. Without a schema nothing is scored; a failure is a warning.")
    accelerator: str = _setting("str", "SCOREDOCK_ACCELERATOR", "cpu", WORKERS,
        "What scripts compute on; `scoredock.accelerators.onnx_providers()` gives ONNX Runtime's providers for it. "
        "With `cuda` or `tensorrt` the server does not start where that cannot be used; `auto` takes the best of "
        "them that can, and warns when that is the CPU.", choices=("cpu", "cuda", "tensorrt", "auto"))
    engine_cache: Path | None = _setting("path", "SCOREDOCK_ENGINE_CACHE", None, WORKERS,
        "Folder of the engines that TensorRT builds, by model, TensorRT version and device; a volume keeps them. "
        "Default: `scoredock-engines-UID` in the folder for temporary files.")
    drain_timeout_s: int = _setting("int", "SCOREDOCK_DRAIN_TIMEOUT_S", 30, WORKERS,
        "Seconds that requests in flight have to finish after SIGTERM.", minimum=0)

    scoring_timeout_ms: int = _setting("int", "SCORING_TIMEOUT_MS", 3_600_000, LIMITS,
        "Milliseconds after which a request that is being scored is answered with 500; 0 for no limit.", minimum=0)
    max_body_mb: int = _setting("int", "SCOREDOCK_MAX_BODY_MB", 100, LIMITS,
        "Largest request body in MiB; a larger one is answered with 413.", minimum=1)
    max_queue: int = _setting("int", "SCOREDOCK_MAX_QUEUE", 1000, LIMITS,
        "Requests that may wait for scoring in one worker; further ones are answered with 429.", minimum=1)
    max_queue_wait_ms: int = _setting("int", "SCOREDOCK_MAX_QUEUE_WAIT_MS", 0, LIMITS,
        "Milliseconds that a request may wait before it is answered with 429; 0 for no limit.", minimum=0)

    max_batch_size: int = _setting("int", "SCOREDOCK_MAX_BATCH_SIZE", 1, BATCHING,
        "Most requests that are scored by one call of run(); 1 for none together. For scripts with a schema of one "
        "array or frame, whose run() gives one result a row.", minimum=1, maximum=1024)
    batch_wait_ms: int = _setting("int", "SCOREDOCK_BATCH_WAIT_MS", 0, BATCHING,
        "Milliseconds to wait for more requests of a batch; 0 takes only what waits already.", minimum=0,
        maximum=60_000)

    service_name: str = _setting("str", "SERVICE_NAME", "ML service", DESCRIPTION,
        "Title of the swagger documents.")
    service_version: str = _setting("str", "SERVICE_VERSION", "1.0", DESCRIPTION,
        "Version in the swagger documents.")
    service_path_prefix: str = _setting("str", "SERVICE_PATH_PREFIX", "", DESCRIPTION,
        "Prefix of the paths in the swagger documents only.")
    workspace_name: str = _setting("str", "WORKSPACE_NAME", "", DESCRIPTION,
        "Workspace that the service belongs to.")

    log_level: str = _setting("str", "AZUREML_LOG_LEVEL", "INFO", LOGS,
        "Least level that is logged.",
        choices=("DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL", "NOTSET"))
    app_insights_enabled: bool = _setting("bool", "AML_APP_INSIGHTS_ENABLED", False, LOGS,
        "Read for compatibility; nothing is sent to Application Insights, and a warning says so.")
    app_insights_key: str | None = _setting("str", "AML_APP_INSIGHTS_KEY", None, LOGS,
        "Instrumentation key; read for compatibility, nothing is sent.",
        flag="--appinsights_instrumentation_key", secret=True)
    app_insights_log_response: bool = _setting("bool", "APP_INSIGHTS_LOG_RESPONSE_ENABLED", True, LOGS,
        "Read for compatibility; nothing is sent to Application Insights.")
    model_data_collection: bool = _setting("bool", "AML_MODEL_DC_STORAGE_ENABLED", False, LOGS,
        "Read for compatibility; collected data is not stored, and a warning says so.")

    reload: bool = _setting("bool", "SCOREDOCK_RELOAD", False, DEVELOPMENT,
        "Restart the workers when a file of the script's folder changes.", flag="--reload")
    debug_port: int | None = _setting("int", "AZUREML_DEBUG_PORT", None, DEVELOPMENT,
        "Connect debugpy to a debugger that listens on this port, and wait for it, before the script is "
        "imported.", minimum=1, maximum=65535)
    # fmt: on

    @property
    def script_folder(self) -> Path:
        """Folder of the entry script, or the app root where the script is module ``main``."""
        return self.script_path.parent

    @property
    def script_path(self) -> Path:
        """The entry script's absolute path."""
        return (self.app_root / (self.entry_script or "main.py")).resolve()

    @property
    def health_listener_port(self) -> int | None:
        """Port of the separate health listener; None when there is none."""
        return self.health_port if self.separate_health_endpoint else None


def declarations() -> tuple[Declaration, ...]:
    """Every setting's declaration, in the order of the table."""
    return tuple(
        Declaration(name=entry.name, default=entry.default, **entry.metadata) for entry in dataclasses.fields(Settings)
    )


def resolve(
    flags: Mapping[str, Any], environment: Mapping[str, str], current_folder: Path
) -> tuple[Settings, list[str]]:
    """Settle every setting: flag, then environment, then config file, then default.

    ``flags`` maps setting names to values (None: not given). Returns the settings and warnings about keys
    of the config file that no setting has. Raises SettingError, which names the setting, where its value
    came from, what was expected and what came.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    if "health_port" in given:
        given.setdefault("separate_health_endpoint", True)
    if given.get("entry_script"):
        given["entry_script"] = str((current_folder / given["entry_script"]).resolve())
    if given.get("app_insights_key"):
        given.setdefault("app_insights_enabled", True)

    table = declarations()
    values: dict[str, Any] = {}
    for declaration in table:
        if declaration.name in given:
            values[declaration.name] = _convert(declaration, given[declaration.name], declaration.flag or "flag")
            continue
        for variable in (declaration.variable, *declaration.aliases):
            if environment.get(variable):
                values[declaration.name] = _convert(declaration, environment[variable], "environment variable")
                break

    path = _config_file(values, current_folder)
    warnings: list[str] = []
    if path is not None:
        warnings = _read_config_file(path, table, values)
    values.setdefault("app_root", Path())
    for name in ("app_root", "model_dir", "config_file", "engine_cache"):
        if values.get(name) is not None:
            values[name] = (current_folder / values[name]).resolve()
    return Settings(**values), warnings


def _config_file(values: Mapping[str, Any], current_folder: Path) -> Path | None:
    named = values.get("config_file")
    if named is not None:
        path: Path = current_folder / named
        if not path.is_file():
            raise SettingError(f"config file {path}: no such file. Check --config_file or AZUREML_CONFIG_FILE.")
        return path
    root: Path = current_folder / values.get("app_root", Path())
    candidates = [root / "config.json"]
    if values.get("entry_script"):
        candidates.append((root / values["entry_script"]).parent / "config.json")
    try:
        return next((path for path in candidates if path.is_file() and path.stat().st_size), None)
    except OSError as error:
        raise SettingError(
            f"the folder {root} cannot be read: {error.strerror}. The server runs as user {os.getuid()}: chmod -R a+rX "
            "on the folder (where it is mounted from, on the host), or run as its owner (docker run --user)."
        ) from None


def _read_config_file(path: Path, table: tuple[Declaration, ...], values: dict[str, Any]) -> list[str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"config file {path}: not readable as JSON: {error}") from None
    if not isinstance(content, dict):
        raise SettingError(f"config file {path}: expected a JSON object, got {type(content).__name__}.")

    by_variable = {name: entry for entry in table for name in (entry.variable, *entry.aliases)}
    warnings = []
    for key, value in content.items():
        declaration = by_variable.get(key)
        if declaration is None:
            near = difflib.get_close_matches(key.upper(), by_variable, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            warnings.append(f"config file {path}: {key!r} is not a setting and is ignored.{hint}")
        elif declaration.name not in values and value is not None:
            values[declaration.name] = _convert(declaration, value, f"config file {path}")
    return warnings


def _convert(declaration: Declaration, value: Any, source: str) -> Any:
    try:
        return _checked(declaration, value)
    except ValueError as expected:
        shown = "a value that is not shown" if declaration.secret else repr(value)
        raise SettingError(
            f"{declaration.variable} ({source}): expected {expected}, got {shown}. {declaration.meaning}"
        ) from None


def _checked(declaration: Declaration, value: Any) -> Any:
    if declaration.kind == "bool":
        return _bool(value)
    if declaration.kind == "int":
        return _int(declaration, value)
    if isinstance(value, (dict, list)) or (isinstance(value, bool) and declaration.kind != "true_only"):
        raise ValueError("a path" if declaration.kind == "path" else "text")
    text = str(value)
    if declaration.kind == "true_only":
        return text.strip().lower() == "true"
    if declaration.kind == "path":
        return Path(text).expanduser()
    if not declaration.choices:
        return text
    chosen = next((choice for choice in declaration.choices if choice.casefold() == text.strip().casefold()), None)
    if chosen is None:
        raise ValueError(f"one of {', '.join(declaration.choices)}")
    return chosen


def _bool(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in TRUE | FALSE:
        raise ValueError("true or false")
    return text in TRUE


def _int(declaration: Declaration, value: Any) -> int:
    low, high = declaration.minimum, declaration.maximum
    bounds = f" from {low} to {high}" if high is not None else f" of at least {low}" if low is not None else ""
    if declaration.auto is not None:
        if str(value).strip().lower() == "auto":
            return declaration.auto()
        bounds += ", or auto"
    try:
        if isinstance(value, (bool, float)):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        raise ValueError(f"a whole number{bounds}") from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"a whole number{bounds}")
    return number


def groups() -> Iterator[tuple[str, list[Declaration]]]:
    """The declarations by group, both in the order of the table."""
    table = declarations()
    for group in dict.fromkeys(entry.group for entry in table):
        yield group, [entry for entry in table if entry.group == group]
