"""Traces of a real server, received by a real OTLP receiver."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from receivers import OtlpReceiver, attributes, black_hole, milliseconds
from servers import free_port, wait_until

SCRIPT = """
    import logging
    import time
    from opentelemetry import baggage, propagate, trace

    tracer = trace.get_tracer("my-script")

    def init():
        pass

    def run(data):
        if data == "fail":
            raise ValueError("no such model")
        if data == "slow":
            print("scoring slowly")
            for _ in range(100):
                time.sleep(0.02)
        if data == "unwritable":
            return object()
        carrier = {}
        with tracer.start_as_current_span("mine"):
            propagate.inject(carrier)
        return {"carrier": carrier, "colour": baggage.get_baggage("colour")}
"""
FAST = {"OTEL_BSP_SCHEDULE_DELAY": "50"}


@pytest.fixture
def receiver():
    started = OtlpReceiver()
    yield started
    started.close()


def _variables(receiver: OtlpReceiver, **more: str) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **FAST, **more}


def _post(server, content: str, request_id: str, timeout: float = 30, **headers: str):
    return server.post(content=content, headers={"x-request-id": request_id, **headers}, timeout=timeout)


def test_a_request_is_a_trace_with_its_parts_and_goes_on_with_the_clients(serve, receiver):
    gzip = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=abc"}
    server = serve(SCRIPT, **_variables(receiver, **gzip), SERVICE_NAME="iris", OTEL_RESOURCE_ATTRIBUTES="team=blue")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"traceparent": parent, "tracestate": "vendor=1", "baggage": "colour=green"}
    answer = _post(server, "x", "good", **headers, **{"x-ms-client-request-id": "mine-1"}).json()
    trace = receiver.trace_of("good")
    assert set(trace) == {"POST /score", "queue", "decode", "run", "encode", "mine"}
    top = trace["POST /score"]
    assert top.trace_id.hex() == parent.split("-")[1]
    assert top.parent_span_id.hex() == parent.split("-")[2]
    assert top.kind == 2
    for name in ("queue", "decode", "run", "encode"):
        assert trace[name].parent_span_id == top.span_id
        assert top.start_time_unix_nano <= trace[name].start_time_unix_nano
        assert trace[name].end_time_unix_nano <= top.end_time_unix_nano
    assert trace["mine"].parent_span_id == trace["run"].span_id
    sent_on = answer["carrier"]["traceparent"].split("-")
    assert sent_on[1:3] == [parent.split("-")[1], trace["mine"].span_id.hex()]
    assert answer["carrier"]["tracestate"] == "vendor=1"
    assert answer["colour"] == "green"
    told = attributes(top)
    expected = {"http.request.method": "POST", "http.route": "/score", "url.path": "/score", "url.scheme": "http"}
    expected |= {"http.response.status_code": 200, "server.address": "127.0.0.1", "server.port": server.port}
    expected |= {"scoredock.request_id": "good", "scoredock.client_request_id": "mine-1", "http.request.body.size": 1}
    assert told | expected == told
    assert "error.type" not in told
    assert top.status.code == 0
    assert {"service.name": "iris", "team": "blue"}.items() <= receiver.resource.items()
    assert receiver.bodies[0][1]["content-encoding"] == "gzip"
    assert receiver.bodies[0][1]["api-key"] == "abc"


def test_errors_say_what_happened(serve, receiver):
    server = serve(SCRIPT, **_variables(receiver, OTEL_SERVICE_NAME="named"), SCORING_TIMEOUT_MS="700")
    assert _post(server, "fail", "failed").status_code == 500
    trace = receiver.trace_of("failed")
    assert set(trace) == {"POST /score", "queue", "decode", "run"}
    (event,) = trace["run"].events
    assert attributes(event)["exception.type"] == "ValueError"
    assert attributes(event)["exception.message"] == "no such model"
    assert "score.py" in attributes(event)["exception.stacktrace"]
    assert trace["POST /score"].status.code == trace["run"].status.code == 2
    assert attributes(trace["POST /score"])["error.type"] == "ValueError"

    assert _post(server, "slow", "late").status_code == 500
    trace = receiver.trace_of("late")
    assert attributes(trace["POST /score"])["error.type"] == "DeadlineExceeded"
    assert trace["POST /score"].status.code == trace["run"].status.code == 2
    assert milliseconds(trace["run"]) >= 600

    assert _post(server, "unwritable", "unwritable").status_code == 500
    trace = receiver.trace_of("unwritable")
    assert attributes(trace["POST /score"])["error.type"] == "EncodingError"
    assert trace["encode"].status.code == 2

    assert server.post(content=b"\xff", headers={"x-request-id": "refused"}).status_code == 400
    trace = receiver.trace_of("refused")
    assert set(trace) == {"POST /score", "queue", "decode"}
    assert trace["POST /score"].status.code == trace["decode"].status.code == 0
    assert attributes(trace["decode"])["error.type"] == "RequestProblem"
    assert receiver.resource["service.name"] == "named"


def test_what_is_not_sampled_hands_the_decision_on(serve, receiver):
    server = serve(SCRIPT, **_variables(receiver))
    unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    carrier = _post(server, "x", "quiet", traceparent=unsampled).json()["carrier"]
    assert carrier["traceparent"].split("-")[1] == unsampled.split("-")[1]
    assert carrier["traceparent"].endswith("-00")
    _post(server, "x", "loud")
    receiver.trace_of("loud")
    assert not [one for one in receiver.spans if one.trace_id.hex() == unsampled.split("-")[1]]


def test_wrong_values_only_warn(serve, receiver):
    wrong = {"OTEL_TRACES_SAMPLER": "sometimes", "OTEL_PROPAGATORS": "pigeon", "OTEL_BSP_MAX_QUEUE_SIZE": "many"}
    wrong |= {"OTEL_TRACES_SAMPLER_ARG": "7", "OTEL_SPAN_EVENT_COUNT_LIMIT": "x"}
    server = serve(SCRIPT, **_variables(receiver, **wrong))
    for name, value in wrong.items():
        assert f"{name}: expected " in server.output
        assert f"got {value!r}" in server.output
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _post(server, "x", "good", traceparent=parent)
    assert receiver.trace_of("good")["POST /score"].trace_id.hex() == parent.split("-")[1]


def test_grpc_without_its_package_is_a_warning(serve):
    server = serve(SCRIPT, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert "pip install opentelemetry-exporter-otlp-proto-grpc" in server.output
    assert server.post(content="x").status_code == 200


def test_what_waits_is_sent_at_the_end(serve, receiver):
    server = serve(SCRIPT, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, OTEL_BSP_SCHEDULE_DELAY="600000")
    _post(server, "x", "last")
    assert receiver.spans == []
    assert server.end() == 0
    assert set(receiver.trace_of("last")) == {"POST /score", "queue", "decode", "run", "encode", "mine"}


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
def test_a_receiver_that_is_down_or_hangs_delays_nothing(serve, kind):
    with black_hole() as hanging:
        url = hanging if kind == "hangs" else f"http://127.0.0.1:{free_port()}"
        bounds = {"OTEL_BSP_MAX_QUEUE_SIZE": "20", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10"}
        server = serve(SCRIPT, OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="1", **FAST, **bounds)
        answers = [server.post(content="x", timeout=5) for _ in range(40)]
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.elapsed.total_seconds() for answer in answers)[20] < 1
        started = server.output.count("\n")
        wait_until(lambda: "spans for otlp_proto_http were lost" in server.output, 30, "the line about lost spans")
        assert server.end(timeout_s=10) == 0
        lines = server.output.splitlines()[started:]
        assert len([line for line in lines if " were lost. " in line]) <= 3
        assert not [line for line in lines if "Traceback" in line or "opentelemetry" in line]


def test_the_end_takes_at_most_two_seconds_longer(serve):
    with black_hole() as url:
        server = serve(SCRIPT, OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_BSP_SCHEDULE_DELAY="600000")
        server.post(content="x")
        started = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - started < 10  # the end itself takes its time on a busy machine


def test_traces_are_off_unless_they_are_wished_for(serve, receiver):
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        server = serve(SCRIPT, **_variables(receiver, **off))
        assert server.post(content="x").json()["carrier"] == {}
        assert server.end() == 0
    assert receiver.bodies == []


BATCHING = """
    import time
    import numpy as np
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.schema_decorators import input_schema
    from opentelemetry import trace

    def init():
        pass

    @input_schema("data", NumpyParameterType(np.zeros((1, 2))))
    def run(data):
        trace.get_current_span().set_attribute("rows", len(data))
        return data.sum(axis=1).tolist()
"""


def test_requests_of_a_batch_have_a_trace_each_and_their_runs_are_linked(serve, receiver):
    batching = {"SCOREDOCK_MAX_BATCH_SIZE": "2", "SCOREDOCK_BATCH_WAIT_MS": "20000"}
    server = serve(BATCHING, **_variables(receiver, **batching))

    def ask(name: str) -> list[float]:
        return server.post(json={"data": [[1, 2]]}, headers={"x-request-id": name}).json()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, ["a", "b"])) == [[3], [3]]
    traces = [receiver.trace_of("a"), receiver.trace_of("b")]
    for trace in traces:
        assert set(trace) == {"POST /score", "queue", "decode", "run", "encode"}
        assert attributes(trace["run"])["scoredock.batch.size"] == 2
        assert {one.parent_span_id for one in trace.values()} == {b"", trace["POST /score"].span_id}
    first, other = sorted(traces, key=lambda trace: "rows" not in attributes(trace["run"]))
    assert attributes(first["run"])["rows"] == 2
    assert [link.span_id for link in first["run"].links] == [other["POST /score"].span_id]
    assert [link.span_id for link in other["run"].links] == [first["run"].span_id]


STREAMING = """
    import logging
    import time
    from azureml.contrib.services.aml_request import rawhttp
    from azureml.contrib.services.aml_response import AMLResponse
    from flask import Response
    from opentelemetry import trace
    from scoredock.observe import context

    def init():
        pass

    def chunks(fail):
        for number in range(3):
            with trace.get_tracer("my-script").start_as_current_span(f"chunk-{number}"):
                yield f"{number} {context.trace.get()[1]} ".encode()
        if fail:
            raise OSError("gone")

    @rawhttp
    def run(request):
        return Response(chunks(request.method == "GET"))
"""


def test_a_streamed_body_is_produced_inside_a_span(serve, receiver):
    server = serve(STREAMING, **_variables(receiver))
    answer = _post(server, "x", "streamed")
    trace = receiver.trace_of("streamed")
    assert set(trace) == {*("POST /score", "queue", "decode", "run", "encode", "stream"), *CHUNKS}
    assert {trace[name].parent_span_id for name in CHUNKS} == {trace["stream"].span_id}
    assert answer.text.split()[1::2] == [trace["stream"].span_id.hex()] * 3
    assert trace["stream"].end_time_unix_nano <= trace["POST /score"].end_time_unix_nano


CHUNKS = {"chunk-0", "chunk-1", "chunk-2"}


def test_a_client_that_leaves_and_a_full_queue_are_errors(serve, receiver):
    server = serve(SCRIPT, **_variables(receiver, SCOREDOCK_MAX_QUEUE="1"))

    def ask(name: str) -> int:
        try:
            return _post(server, "x", name, timeout=1.0).status_code
        except httpx.ReadTimeout:
            return 499

    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(_post, server, "slow", "busy", timeout=30)
        wait_until(lambda: "scoring slowly" in server.output)
        statuses = dict(zip(["a", "b"], pool.map(ask, ["a", "b"]), strict=True))
        assert busy.result().status_code == 200
    assert sorted(statuses.values()) == [429, 499]
    for name, status in statuses.items():
        top = receiver.trace_of(name)["POST /score"]
        assert attributes(top)["http.response.status_code"] == status
        assert attributes(top)["error.type"] == {429: "QueueFull", 499: "Abandoned"}[status]
        assert top.status.code == 2
    assert milliseconds(receiver.trace_of("busy")["run"]) > 1000
