# ruff: noqa: F401, RET504 - the code stays as its users have it
"""A scikit-learn model with a schema for NumPy input; joblib is imported from where it was until 0.23."""

import json

import numpy as np
from azureml.core.model import Model
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from sklearn.externals import joblib
from sklearn.linear_model import Ridge


def init():
    global model
    # The name is the one that the model was registered under.
    model_path = Model.get_model_path("sklearn_regression_model.pkl")
    model = joblib.load(model_path)


input_sample = np.array([[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]])
output_sample = np.array([3726.995])


@input_schema("data", NumpyParameterType(input_sample))
@output_schema(NumpyParameterType(output_sample))
def run(data):
    try:
        result = model.predict(data)
        return result.tolist()
    except Exception as e:
        error = str(e)
        return error
