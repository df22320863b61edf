"""Application Insights: Microsoft's exporter in a real server, received by a server that speaks its protocol."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time

import pytest

from receivers import IngestionReceiver, black_hole
from servers import wait_until

SCRIPT = """
    import logging
    import sys

    def init():
        print("loading")

    def run(data):
        print("got", data[:5])
        logging.getLogger("my.script").warning("careful")
        if data == "fail":
            raise ValueError("no such model")
        return {"echo": data}
"""
# Writes down every address that the process looks up or connects to.
LISTENER = """
import sys
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with open(PATH, "a") as file:
            file.write(f"{event} {arguments[-1] if event == 'socket.connect' else arguments[:2]}\\n")
sys.addaudithook(note)
"""


@pytest.fixture
def receiver():
    started = IngestionReceiver()
    yield started
    started.close()


def _variables(receiver: IngestionReceiver, **more: str) -> dict[str, str]:
    return {"AML_APP_INSIGHTS_ENABLED": "true", "AML_APP_INSIGHTS_KEY": receiver.connection_string, **more}


def _properties(item: dict) -> dict[str, str]:
    return item["data"]["baseData"]["properties"]


def test_requests_exceptions_and_lines_arrive_and_nothing_else_is_contacted(serve, receiver, tmp_path):
    (tmp_path / "watch").mkdir()
    contacts = tmp_path / "contacts.txt"
    (tmp_path / "watch" / "sitecustomize.py").write_text(LISTENER.replace("PATH", repr(str(contacts))))
    (tmp_path / "models" / "iris" / "3").mkdir(parents=True)
    server = serve(
        SCRIPT,
        "--model_dir",
        str(tmp_path / "models"),
        **_variables(receiver, HOSTNAME="box-1", WORKSPACE_NAME="lab", SERVICE_NAME="iris-service"),
        PYTHONPATH=os.pathsep.join([str(tmp_path / "watch"), *filter(None, [os.environ.get("PYTHONPATH")])]),
        TMPDIR=str(tmp_path),
    )
    ids = {"x-request-id": "r-1", "x-ms-client-request-id": "c-1"}
    assert server.post("/score?x=1", content="hello", headers=ids).status_code == 200
    assert server.post(content="fail", headers={"x-request-id": "r-2"}).status_code == 500
    assert server.post(content="y" * 100_000, headers={"x-request-id": "r-3"}).status_code == 200
    assert server.post(content="z", headers={"x-request-id": "r-4"}).status_code == 200
    assert server.end() == 0

    requests = {_properties(one)["Request Id"]: one for one in receiver.items("RequestData")}
    assert set(requests) == {"r-1", "r-2", "r-3", "r-4"}
    good, data = _properties(requests["r-1"]), requests["r-1"]["data"]["baseData"]
    assert good == {
        "Container Id": "box-1",
        "Request Id": "r-1",
        "Client Request Id": "c-1",
        "Workspace Name": "lab",
        "Service Name": "iris-service",
        "Models": "iris:3",
        "Input": "hello",
        "Prediction": '{"echo":"hello"}',
    }
    assert (data["responseCode"], data["success"], data["name"]) == ("200", True, "POST /score")
    assert data["url"] == f"{server.url}/score"
    assert data["duration"].startswith("0.00:00:0")
    assert requests["r-1"]["iKey"] == receiver.KEY
    assert requests["r-1"]["tags"]["ai.cloud.role"] == "iris-service"
    failed = requests["r-2"]["data"]["baseData"]
    assert (failed["responseCode"], failed["success"]) == ("500", False)
    assert len(_properties(requests["r-3"])["Input"]) == len(_properties(requests["r-3"])["Prediction"]) == 8192

    (exception,) = receiver.items("ExceptionData")
    (details,) = exception["data"]["baseData"]["exceptions"]
    assert (details["typeName"], details["message"]) == ("ValueError", "no such model")
    assert "score.py" in details["stack"]
    assert _properties(exception)["Request Id"] == "r-2"
    operation = "ai.operation.id"
    assert exception["tags"][operation] == requests["r-2"]["tags"][operation]

    lines = receiver.items("MessageData")
    printed = {_properties(one)["Content"]: one for one in lines if one["data"]["baseData"]["message"] == "STDOUT"}
    assert set(printed) == {
        "00000000-0000-0000-0000-000000000000,loading",
        *("r-1,got hello", "r-2,got fail", "r-3,got yyyyy", "r-4,got z"),
    }
    assert printed["r-1,got hello"]["tags"][operation] == requests["r-1"]["tags"][operation]
    dimensions = _properties(printed["r-1,got hello"])
    assert (dimensions["Service Name"], dimensions["Client Request Id"]) == ("iris-service", "c-1")
    logged = [one["data"]["baseData"] for one in lines if "careful" in one["data"]["baseData"]["message"]]
    assert [one["message"] for one in logged] == [f"r-{number},careful" for number in (1, 2, 3, 4)]
    assert {one["severityLevel"] for one in logged} == {2}
    assert len(lines) == 9
    port = receiver.url.rsplit(":", 1)[1]
    assert [line for line in contacts.read_text().splitlines() if port in line]
    elsewhere = [
        line for line in contacts.read_text().splitlines() if "127.0.0.1" not in line and "AF_UNIX" not in line
    ]
    assert elsewhere == []
    assert not list(tmp_path.rglob("Microsoft-AzureMonitor*"))


def test_payloads_stay_here_where_that_is_wanted(serve, receiver):
    server = serve(SCRIPT, **_variables(receiver, APP_INSIGHTS_LOG_RESPONSE_ENABLED="false"))
    server.post(content="secret-input")
    assert server.end() == 0
    (request,) = receiver.items("RequestData")
    assert {"Input", "Prediction"}.isdisjoint(_properties(request))
    assert "secret-input" not in str(receiver.items("RequestData"))


def test_payloads_are_sent_decompressed_and_none_of_those_who_may_not_call(serve, receiver):
    server = serve(SCRIPT, **_variables(receiver, SCOREDOCK_PRIMARY_KEY="key-0123456789abcdef"))
    zipped = {"content-encoding": "gzip", "authorization": "Bearer key-0123456789abcdef"}
    assert server.post(content=gzip.compress(b"a row"), headers=zipped).status_code == 200
    assert server.post(content="of a stranger").status_code == 401
    assert server.end() == 0
    inputs = {
        one["data"]["baseData"]["responseCode"]: _properties(one)["Input"] for one in receiver.items("RequestData")
    }
    assert inputs == {"200": "a row", "401": ""}


def test_what_init_raises_is_an_exception_of_no_request(serve, receiver):
    server = serve(
        """
        def init():
            raise OSError("no model today")

        def run(data):
            pass
        """,
        wait=False,
        **_variables(receiver),
    )
    assert server.process.wait(30) == 3
    (exception,) = receiver.items("ExceptionData")
    (details,) = exception["data"]["baseData"]["exceptions"]
    assert details["typeName"] == "OSError"
    assert "init() raised OSError: no model today" in details["message"]
    assert "score.py" in details["stack"]
    assert _properties(exception)["Request Id"] == "00000000-0000-0000-0000-000000000000"


def test_what_only_the_exporter_refuses_is_a_warning(serve, receiver):
    wrong = {"AML_APP_INSIGHTS_KEY": f"{receiver.connection_string};Authorization=pigeon", "OTEL_PROPAGATORS": "pigeon"}
    server = serve(SCRIPT, **_variables(receiver, **wrong))
    assert server.post(content="x").status_code == 200
    assert "OTEL_PROPAGATORS: expected names of installed propagators" in server.output
    assert "Nothing is sent to Application Insights: ValueError: Invalid authorization mechanism" in server.output
    assert "hush" not in server.output


WRONG_KEYS = ["hush-hush", "InstrumentationKey=hush-hush;IngestionEndpoint=https://x/", "a=b;c"]


@pytest.mark.parametrize(
    "key", [*WRONG_KEYS, f"InstrumentationKey={IngestionReceiver.KEY};IngestionEndpoint=https://x?a=b"]
)
def test_a_wrong_key_is_a_warning_and_is_not_shown(serve, key):
    server = serve(SCRIPT, AML_APP_INSIGHTS_ENABLED="true", AML_APP_INSIGHTS_KEY=key)
    assert server.post(content="x").status_code == 200
    assert "AML_APP_INSIGHTS_KEY is wrong: expected an instrumentation key (a GUID" in server.output
    assert key not in server.output
    assert "hush" not in server.output


def test_the_alias_and_a_missing_key(serve, receiver):
    server = serve(
        SCRIPT, AML_APP_INSIGHTS_ENABLED="true", APPLICATIONINSIGHTS_CONNECTION_STRING=receiver.connection_string
    )
    server.post(content="x")
    assert server.end() == 0
    assert len(receiver.items("RequestData")) == 1
    server = serve(SCRIPT, AML_APP_INSIGHTS_ENABLED="true")
    assert "AML_APP_INSIGHTS_KEY is not set: it takes" in server.output


def test_without_the_exporter_a_warning_has_the_command(tmp_path):
    (tmp_path / "opentelemetry.py").write_text("raise ImportError('hidden for this test')\n")
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from scoredock.observe import telemetry\n"
        "from scoredock.settings import resolve\n"
        "settings, _ = resolve({'app_insights_key': sys.argv[2]}, {}, Path.cwd())\n"
        "wish = {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:1'}\n"
        "sys.modules['azure'] = sys.modules['opentelemetry'] = None\n"
        "print(*telemetry.settle(settings, wish), sep='\\n'); print(telemetry.start(settings, wish))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), IngestionReceiver.KEY]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert 'pip install "scoredock[telemetry]"' in said
    assert 'pip install "scoredock[app-insights]"' in said
    assert said.endswith("None\n")


def test_a_receiver_that_hangs_delays_neither_requests_nor_the_end(serve):
    with black_hole() as url:
        key = f"InstrumentationKey={IngestionReceiver.KEY};IngestionEndpoint={url}/"
        server = serve(SCRIPT, AML_APP_INSIGHTS_ENABLED="true", AML_APP_INSIGHTS_KEY=key)
        answers = [server.post(content="x", timeout=5) for _ in range(60)]
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.elapsed.total_seconds() for answer in answers)[30] < 1
        started = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - started < 10
        wait_until(lambda: "for Application Insights were lost" in server.output, 1)
        assert "Traceback" not in server.output
