"""Where scripts lie and what they import."""

from ..exchange import Script, documents, get, post

SCRIPTS = (
    Script(
        "layout_driver",
        """
        import importlib.util
        import os

        spec = importlib.util.spec_from_file_location("inner", os.path.join(os.path.dirname(__file__), "inner.py"))
        driver_module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(driver_module)
        called = []

        def init():
            called.append("outer init")
            driver_module.init()

        def run(*args):
            return "never"
        """,
        (
            post("inner_run", {"data": [1]}),
            *documents(),
        ),
        files={
            "inner.py": """
            from inference_schema.schema_decorators import input_schema
            from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

            ready = []

            def init():
                ready.append("inner init")

            @input_schema("data", StandardPythonParameterType([1]))
            def run(data):
                return [ready, data]
            """
        },
    ),
    Script(
        "layout_driver_not_a_module",
        """
        driver_module = "a text"

        def init():
            pass

        def run(data):
            return ["outer", data]
        """,
        (post("outer_run", "x"),),
    ),
    Script(
        "layout_helper",
        """
        import os

        import helper
        from tools.text import shout

        def init():
            helper.state["ready"] = True

        def run(data):
            return [helper.state, shout(data), __name__, os.path.basename(__file__), os.path.basename(os.getcwd())]
        """,
        (post("helper", "x"),),
        files={
            "helper.py": "state = {}\n",
            "tools/__init__.py": "",
            "tools/text.py": "def shout(text):\n    return text.upper()\n",
        },
    ),
    Script(
        "layout_source_directory",
        """
        from features import double

        def init():
            pass

        def run(data):
            return double(data)
        """,
        (post("source", "x"),),
        files={"src/features.py": "def double(text):\n    return text * 2\n"},
        environment={"AZUREML_SOURCE_DIRECTORY": "src"},
    ),
    Script(
        "layout_sub_folder",
        """
        import os

        def init():
            pass

        def run(data):
            names = ("AML_APP_ROOT", "AZUREML_ENTRY_SCRIPT", "AZUREML_MODEL_DIR")
            return [os.path.abspath(os.environ[name]).split("/app", 1)[1] for name in names]
        """,
        (post("environment", "x"),),
        entry="code/score.py",
        files={"model/a.txt": "a"},
        arguments=("--entry_script", "code/score.py", "--model_dir", "model"),
    ),
    Script(
        "layout_config_file",
        """
        import os

        def init():
            pass

        def run(data):
            if data == "slow":
                import time
                time.sleep(1)
            return sorted(name for name in os.environ if name.startswith(("AZUREML_ENTRY", "AZUREML_CONFIG")))
        """,
        (
            get("title", "/swagger.json"),
            post("timeout", "slow"),
        ),
        entry="main.py",
        files={"settings.json": '{"SERVICE_NAME": "from the file", "SCORING_TIMEOUT_MS": 200, "UNKNOWN_KEY": 1}'},
        arguments=("--config_file", "settings.json"),
    ),
    Script(
        "layout_config_entry",
        """
        def init():
            pass

        def run(data):
            return __name__
        """,
        (post("score", "x"), get("title", "/swagger.json")),
        entry="code/other.py",
        files={"settings.json": '{"AZUREML_ENTRY_SCRIPT": "code/other.py", "SERVICE_NAME": "file"}'},
        environment={"SERVICE_NAME": "environment"},
        arguments=("--config_file", "settings.json"),
    ),
    Script(
        "layout_config_json",
        """
        def init():
            pass

        def run(data):
            return data
        """,
        (get("title", "/swagger.json"), post("score", "x")),
        files={"config.json": '{"SERVICE_NAME": "beside", "SERVICE_VERSION": "7"}'},
    ),
    Script(
        "layout_main",
        """
        import sys

        def init():
            pass

        def run(data):
            return [__name__, "main" in sys.modules]
        """,
        (post("module_main", "x"),),
        entry="main.py",
        files={"settings.json": "{}"},
        arguments=("--config_file", "settings.json"),
    ),
    Script(
        "layout_state",
        """
        import logging
        import threading

        counter = 0
        logging.getLogger().setLevel(logging.DEBUG)

        def init():
            global model, thread
            model = "loaded"
            thread = threading.get_ident()
            print("printed in init")

        def run(data):
            global counter
            counter += 1
            print("printed in run", data)
            logging.info("logged %s", data)
            return [model, counter, thread == threading.get_ident()]
        """,
        (post("first", "x"), post("second", "x"), get("third", "/score")),
    ),
    Script(
        "layout_flask_context",
        """
        import flask
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def init():
            pass

        @input_schema("data", StandardPythonParameterType("x"))
        def run(data):
            flask.g.seen = data
            return [flask.request.headers.get("X-Model"), flask.request.method, flask.g.seen, flask.request.get_json()]
        """,
        (post("flask_request_in_a_schema_script", {"data": "d"}, headers=[("x-model", "m")]),),
    ),
    Script(
        "layout_flask_context_text",
        """
        from flask import request

        def init():
            pass

        def run(data):
            return [request.headers.get("X-Model"), request.method, request.args.to_dict(), data]
        """,
        (
            post("flask_request_in_a_text_script", "d", headers=[("x-model", "m")]),
            get("flask_request_of_a_get", "/score?a=1"),
        ),
    ),
    Script(
        "layout_asyncio",
        """
        import asyncio

        async def work(data):
            await asyncio.sleep(0)
            return data

        def init():
            pass

        def run(data):
            if data == "run":
                return asyncio.run(work(data))
            loop = asyncio.get_event_loop()
            return loop.run_until_complete(work(data))
        """,
        (
            post("event_loop_of_the_thread", "loop"),
            post("event_loop_of_the_thread_again", "loop"),
            post("asyncio_run", "run"),
        ),
    ),
    Script(
        "layout_preloaded",
        """
        import os

        def init():
            global process
            process = os.getpid()

        def run(data):
            return process == os.getpid()
        """,
        (post("initialised_in_another_process", "x"),),
        environment={"WORKER_PRELOAD": "true"},
    ),
    Script(
        "layout_two_workers",
        """
        import os

        def init():
            pass

        def run(data):
            return os.environ.get("WORKER_COUNT")
        """,
        (post("worker_count", "x"), get("health", "/")),
        arguments=("--entry_script", "score.py", "--worker_count", "2"),
    ),
    Script(
        "layout_flags_win",
        """
        import os

        def init():
            pass

        def run(data):
            return os.path.basename(os.environ["AZUREML_MODEL_DIR"])
        """,
        (post("model_dir", "x"),),
        environment={"AZUREML_MODEL_DIR": "/nowhere/environment"},
        arguments=("--entry_script=score.py", "--model_dir=flag"),
    ),
)
