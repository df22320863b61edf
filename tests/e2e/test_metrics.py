"""/metrics of real servers: over all workers, after one has died, on its own port, beside scoring."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from servers import TRUSTS_NOBODY, Server, free_port, wait_until

SCRIPT = """
    import os, time
    from scoredock.metrics import Counter

    seen = Counter("seen_total", "Requests that run() saw")

    def init():
        pass

    def run(data):
        seen.inc()
        if data == "die":
            os._exit(9)
        while data.startswith("until ") and not os.path.exists(data[6:]):
            time.sleep(0.01)
        return os.getpid()
"""


def samples(server: Server, port: int | None = None) -> dict[str, float]:
    answer = httpx.get(f"http://127.0.0.1:{port or server.port}/metrics", verify=TRUSTS_NOBODY)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = sample.name + "".join(value for name, value in sample.labels.items() if name in ("status", "reason"))
            found[key] = found.get(key, 0) + sample.value
    return found


def test_every_worker_counts_and_the_dead_are_remembered(serve):
    server = serve(SCRIPT, "--worker_count", "2")
    pids = set()
    sent = 0
    while len(pids) < 2:  # a connection each, so that both workers get some
        pids.add(server.post(content="x").json())
        sent += 1
        assert sent < 500
    found = samples(server)
    assert found["scoredock_requests_total200"] == found["seen_total"] == sent
    assert found["scoredock_workers_ready"] == 2
    with pytest.raises(httpx.HTTPError):
        server.post(content="die")
    wait_until(lambda: samples(server)["scoredock_worker_restarts_totaldied"] == 1)
    wait_until(lambda: samples(server)["scoredock_workers_ready"] == 2)
    found = samples(server)
    assert found["scoredock_requests_total200"] == sent
    assert found["seen_total"] == sent + 1
    assert found["scoredock_init_seconds"] > 0


def test_metrics_wait_for_no_scoring(serve, background, tmp_path):
    server = serve(SCRIPT)
    scoring = background(server.post, content=f"until {tmp_path / 'go'}")
    wait_until(lambda: samples(server)["scoredock_requests_in_flight"] == 1)
    assert not scoring.done()
    (tmp_path / "go").touch()
    assert scoring.result().status_code == 200


def test_a_port_of_its_own(serve):
    port = free_port()
    server = serve(SCRIPT, SCOREDOCK_METRICS_PORT=str(port))
    server.post(content="x")
    assert samples(server, port)["scoredock_requests_total200"] == 1
    assert server.get("/metrics").status_code == 404
    missing = httpx.get(f"http://127.0.0.1:{port}/score")
    assert (missing.status_code, missing.json()) == (404, {"message": "There is no /score here. Routes: /metrics"})
    assert httpx.head(f"http://127.0.0.1:{port}/metrics").content == b""


def test_metrics_can_be_switched_off(serve):
    server = serve(SCRIPT, SCOREDOCK_METRICS="false")
    assert server.post(content="x").status_code == 200
    assert server.get("/metrics").status_code == 404


def test_a_light_script_brings_no_prometheus_client(serve):
    server = serve(
        """
        import sys

        def init():
            pass

        def run(data):
            return "prometheus_client" in sys.modules
        """
    )
    assert samples(server)["scoredock_workers_ready"] == 1
    assert server.post(content="x").json() is False
