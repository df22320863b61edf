"""ONNX Runtime's execution providers for the accelerator in use, with their options."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scoredock.accelerators.driver import devices
from scoredock.accelerators.proof import PROVIDERS
from scoredock.errors import AcceleratorUnusable

Providers = list[tuple[str, dict[str, Any]]]

_TENSORRT = ("libnvinfer.so.11", "libnvinfer.so.10")
_CHUNK = 1 << 20

logger = logging.getLogger("scoredock.accelerators")


def onnx_providers(model: str | Path | None = None, *, device_id: int = 0) -> Providers:
    """The ``providers`` of an ``onnxruntime.InferenceSession``, best first; the CPU is always the last.

    ``model`` is the path of the ONNX file; with TensorRT, its engines are kept in a folder of that model, of
    TensorRT's version and of the device, so that only the first start builds them. ``device_id`` counts the devices
    that the process sees, from 0.

    The accelerator is the one that the server has settled (SCOREDOCK_ACCELERATOR); without a server, the best that
    the installed onnxruntime offers. Names and options are ONNX Runtime's
    (https://onnxruntime.ai/docs/execution-providers/). With TensorRT, raises FileNotFoundError when ``model`` is not
    there.
    """
    accelerator = os.environ.get("SCOREDOCK_ACCELERATOR", "").lower()
    if accelerator not in PROVIDERS:
        accelerator = _best_offered()
    found: Providers = []
    if accelerator == "tensorrt":
        found.append((PROVIDERS["tensorrt"], {"device_id": device_id, **_engine_cache(model, device_id)}))
    if accelerator in ("tensorrt", "cuda"):
        # cuDNN's default search times every algorithm for each new shape, in the middle of a request.
        found.append((PROVIDERS["cuda"], {"device_id": device_id, "cudnn_conv_algo_search": "HEURISTIC"}))
    return [*found, (PROVIDERS["cpu"], {})]


def _best_offered() -> str:
    import onnxruntime

    offered = onnxruntime.get_available_providers()
    return next(name for name in ("tensorrt", "cuda", "cpu") if name == "cpu" or PROVIDERS[name] in offered)


def _engine_cache(model: str | Path | None, device_id: int) -> dict[str, Any]:
    if model is not None and not Path(model).is_file():
        raise FileNotFoundError(f"onnx_providers(): expected the path of an ONNX file, got {model}, which is none.")
    try:
        folder = engine_folder(model, device_id)
        if not os.environ.get("SCOREDOCK_ENGINE_CACHE"):
            _make_private(folder.parents[2])
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("TensorRT's engines are not kept, each start builds them: %s (SCOREDOCK_ENGINE_CACHE).", error)
        return {}
    return {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }


def _make_private(root: Path) -> None:
    """Make a folder in the one for temporary files, which others may write to. An engine is code: none but ours."""
    root.mkdir(mode=0o700, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise PermissionError(f"{root} belongs to, or can be written by, another user")


def engine_folder(model: str | Path | None, device_id: int = 0) -> Path:
    """Where TensorRT's engines of this model, this version and this device are kept; it may not exist yet."""
    given = os.environ.get("SCOREDOCK_ENGINE_CACHE")
    root = Path(given) if given else Path(tempfile.gettempdir()) / f"scoredock-engines-{os.getuid()}"
    return root / _model_key(model) / f"tensorrt-{_tensorrt_version()}" / _device_key(device_id)


def _model_key(model: str | Path | None) -> str:
    """The hash of the model's file and of the files of weights that it names."""
    if model is None:
        return "any-model"
    path = Path(model)
    digest = hashlib.blake2b(digest_size=16)
    for file in (path, *_weight_files(path)):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _weight_files(model: Path) -> Iterator[Path]:
    """The files of external weights, in the order of their names: entries ``location`` in the model's protocol buffer.

    An entry is found by its bytes: field 1, ``location``, then field 2 with its length, of one byte or two.
    """
    names = set()
    content = model.read_bytes()
    for found in re.finditer(rb"\n\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x7f])", content):
        low, *high = found[1]
        length = low if not high else (low & 0x7F) | high[0] << 7
        names.add(content[found.end() : found.end() + length])
    for name in sorted(names):
        path = model.parent / os.fsdecode(name)
        if path.is_file():
            yield path


def _tensorrt_version() -> str:
    for library in _TENSORRT:
        try:
            return str(ctypes.CDLL(library).getInferLibVersion())
        except (OSError, AttributeError):
            continue
    return "unknown"


def _device_key(device_id: int) -> str:
    try:
        device = devices()[device_id]
    except (AcceleratorUnusable, IndexError):
        return "unknown"
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"{device.name}-{device.capability}")
