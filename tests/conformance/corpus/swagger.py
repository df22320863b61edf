"""The swagger documents of every kind of script."""

import json

from ..differences import PREFIX_OF_SLASHES
from ..exchange import Script, documents, get

VERSIONS = ("2", "2.0", "3", "3.0", "3.1", "9", "", "2.1", "v2", "02", "3.10", "3.1.0", " 3", "true")
TEXT = """
def init():
    pass

def run(data):
    return data
"""
RAW = """
from azureml.contrib.services.aml_request import rawhttp

def init():
    pass

@rawhttp
def run(request):
    return "x"
"""
MIXED = """
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

def init():
    pass

@input_schema("data", StandardPythonParameterType([1, "a", {"b": 2.5}]))
def run(data):
    return data
"""


SCRIPTS = (
    Script(
        "swagger_text",
        TEXT,
        (
            get("default", "/swagger.json"),
            *(
                get(f"version_{version or 'empty'}", f"/swagger.json?version={version.replace(' ', '%20')}")
                for version in VERSIONS
            ),
            get("repeated", "/swagger.json?version=3&version=2"),
            get("other_key", "/swagger.json?Version=3"),
            get("no_value", "/swagger.json?version"),
            get("encoded", "/swagger.json?version=%33%2E1"),
        ),
    ),
    Script(
        "swagger_described",
        TEXT,
        documents(),
        environment={
            "SERVICE_NAME": 'Größe "XL" \\\\ <b>'.replace('"', "'").replace("\\", "/"),
            "SERVICE_VERSION": "2.5-beta",
            "SERVICE_PATH_PREFIX": "/api/v1/service/",
        },
    ),
    Script(
        "swagger_prefix_plain",
        TEXT,
        documents(),
        environment={"SERVICE_PATH_PREFIX": "api", "SERVICE_NAME": "a", "WORKSPACE_NAME": "w"},
    ),
    Script(
        "swagger_prefix_slash",
        TEXT,
        (get("default", "/swagger.json", PREFIX_OF_SLASHES),),
        environment={"SERVICE_PATH_PREFIX": "/"},
    ),
    Script("swagger_raw", RAW, documents()),
    Script("swagger_mixed_types", MIXED, documents()),
    Script(
        "swagger_own_file",
        TEXT,
        documents(),
        files={"swagger.json": json.dumps({"swagger": "2.0", "own": "ü", "n": 1.0})},
    ),
    Script(
        "swagger_own_files_by_version",
        TEXT,
        documents(),
        files={
            "swagger2.json": '{"own": 2}',
            "swagger3.json": '{"own": 3}',
            "swagger3.1.json": '{"own": 3.1}',
        },
    ),
    Script(
        "swagger_own_files_both",
        TEXT,
        documents(),
        files={"swagger.json": '{"own": "first"}', "swagger2.json": '{"own": "second"}'},
    ),
    Script(
        "swagger_own_file_empty_object",
        TEXT,
        documents(),
        files={"swagger.json": "{}", "swagger2.json": '{"own": 2}', "swagger3.json": "{}"},
    ),
    Script(
        "swagger_own_file_elsewhere",
        TEXT,
        documents(),
        entry="code/score.py",
        files={"code/swagger.json": '{"own": "beside the script"}', "root/swagger3.json": '{"own": "root"}'},
        environment={"AML_APP_ROOT": "root"},
        arguments=("--entry_script", "code/score.py"),
    ),
)
