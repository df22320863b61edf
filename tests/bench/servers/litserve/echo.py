"""The JSON that comes in goes out again."""

import os

import litserve


class Echo(litserve.LitAPI):
    def setup(self, device):
        pass

    def predict(self, request):
        return request


if __name__ == "__main__":
    server = litserve.LitServer(Echo(api_path="/score"), accelerator="cpu")
    server.run("127.0.0.1", int(os.environ["BENCH_PORT"]), log_level="warning", generate_client_file=False)
