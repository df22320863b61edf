"""Disease progression of diabetes patients by a linear model that needs NumPy alone: its weights are a JSON file."""

import json
import os
from pathlib import Path

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema


def init():
    global weights, intercept
    model = json.loads(Path(os.environ["AZUREML_MODEL_DIR"], "linear.json").read_text())
    weights, intercept = np.array(model["weights"]), model["intercept"]


@input_schema("data", NumpyParameterType(np.array([[0.04, 0.05, 0.06, 0.02, -0.04, -0.03, -0.04, 0.0, 0.02, -0.02]])))
def run(data):
    return (data @ weights + intercept).round(1)
