"""Rows of ten numbers in, one number a row out."""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Ridge:
    def __init__(self):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))

    @bentoml.api
    async def score(self, data: np.ndarray) -> np.ndarray:
        return self.model.predict(data)
