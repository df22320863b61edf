"""Handwritten digits by an ONNX model: rows of 64 grey values from 0 to 16, an 8x8 image each."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

from scoredock.accelerators import onnx_providers


def init():
    global session
    path = Path(os.environ["AZUREML_MODEL_DIR"], "digits.onnx")
    session = onnxruntime.InferenceSession(path, providers=onnx_providers(path))


input_sample = np.zeros((1, 64), dtype=np.float32)
output_sample = {"digits": [8], "confidence": [0.97]}


@input_schema("data", NumpyParameterType(input_sample))
@output_schema(StandardPythonParameterType(output_sample))
def run(data):
    digits, probabilities = session.run(None, {"X": data})
    confidence = probabilities.max(axis=1).astype(float).round(4)
    return {"digits": digits.tolist(), "confidence": confidence.tolist()}
