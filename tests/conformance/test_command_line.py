"""The habits of the command ``azmlinfsrv``: flags, ports, exit codes, signals."""

from __future__ import annotations

import errno
import http.client
import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from servers import free_port

from .servers import Running, commands, start

ECHO = "def init(): pass\ndef run(data): return data\n"
DEFAULT_PORT = 5001
Start = Callable[..., dict[str, Running]]


@pytest.fixture
def start_both(tmp_path: Path) -> Iterator[Start]:
    """Start both servers at once, each in a folder of its own with the same files.

    ``ports`` names the flags that get a free port, the serving port first.
    """
    running: list[Running] = []

    def start_them(
        files: dict[str, str], arguments: Sequence[str], ports: Sequence[str] = ("--port",), **environment: str
    ) -> dict[str, Running]:
        both = {}
        for name, command in commands().items():
            folder = tmp_path / name / "app"
            folder.mkdir(parents=True)
            for file, text in files.items():
                (folder / file).write_text(text)
            chosen = {flag: free_port() for flag in ports}
            words = [str(word) for pair in chosen.items() for word in pair]
            both[name] = start(command, folder, [*arguments, *words], environment, chosen.get("--port", DEFAULT_PORT))
            both[name].ports = chosen
            running.append(both[name])
        return both

    yield start_them
    for server in running:
        server.end()


@pytest.fixture
def occupied() -> Iterator[Callable[[int], None]]:
    """Listen on a port, unless somebody does already."""
    listeners: list[socket.socket] = []

    def occupy(port: int) -> None:
        try:
            listeners.append(socket.create_server(("0.0.0.0", port)))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise

    yield occupy
    for listener in listeners:
        listener.close()


def get(port: int, path: str = "/") -> tuple[int, bytes]:
    """Status and body of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def exit_codes(both: dict[str, Running]) -> dict[str, int]:
    """The exit code of each, once both have ended by themselves."""
    return {name: server.wait_until_ended() for name, server in both.items()}


def test_every_flag_of_the_reference_is_one_of_ours() -> None:
    flags = {
        name: set(re.findall(r"--[a-z_]+", subprocess.run([command, "--help"], capture_output=True, text=True).stdout))
        for name, command in commands().items()
    }
    assert len(flags["reference"]) == 9
    assert flags["reference"] <= flags["scoredock"]


def test_all_flags_together_are_accepted(start_both: Start) -> None:
    script = (
        "import os\n"
        "def init(): pass\n"
        "def run(data): return os.path.basename(os.path.abspath(os.environ['AZUREML_MODEL_DIR']))\n"
    )
    both = start_both(
        {"score.py": script, "settings.json": '{"SERVICE_NAME": "from the file"}'},
        [
            *("--entry_script", "score.py", "--model_dir", "model", "--worker_count", "1"),
            *("--config_file", "settings.json", "--access_control_allow_origins", "https://a.example"),
            *("--appinsights_instrumentation_key", "no key"),
        ],
        ports=("--port", "--health_port"),
    )
    answers = {}
    for name, server in both.items():
        server.wait_until_ready()
        assert json.loads(get(server.port, "/swagger.json")[1])["info"]["title"] == "from the file"
        answers[name] = get(server.port, "/score")
    assert answers == {"reference": (200, b'"model"'), "scoredock": (200, b'"model"')}


def test_the_separate_health_endpoint_answers_alike(start_both: Start) -> None:
    both = start_both(
        {"score.py": ECHO},
        ["--entry_script", "score.py"],
        ports=("--port", "--health_port"),
        SEPERATE_HEALTH_ENDPOINT="true",
    )
    for server in both.values():
        server.wait_until_ready()
        assert get(server.ports["--health_port"]) == (200, b"Healthy")


BROKEN = {
    "missing": None,
    "bad_indent": "def init():\n    pass\n      x = 1\n",
    "init_raises": "def init():\n    raise FileNotFoundError(2, 'No such file', 'model.pkl')\ndef run(data): pass\n",
    "init_exits": "import sys\ndef init(): sys.exit(0)\ndef run(data): pass\n",
    "import_raises": "import not_there\n" + ECHO,
    "import_exits": "raise SystemExit(0)\n",
    "no_init": "def run(data): pass\n",
    "no_run": "def init(): pass\n",
    "no_parameter": "def init(): pass\ndef run(): pass\n",
    "only_headers": "def init(): pass\ndef run(request_headers): pass\n",
    "starred": "def init(): pass\ndef run(*args): pass\n",
    "keywords": "def init(): pass\ndef run(data, **more): pass\n",
    "positional_only": "def init(): pass\ndef run(data, /): pass\n",
    "init_with_a_parameter": "def init(model): pass\ndef run(data): pass\n",
    "raw_with_schema": (
        "from azureml.contrib.services.aml_request import rawhttp\n"
        "from inference_schema.schema_decorators import input_schema\n"
        "from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType\n"
        "def init(): pass\n"
        "@rawhttp\n@input_schema('data', StandardPythonParameterType(1))\ndef run(data): pass\n"
    ),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_script_that_cannot_start_ends_both_with_3(script: str | None, start_both: Start) -> None:
    files = {"score.py": script} if script is not None else {}
    both = start_both(files, ["--entry_script", "score.py"])
    assert exit_codes(both) == {"reference": 3, "scoredock": 3}


@pytest.mark.parametrize(
    ("files", "environment"),
    [
        pytest.param({}, {"SCORING_TIMEOUT_MS": "soon"}, id="a_number_that_is_none"),
        pytest.param({"config.json": "{"}, {}, id="a_file_that_is_no_json"),
        pytest.param({"config.json": '{"SCORING_TIMEOUT_MS": "soon"}'}, {}, id="a_number_of_the_file"),
        pytest.param({"swagger.json": "{"}, {}, id="a_swagger_file_that_is_no_json"),
    ],
)
def test_a_wrong_setting_ends_both_with_3(
    files: dict[str, str], environment: dict[str, str], start_both: Start
) -> None:
    both = start_both({"score.py": ECHO, **files}, ["--entry_script", "score.py"], **environment)
    assert exit_codes(both) == {"reference": 3, "scoredock": 3}


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--worker_count", "0"], ["--port"], ["--unknown", "1"]])
def test_wrong_usage_is_refused_by_both(arguments: list[str], start_both: Start) -> None:
    both = start_both({"score.py": ECHO}, ["--entry_script", "score.py", *arguments], ports=())
    assert all(code != 0 for code in exit_codes(both).values())


@pytest.mark.parametrize("by_flag", [False, True], ids=["the_default_port", "a_given_port"])
def test_a_port_in_use_ends_both_with_1(by_flag: bool, start_both: Start, occupied: Callable[[int], None]) -> None:
    port = free_port() if by_flag else DEFAULT_PORT
    occupied(port)
    given = ["--port", str(port)] if by_flag else []
    both = start_both({"score.py": ECHO}, ["--entry_script", "score.py", *given], ports=())
    assert exit_codes(both) == {"reference": 1, "scoredock": 1}
    assert all(str(port) in server.output for server in both.values())


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=lambda sig: sig.name)
def test_a_signal_ends_both_with_0(sig: signal.Signals, start_both: Start) -> None:
    both = start_both({"score.py": ECHO}, ["--entry_script", "score.py"])
    for server in both.values():
        server.wait_until_ready()
        server.process.send_signal(sig)
    assert exit_codes(both) == {"reference": 0, "scoredock": 0}
