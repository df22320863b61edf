"""Swagger documents: valid for every kind of schema, replaceable by the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from scoredock.errors import BootError
from scoredock.schema import Documents

VALIDATORS = {"2": OpenAPIV2SpecValidator, "3": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
TYPES = {
    "array": "NumpyParameterType(np.array([[1.5, 2.5]]))",
    "integers": "NumpyParameterType(np.array([[1, 2]], 'int16'))",
    "booleans": "NumpyParameterType(np.array([True]))",
    "strings": "NumpyParameterType(np.array(['a']))",
    "dates": "NumpyParameterType(np.array(['2020-01-01'], 'datetime64[D]'))",
    "rows": "NumpyParameterType(np.array([(1, 'x')], [('a', 'i8'), ('b', 'U5')]))",
    "no rows": "NumpyParameterType(np.zeros((0, 2)))",
    **{
        f"frame {orient}": f"PandasParameterType(pd.DataFrame({{'a': [1], 'b': [2]}}), orient={orient!r})"
        for orient in ("records", "split", "index", "columns", "values", "table")
    },
    "times": "PandasParameterType(pd.DataFrame({'t': pd.to_datetime(['2020-01-01'])}))",
    "number": "StandardPythonParameterType(1.5)",
    "integer": "StandardPythonParameterType(1)",
    "text": "StandardPythonParameterType('x')",
    "boolean": "StandardPythonParameterType(True)",
    "bytes": "StandardPythonParameterType(b'x')",
    "date": "StandardPythonParameterType(datetime.date(2020, 1, 1))",
    "datetime": "StandardPythonParameterType(datetime.datetime(2020, 1, 1))",
    "time": "StandardPythonParameterType(datetime.time(1, 2))",
    "list": "StandardPythonParameterType([1, 2])",
    "empty list": "StandardPythonParameterType([])",
    "dict": "StandardPythonParameterType({'a': 1, 'b': {'c': [1.5]}})",
    "nested": "StandardPythonParameterType({'in': NumpyParameterType(np.zeros((1, 2))), 'n': "
    "StandardPythonParameterType([StandardPythonParameterType(1)])})",
}
MIXED = {
    "list": "StandardPythonParameterType([1, 'a'])",
    "frame": "PandasParameterType(pd.DataFrame({'a': [1], 'b': ['x']}), orient='values')",
}


def read(documents: Documents, version: str) -> dict[str, Any]:
    """A version's document."""
    text = documents.find(version)
    assert text is not None
    document: dict[str, Any] = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    return document


def score(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The scoring operation."""
    operation: dict[str, Any] = document["paths"][f"{prefix}/score"]["post"]
    return operation


@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_the_documents_of_every_type_are_valid(type_: str, documents: Callable[..., Documents]) -> None:
    built = documents(types={"data": type_})
    for version, validator in VALIDATORS.items():
        validator(read(built, version)).validate()


@pytest.mark.parametrize("version", VALIDATORS)
@pytest.mark.parametrize(
    "run",
    [
        "def run(data): pass",
        "@output_schema(NumpyParameterType(np.zeros(1)))\ndef run(data): pass",
        "@input_schema('a', StandardPythonParameterType(1))\ndef run(a, b=2, *, request_headers): pass",
    ],
    ids=["undecorated", "output alone", "one of two"],
)
def test_the_documents_of_every_script_are_valid(run: str, version: str, documents: Callable[..., Documents]) -> None:
    VALIDATORS[version](read(documents(run), version)).validate()


def test_the_input_is_described_with_an_example(documents: Callable[..., Documents]) -> None:
    built = documents(types={"data": TYPES["array"], "factor": TYPES["number"]})
    schema = read(built, "2")["definitions"]["ServiceInput"]
    assert schema["properties"]["data"]["format"] == "numpy.ndarray"
    assert schema["properties"]["factor"] == {"type": "number", "format": "double"}
    assert schema["example"] == {"data": [[1.5, 2.5]], "factor": 1.5}
    assert read(built, "3")["components"]["schemas"]["ServiceInput"] == schema


def test_the_output_is_described(documents: Callable[..., Documents]) -> None:
    built = documents(f"@output_schema({TYPES['integer']})\ndef run(data): pass")
    expected = {"type": "integer", "format": "int64", "example": 1}
    assert read(built, "2")["definitions"]["ServiceOutput"] == expected
    assert read(built, "3.1")["components"]["schemas"]["ServiceOutput"] == expected


def test_an_undecorated_script_takes_and_gives_any_object(documents: Callable[..., Documents]) -> None:
    definitions = read(documents(), "2")["definitions"]
    assert definitions["ServiceInput"] == definitions["ServiceOutput"] == {"type": "object", "example": {}}


def test_a_sample_with_missing_values_still_makes_json(documents: Callable[..., Documents]) -> None:
    built = documents(types={"data": "NumpyParameterType(np.array([[1.5, np.nan]]))"})
    assert read(built, "2")["definitions"]["ServiceInput"]["example"] == {"data": [[1.5, None]]}


class TestVersions:
    """Names of versions, and which there are."""

    def test_each_name_finds_its_version(self, documents: Callable[..., Documents]) -> None:
        built = documents()
        assert read(built, "2") == read(built, "2.0")
        assert read(built, "2")["swagger"] == "2.0"
        assert read(built, "3") == read(built, "3.0")
        assert read(built, "3")["openapi"].startswith("3.0")
        assert read(built, "3.1")["openapi"].startswith("3.1")

    @pytest.mark.parametrize("version", ["", "1", "2.1", "4", "two", "3.1.0"])
    def test_an_unknown_version_is_told_the_known_ones(self, version: str, documents: Callable[..., Documents]) -> None:
        built = documents()
        assert built.find(version) is None
        expected = f"Swagger version [{version}] is not valid. Supported versions: [2, 3, 3.1]."
        assert built.missing(version) == expected

    @pytest.mark.parametrize("place", ["input", "output"])
    @pytest.mark.parametrize("mixed", MIXED.values(), ids=MIXED)
    def test_mixed_arrays_leave_version_2_out(
        self, mixed: str, place: str, documents: Callable[..., Documents]
    ) -> None:
        name = "'data', " if place == "input" else ""
        built = documents(f"@{place}_schema({name}{mixed})\ndef run(data): pass")
        assert built.find("2") is built.find("2.0") is None
        assert "[2] is not supported for the scoring script" in built.missing("2")
        assert "[3, 3.1]" in built.missing("2")
        for version in ("3", "3.1"):
            VALIDATORS[version](read(built, version)).validate()


class TestDescription:
    """What settings put into the documents."""

    def test_name_and_version_of_the_service(self, documents: Callable[..., Documents]) -> None:
        built = documents(SERVICE_NAME='a "quoted" name', SERVICE_VERSION="7")
        for version in VALIDATORS:
            info = read(built, version)["info"]
            assert (info["title"], info["version"]) == ('a "quoted" name', "7")

    @pytest.mark.parametrize(("prefix", "expected"), [("", ""), ("api", "/api"), ("/api/v1/", "/api/v1"), ("/", "")])
    def test_the_prefix_stands_before_every_path(
        self, prefix: str, expected: str, documents: Callable[..., Documents]
    ) -> None:
        built = documents(SERVICE_PATH_PREFIX=prefix)
        for version in VALIDATORS:
            paths = read(built, version)["paths"]
            assert set(paths) == {f"{expected}/", f"{expected}/score", f"{expected}/swagger.json"}


class TestOwnFiles:
    """Files of the app root that replace generated documents."""

    @pytest.mark.parametrize(
        ("file", "version"),
        [("swagger.json", "2"), ("swagger2.json", "2.0"), ("swagger3.json", "3"), ("swagger3.1.json", "3.1")],
    )
    def test_a_file_replaces_its_version_and_no_other(
        self, file: str, version: str, tmp_path: Path, documents: Callable[..., Documents]
    ) -> None:
        (tmp_path / file).write_text('{"mine": "ü"}', encoding="utf-8")
        built = documents()
        assert read(built, version) == {"mine": "ü"}
        assert sum(read(built, one) == {"mine": "ü"} for one in VALIDATORS) == 1

    def test_swagger_json_goes_before_swagger2_json(self, tmp_path: Path, documents: Callable[..., Documents]) -> None:
        (tmp_path / "swagger.json").write_text('{"first": 1}')
        (tmp_path / "swagger2.json").write_text('{"second": 2}')
        assert read(documents(), "2") == {"first": 1}
        (tmp_path / "swagger.json").write_text("{}")
        assert read(documents(), "2") == {"second": 2}

    def test_an_own_file_serves_a_script_that_version_2_cannot_describe(
        self, tmp_path: Path, documents: Callable[..., Documents]
    ) -> None:
        (tmp_path / "swagger.json").write_text('{"mine": 1}')
        assert read(documents(types={"data": MIXED["list"]}), "2") == {"mine": 1}

    def test_only_the_app_root_is_looked_in(self, tmp_path: Path, documents: Callable[..., Documents]) -> None:
        (tmp_path / "root").mkdir()
        (tmp_path / "swagger.json").write_text('{"mine": 1}')
        assert "swagger" in read(documents(AML_APP_ROOT="root"), "2")

    @pytest.mark.parametrize(
        ("content", "told"),
        [(b"{", "not valid JSON"), (b"", "not valid JSON"), (b"\xff", "not valid JSON"), (b"[1]", "got list")],
    )
    def test_a_broken_file_is_a_boot_failure_that_names_it(
        self, content: bytes, told: str, tmp_path: Path, documents: Callable[..., Documents]
    ) -> None:
        (tmp_path / "swagger3.json").write_bytes(content)
        with pytest.raises(BootError) as caught:
            documents()
        assert caught.value.phase == "swagger"
        assert str(tmp_path / "swagger3.json") in str(caught.value)
        assert told in str(caught.value)
