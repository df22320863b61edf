"""The servers: how each is installed, started and called. Their scripts are in ``servers/``.

Every server gets what its documentation offers for one worker on one core: its fastest HTTP parser and event
loop, and no access log; scoredock and azmlinfsrv log every request, as they do by default.
"""

from __future__ import annotations

import fcntl
import io
import json
import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from processes import ServerFailed, free_port

HERE = Path(__file__).parent
SERVERS = HERE / "servers"
ENVIRONMENTS = HERE.parents[1] / ".venvs"
JSON = "application/json"
BATCH_SIZE = 64


@dataclass(frozen=True)
class Launch:
    """One start: the environment's ``bin``, the application, where to listen, and with how many workers."""

    bin: Path
    app: str
    port: int
    models: Path
    workers: int = 1


@dataclass(frozen=True)
class Request:
    """What is POSTed to a server."""

    path: str
    body: bytes
    content_type: str = JSON


@dataclass(frozen=True)
class Peer:
    """A server. ``name`` is the command's, ``health`` answers 200 when ``{app}`` is loaded.

    ``packages`` are those whose versions are shown.

    ``cases`` narrows a variant to the cases that it is for, and ``connections`` to their loads; ``lacks`` says
    why it has no application of that name. ``missing`` says why the whole peer is left out, or None.
    """

    name: str
    title: str
    health: str
    command: Callable[[Launch], Sequence[str]]
    packages: Sequence[str] = ()
    environment: Callable[[Launch], Mapping[str, str]] = lambda launch: {}
    request: Callable[[str, int, Any], Request] = lambda app, rows, value: data_request(app, rows, value)
    result: Callable[[Any], Any] = lambda answer: answer
    lacks: Mapping[str, str] = field(default_factory=dict)
    cases: Sequence[str] | None = None
    connections: Sequence[int] | None = None
    missing: Callable[[], str | None] = lambda: None
    shares: str | None = None  # the peer in whose environment it runs

    @property
    def bin(self) -> Path:
        """The folder of its commands."""
        return ENVIRONMENTS / (self.shares or self.name) / "bin"


# --- requests and answers of each protocol


def data_request(app: str, rows: int, value: Any) -> Request:
    """Rows and records under ``data``; anything else as it is."""
    if app == "raw":
        return Request("/score", value, "application/octet-stream")
    return Request("/score", _json({"data": value} if app in ("ridge", "frame") else value))


def npy_request(app: str, rows: int, value: Any) -> Request:
    """Rows as a NumPy array in NumPy's own file format."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.array(value))
    return Request("/score", file.getvalue(), "application/x-npy")


def bentoml_request(app: str, rows: int, value: Any) -> Request:
    """The same body as scoredock gets; a mounted application wants a slash at the end of its path."""
    request = data_request(app, rows, value)
    return replace(request, path="/score/") if app == "raw" else request


def bare_request(app: str, rows: int, value: Any) -> Request:
    """The same body as scoredock gets; the path says which answer is wanted."""
    return replace(data_request(app, rows, value), path=f"/{app}-{rows}")


def v2_request(app: str, rows: int, value: Any) -> Request:
    """MLServer's V2 inference protocol: one tensor for rows, one input a column for records."""
    if app == "ridge":
        flat = [number for row in value for number in row]
        inputs = [{"name": "data", "datatype": "FP64", "shape": [rows, len(value[0])], "data": flat}]
        return Request("/v2/models/ridge/infer", _json({"inputs": inputs}))
    if app == "frame":
        columns = {name: [record[name] for record in value] for name in value[0]}
        body = {"parameters": {"content_type": "pd"}, "inputs": [_v2_column(*item) for item in columns.items()]}
        return Request("/v2/models/frame/infer", _json(body))
    return data_request(app, rows, value)


def _v2_column(name: str, values: list[Any]) -> dict[str, Any]:
    kinds = {str: "BYTES", bool: "BOOL", int: "INT64", float: "FP64"}
    column = {"name": name, "datatype": kinds[type(values[0])], "shape": [len(values), 1], "data": values}
    return column | ({"parameters": {"content_type": "str"}} if column["datatype"] == "BYTES" else {})


def mlflow_request(app: str, rows: int, value: Any) -> Request:
    """MLflow's envelope: ``inputs`` for tensors and values, ``dataframe_records`` for records."""
    return Request("/invocations", _json({"dataframe_records" if app == "frame" else "inputs": value}))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- what the servers are


def _score_py(launch: Launch, *, verb: Sequence[str], binary: str) -> list[str]:
    script = SERVERS / "scoredock" / f"{launch.app}.py"
    return [
        *(str(launch.bin / binary), *verb),
        *("--entry_script", str(script), "--model_dir", str(launch.models)),
        *("--port", str(launch.port), "--worker_count", str(launch.workers)),
    ]


def _uvicorn(launch: Launch, folder: str, module: str) -> list[str]:
    return [
        *(str(launch.bin / "uvicorn"), f"{module}:app", "--app-dir", str(SERVERS / folder)),
        *("--host", "127.0.0.1", "--port", str(launch.port)),
        *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning", "--no-access-log"),
    ]


def _bentoml(launch: Launch) -> list[str]:
    service = f"{launch.app}:{launch.app.capitalize()}"
    return [
        *(str(launch.bin / "bentoml"), "serve", service, "--working-dir", str(SERVERS / "bentoml")),
        *("--host", "127.0.0.1", "--port", str(launch.port)),
    ]


def _mlflow(launch: Launch) -> list[str]:
    return [
        *(str(launch.bin / "mlflow"), "models", "serve", "--model-uri", str(SERVERS / "mlflow" / launch.app)),
        *("--env-manager", "local", "--host", "127.0.0.1", "--port", str(launch.port), "--workers", "1"),
    ]


def _no_batching() -> str | None:
    from scoredock.settings import declarations

    known = {declaration.variable for declaration in declarations()}
    return None if "SCOREDOCK_MAX_BATCH_SIZE" in known else "this scoredock has no SCOREDOCK_MAX_BATCH_SIZE"


SCOREDOCK = Peer(
    "scoredock",
    "scoredock",
    "/",
    lambda launch: [*_score_py(launch, verb=["serve"], binary="scoredock"), "--host", "127.0.0.1"],
    ("scoredock", "gunicorn", "uvicorn", "uvloop", "httptools", "msgspec", "orjson"),
)
VARIANTS = (
    replace(
        SCOREDOCK,
        name="scoredock-batch",
        shares="scoredock",
        title=f"scoredock, batches of up to {BATCH_SIZE}",
        environment=lambda launch: {"SCOREDOCK_MAX_BATCH_SIZE": str(BATCH_SIZE)},
        cases=("ridge-1", "ridge-100"),
        connections=(16,),
        missing=_no_batching,
    ),
    replace(
        SCOREDOCK,
        name="scoredock-npy",
        shares="scoredock",
        title="scoredock, binary tensor",
        request=npy_request,
        cases=("ridge-10000",),
    ),
)
BARE = Peer(
    "bare",
    "bare ASGI under uvicorn",
    "/",
    lambda launch: [*_uvicorn(launch, "bare", "bare"), "--lifespan", "off"],
    environment=lambda launch: {"BENCH_ANSWERS": str(launch.models.parent / "answers")},
    request=bare_request,
    shares="scoredock",
)
PEERS = (
    Peer(
        "azmlinfsrv",
        "azureml-inference-server-http",
        "/",
        lambda launch: _score_py(launch, verb=[], binary="azmlinfsrv"),
        ("azureml-inference-server-http", "flask", "gunicorn"),
    ),
    Peer(
        "fastapi",
        "FastAPI by hand",
        "/",
        lambda launch: _uvicorn(launch, "fastapi", launch.app),
        ("fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "orjson"),
    ),
    Peer(
        "mlserver",
        "MLServer",
        "/v2/models/{app}/ready",
        lambda launch: [str(launch.bin / "mlserver"), "start", str(SERVERS / "mlserver" / launch.app)],
        ("mlserver", "fastapi", "uvicorn", "uvloop", "httptools"),
        environment=lambda launch: {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": str(launch.port),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_PARALLEL_WORKERS": "0",  # inference in the server's own process: fastest on one core
            "MLSERVER_DEBUG": "false",
        },
        request=v2_request,
        result=lambda answer: (
            answer["outputs"][0]["data"] if isinstance(answer, dict) and "outputs" in answer else answer
        ),
    ),
    Peer(
        "litserve",
        "LitServe",
        "/health",
        lambda launch: [str(launch.bin / "python"), str(SERVERS / "litserve" / f"{launch.app}.py")],
        ("litserve", "fastapi", "uvicorn", "uvloop", "httptools"),
        environment=lambda launch: {"BENCH_PORT": str(launch.port)},
    ),
    Peer(
        "bentoml",
        "BentoML",
        "/readyz",
        _bentoml,
        ("bentoml", "starlette", "uvicorn", "uvloop", "httptools", "pydantic"),
        request=bentoml_request,
    ),
    Peer(
        "mlflow",
        "MLflow pyfunc",
        "/health",
        _mlflow,
        ("mlflow", "fastapi", "uvicorn", "uvloop", "httptools"),
        environment=lambda launch: {"UVICORN_ACCESS_LOG": "0"},
        request=mlflow_request,
        result=lambda answer: answer["predictions"],
        lacks={"raw": "its server takes JSON, CSV and Parquet, no other bodies"},
    ),
)
GROWING = ("scoredock", "azmlinfsrv")

# --- their virtual environments


def install(name: str, wanted: Path) -> Path:
    """The ``bin`` of a virtual environment of the requirements file ``wanted``, made when it is not up to date.

    Raises ServerFailed when pip cannot make it.
    """
    folder = ENVIRONMENTS / name
    stamp = folder / "requirements.txt"
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not stamp.is_file() or stamp.read_text() != wanted.read_text():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run([*pip, "-r", str(wanted)], capture_output=True, text=True, cwd=HERE.parents[1])
            if done.returncode:
                errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
                raise ServerFailed(f"pip: {(errors or ['failed'])[-1].removeprefix('ERROR: ')}")
            shutil.copy(wanted, stamp)
    return folder / "bin"


def versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The versions of packages in the environment of ``python``; those that it lacks are left out."""
    script = (
        "import json, sys\nfrom importlib.metadata import PackageNotFoundError, version\nfound = {}\n"
        "for name in sys.argv[1:]:\n try: found[name] = version(name)\n except PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([str(python), "-c", script, *packages], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
