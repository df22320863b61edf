"""Any bytes in, their number out."""

import os
from typing import Annotated

import litserve
from fastapi import Body


class Raw(litserve.LitAPI):
    def setup(self, device):
        pass

    def decode_request(self, request: Annotated[bytes, Body(media_type="application/octet-stream")]):
        return request

    def predict(self, body):
        return len(body)


if __name__ == "__main__":
    server = litserve.LitServer(Raw(api_path="/score"), accelerator="cpu")
    server.run("127.0.0.1", int(os.environ["BENCH_PORT"]), log_level="warning", generate_client_file=False)
