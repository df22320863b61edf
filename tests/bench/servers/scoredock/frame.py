"""Records of text, a whole number, a truth value and ten numbers in, one number a record out."""

import os

import joblib
import pandas as pd
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
SAMPLE = pd.DataFrame([{"patient": "P00000", "visits": 1, "smoker": False, **dict.fromkeys(FEATURES, 0.5)}])


def init():
    global model
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "ridge.joblib"))


@input_schema("data", PandasParameterType(SAMPLE))
def run(data):
    return model.predict(data[FEATURES].to_numpy()).tolist()
