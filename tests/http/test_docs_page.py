"""The page at /docs and what it fetches, over HTTP, in process."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import httpx
import pytest

from certificates import issue as issue_certificate
from scoredock import __version__
from scoredock.access.issue import issue
from scoredock.web.docs import FOLDER

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
KEY = {"authorization": "Bearer secret"}
DATA = ("/docs/service.json", "/docs/live.json")
FILES = sorted(path.name for path in FOLDER.iterdir())
HEAD = """
import datetime
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

def init(): pass
"""
FRAME = "pd.DataFrame({'age': [30, 40], 'name': ['a', 'b']})"


@pytest.fixture
def describe(in_process):
    """What /docs/service.json says of a script: decorators and parameters of its run()."""

    def describe(decorators="", parameters="data", head=HEAD, **options):
        script = f'{head}\n{decorators}\ndef run({parameters}):\n    """Adds up."""\n    return 1\n'
        return in_process(script, **options).get("/docs/service.json").json()

    return describe


# The page's own files.


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{name}" for name in FILES)])
def test_a_file_comes_with_its_type_and_the_headers_that_fence_it_in(text_script, path):
    answer = text_script().get(path)
    name = "index.html" if path == "/docs" else path.removeprefix("/docs/")
    types = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
    assert answer.status_code == 200
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == f"{types[Path(name).suffix]}; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_refers_only_to_files_that_there_are(text_script):
    service = text_script()
    page = service.get("/docs").text
    for name in ("style.css", "app.js"):
        assert f'"docs/{name}"' in page  # relative: a proxy may put a prefix before it
        assert service.get(f"/docs/{name}").status_code == 200


def test_a_copy_that_is_still_right_is_not_sent_again(text_script):
    service = text_script()
    tag = service.get("/docs").headers["etag"]
    for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = service.get("/docs", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["content-security-policy"] == POLICY
    assert service.get("/docs", headers={"if-none-match": '"another"'}).status_code == 200
    assert service.get("/docs/app.js", headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/app.js", *DATA])
def test_head_is_get_without_the_body(text_script, path):
    service = text_script()
    asked, got = service.request("HEAD", path), service.get(path)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]
    if path not in DATA:
        assert asked.headers["content-length"] == str(len(got.content))


@pytest.mark.parametrize("path", ["/docs", "/docs/app.js", "/docs/", *DATA])
def test_nothing_else_can_be_done_to_it(text_script, path):
    service = text_script()
    for method in ("POST", "PUT", "DELETE"):
        refused = service.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert service.request("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_slash_too_many_leads_back_to_the_page(text_script):
    service = text_script()
    moved = service.get("/docs/")
    assert (moved.status_code, moved.headers["location"]) == (308, "../docs")
    assert service.get("/docs/", follow_redirects=True).url.path == "/docs"


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../docs.py",
        "/docs/%2e%2e/docs.py",
        "/docs/..%2fdocs.py",
        "/docs/..%5cdocs.py",
        "/docs/%2fetc/passwd",
        "/docs//app.js",
        "/docs/./app.js",
        "/docs/app.js/",
        "/docs/app.js%00",
        "/docs/APP.JS",
        "/docs/nothing.js",
        "/docs/.",
        "/docs.py",
        "/Docs",
    ],
)
def test_only_what_is_in_the_folder_can_be_had(text_script, wire, path):
    connection = wire(text_script())
    connection.send(f"GET {path} HTTP/1.1")
    status, body = connection.answer()
    assert status.startswith(("404", "400")), status
    assert b"import" not in body


def test_all_of_it_is_small():
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 150_000
    assert {Path(name).suffix for name in FILES} <= {".html", ".css", ".js"}


def test_the_page_is_not_logged(text_script, log_lines):
    service = text_script()
    for path in ("/docs", "/docs/app.js", *DATA):
        assert service.get(path).status_code == 200
    assert service.post(content="x").status_code == 200
    lines = log_lines()
    assert any("/score" in line for line in lines)
    assert not [line for line in lines if "/docs" in line and "HTTP Request:" not in line]  # httpx's own


def test_it_can_be_switched_off(text_script):
    service = text_script(SCOREDOCK_DOCS="false")
    for path in ("/docs", "/docs/", "/docs/app.js", *DATA):
        answer = service.get(path)
        assert answer.status_code == 404
        assert answer.json()["message"].endswith("Routes: /score, /, /swagger.json, /livez, /readyz, /metrics")


def test_it_is_among_the_routes(text_script):
    assert text_script().get("/nothing").json()["message"].endswith("/readyz, /metrics, /docs")


# Who may see it.


def test_with_keys_the_page_is_open_and_what_it_shows_is_not(text_script):
    service = text_script(SCOREDOCK_PRIMARY_KEY="secret")
    for name in ("/docs", *(f"/docs/{name}" for name in FILES)):
        assert service.get(name).status_code == 200
        assert b"secret" not in service.get(name).content
    for path in (*DATA, "/docs/nothing.js"):
        assert service.get(path).status_code == 401
        assert service.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
    for path in DATA:
        answer = service.get(path, headers=KEY)
        assert answer.status_code == 200
        assert "secret" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert service.get("/docs/service.json", headers=KEY).json()["access"] == "key"


def test_tokens_are_named_as_such(text_script):
    service = text_script(SCOREDOCK_TOKEN_SECRET="s" * 32)
    assert service.get("/docs").status_code == 200
    assert service.get("/docs/service.json").status_code == 401
    token = issue(b"s" * 32, None, {}, 60)
    described = service.get("/docs/service.json", headers={"authorization": f"Bearer {token}"})
    assert described.json()["access"] == "token"


def test_with_client_certificates_too(text_script, tmp_path):
    certificate, authority = issue_certificate(tmp_path), issue_certificate(tmp_path, "authority", authority=True)
    service = text_script(**certificate.variables, SCOREDOCK_TLS_CLIENT_CA=str(authority.chain))
    trust = ssl.create_default_context(cafile=str(certificate.chain))
    with httpx.Client(verify=trust, base_url=f"https://127.0.0.1:{service.port}") as client:
        assert client.get("/docs").status_code == 200
        for path in DATA:
            assert client.get(path).status_code == 403


# What is served.


def test_the_service(describe, tmp_path):
    model = tmp_path / "models" / "ridge" / "3"
    (model / "parts").mkdir(parents=True)
    (model / "ridge.joblib").write_bytes(b"123")
    (model / "parts" / "a.bin").write_bytes(b"")
    (model / "circle").symlink_to(model)
    (model / "nowhere").symlink_to(model / "missing")
    described = describe(
        model_dir=str(model), SERVICE_NAME="ridge", SERVICE_VERSION="2.1", WORKSPACE_NAME="here", WORKER_COUNT="3"
    )
    del described["arguments"]
    assert described == {
        "name": "ridge",
        "version": "2.1",
        "workspace": "here",
        "scoredock": __version__,
        "device": "cpu",
        "script": {"name": "score.py", "kind": "text", "documentation": "Adds up."},
        "model": {
            "folder": "3",
            "models": ["ridge:3"],
            "files": [{"path": "parts/a.bin", "bytes": 0}, {"path": "ridge.joblib", "bytes": 3}],
            "omitted": 0,
        },
        "workers": {"wanted": 3, "ready": 1},
        "body": None,
        "output": {"words": None, "sample": None},
        "access": "open",
        "links": [
            {"title": "OpenAPI 3.1", "href": "swagger.json?version=3.1"},
            {"title": "OpenAPI 3.0", "href": "swagger.json?version=3"},
            {"title": "Swagger 2.0", "href": "swagger.json?version=2"},
        ],
    }


def test_of_many_files_some_are_named_and_the_others_counted(describe, tmp_path):
    (tmp_path / "model").mkdir()
    for number in range(203):
        (tmp_path / "model" / f"{number:03}").touch()
    model = describe(model_dir=str(tmp_path / "model"))["model"]
    assert [one["path"] for one in model["files"]] == [f"{number:03}" for number in range(200)]
    assert model["omitted"] == 3


@pytest.mark.parametrize("folder", [None, "missing"])
def test_without_a_model_folder(describe, folder, tmp_path):
    options = {} if folder is None else {"model_dir": str(tmp_path / folder)}
    model = describe(**options)["model"]
    assert (model["folder"], model["files"], model["omitted"]) == (folder, [], 0)


def test_a_text_script(describe):
    described = describe(parameters="body='', request_headers=None")
    assert described["arguments"] == [
        {
            "name": "body",
            "required": True,
            "default": None,
            "words": "the request body as text",
            "kind": "text",
            "dtype": None,
            "shape": None,
            "orient": None,
            "columns": None,
            "sample": None,
        }
    ]


def test_a_raw_script(describe):
    head = "from azureml.contrib.services.aml_request import rawhttp\ndef init(): pass\n"
    described = describe("@rawhttp", "request, request_headers", head)
    assert described["script"]["kind"] == "raw"
    assert [(one["name"], one["kind"], one["words"]) for one in described["arguments"]] == [
        ("request", "request", "the Flask request")
    ]
    assert described["body"] is None


def test_an_array(describe):
    described = describe(
        "@input_schema('data', NumpyParameterType(np.array([[1.5, float('nan')]], dtype='f4')))\n"
        "@output_schema(NumpyParameterType(np.array([1.5])))"
    )
    assert described["script"]["kind"] == "schema"
    (data,) = described["arguments"]
    assert data == {
        "name": "data",
        "required": True,
        "default": None,
        "words": "an array of shape (*, 2) of a number (float32)",
        "kind": "array",
        "dtype": "float32",
        "shape": [None, 2],
        "orient": None,
        "columns": None,
        "sample": [[1.5, None]],
    }
    assert described["body"] == {"data": [[1.5, None]]}
    assert described["output"] == {"words": "an array", "sample": [1.5]}


def test_an_array_of_records(describe):
    dtype = "[('age', 'i8'), ('name', 'U5')]"
    (data,) = describe(f"@input_schema('data', NumpyParameterType(np.array([(1, 'a')], dtype={dtype})))")["arguments"]
    assert (data["kind"], data["orient"], data["shape"]) == ("frame", "records", [None, 2])
    assert data["columns"] == [{"name": "age", "dtype": "int64"}, {"name": "name", "dtype": "<U5"}]
    assert data["sample"] == [{"age": 1, "name": "a"}]


@pytest.mark.parametrize("orient", ["records", "values", "split", "columns", "index", "table"])
def test_a_frame(in_process, orient):
    decorator = f"@input_schema('data', PandasParameterType({FRAME}, orient='{orient}'))"
    service = in_process(
        f"{HEAD}\n{decorator}\ndef run(data):\n    return data.age.tolist()\n".replace("data.age", AGE)
    )
    described = service.get("/docs/service.json").json()
    (data,) = described["arguments"]
    assert (data["kind"], data["orient"], data["shape"]) == ("frame", orient, [None, 2])
    assert [column["name"] for column in data["columns"]] == ["age", "name"]
    assert data["columns"][0]["dtype"] == "int64"
    assert service.post(json=described["body"]).json() == [30, 40]


AGE = "data.iloc[:, 0]"


def test_standard_types_and_optional_arguments(in_process):
    service = in_process(
        f"""{HEAD}
@input_schema('number', StandardPythonParameterType(1.5))
@input_schema('day', StandardPythonParameterType(datetime.date(2020, 1, 2)))
@input_schema('text', StandardPythonParameterType('a'), optional=True)
def run(number, day, text='b', free=7, odd=object(), request_headers=None):
    return number
"""
    )
    described = service.get("/docs/service.json").json()
    facts = [(one["name"], one["kind"], one["dtype"], one["required"]) for one in described["arguments"]]
    assert facts == [
        ("number", "standard", "float", True),
        ("day", "standard", "date", True),
        ("text", "standard", "str", False),
        ("free", "standard", None, False),
        ("odd", "standard", None, False),
    ]
    defaults = {one["name"]: one["default"] for one in described["arguments"]}
    assert defaults == {"number": None, "day": None, "text": "b", "free": 7, "odd": None}
    assert [one["words"] for one in described["arguments"]][:4] == [
        "a number",
        "a date as YYYY-MM-DD",
        "a string",
        "any JSON value",
    ]
    assert described["body"] == {"number": 1.5, "day": "2020-01-02", "text": "a"}


def test_what_has_no_sample_and_must_be_there_is_null_in_the_body(describe):
    described = describe("@input_schema('a', StandardPythonParameterType(1))", "free, a")
    assert described["body"] == {"free": None, "a": 1}


def test_a_nested_type_has_the_words_of_what_is_inside(in_process):
    service = in_process(
        f"""{HEAD}
@input_schema('Inputs', StandardPythonParameterType({{'input1': PandasParameterType({FRAME})}}))
@input_schema('GlobalParameters', StandardPythonParameterType(1.0))
def run(Inputs, GlobalParameters):
    return len(Inputs['input1'])
"""
    )
    described = service.get("/docs/service.json").json()
    inputs = described["arguments"][0]
    assert inputs["kind"] == "nested"
    assert inputs["words"] == "an object; Inputs.input1: a table of 2 columns (age, name) in orient 'records'"
    assert inputs["sample"] == {"input1": [{"age": 30, "name": "a"}, {"age": 40, "name": "b"}]}
    assert service.post(json=described["body"]).json() == 2


def test_an_integer_beyond_64_bits_keeps_its_size(describe):
    assert describe(f"@input_schema('a', StandardPythonParameterType({2**70}))", "a")["body"] == {"a": 2**70}


# Live numbers.


def test_live_numbers_are_those_of_the_metrics(text_script):
    service = text_script("return 1 / int(data)")
    for body in ("1", "2", "0"):
        service.post(content=body)
    live = service.get("/docs/live.json").json()
    assert live["requests"] == {"200": 2, "500": 1}
    assert (live["abandoned"], live["queue_depth"], live["workers_ready"]) == (0, 0, 1)
    bounds, counts = live["duration"]["bounds_s"], live["duration"]["counts"]
    assert len(counts) == len(bounds) + 1
    assert sum(counts) == 3
    assert bounds == sorted(bounds)
    page = service.get("/metrics").text
    below = 0
    for bound, count in zip(bounds, counts, strict=False):
        below += count
        assert f'scoredock_request_duration_seconds_bucket{{le="{bound:g}"}} {below}\n' in page


def test_without_metrics_there_are_no_live_numbers(text_script):
    service = text_script(SCOREDOCK_METRICS="false")
    assert service.get("/docs/live.json").status_code == 404
    assert service.get("/docs").status_code == 200
    assert service.get("/docs/service.json").json()["workers"] == {"wanted": 1, "ready": None}


def test_browsers_elsewhere_may_read_what_cors_lets_them(text_script):
    service = text_script(AML_CORS_ORIGINS="https://a.example")
    allowed = service.get("/docs/service.json", headers={"origin": "https://a.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    assert json.loads(allowed.text)["name"] == "ML service"


@pytest.mark.parametrize(
    ("orient", "words"),
    [
        ("records", "a table of 2 columns (price, 2) in orient 'records'"),
        ("columns", "a table of 2 columns (price, 2) in orient 'columns'"),
        ("split", "a table in orient 'split'"),
    ],
)
def test_a_result_that_is_a_table_is_called_one(orient, words, schema_script):
    service = schema_script(
        decorators="import pandas as pd\n"
        "from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType\n"
        f"@output_schema(PandasParameterType(pd.DataFrame({{'price': [1.5], 2: [3]}}), orient={orient!r}))"
    )
    assert service.get("/docs/service.json").json()["output"]["words"] == words
