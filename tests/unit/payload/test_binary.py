"""Arrays and tables as bytes: the same values as JSON brings, and nothing that a client made up."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

from scoredock.errors import RefusedValue, RequestProblem, Unwritable
from scoredock.payload.arguments import SchemaReader
from scoredock.payload.arrow import write_arrow
from scoredock.payload.arrow_stream import ARROW, MARKS
from scoredock.payload.negotiation import asks_for_binary, write
from scoredock.payload.npy import NPY, write_npy
from scoredock.payload.room import MIB, Room
from scoredock.signature import Argument

MAX_BODY = 1_000_000
CUBE = pa.list_(pa.list_(pa.float64(), 1), 1)
WORD = pd.DataFrame({"a": ["x"], "b": [1.5]})
ROWS = NumpyParameterType(np.zeros((1, 2)))
LOOSE = PandasParameterType(pd.DataFrame([{"a": "x"}]), enforce_shape=False)
FRAME = PandasParameterType(pd.DataFrame([{"name": "a", "count": 1, "size": 1.5}]))


def npy(array: Any, **more: Any) -> bytes:
    """What numpy.save writes."""
    file = io.BytesIO()
    np.save(file, array, **more)
    return file.getvalue()


def arrow(table: Any, **options: Any) -> bytes:
    """What pyarrow writes as a stream."""
    table = pa.table(table) if isinstance(table, dict) else table
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write(table)
    return bytes(sink.getvalue())


def read(body: bytes, media_type: str, *arguments: Argument) -> dict[str, Any]:
    """run()'s arguments."""
    return SchemaReader(arguments, MAX_BODY).read(body, media_type)


def refusal(body: bytes, media_type: str, *arguments: Argument) -> tuple[int, str]:
    """Status and message of the refusal."""
    with pytest.raises(RequestProblem) as refused:
        read(body, media_type, *arguments)
    return refused.value.status, str(refused.value)


@contextmanager
def little_memory() -> Iterator[None]:
    """Fails where what is done in it takes 5 MB, of Python's memory at its peak or of Arrow's in the end."""
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert pa.total_allocated_bytes() - before < 5_000_000


class TestNpyIn:
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        hnp.arrays(
            st.sampled_from(["f8", ">f8", "f4", "i8", ">i4", "u1", "?"]),
            st.tuples(st.integers(1, 5), st.just(2)),
            elements={"allow_nan": False, "allow_infinity": False, "min_value": None},
        ),
        st.booleans(),
    )
    def test_the_array_is_the_one_that_json_brings(self, array: Any, fortran: bool) -> None:
        stored = np.asfortranarray(array) if fortran else array
        got = read(npy(stored), NPY, Argument("data", type=ROWS))["data"]
        body = json.dumps({"data": array.tolist()}).encode()
        wanted = read(body, "application/json", Argument("data", type=ROWS))["data"]
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        assert got.tobytes() == wanted.tobytes()
        assert got.flags.writeable and got.flags.c_contiguous and got.flags.owndata

    def test_without_enforcement_any_dtype_and_shape_passes(self) -> None:
        loose = NumpyParameterType(np.zeros((1, 2)), enforce_column_type=False, enforce_shape=False)
        got = read(npy(np.arange(6, dtype=">i2").reshape(1, 2, 3)), NPY, Argument("data", type=loose))["data"]
        assert got.dtype == np.dtype("i2") and got.tolist() == [[[0, 1, 2], [3, 4, 5]]]

    @pytest.mark.parametrize("version", [(1, 0), (2, 0)])
    def test_both_versions_of_the_format_are_read(self, version: Any) -> None:
        file = io.BytesIO()
        np.lib.format.write_array(file, np.ones((3, 2)), version=version)
        assert read(file.getvalue(), NPY, Argument("data", type=ROWS))["data"].tolist() == [[1.0, 1.0]] * 3

    def test_an_array_without_rows_is_one(self) -> None:
        assert read(npy(np.zeros((0, 2))), NPY, Argument("data", type=ROWS))["data"].shape == (0, 2)

    def test_defaults_are_filled_in(self) -> None:
        more = Argument("factor", default=2.0, type=StandardPythonParameterType(1.5))
        assert read(npy(np.ones((1, 2))), NPY, Argument("data", type=ROWS), more)["factor"] == 2.0

    @pytest.mark.parametrize(
        ("array", "sample", "words"),
        [
            (np.zeros((1, 3)), np.zeros((1, 2)), ["shape (*, 2)", "(1, 3)"]),
            (np.zeros(2), np.zeros((1, 2)), ["shape (*, 2)", "(2,)"]),
            (np.zeros((1, 2), "c16"), np.zeros((1, 2)), ["float64", "complex128"]),
            (np.array([["a", "b"]]), np.zeros((1, 2)), ["float64", "a string"]),
            (np.array([[1.5, 2]]), np.zeros((1, 2), "i8"), ["int64", "float64"]),
            (np.array([[1, 300]]), np.zeros((1, 2), "u1"), ["uint8", "int64"]),
            (np.array([[1, 70_000]], "i4"), np.zeros((1, 2), "i2"), ["from -32768 to 32767", "1 to 70000"]),
        ],
    )
    def test_what_does_not_fit_is_refused_with_what_was_expected(self, array: Any, sample: Any, words: Any) -> None:
        status, message = refusal(npy(array), NPY, Argument("data", type=NumpyParameterType(sample)))
        assert status == 400
        assert message.startswith("data: expected ")
        assert all(word in message for word in words), message

    @pytest.mark.parametrize(
        "arguments",
        [
            [Argument("table", type=FRAME)],
            [Argument("one", type=ROWS), Argument("two", type=ROWS)],
            [Argument("data", type=ROWS), Argument("more")],
        ],
    )
    def test_a_run_that_does_not_take_one_array_says_so(self, arguments: Any) -> None:
        status, message = refusal(npy(np.zeros((1, 2))), NPY, *arguments)
        assert status == 415
        assert all(one.name in message for one in arguments)


def header(text: str, data: bytes = b"") -> bytes:
    """A file with a header of one's own."""
    padded = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


DESCR = "{'descr': '%s', 'fortran_order': False, 'shape': %s}"


class TestAttacks:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\x93NUMPY",
            b"PK\x03\x04",
            b"\x93NUMPY\x03\x00" + bytes(100),
            npy(np.ones((2, 2)))[:-1],
            npy(np.ones((2, 2))) + b"x",
            npy(np.array([[{}, 1]], dtype=object), allow_pickle=True),
            npy(np.zeros(2, dtype=[("a", "f8"), ("b", "i4")])),
            header(DESCR % ("<f8", "(1000000000000, 2)")),
            header(DESCR % ("<f8", "(9223372036854775807, 9223372036854775807)")),
            header(DESCR % ("<f8", "(-1, -2)"), bytes(16)),
            header(DESCR % ("|S0", "(1000000000000,)")),
            header(DESCR % ("|V0", "(1000000000000,)")),
            header(DESCR % ("<f8", "(1,)" + " " * 10), bytes(7)),
            header(DESCR % ("|O", "(1,)"), b"cos\nsystem\n(S'true'\ntR."),
            header("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}"),
            header(DESCR % ("<f8", "(" + "1," * 20 + "1" * 20 + ")")),
            b"\x93NUMPY\x02\x00" + struct.pack("<I", 4_000_000_000) + b"{" * 1000,
            header(DESCR % ("|u1", "(0," + "1," * 70 + ")")),
            header(DESCR % ("<f8", "(True, 2)"), bytes(16)),
            header(DESCR % ("<f8", f"(0, {2**70})")),
        ],
    )
    def test_a_made_up_array_is_400_and_takes_no_memory(self, body: bytes) -> None:
        loose = NumpyParameterType(np.zeros((1, 2)), enforce_column_type=False, enforce_shape=False)
        with little_memory():
            status, message = refusal(body, NPY, Argument("data", type=loose))
        assert status == 400
        assert NPY in message

    @pytest.mark.parametrize(
        "make",
        [
            lambda: b"",
            lambda: b"not a stream",
            lambda: arrow({"a": [1.0] * 1000})[:-900],
            lambda: arrow({"a": [1.0] * 1000}, compression="zstd"),
            lambda: arrow({"a": pa.array(["x"] * 9).dictionary_encode()}, compression="lz4"),
            lambda: arrow({"a": pa.Array.from_buffers(pa.null(), (1 << 31) - 1, [None])}),
            lambda: arrow({"a": pa.RunEndEncodedArray.from_arrays(pa.array([1 << 30], pa.int32()), pa.array([1.0]))}),
            lambda: arrow({"a": pa.array([[]] * 9, pa.list_(pa.float64(), 0))}),
            lambda: arrow({"a": pa.array([b"", b""], pa.binary(0))}),
            lambda: arrow({"a": pa.array([{"b": 1}])}),
            lambda: arrow(pa.table([[1.0], [2.0]], names=["a", "a"])),
            lambda: arrow(pa.table([pa.array([1.0])], names=["a"]).select([])),
            lambda: spoiled_offsets(),
        ],
    )
    def test_a_made_up_table_is_400_and_takes_no_memory(self, make: Any) -> None:
        body = make()
        loose = PandasParameterType(pd.DataFrame([{"a": 1.5}]), enforce_column_type=False, enforce_shape=False)
        with little_memory():
            status, message = refusal(body, ARROW, Argument("table", type=loose))
        assert status == 400
        assert ARROW in message

    @pytest.mark.parametrize("dictionaries", [1, 2])
    def test_text_that_is_longer_than_its_body_is_at_most_as_long_as_a_body_may_be(self, dictionaries: int) -> None:
        rows, length = MAX_BODY // dictionaries // 1000, 1000 - MARKS
        indices = pa.array([0] * rows, pa.int8())
        texts = [pa.DictionaryArray.from_arrays(indices, ["x" * (length + one)]) for one in (0, 1)]
        body = arrow({"a": texts[0], "b": texts[0]} if dictionaries == 2 else {"a": texts[0]})
        frame = read(body, ARROW, Argument("table", type=LOOSE))["table"]
        assert frame["a"].tolist() == ["x" * length] * rows
        body = arrow({"b": texts[0], "a": texts[1]} if dictionaries == 2 else {"a": texts[1]})
        status, message = refusal(body, ARROW, Argument("table", type=LOOSE))
        assert status == 413
        assert all(part in message for part in ("'a'", f"at most {MAX_BODY} bytes", f"got {MAX_BODY + rows} bytes"))

    def test_a_dictionary_is_not_read_again_for_any_number_of_batches(self) -> None:
        texts = pa.array([f"{number:06d}" for number in range(50_000)])
        column = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), texts)
        batch = pa.record_batch({"a": column})
        read(stream_of(batch, 100), ARROW, Argument("table", type=LOOSE))
        status, message = refusal(stream_of(batch, 1000), ARROW, Argument("table", type=LOOSE))
        assert status == 400
        assert "longer batches" in message

    @pytest.mark.parametrize(("columns", "batches"), [(1, 10_000), (5000, 2)])
    def test_what_a_table_takes_beside_its_values_is_taken_from_the_room(self, columns: int, batches: int) -> None:
        empty = pa.record_batch({str(number): pa.array([], pa.int8()) for number in range(columns)})
        reader = SchemaReader((Argument("table", type=LOOSE),), MAX_BODY, Room(10 * MIB))
        with pytest.raises(RequestProblem, match="SCOREDOCK_MAX_PARSED_MB") as caught:
            reader.read(stream_of(empty, batches), ARROW)
        assert caught.value.status == 413

    @pytest.mark.parametrize(
        ("make", "sample", "words"),
        [
            (lambda: {"a": pa.array([0], pa.timestamp("us"))}, np.zeros((1, 2)), ["data:", "timestamp[us], double"]),
            (lambda: {"a": pa.array([[[1.0]]], CUBE)}, np.zeros((1, 2)), ["data:", "fixed_size_list"]),
            (lambda: {"a": pa.array([2**31 - 1], pa.int32()).view(pa.date32())}, WORD, ["data.a:", "date32"]),
            (lambda: {"a": pa.array([0], pa.timestamp("us", tz="Foo/Bar"))}, WORD, ["data.a:", "Foo/Bar"]),
        ],
    )
    def test_values_that_cannot_be_converted_are_400_and_say_where(self, make: Any, sample: Any, words: Any) -> None:
        kind = NumpyParameterType if isinstance(sample, np.ndarray) else PandasParameterType
        status, message = refusal(arrow({**make(), "b": [1.0]}), ARROW, Argument("data", type=kind(sample)))
        assert status == 400
        assert all(word in message for word in words), message

    @settings(deadline=None, max_examples=300)
    @given(st.data())
    def test_no_spoiled_body_meets_a_fault_of_the_server(self, data: Any) -> None:
        media_type, argument, whole = data.draw(
            st.sampled_from(
                [
                    (NPY, Argument("data", type=ROWS), npy(np.ones((3, 2)))),
                    (ARROW, Argument("t", type=FRAME), arrow({"name": ["a"], "count": [1], "size": [0.5]})),
                ]
            )
        )
        body = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 6))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        try:
            read(bytes(body), media_type, argument)
        except RequestProblem as problem:
            assert problem.status == 400


def stream_of(batch: Any, times: int) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(times):
            writer.write_batch(batch)
    return sink.getvalue()


def spoiled_offsets() -> bytes:
    """A column of text whose offsets point behind its bytes."""
    whole = arrow({"a": ["x" * 71, "y" * 6]})
    offsets = struct.pack("<3i", 0, 71, 77)
    assert whole.count(offsets) == 1
    return whole.replace(offsets, struct.pack("<3i", 0, 71, 1 << 30))


class TestArrowIn:
    def test_a_table_is_the_frame_of_a_run_that_takes_one(self) -> None:
        small = {"count": pa.array([1, 2], pa.int32()), "size": pa.array([1, 2], pa.float32())}
        body = arrow({"name": ["x", "y"], **small})
        frame = read(body, ARROW, Argument("table", type=FRAME))["table"]
        wanted = pd.DataFrame({"name": ["x", "y"], "count": [1, 2], "size": [1.0, 2.0]})
        pd.testing.assert_frame_equal(frame, wanted)

    def test_text_may_be_a_dictionary_and_columns_in_another_order(self) -> None:
        body = arrow({"size": [1.5], "name": pa.array(["x"]).dictionary_encode(), "count": [3]})
        frame = read(body, ARROW, Argument("table", type=FRAME))["table"]
        assert frame.to_dict(orient="records") == [{"size": 1.5, "name": "x", "count": 3}]
        assert frame.dtypes["name"] == FRAME.sample_input.dtypes["name"]

    @pytest.mark.parametrize(("texts", "wanted"), [(["x", "x"], ["x", "x"]), (["x", None], ["x", None])])
    def test_a_dictionary_may_hold_text_twice_and_nulls(self, texts: Any, wanted: Any) -> None:
        column = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(texts))
        frame = read(arrow({"size": [1.5, 2.5], "name": column, "count": [3, 4]}), ARROW, Argument("t", type=FRAME))[
            "t"
        ]
        assert [None if pd.isna(one) else one for one in frame["name"]] == wanted

    def test_dates_are_dates(self) -> None:
        when = pd.Timestamp("2024-05-01T08:30:00")
        type_ = PandasParameterType(pd.DataFrame({"when": [when]}))
        assert read(arrow({"when": [when]}), ARROW, Argument("t", type=type_))["t"]["when"].tolist() == [when]

    def test_metadata_of_pandas_does_not_change_the_table(self) -> None:
        frame = pd.DataFrame({"name": ["x"], "count": [1], "size": [0.5]}).set_index("name")
        made = read(arrow(pa.Table.from_pandas(frame)), ARROW, Argument("t", type=FRAME))["t"]
        assert sorted(made) == ["count", "name", "size"]

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            ({"name": ["x"], "count": [1]}, ["the columns name, count, size", "got name, count"]),
            ({"name": ["x"], "count": [1], "sise": [1.5]}, ["got name, count, sise"]),
            ({"name": [1], "count": [1], "size": [1.5]}, ["t.name: expected values of type", "int64"]),
            ({"name": ["x"], "count": [1.5], "size": [1.5]}, ["t.count: expected values of type", "float64"]),
            ({"name": ["x"], "count": [None], "size": [1.5]}, ["t.count"]),
            ({"name": ["x"], "count": pa.array([1 << 63], pa.uint64()), "size": [1.5]}, ["t.count"]),
        ],
    )
    def test_columns_that_do_not_fit_are_refused_by_name(self, table: Any, words: Any) -> None:
        table = {name: pa.array(column, pa.int64()) if column == [None] else column for name, column in table.items()}
        status, message = refusal(arrow(table), ARROW, Argument("t", type=FRAME))
        assert status == 400
        assert all(word in message for word in words), message

    def test_columns_are_the_arguments_of_their_names(self) -> None:
        arguments = (
            Argument("rows", type=ROWS),
            Argument("line", type=NumpyParameterType(np.zeros(1, "i8"))),
            Argument("names", type=StandardPythonParameterType(["a"])),
            Argument("other", default="unsent"),
        )
        table = {
            "rows": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float64(), 2)),
            "line": [5, 6],
            "names": ["x", "y"],
        }
        got = read(arrow(table), ARROW, *arguments)
        assert got["rows"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert got["line"].tolist() == [5, 6]
        assert (got["names"], got["other"]) == (["x", "y"], "unsent")

    def test_a_column_of_one_row_is_a_single_value(self) -> None:
        arguments = (
            Argument("size", type=StandardPythonParameterType(1.5)),
            Argument("word", type=StandardPythonParameterType("a")),
        )
        assert read(arrow({"size": [2.5], "word": ["b"]}), ARROW, *arguments) == {"size": 2.5, "word": "b"}
        assert refusal(arrow({"size": [2.5, 3.5], "word": ["b", "c"]}), ARROW, *arguments)[0] == 400

    def test_columns_of_numbers_are_the_one_array_side_by_side(self) -> None:
        got = read(arrow({"a": [1.0, 2.0], "b": pa.array([3, 4], pa.int32())}), ARROW, Argument("data", type=ROWS))
        assert got["data"].tolist() == [[1.0, 3.0], [2.0, 4.0]]

    def test_nulls_are_nan_in_numbers_with_a_point_and_refused_elsewhere(self) -> None:
        line = Argument("line", type=NumpyParameterType(np.zeros(1)))
        assert np.isnan(read(arrow({"line": [1.0, None]}), ARROW, line)["line"]).tolist() == [False, True]
        assert refusal(arrow({"line": pa.array([1, None])}), ARROW, line)[0] == 400

    def test_a_missing_argument_is_named(self) -> None:
        arguments = (Argument("a", type=ROWS), Argument("b", type=ROWS))
        table = {"a": pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))}
        assert "'b'" in refusal(arrow(table), ARROW, *arguments)[1]


class TestOut:
    @pytest.mark.parametrize(
        "result",
        [
            np.arange(6.0).reshape(2, 3),
            [1.5, 2.5],
            [[1, 2], [3, 4]],
            1.5,
            pd.Series([1, 2]),
            pd.DataFrame({"a": [1.0]}),
        ],
    )
    def test_arrays_come_back_as_they_were(self, result: Any) -> None:
        back = np.load(io.BytesIO(write_npy(result)), allow_pickle=False)
        assert np.array_equal(back, np.asarray(result))

    @pytest.mark.parametrize("result", [{"a": 1}, None, [1, [2]], [{"a": 1}], np.array([object()]), object()])
    def test_what_is_no_array_is_not_written_as_one(self, result: Any) -> None:
        with pytest.raises(Unwritable):
            write_npy(result)

    @pytest.mark.parametrize(
        ("result", "columns"),
        [
            (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=[7, 8]), {"a": [1, 2], "b": ["x", "y"]}),
            ({"a": [1, 2], "b": np.array([0.5, 1.5])}, {"a": [1, 2], "b": [0.5, 1.5]}),
            ([{"a": 1}, {"a": 2}], {"a": [1, 2]}),
            ([1.5, 2.5], {"result": [1.5, 2.5]}),
            (np.array([[1, 2], [3, 4]]), {"0": [1, 3], "1": [2, 4]}),
            (pd.Series([1, 2]), {"result": [1, 2]}),
            (2.5, {"result": [2.5]}),
        ],
    )
    def test_tables_come_back_as_they_were(self, result: Any, columns: Any) -> None:
        assert pa.ipc.open_stream(write_arrow(result)).read_all().to_pydict() == columns

    @pytest.mark.parametrize("result", [{"a": 1}, np.zeros((2, 2, 2)), object(), {"a": [1], "b": [1, 2]}])
    def test_what_is_no_table_is_not_written_as_one(self, result: Any) -> None:
        with pytest.raises(Unwritable):
            write_arrow(result)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (NPY, NPY),
        (f"{ARROW};q=0.5, {NPY}", NPY),
        (f"{ARROW}, {NPY};q=0.5", ARROW),
        (f"application/json, {NPY};q=0.9", "application/json"),
        (f"*/*, {NPY}", NPY),
        (f"*/*, {NPY};q=0", "application/json"),
        (f"{NPY};q=x", NPY),
        (f"{NPY};q=0", "application/json"),
        (f"text/html, {NPY};q=nan", "application/json"),
        (f"text/html, {NPY.upper()} ; Q=1", NPY),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str, wanted: str) -> None:
    assert asks_for_binary(accept.lower().encode())
    media_type, _ = write([1.0, 2.0], accept)
    assert media_type == wanted


def test_a_result_that_cannot_be_sent_so_is_sent_as_json_if_that_is_allowed() -> None:
    assert write({"a": 1}, f"{NPY}, application/json;q=0.1") == ("application/json", b'{"a":1}')
    with pytest.raises(RequestProblem, match=r"run\(\) returned a dict.*Accept application/json") as refused:
        write({"a": 1}, NPY)
    assert refused.value.status == 406


@pytest.mark.parametrize("accept", [b"*/*", b"application/json", b"text/html, */*;q=0.8"])
def test_other_clients_are_not_looked_at_closely(accept: bytes) -> None:
    assert not asks_for_binary(accept)


class TestNoOtherValue:
    """A number or date that its type cannot hold is refused, and not made another one, whatever NumPy is told to do."""

    @pytest.mark.parametrize("errors", ["ignore", "raise"])
    @pytest.mark.parametrize(
        ("sent", "dtype"),
        [
            (np.array([1.5, 1e39]), "float32"),
            (np.array([70000], "float32"), "float16"),
            (np.array(["300000-01-01"], "datetime64[Y]"), "datetime64[us]"),
            (np.array([2**62], "timedelta64[W]"), "timedelta64[s]"),
        ],
        ids=str,
    )
    def test_an_array(self, sent: Any, dtype: str, errors: Any) -> None:
        argument = Argument("data", type=NumpyParameterType(np.zeros(1, "i8").astype(dtype)))
        with np.errstate(all=errors), pytest.raises(RefusedValue, match=r"^data: expected values of type"):
            read(npy(sent), NPY, argument)

    @pytest.mark.parametrize("errors", ["ignore", "raise"])
    def test_a_column(self, errors: Any) -> None:
        argument = Argument("data", type=PandasParameterType(pd.DataFrame({"a": np.array([1.5], "float32")})))
        with np.errstate(all=errors):
            assert read(arrow({"a": [1e-300, float("inf")]}), ARROW, argument)["data"]["a"].tolist() == [0, np.inf]
            with pytest.raises(RefusedValue, match=r"^data\.a: expected values of type"):
                read(arrow({"a": [1.5, 1e39]}), ARROW, argument)

    @pytest.mark.parametrize("errors", ["ignore", "raise"])
    def test_what_is_infinite_or_missing_stays_so(self, errors: Any) -> None:
        argument = Argument("data", type=NumpyParameterType(np.zeros(1, "float32")))
        with np.errstate(all=errors):
            made = read(npy(np.array([np.inf, np.nan, 1e-300, 3.4e38])), NPY, argument)["data"]
        assert made.tolist()[0] == np.inf
        assert np.isnan(made[1])
        assert made.dtype == np.float32
