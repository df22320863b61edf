"""A server that cannot start says why in its last line, and exits with 3."""

from __future__ import annotations

import socket

import pytest

RUN = "\n\ndef run(data):\n    return data\n"

BROKEN = {
    "bad-indent": ("def init():\npass" + RUN, "raised IndentationError: "),
    "missing-module": ("import no_such_module\n\ndef init():\n    pass" + RUN, "ModuleNotFoundError"),
    "no-init": ("def run(data):\n    return data", "does not define init()"),
    "no-run": ("def init():\n    pass", "does not define run()"),
    "star-args": ("def init():\n    pass\n\ndef run(*args):\n    pass", "*args"),
    "init-raises": ("def init():\n    raise ValueError('no weights')" + RUN, "init() raised ValueError: no weights"),
    "init-exits": ("def init():\n    raise SystemExit(7)" + RUN, "init() raised SystemExit: 7"),
    "two-inputs": ("def init():\n    pass\n\ndef run(a, b):\n    return b", "and nothing for 'b'"),
    "generator": ("def init():\n    pass\n\ndef run(data):\n    yield data", "run() has yield"),
    "arguments": (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--model', required=True)\n"
        "parser.parse_args()\ndef init():\n    pass" + RUN,
        "argparse says: the following arguments are required: --model",
    ),
    "async-init-raises": (
        "async def init():\n    raise ValueError('no weights')" + RUN,
        "raised ValueError: no weights",
    ),
    "silences-logging": (
        "import logging.config\nlogging.config.dictConfig({'version': 1, 'root': {}})\n"
        "def init():\n    raise ValueError('no weights')" + RUN,
        "C [",
    ),
    "raw-and-schema": (
        "from azureml.contrib.services.aml_request import rawhttp\n"
        "from inference_schema.schema_decorators import input_schema\n"
        "from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as S\n"
        "def init():\n    pass\n\n@rawhttp\n@input_schema('data', S(1))\ndef run(data):\n    return data",
        "@rawhttp and @input_schema",
    ),
}


def test_a_signal_handler_is_told_where_and_why(serve):
    server = serve("import signal\n\ndef init():\n    signal.signal(2, None)" + RUN, wait=False)
    assert server.process.wait(30) == 3
    assert "(score.py, line 4). Scripts run in a thread of their own" in server.last_line


def test_a_script_that_configures_logging_does_not_silence_the_server(serve):
    server = serve("""
        import logging.config

        def init():
            logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})

        def run(data):
            if data == "again":
                logging.config.dictConfig({"version": 1})
            print("scoring", data)
            return 1 / int(data)
    """)
    for data in ("0", "again", "1"):
        server.post(content=data, headers={"x-request-id": data})
    assert "scoredock.print - [0] scoring 0" in server.output
    assert "ZeroDivisionError: division by zero" in server.output
    assert "ValueError: invalid literal" in server.output
    assert "scoredock.request - [1] POST /score 200" in server.output


@pytest.mark.parametrize("preload", ["false", "true"])
def test_a_run_that_takes_all_handlers_away_silences_no_request_but_its_own(serve, preload):
    server = serve(
        """
        import logging.config

        def init():
            pass

        def run(data):
            if data == "first":
                logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})
            print("scoring", data)
            return data[9]
        """,
        WORKER_PRELOAD=preload,
    )
    for data in ("first", "second"):
        server.post(content=data, headers={"x-request-id": data})
    assert "scoredock.request - [first] POST /score 500" in server.output
    assert "scoredock.print - [second] scoring second" in server.output
    assert "IndexError: string index out of range" in server.output
    assert "scoredock.request - [second] POST /score 500" in server.output


@pytest.mark.parametrize("preload", ["false", "true"])
@pytest.mark.parametrize("name", BROKEN)
def test_the_last_line_names_phase_and_cause(serve, name, preload):
    text, expected = BROKEN[name]
    server = serve(text, "--worker_count", "2", wait=False, WORKER_PRELOAD=preload)
    assert server.process.wait(30) == 3
    assert expected in server.last_line


def test_a_missing_script_names_the_nearest_one(serve, write_script, tmp_path):
    write_script("def init():\n    pass" + RUN, "score.py")
    server = serve(tmp_path / "scores.py", wait=False)
    assert server.process.wait(30) == 3
    assert f"Did you mean {tmp_path / 'score.py'}?" in server.last_line


def test_without_a_script_module_main_of_the_app_root_is_served(serve, write_script, tmp_path):
    write_script("def init():\n    pass" + RUN, "main.py")
    server = serve(None, AML_APP_ROOT=str(tmp_path))
    assert server.post(content="x").json() == "x"


def test_a_missing_model_file_names_the_nearest_path_and_shows_the_tree(serve, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "ridge_model.pkl").touch()
    server = serve(
        """
        import os

        def init():
            open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "ridge-model.pkl"))

        def run(data):
            return data
        """,
        "--model_dir",
        str(model),
        wait=False,
    )
    assert server.process.wait(30) == 3
    assert "init() raised FileNotFoundError" in server.last_line
    assert f"nearest existing path is {model / 'ridge_model.pkl'}" in server.last_line
    assert "    ridge_model.pkl" in server.output


def test_a_wrong_setting_is_named(serve):
    server = serve("def init():\n    pass" + RUN, wait=False, WORKER_COUNT="many")
    assert server.process.wait(30) == 3
    assert (
        "WORKER_COUNT (environment variable): expected a whole number of at least 1, or auto, got 'many'"
        in server.last_line
    )


@pytest.mark.parametrize("flag", ["--port", "--health_port"])
def test_a_used_port_exits_with_1(serve, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = serve("def init():\n    pass" + RUN, flag, port, wait=False)
        assert server.process.wait(30) == 1
        assert f"port {port} cannot be listened on" in server.last_line
