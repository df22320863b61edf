"""What scripts compute on: the CPU, or an NVIDIA device through CUDA or TensorRT.

For entry scripts::

    from scoredock.accelerators import onnx_providers

    def init():
        global session
        session = onnxruntime.InferenceSession(path, providers=onnx_providers(path))
"""

from scoredock.accelerators.providers import onnx_providers

__all__ = ["onnx_providers"]
