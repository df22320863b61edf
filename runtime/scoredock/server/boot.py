"""From settings to a script whose init() has returned. Used by workers, by the preload, and by ``check``."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoredock import compat
from scoredock.accelerators.proof import PROVIDERS
from scoredock.access import hide_secrets
from scoredock.cgroups import available_cpus
from scoredock.collection.current import hold
from scoredock.entry import EntryScript, initialise, load, make_importable, stand_behind_main
from scoredock.errors import BootError
from scoredock.observe.prints import capture_prints
from scoredock.observe.script_logging import unsilenced
from scoredock.server.numeric_threads import machine_cpus, numeric_threads, thread_variables
from scoredock.settings import Settings

logger = logging.getLogger("scoredock.server")
_FOR_CHILDREN = Path(__file__).parent / "for_children"  # put on the import path, which children are told
_NO_SCHEMA = {"type": "object"}  # what inference-schema gives for a function that has none


def export_environment(settings: Settings) -> None:
    """Set the variables that scripts read, whatever way they were given to scoredock, and their libraries' threads."""
    os.environ["AML_APP_ROOT"] = str(settings.app_root)
    os.environ["AZUREML_ENTRY_SCRIPT"] = str(settings.script_path)
    os.environ["WORKER_COUNT"] = str(settings.worker_count)
    os.environ["SERVER_PORT"] = str(settings.port)
    os.environ["HEALTH_PORT"] = str(settings.health_listener_port or settings.port)
    if settings.model_dir is not None:
        os.environ["AZUREML_MODEL_DIR"] = str(settings.model_dir)
    if settings.engine_cache is not None:
        os.environ["SCOREDOCK_ENGINE_CACHE"] = str(settings.engine_cache)
    threads = numeric_threads(settings, available_cpus(), machine_cpus())
    os.environ.update(thread_variables(threads, os.environ))


@dataclass(frozen=True)
class Booted:
    """A script whose init() has returned, and the execution providers of the ONNX Runtime sessions that it opened.

    ``onnx_providers`` is None when the script does not use ONNX Runtime.
    """

    script: EntryScript
    onnx_providers: tuple[str, ...] | None


def boot(settings: Settings, report: Callable[[str], None]) -> Booted:
    """Import the script and call init(). ``report`` is told each phase. Raises BootError."""
    hide_secrets(os.environ)
    compat.install()
    hold()
    capture_prints()
    for_children = str(_FOR_CHILDREN / ("default" if settings.entry_script is None else "named"))
    if for_children not in sys.path:
        sys.path.insert(0, for_children)
    make_importable(settings)
    stand_behind_main(settings.script_path)
    if settings.debug_port is not None:
        _connect_debugger(settings.debug_port)
    report("import")
    with unsilenced():
        script = load(settings)
    report("init")
    with unsilenced():
        initialise(script, settings.model_dir)
    sys.stdout.flush()
    return Booted(script, _onnx_providers())


def describe(booted: Booted) -> str:
    """The script in one line: how run() is called, its schemas, and ONNX Runtime's providers in use."""
    signature = booted.script.signature
    names = ", ".join(argument.name for argument in signature.arguments)
    parts = [f"run({names}) gets {signature.kind.value}"]
    util = sys.modules.get("inference_schema.schema_util")
    for name in ("input", "output"):
        schema = getattr(util, f"get_{name}_schema")(signature.decorated) if util is not None else _NO_SCHEMA
        parts.append(f"{name} schema: {'none' if schema == _NO_SCHEMA else 'found'}")
    if booted.onnx_providers is not None:
        parts.append(f"ONNX Runtime: {', '.join(booted.onnx_providers) or 'no session'}")
    return "; ".join(parts)


def unused_accelerator(booted: Booted, accelerator: str) -> str | None:
    """A warning when the script's ONNX Runtime sessions do not use the accelerator; None when there is none to give."""
    used = booted.onnx_providers
    if accelerator == "cpu" or not used or PROVIDERS[accelerator] in used:
        return None
    return (
        f"SCOREDOCK_ACCELERATOR is {accelerator}, but the script's ONNX Runtime sessions use {', '.join(used)} alone. "
        "Give them providers=onnx_providers(path), of scoredock.accelerators."
    )


def _onnx_providers() -> tuple[str, ...] | None:
    """The execution providers of all ONNX Runtime sessions; to be asked before gc.freeze(), which hides them."""
    onnxruntime: Any = sys.modules.get("onnxruntime")
    session_class = getattr(onnxruntime, "InferenceSession", None)
    if session_class is None:
        return None
    import gc

    sessions = [thing for thing in gc.get_objects() if isinstance(thing, session_class)]
    return tuple(dict.fromkeys(name for session in sessions for name in session.get_providers()))


def _connect_debugger(port: int) -> None:
    try:
        import debugpy
    except ModuleNotFoundError:
        raise BootError(
            "settings", "AZUREML_DEBUG_PORT is set, but debugpy is not installed. Install scoredock[debug]."
        ) from None
    logger.warning("Connecting to the debugger at port %d. Never set AZUREML_DEBUG_PORT in production.", port)
    try:
        debugpy.connect(port)
    except (OSError, RuntimeError) as error:
        raise BootError(
            "settings",
            f"AZUREML_DEBUG_PORT: no debugger listens on port {port}: {error}. Start the IDE's listener first.",
        ) from None
    debugpy.wait_for_client()
