"""Everything that production may ask for, in one server: what was made apart has to work together."""

from __future__ import annotations

import gzip
import json
import signal
import ssl

import httpx
import pytest

from certificates import issue
from clients import Clients
from servers import wait_until

SCRIPT = """
    import os
    import numpy as np
    from inference_schema.schema_decorators import input_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

    def init():
        pass

    @input_schema("data", NumpyParameterType(np.zeros((1, 2))))
    def run(data):
        return data.sum(axis=1)
"""
KEY = "a-key-of-the-service"


@pytest.mark.parametrize("more", [{"WORKER_PRELOAD": "true"}, {"SCOREDOCK_SHARE_PORT": "true"}], ids=" ".join)
def test_workers_come_and_go_under_load(serve, tmp_path, more):
    certificate, authority = issue(tmp_path), issue(tmp_path, "authority", authority=True)
    friend = issue(tmp_path, "friend", authority)
    limits = {"SCOREDOCK_MAX_REQUESTS": "400", "SCOREDOCK_MAX_REQUESTS_JITTER": "100", "SCOREDOCK_MAX_BATCH_SIZE": "8"}
    access = {"SCOREDOCK_PRIMARY_KEY": KEY, "SCOREDOCK_TLS_CLIENT_CA": str(authority.chain)}
    server = serve(
        SCRIPT,
        "--worker_count",
        "2",
        wait=False,
        SCOREDOCK_METRICS="true",
        **access,
        **limits,
        **certificate.variables,
        **more,
    )
    server.url = server.url.replace("http:", "https:")
    context = ssl.create_default_context(cafile=str(certificate.chain))
    context.load_cert_chain(*friend.pair)
    wait_until(lambda: server.output.count("is ready after") >= 2, 60)
    row = json.dumps({"data": [[1, 2]] * 500}).encode()
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    plain, zipped = (
        {"content": row, "headers": headers},
        {"content": gzip.compress(row), "headers": {**headers, "content-encoding": "gzip"}},
    )
    clients = Clients(server, context, [plain, zipped], [3.0] * 500)
    try:
        for sig in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGHUP):
            answered, ready = clients.answered, server.output.count("is ready after")
            server.process.send_signal(sig)
            wait_until(lambda answered=answered: clients.answered > answered + 200, 40)
            if sig != signal.SIGTTOU:
                wait_until(lambda ready=ready: server.output.count("is ready after") > ready, 40)
        wait_until(lambda: "SCOREDOCK_MAX_REQUESTS allows it" in server.output, 60)
    finally:
        clients.end()
    assert clients.wrong == []
    stranger = ssl.create_default_context(cafile=str(certificate.chain))
    assert server.get("/livez", verify=stranger).status_code == 200
    assert server.get("/metrics", verify=stranger).status_code == 403
    with httpx.Client(verify=context) as client:
        assert client.get(f"{server.url}/metrics").status_code == 401
        counted = f'scoredock_requests_total{{status="200"}} {clients.answered}\n'
        with_key = {"authorization": f"Bearer {KEY}"}
        wait_until(lambda: counted in client.get(f"{server.url}/metrics", headers=with_key).text)
    assert server.end() == 0
    assert "Traceback" not in server.output
    assert " died" not in server.output
