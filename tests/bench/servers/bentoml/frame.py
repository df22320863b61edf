"""Records of text, a whole number, a truth value and ten numbers in, one number a record out."""

import os

import bentoml
import joblib
import numpy as np
import pandas as pd

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Frame:
    def __init__(self):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))

    @bentoml.api
    async def score(self, data: pd.DataFrame) -> np.ndarray:
        return self.model.predict(data[FEATURES].to_numpy())
