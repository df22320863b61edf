"""Everything that production may ask for, in one server: what was made apart has to work together."""

from __future__ import annotations

import gzip
import json
import signal
import ssl
import threading

import httpx
import pytest

from certificates import issue
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


class Clients:
    """Two that keep their connections and two that do not; every other body is compressed."""

    def __init__(self, server, context: ssl.SSLContext) -> None:
        self._counts, self.wrong = [0] * 4, []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._score, args=(server, context, one)) for one in range(4)]
        for thread in self._threads:
            thread.start()

    def _score(self, server, context, number: int) -> None:
        row = json.dumps({"data": [[1, 2]] * 500}).encode()
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        bodies = [(row, headers), (gzip.compress(row), {**headers, "content-encoding": "gzip"})]
        with httpx.Client(
            verify=context, limits=httpx.Limits(max_keepalive_connections=number % 2), timeout=30
        ) as client:
            while not self._over.is_set():
                body, with_these = bodies[self._counts[number] % 2]
                try:
                    answer = client.post(f"{server.url}/score", content=body, headers=with_these)
                    if answer.status_code != 200 or answer.json() != [3.0] * 500:
                        self.wrong.append(answer.text[:200])
                except httpx.TransportError as error:
                    self.wrong.append(repr(error))
                self._counts[number] += 1

    @property
    def answered(self) -> int:
        return sum(self._counts)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


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
    clients = Clients(server, context)
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
