"""Whether an accelerator can really be used: asked of the driver, the libraries, and ONNX Runtime, if it is there.

It is run as a process of its own, ``python -m scoredock.accelerators cuda``, because a process that has touched CUDA
cannot fork workers.
"""

from __future__ import annotations

import ctypes
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoredock.accelerators.driver import devices
from scoredock.errors import AcceleratorUnusable

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}
# An ONNX model of one node, y = x + x, of one float: what shows that a provider computes.
PROOF_MODEL = bytes.fromhex(
    "08083a350a0e0a01780a017812017922034164641201675a0f0a0178120a0a08080112040a020801620f0a0179120a0a08080112040a02080142040a00100d"
)


@dataclass(frozen=True)
class Proof:
    """The device's description, where the accelerator works; else why it does not."""

    device: str = ""
    refusal: str = ""


def prove(accelerator: str) -> str:
    """Compute on the accelerator; returns the device's description. Raises AcceleratorUnusable."""
    found = devices()
    if importlib.util.find_spec("onnxruntime") is not None:
        prove_onnx_runtime(accelerator)
    elif accelerator == "tensorrt":
        raise AcceleratorUnusable("ONNX Runtime is not installed, which TensorRT is used through: onnxruntime-gpu.")
    return ", ".join(map(str, found))


def prove_onnx_runtime(accelerator: str) -> None:
    """Run a model of one node with the accelerator's provider. Raises AcceleratorUnusable."""
    import onnxruntime

    provider = PROVIDERS[accelerator]
    available = onnxruntime.get_available_providers()
    if provider not in available:
        raise AcceleratorUnusable(
            f"onnxruntime {onnxruntime.__version__} has no {provider}, only {', '.join(available)}: it is the build "
            "for the CPU. Installed beside onnxruntime-gpu it hides that one: pip uninstall both, then install "
            "onnxruntime-gpu alone."
        )
    used = _providers_of_a_session(onnxruntime, provider)
    if used[:1] != [provider]:
        raise AcceleratorUnusable(
            f"ONNX Runtime could not start {provider} and fell back to {', '.join(used)}: "
            f"{_loading_error(Path(onnxruntime.__file__).parent / 'capi', accelerator)}"
        )


def _providers_of_a_session(onnxruntime: Any, provider: str) -> list[str]:
    """Compute with a session that asks for the provider; returns what it got, which may be another one."""
    import numpy as np

    try:
        session = onnxruntime.InferenceSession(PROOF_MODEL, providers=[provider])
        session.run(None, {"x": np.ones(1, np.float32)})
    except Exception as error:  # whatever ONNX Runtime, or a library below it, raises
        raise AcceleratorUnusable(f"ONNX Runtime could not compute with {provider}: {error}") from None
    return list(session.get_providers())


def _loading_error(folder: Path, accelerator: str) -> str:
    """Which library the loader misses for the provider. Only after a session: ONNX Runtime has to load it first."""
    try:
        ctypes.CDLL(str(folder / "libonnxruntime_providers_shared.so"), ctypes.RTLD_GLOBAL)
        ctypes.CDLL(str(folder / f"libonnxruntime_providers_{accelerator}.so"))
    except OSError as error:
        return f"a library cannot be loaded: {error}."
    return "its libraries are there; its messages are above."


def proof_of(accelerator: str) -> Proof:
    """What ``prove`` found, either way."""
    try:
        return Proof(device=prove(accelerator))
    except AcceleratorUnusable as error:
        return Proof(refusal=str(error))
