"""Records of text, a whole number, a truth value and ten numbers in, one number a record out."""

import os

import joblib
import litserve
import pandas as pd

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]


class Frame(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))

    def decode_request(self, request):
        return pd.DataFrame(request["data"])

    def predict(self, frame):
        return self.model.predict(frame[FEATURES].to_numpy())

    def encode_response(self, predicted):
        return predicted.tolist()


if __name__ == "__main__":
    server = litserve.LitServer(Frame(api_path="/score"), accelerator="cpu")
    server.run("127.0.0.1", int(os.environ["BENCH_PORT"]), log_level="warning", generate_client_file=False)
