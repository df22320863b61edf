# ruff: noqa: F401, RET504 - the code stays as its users have it
"""A pipeline behind a schema of named columns, as automated ML writes it; joblib is imported as it was then."""

import json
import pickle

import azureml.train.automl
import numpy as np
import pandas as pd
from azureml.core.model import Model
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from sklearn.externals import joblib


def init():
    global model
    model_path = Model.get_model_path("automl_pipeline")
    model = joblib.load(model_path)


input_sample = pd.DataFrame(
    data=[
        {
            "input_name_1": 5.1,  # decimal
            "input_name_2": "value2",  # text
            "input_name_3": 3,  # whole number
        }
    ]
)

output_sample = np.array([0])


@input_schema("data", PandasParameterType(input_sample))
@output_schema(NumpyParameterType(output_sample))
def run(data):
    try:
        result = model.predict(data)
        return result.tolist()
    except Exception as e:
        error = str(e)
        return error
