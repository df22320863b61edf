"""What the pages show is true: their scripts answer so, their commands print so, what they name exists."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from docs.examples import BIN, Stage
from docs.pages import PAGES, Scenario, blocks, scenarios, table_rows, text_of
from scoredock.compat.finder import STAND_INS
from scoredock.errors import ExitCode
from scoredock.server.health import UNRESPONSIVE
from scoredock.server.numeric_threads import THREAD_VARIABLES
from scoredock.server.status import PHASES
from scoredock.settings import declarations
from servers import wait_until

SCENARIOS = [scenario for page in PAGES for scenario in scenarios(page)]
RUN = {"console", "log"}
SHOWN = {"json", "python", "sh", "yaml"}
NOT_OURS = {
    *THREAD_VARIABLES,  # read by numeric libraries, as are the next two
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "AWS_ENDPOINT_URL",  # read by object stores' libraries, as are the next two
    "AZURE_STORAGE_CONNECTION_STRING",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "PROMETHEUS_MULTIPROC_DIR",  # read by prometheus-client
    "SCOREDOCK_KEY",  # of clients
    "SCOREDOCK_WORKSPACE",  # of the deployment workflow, which has no settings of the server
    "SERVER_PORT",  # set for scripts
    "WORKER_CUONT",  # misspelt on purpose
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator:
    """Play a scenario in a folder of its own; its own modules are forgotten afterwards."""
    stages: list[Stage] = []

    def play(scenario: Scenario) -> Stage:
        folder = tmp_path / "service"
        folder.mkdir()
        stages.append(Stage(folder, scenario))
        stages[-1].play()
        return stages[-1]

    yield play
    for one in stages:
        one.close()
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_page_shows_what_happens(stage, scenario):
    assert not (failures := stage(scenario).failures), "\n\n".join(failures)


@pytest.mark.parametrize("page", [*PAGES, "deploy.md", "images.md", "../README.md"])
def test_blocks_are_what_they_are_declared_as(page):
    for block in blocks(page):
        assert block.language in {*RUN, *SHOWN, "dockerfile", "text"}, block.text
        if block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", [*PAGES, "deploy.md", "images.md", "../README.md"])
def test_what_is_not_run_says_why(page):
    for block in blocks(page):
        ran = block.file or block.is_entry_script or block.language in {*RUN, "text"}
        assert ran or block.reason, block.text


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_are_named_exist(page):
    known = {name for one in declarations() for name in (one.variable, *one.aliases)} | set(ExitCode.__members__)
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text_of(page)))
    named = {name for name in named if not name.startswith(("OTEL_", "APPLICATIONINSIGHTS_"))}  # their SDKs read them
    assert named - known - NOT_OURS == set()


@pytest.mark.parametrize(("file", "phase"), [("logging.json", "settings"), ("swagger.json", "swagger")])
def test_check_uses_its_code_for_faulty_files_too(write_script, tmp_path, file, phase):
    write_script("def init():\n    pass\n\ndef run(data):\n    return data\n")
    (tmp_path / file).write_text("{")
    command = [str(BIN / "scoredock"), "check", "--entry_script", "score.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == ExitCode.BOOT_FAILED, done.stdout + done.stderr
    assert f"FAILED   {phase}: " in done.stdout


def test_every_phase_is_documented():
    assert {row[0].strip("`") for row in table_rows("lifecycle.md", "Phases")} == {*PHASES, UNRESPONSIVE}


def test_the_text_of_an_installed_package_stays_in_the_log(in_process, tmp_path):
    packages = tmp_path / ".venv" / "lib" / "python3" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "vendor_errors.py").write_text("class Refused(Exception):\n    status_code = 401\n")
    service = in_process(f"""
        import sys
        sys.path.append({str(packages)!r})
        from vendor_errors import Refused

        def init():
            pass

        def run(data):
            raise Refused("the key of db-7.internal is wrong")
    """)
    response = service.post(content="x")
    assert response.status_code == 401
    assert "db-7" not in response.text
    assert response.json()["message"] == "The scoring script answered with status 401. Check the logs for more info."


@pytest.mark.parametrize("module", [name for name, file in STAND_INS.items() if file])
def test_every_stand_in_is_documented(module):
    rows = table_rows("entry-scripts.md", "Imports of azureml")
    assert any(re.search(rf"(from|import) {re.escape(module)}\b(?!\.)", row[0]) for row in rows)


TEXT_SCRIPT = """
    import threading, time
    go = threading.Event()

    def init():
        pass

    def run(data):
        if data == "loop":
            while True:
                time.sleep(0.001)
        if data == "wait":
            go.wait(20)
        return 1 / len(data)
"""
SCHEMA_SCRIPT = """
    import numpy as np
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.schema_decorators import input_schema

    def init():
        pass

    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
    def run(data):
        return {"rows": len(data)} if data[0, 0] == 13 else data
"""
WAITING_SCRIPT = """
    import pathlib, time

    def init():
        pass

    def run(data):
        pathlib.Path("inside").touch()
        time.sleep(20)
"""
JSON = {"content-type": "application/json"}
LONG = "x" * 101
FAULTS = {
    "not UTF-8": (TEXT_SCRIPT, "POST", "/score", {"content": b"\xff"}),
    "empty": (SCHEMA_SCRIPT, "POST", "/score", {"headers": JSON}),
    "not JSON": (SCHEMA_SCRIPT, "POST", "/score", {"headers": JSON, "content": "{"}),
    "no object": (SCHEMA_SCRIPT, "POST", "/score", {"headers": JSON, "content": "[]"}),
    "value missing": (SCHEMA_SCRIPT, "POST", "/score", {"headers": JSON, "content": "{}"}),
    "value refused": (SCHEMA_SCRIPT, "POST", "/score", {"headers": JSON, "content": '{"data": [[1, "x"]]}'}),
    "no such route": (TEXT_SCRIPT, "GET", "/scores", {}),
    "no such swagger version": (TEXT_SCRIPT, "GET", "/swagger.json?version=4", {}),
    "no such method": (TEXT_SCRIPT, "PUT", "/score", {}),
    "too large": (TEXT_SCRIPT, "POST", "/score", {"content": b"x" * (1024 * 1024 + 1)}),
    "not declared as JSON": (SCHEMA_SCRIPT, "POST", "/score", {"content": '{"data": [[1, 2]]}'}),
    "no array to carry it": (
        SCHEMA_SCRIPT,
        "POST",
        "/score",
        {"headers": {**JSON, "accept": "application/x-npy"}, "content": '{"data": [[13, 13]]}'},
    ),
    "no array": (SCHEMA_SCRIPT, "POST", "/score", {"headers": {"content-type": "application/x-npy"}, "content": "x"}),
    "no gzip": (TEXT_SCRIPT, "POST", "/score", {"headers": {"content-encoding": "gzip"}, "content": "x"}),
    "unknown coding": (TEXT_SCRIPT, "POST", "/score", {"headers": {"content-encoding": "br"}, "content": "x"}),
    "long target": (TEXT_SCRIPT, "GET", "/score?" + "x" * 33_000, {}),
    "long head": (TEXT_SCRIPT, "GET", "/score", {"headers": {"x": "x" * 66_000}}),
    "many headers": (TEXT_SCRIPT, "GET", "/score", {"headers": {f"x-{number}": "" for number in range(101)}}),
    "no valid host": (TEXT_SCRIPT, "GET", "/score", {"headers": {"host": "a b"}}),
    "long request id": (TEXT_SCRIPT, "POST", "/score", {"headers": {"x-request-id": LONG}}),
    "long client id": (TEXT_SCRIPT, "POST", "/score", {"headers": {"x-ms-client-request-id": LONG}}),
    "raised": (TEXT_SCRIPT, "POST", "/score", {}),
    "too slow": (TEXT_SCRIPT, "POST", "/score", {"content": "loop"}),
}


def row_of(response) -> list[str] | None:
    """The row of the page's table of statuses that says what the response does."""
    message = response.json()["message"]
    for row in table_rows("errors.md", "Statuses"):
        pattern = re.escape(row[2].strip("`")).replace("…", ".*")
        if row[0] == str(response.status_code) and re.fullmatch(pattern, message):
            return row
    return None


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_in_the_table_of_statuses(in_process, fault):
    script, method, path, request = FAULTS[fault]
    service = in_process(script, SCORING_TIMEOUT_MS="200", SCOREDOCK_MAX_BODY_MB="1")
    response = service.request(method, path, **request)
    assert response.status_code >= 400
    assert row_of(response), response.text


@pytest.mark.parametrize("limit", [{"SCOREDOCK_MAX_QUEUE": "1"}, {"SCOREDOCK_MAX_QUEUE_WAIT_MS": "200"}])
def test_what_the_queue_refuses_is_in_the_table_of_statuses(in_process, limit):
    service = in_process(TEXT_SCRIPT, **limit)
    with ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(service.post, content="wait") for _ in range(4)]
        refused = next(as_completed(answers)).result()
        sys.modules["entry_module"].go.set()
    assert refused.status_code == 429
    row = row_of(refused)
    assert row, refused.text
    assert f"`Retry-After: {refused.headers['retry-after']}`" in row[1]


def test_the_answer_while_shutting_down_is_in_the_table_of_statuses(serve, tmp_path):
    server = serve(WAITING_SCRIPT, SCOREDOCK_DRAIN_TIMEOUT_S="0")
    with ThreadPoolExecutor(1) as clients:
        answer = clients.submit(server.post, content="x")
        wait_until((tmp_path / "inside").exists, what="the request's arrival in run()")
        server.end()
        assert answer.result().status_code == 503
        assert row_of(answer.result()), answer.result().text
