"""What the OTEL_* variables ask for."""

from __future__ import annotations

import os

import pytest

from scoredock.observe.tracing.environment import exporter_names, number, settle, traces_wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "True"}, False),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "no"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
    ],
)
def test_traces_are_on_where_an_endpoint_or_an_exporter_is_named(environment, wanted):
    assert traces_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25", "1.5"),
        ("OTEL_PROPAGATORS", "tracecontext, baggage", "tracecontext,pigeon"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2.5", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP", "zip"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", os.devnull, "/no/such/file.pem"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100", "0"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "0", "-1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c/v1/traces", "collector:4317"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_and_left_out(name, good, bad):
    environment = {**ENDPOINT, name: good}
    assert settle(environment) == []
    assert environment[name] == good
    environment = {**ENDPOINT, name: bad}
    (warning,) = settle(environment)
    assert warning.startswith(f"{name}: expected ")
    assert warning.endswith(f", got {bad!r}; it is ignored.")
    assert name not in environment


def test_values_are_looked_at_for_application_insights_too():
    environment = {"OTEL_PROPAGATORS": "pigeon"}
    assert settle(environment) == []
    (warning,) = settle(environment, app_insights=True)
    assert "OTEL_PROPAGATORS" in warning
    assert environment == {}


@pytest.mark.parametrize("value", ["user:hush@collector:4318", "collector:4318?key=hush"])
def test_a_refused_endpoint_is_shown_without_its_secrets(value):
    (warning,) = settle({"OTEL_EXPORTER_OTLP_ENDPOINT": value})
    assert "got 'collector:4318'" in warning


def test_exporters_and_numbers():
    assert exporter_names(ENDPOINT) == ["otlp_proto_http"]
    assert exporter_names({"OTEL_TRACES_EXPORTER": "otlp, console", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}) == [
        "otlp_proto_grpc",
        "console",
    ]
    assert number({"OTEL_BSP_SCHEDULE_DELAY": "7"}, "OTEL_BSP_SCHEDULE_DELAY", 5000) == 7
    assert number({}, "OTEL_BSP_SCHEDULE_DELAY", 5000) == 5000
    (warning,) = settle({"OTEL_TRACES_EXPORTER": "zipkin"})
    assert "the exporter zipkin is not installed" in warning
