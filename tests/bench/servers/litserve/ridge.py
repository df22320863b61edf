"""Rows of ten numbers in, one number a row out."""

import os

import joblib
import litserve
import numpy as np


class Ridge(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))

    def decode_request(self, request):
        return np.array(request["data"])

    def predict(self, rows):
        return self.model.predict(rows)

    def encode_response(self, predicted):
        return predicted.tolist()


if __name__ == "__main__":
    server = litserve.LitServer(Ridge(api_path="/score"), accelerator="cpu")
    server.run("127.0.0.1", int(os.environ["BENCH_PORT"]), log_level="warning", generate_client_file=False)
