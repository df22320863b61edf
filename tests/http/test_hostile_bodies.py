"""Bodies that are made to crash a parser, or to keep it busy: 400 with a reason, and soon."""

from __future__ import annotations

import io
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scoredock.observe.process_memory import resident_bytes
from servers import InProcess, wait_until

Start = Callable[..., InProcess]
JSON = {"content-type": "application/json"}
SOON_S = 10.0
MIB = 1024 * 1024

DEEP = {
    "open lists": "[" * 100_000,
    "lists": "[" * 100_000 + "]" * 100_000,
    "objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "rows": "[[" + "[" * 900 + "]" * 900 + ", 1]]",
}
NUMBERS = {
    "a million digits": "1" * 10**6,
    "a million digits in rows": f"[[{'9' * 10**6}, 1]]",
    "minus": "-" + "1" * 10**6,
}


class TestJson:
    """Scripts with a schema; others get text, which nothing parses."""

    @pytest.mark.parametrize("type_", ["NumpyParameterType(np.zeros((1, 2)))", "StandardPythonParameterType([1])"])
    @pytest.mark.parametrize("value", [*DEEP.values(), *NUMBERS.values()], ids=[*DEEP, *NUMBERS])
    def test_what_no_parser_takes_is_400(self, value: str, type_: str, schema_script: Start) -> None:
        service = schema_script("return 1", decorators=f"@input_schema('data', {type_})")
        started = time.monotonic()
        answer = service.post(content=f'{{"data": {value}}}', headers=JSON)
        assert time.monotonic() - started < SOON_S
        if value == DEEP["rows"] and "Standard" in type_:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 400
            assert len(answer.json()["message"]) > 20
        assert len(answer.text) < 2000

    @pytest.mark.parametrize(
        "value", ["NaN", "1e400", "[[1e400, -1e400]]", '"\\ud800"', '[["\\ud800", 1]]', '"\\u0000"']
    )
    def test_odd_values_are_never_the_servers_fault(self, value: str, schema_script: Start) -> None:
        for type_ in ("NumpyParameterType(np.zeros((1, 2)))", "StandardPythonParameterType('a')"):
            service = schema_script("return data", decorators=f"@input_schema('data', {type_})")
            assert service.post(content=f'{{"data": {value}}}', headers=JSON).status_code in (200, 400)

    @pytest.mark.parametrize("key", ['"data": [[1, 2]]', '"k%d": 1'], ids=["one", "others"])
    def test_keys_without_end_take_no_minutes(self, key: str, schema_script: Start) -> None:
        service = schema_script("return len(data)")
        keys = ", ".join(key % number if "%" in key else key for number in range(300_000))
        started = time.monotonic()
        answer = service.post(content=f'{{{keys}, "data": [[3, 4]]}}', headers=JSON)
        assert (answer.status_code, answer.text) == (200, "1")
        assert time.monotonic() - started < SOON_S

    @pytest.mark.parametrize("value", ["[" * 30_000, "1" * 30_000, "NaN", '"\\ud800"', "%00", "%ff"])
    def test_a_query_is_no_way_in(self, value: str, schema_script: Start, text_script: Start) -> None:
        any_value = schema_script("return 1", decorators="@input_schema('data', StandardPythonParameterType([1]))")
        assert any_value.get(f"/score?data={value}").status_code in (200, 400)
        assert text_script("return 1").get(f"/score?data={value}").status_code == 200


ANY = "@input_schema('data', StandardPythonParameterType([1]))"
TEXTS = "@input_schema('data', NumpyParameterType(np.array(['x' * 2000])))"
FREE = "@input_schema('data', NumpyParameterType(np.array(['x']), enforce_column_type=False))"


class TestMemory:
    """What a body would become is known before it does."""

    @pytest.mark.parametrize("unit", [b"[]", b"{}", b"[1,2]", b"[[[[]]]]", b'{"a":{}}', b'""'])
    @pytest.mark.parametrize("decorators", [ANY, "@input_schema('data', NumpyParameterType(np.zeros((1, 2))))"])
    def test_many_small_values_are_413_and_not_parsed(self, unit: bytes, decorators: str, schema_script: Start) -> None:
        service = schema_script("return len(data)", decorators=decorators, SCOREDOCK_MAX_PARSED_MB="64")
        body = b'{"data": [' + b",".join([unit] * (10 * MIB // len(unit))) + b"]}"
        started, before = time.monotonic(), resident_bytes()
        answer = service.post(content=body, headers=JSON)
        assert time.monotonic() - started < SOON_S
        assert answer.status_code == 413
        assert "SCOREDOCK_MAX_PARSED_MB" in answer.json()["message"]
        assert resident_bytes() - before < 60 * MIB

    def test_what_is_not_counted_is_small(self, schema_script: Start) -> None:
        service = schema_script("return len(data)", decorators=ANY, SCOREDOCK_MAX_PARSED_MB="1")
        assert service.post(content=b'{"data": [' + b"[],".join([b""] * 10_000) + b"1]}", headers=JSON).json() == 10_000
        refused = service.post(content=b'{"data": [' + b"[],".join([b""] * 50_000) + b"1]}", headers=JSON)
        assert refused.status_code == 413

    def test_room_is_given_back(self, schema_script: Start) -> None:
        service = schema_script(
            "if data[0] == 'fail': raise ValueError\nreturn len(data)", decorators=ANY, SCOREDOCK_MAX_PARSED_MB="8"
        )
        body = b'{"data": ["%s"' + b",1.5" * 120_000 + b"]}"
        for word, status in [(b"good", 200), (b"fail", 500), (b"good", 200)] * 2:
            assert service.post(content=body % word, headers=JSON).status_code == status
        assert service.post(content=body[:-2] % b"x", headers=JSON).status_code == 400
        assert service.post(content=body % b"good", headers=JSON).status_code == 200

    @pytest.mark.parametrize("decorators", [TEXTS, FREE])
    def test_texts_that_arrays_would_widen_are_413(self, decorators: str, schema_script: Start) -> None:
        service = schema_script("return len(data)", decorators=decorators, SCOREDOCK_MAX_PARSED_MB="16")
        few = [b'"%s"' % (b"a" * 2000)] + [b'"b"'] * 1000
        many = [b'"%s"' % (b"a" * 2000)] + [b'"b"'] * 20_000
        answers = [service.post(content=b'{"data": [%s]}' % b",".join(one), headers=JSON) for one in (few, many)]
        assert [answer.status_code for answer in answers] == [200, 413]

    @pytest.mark.parametrize("rows", [1000, 400_000])
    def test_short_texts_in_a_file_of_numpys_are_413_where_they_would_be_long(
        self, rows: int, schema_script: Start
    ) -> None:
        service = schema_script("return len(data)", decorators=TEXTS, SCOREDOCK_MAX_PARSED_MB="16")
        file = io.BytesIO()
        np.save(file, np.zeros(rows, "S1"))
        answer = service.post(content=file.getvalue(), headers={"content-type": "application/x-npy"})
        assert answer.status_code == (200 if rows == 1000 else 413)

    @pytest.mark.parametrize("script", ["json", "get_json(force=True)"])
    def test_raw_scripts_json_is_bounded_too(self, script: str, raw_script: Start) -> None:
        service = raw_script(f"return len(request.{script if '(' in script else 'json'})", SCOREDOCK_MAX_PARSED_MB="16")
        assert service.post(content=b"[" + b"1.5," * 300_000 + b"1]", headers=JSON).json() == 300_001
        refused = service.post(content=b"[" + b"[]," * 300_000 + b"1]", headers=JSON)
        assert refused.status_code == 413
        assert "SCOREDOCK_MAX_PARSED_MB" in refused.json()["message"]
        broken = service.post(content=b'{"a": 1,}', headers=JSON)
        assert broken.status_code == 400
        assert "Expecting property name" in broken.json()["message"]
        assert "browser" not in broken.json()["message"]


class TestTensors:
    """Shapes that claim more than there is."""

    @pytest.mark.parametrize(
        "shape", ["(1099511627776, 2)", "(4611686018427387904, 4)", "(-1, 2)", "(0, 99999999999999)"]
    )
    def test_a_shape_that_claims_terabytes_is_400(self, shape: str, schema_script: Start) -> None:
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
        body = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(32)
        answer = schema_script("return 1").post(content=body, headers={"content-type": "application/x-npy"})
        assert answer.status_code == 400

    def test_a_table_that_claims_terabytes_is_400(self, schema_script: Start) -> None:
        pa = pytest.importorskip("pyarrow")
        sink = io.BytesIO()
        table = pa.table({"a": np.zeros(1000), "b": np.zeros(1000)})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        whole = sink.getvalue()
        service = schema_script("return 1")
        headers = {"content-type": "application/vnd.apache.arrow.stream"}
        assert service.post(content=whole, headers=headers).status_code == 200
        for number in (1000, 8000):  # rows, bytes of a column
            claimed = whole.replace(struct.pack("<q", number), struct.pack("<q", 1 << 42))
            assert claimed != whole
            assert service.post(content=claimed, headers=headers).status_code == 400


class TestForms:
    """Multipart bodies of raw scripts."""

    def test_many_parts_are_413(self, raw_script: Start) -> None:
        service = raw_script("return len(request.form)")
        form = {f"field{number}": (None, "x") for number in range(1001)}
        assert service.post(files=form).status_code == 413
        form.popitem()
        assert service.post(files=form).json() == 1000

    def test_large_fields_are_413(self, raw_script: Start) -> None:
        service = raw_script("return len(request.form['a'])")
        assert service.post(files={"a": (None, "x" * 400_000)}).json() == 400_000
        assert service.post(files={"a": (None, "x" * 600_000)}).status_code == 413

    def test_many_fields_are_413(self, raw_script: Start) -> None:
        service = raw_script("return len(request.form.getlist('a'))")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert service.post(content="&".join(["a=b"] * 100_000), headers=headers).json() == 100_000
        refused = service.post(content="&".join(["a=b"] * 100_001), headers=headers)
        assert refused.status_code == 413
        assert "100000 fields" in refused.json()["message"]

    @pytest.mark.parametrize("end", ["return len(request.files['a'].read())", "request.files; raise ValueError"])
    def test_the_files_of_uploads_are_gone_after_the_answer(self, end: str, raw_script: Start) -> None:
        service = raw_script(end)
        before = _temporary_files()
        for _ in range(3):
            assert service.post(files={"a": ("name", bytes(2_000_000))}).status_code == (500 if "raise" in end else 200)
        wait_until(lambda: _temporary_files() == before)


def _temporary_files() -> list[str]:
    """This process's open files that have been deleted."""
    found = []
    for entry in os.scandir("/proc/self/fd"):
        try:
            target = str(Path(entry.path).readlink())
        except FileNotFoundError:
            continue
        if target.endswith("(deleted)"):
            found.append(target)
    return sorted(found)


def test_a_long_text_is_not_parsed(text_script: Start) -> None:
    answer = text_script("return len(data)").post(content="[" * 1_000_000, headers=JSON)
    assert answer.json() == 1_000_000
