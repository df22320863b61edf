"""Columns of text, a whole number, a truth value and ten numbers in, over the V2 inference protocol."""

import os

import joblib
from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec, PandasCodec
from mlserver.types import InferenceRequest, InferenceResponse

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


class Frame(MLModel):
    async def load(self):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        frame = self.decode_request(payload, default_codec=PandasCodec)
        predicted = self.model.predict(frame[FEATURES].to_numpy())
        return self.encode_response(predicted, default_codec=NumpyRequestCodec)
