"""Records of text, a whole number, a truth value and ten numbers in, one number a record out."""

import os

import joblib

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


class Frame:
    def __init__(self, model):
        self.model = model

    def predict(self, frame):
        return self.model.predict(frame[FEATURES].to_numpy())


def _load_pyfunc(path):
    return Frame(joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib")))
