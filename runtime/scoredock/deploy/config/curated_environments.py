"""The environments that come with scoredock: its images, with the packages that they were tested with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Curated:
    """An environment: the image it starts from, and the packages that pip adds (their versions are the image's)."""

    base_image: str
    packages: tuple[str, ...]
    meaning: str


CURATED: Mapping[str, Curated] = {
    "scoredock-cpu": Curated("scoredock:cpu", (), "scoredock and NumPy, on the CPU"),
    "scoredock-cpu-sklearn": Curated(
        "scoredock:cpu", ("joblib", "pandas", "scikit-learn"), "scikit-learn and pandas, on the CPU"
    ),
    "scoredock-cpu-onnxruntime": Curated("scoredock:cpu", ("onnxruntime",), "ONNX Runtime, on the CPU"),
    "scoredock-cuda": Curated("scoredock:cuda", (), "ONNX Runtime with CUDA, on NVIDIA devices"),
    "scoredock-tensorrt": Curated("scoredock:tensorrt", (), "ONNX Runtime with TensorRT, on NVIDIA devices"),
}
