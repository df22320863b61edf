"""Rows of ten numbers in, one number a row out, over the V2 inference protocol."""

import os

import joblib
from mlserver import MLModel
from mlserver.codecs import NumpyRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Ridge(MLModel):
    async def load(self):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        return self.encode_response(self.model.predict(rows), default_codec=NumpyRequestCodec)
