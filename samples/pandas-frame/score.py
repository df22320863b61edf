"""Delivery times, in the shape that Power BI calls: tables in, a table out, parameters beside them.

Power BI looks for the parameters ``Inputs`` and ``GlobalParameters`` and for the result ``Results``, spelled
exactly so.
"""

import joblib
import numpy as np
import pandas as pd
from azureml.core.model import Model
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init():
    global model
    model = joblib.load(Model.get_model_path("delivery_minutes.joblib"))


deliveries_sample = pd.DataFrame([{"distance_km": 4.2, "vehicle": "bike", "stops": 2, "rush_hour": False}])
inputs_sample = StandardPythonParameterType(
    {
        "deliveries": PandasParameterType(deliveries_sample),
        "minutes_under_way": NumpyParameterType(np.array([5.0])),
    }
)
parameters_sample = StandardPythonParameterType({"traffic": StandardPythonParameterType(1.0)})
results_sample = pd.DataFrame([{"minutes": 23.0, "minutes_left": 18.0}])
output_sample = StandardPythonParameterType({"Results": PandasParameterType(results_sample)})


@input_schema("Inputs", inputs_sample)
@input_schema("GlobalParameters", parameters_sample)
@output_schema(output_sample)
def run(Inputs, GlobalParameters=None):  # noqa: N803 - the names that Power BI sends
    traffic = GlobalParameters["traffic"] if GlobalParameters else 1.0
    minutes = model.predict(Inputs["deliveries"]) * traffic
    left = np.maximum(minutes - Inputs["minutes_under_way"], 0)
    table = pd.DataFrame({"minutes": minutes, "minutes_left": left}).round(1)
    return {"Results": table.to_dict(orient="records")}
