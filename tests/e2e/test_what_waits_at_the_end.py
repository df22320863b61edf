"""A worker that ends writes and sends what waits, in the time that the supervisor gives it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from receivers import IngestionReceiver, OtlpReceiver, black_hole
from servers import wait_until

SCRIPT = """
    import time
    from scoredock.collect import collect

    def init():
        pass

    def run(data):
        collect("seen", [1])
        print("scoring", data)
        while data == "wait":
            time.sleep(0.01)
        return data
"""


@pytest.fixture
def everything_hangs():
    """The variables for telemetry and a storage that take connections and never answer."""
    with black_hole() as url:
        yield {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "AML_APP_INSIGHTS_ENABLED": "true",
            "AML_APP_INSIGHTS_KEY": f"InstrumentationKey={IngestionReceiver.KEY};IngestionEndpoint={url}/",
            "SCOREDOCK_COLLECT_TO": "s3://bucket/folder",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "very-secret",
        }


@pytest.mark.parametrize("signals", [1, 2])
def test_a_drain_that_takes_its_whole_time_leaves_enough_to_tell_of_all_losses(serve, everything_hangs, signals):
    server = serve(SCRIPT, **everything_hangs, SCOREDOCK_DRAIN_TIMEOUT_S="1")
    assert server.post(content="x").status_code == 200
    with ThreadPoolExecutor(1) as clients:
        answer = clients.submit(server.post, content="wait")
        wait_until(lambda: "scoring wait" in server.output, what="the request to be scored")
        for _ in range(signals):
            server.process.terminate()
            wait_until(lambda: "Stopping: " in server.output, what="the end to begin")
        assert server.process.wait(20) == 0
        assert answer.result().status_code == 503
    wait_until(lambda: "requests and spans for Application Insights were lost" in server.output, 1)
    assert "spans for otlp_proto_http were lost" in server.output
    assert "2 records of collection seen were dropped (shutdown)" in server.output
    assert "died while it drained" not in server.output


def test_a_receiver_that_hangs_costs_the_others_nothing(serve, everything_hangs):
    receiver = OtlpReceiver()
    try:
        server = serve(SCRIPT, **everything_hangs | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url})
        server.post(content="x", headers={"x-request-id": "the-last"})
        started = time.monotonic()
        assert server.end() == 0
        assert "POST /score" in receiver.trace_of("the-last")
        assert time.monotonic() - started < 10
    finally:
        receiver.close()
