"""Large JSON, parsed in pieces: the values, and the refusals, of a parse in one piece."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType

from scoredock.errors import RequestProblem
from scoredock.payload import SchemaReader, arguments, json_body, json_pieces
from scoredock.payload.json_body import parse, parse_large
from scoredock.payload.json_weight import AN_ITEM, longest_text, weight
from scoredock.signature import Argument

JSON = "application/json"
texts = st.sampled_from(["", "a", "a, b", "]},{", "\\", '"', '\\"', "é😀", "x" * 50, "\ud800"])
scalars = st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none())
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(texts, inner, max_size=6), max_leaves=40
)
layouts = st.sampled_from([None, (",", ":"), (" , ", " : "), ("\n,\t", ":  ")])


def outcome(body: bytes, read: Any) -> tuple[str, str]:
    try:
        return "value", repr(read(body))
    except RequestProblem as problem:
        return "refused", str(problem.status)


@pytest.fixture(params=[4, 16, 60])
def _short_pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "PIECE", request.param)


@pytest.mark.usefixtures("_short_pieces")
class TestEqual:
    @settings(deadline=None, max_examples=300)
    @given(values, layouts, st.booleans(), st.sampled_from([None, 1]))
    def test_pieces_give_what_the_whole_gives(self, value: Any, layout: Any, escaped: bool, indent: Any) -> None:
        text = json.dumps(value, ensure_ascii=escaped, separators=layout, indent=indent)
        body = text.encode("utf-8", "surrogatepass")
        assert outcome(body, parse_large) == outcome(body, parse)

    @settings(deadline=None, max_examples=500)
    @given(st.data())
    def test_what_is_spoiled_is_refused_alike(self, data: Any) -> None:
        body = bytearray(json.dumps(data.draw(values), separators=data.draw(layouts)).encode())
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(body)))
            body[place : place + data.draw(st.integers(0, 1))] = data.draw(
                st.sampled_from([b"", b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\", b" ", b"1", b"\xff", b"\0"])
            )
        assert outcome(bytes(body), parse_large) == outcome(bytes(body), parse)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
    def test_other_encodings_are_read(self, encoding: str) -> None:
        assert parse_large('{"é": [1, 2, "😀, 3", [4]]}'.encode(encoding)) == {"é": [1, 2, "😀, 3", [4]]}


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"[1,2,", "Expecting value: line 1 column 6 (char 5)"),
        (b'["\xc3\xa9",\n1,,', "Expecting value: line 2 column 3 (char 8)"),
        (b'{"a": 1, b', "Expecting property name enclosed in double quotes: line 1 column 10 (char 9)"),
        (b"[1]]", "Extra data: line 1 column 4 (char 3)"),
        (b"[1}", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
    ],
)
def test_the_place_of_what_is_wrong_is_told(start: bytes, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "PIECE", 4)
    with pytest.raises(RequestProblem, match="could not be decoded as JSON") as caught:
        parse_large(start)
    assert str(caught.value).endswith(f": {message}")


def test_long_containers_in_one_another_are_refused_soon() -> None:
    body = b"[" * 2_000_000 + b"]" * 2_000_000
    started = time.monotonic()
    with pytest.raises(RequestProblem, match="nested too deeply"):
        parse(body)
    assert time.monotonic() - started < 10


ROWS = Argument("data", type=NumpyParameterType(np.zeros((1, 3))))
TABLE = Argument("data", type=PandasParameterType(pd.DataFrame({"n": [1], "t": ["x"], "f": [1.5], "b": [True]})))
RECORD = {"n": 3, "t": "a, }],[{", "f": 0.5, "b": False}


@pytest.mark.parametrize(
    "value",
    [
        [[1, 2, 3]] * 40,
        [[1.5, 2, 3]] * 40 + [[1, 2]],
        [[1, 2, 3]] * 20 + [[1, "x", 3]],
        [[1, 2, 3]] * 20 + [[1, [2], 3]],
        [[1, 2, None]] * 40,
        [],
        "x" * 100,
        [1] * 60,
        [[[1, 2, 3]]] * 20,
    ],
    ids=lambda value: str(value)[-20:],
)
@pytest.mark.parametrize("more", [{}, {"other": [1, {"a": "b"}]}, {"data ": 1}])
def test_arrays_are_what_they_are_in_one_piece(value: Any, more: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _same(json.dumps({**more, "data": value}).encode(), ROWS, monkeypatch)


@pytest.mark.parametrize(
    "value",
    [
        [RECORD] * 30,
        [RECORD] * 30 + [{**RECORD, "n": 1.5}],
        [RECORD] * 30 + [{"n": 3}],
        [dict(reversed(RECORD.items()))] * 3 + [RECORD] * 30,
        [{**RECORD, "n": 2**63}] * 20,
        [],
    ],
    ids=lambda value: str(value)[-20:],
)
def test_frames_are_what_they_are_in_one_piece(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _same(json.dumps({"data": value}).encode(), TABLE, monkeypatch)


@pytest.mark.parametrize("body", [b'{"data": [[1,2,3]], "data": [[4,5,6],[7,8,9]]}', b'{"data": [[1,2,3],[4,5,6],]}'])
def test_repeated_keys_and_bad_ends_are_read_alike(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    _same(body, ROWS, monkeypatch)


def _same(body: bytes, argument: Argument, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = SchemaReader((argument,), 1_000_000)
    found = []
    for large in (1 << 40, 1):
        monkeypatch.setattr(arguments, "LARGE", large)
        monkeypatch.setattr(json_body, "LARGE", max(large, 64))
        monkeypatch.setattr(json_pieces, "PIECE", 24)
        try:
            found.append(reader.read(body, JSON)["data"])
        except RequestProblem as problem:
            found.append(str(problem))
    whole, pieces = found
    assert type(whole) is type(pieces)
    if isinstance(whole, pd.DataFrame):
        pd.testing.assert_frame_equal(whole, pieces)
    elif isinstance(whole, np.ndarray):
        assert whole.dtype == pieces.dtype
        np.testing.assert_array_equal(whole, pieces)
    else:
        assert whole == pieces


@pytest.fixture
def longest_pause_s() -> Iterator[list[float]]:
    """How long another thread had to wait for the interpreter lock, at most."""
    pauses, done = [0.0], threading.Event()

    def watch() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            pauses[0] = max(pauses[0], now - last)
            last = now

    thread = threading.Thread(target=watch)
    thread.start()
    yield pauses
    done.set()
    thread.join()


@pytest.mark.parametrize(
    "unit", [b"[0.1234567890123,1]", b'{"a":"text","b":1.5}', b'"some text, of a kind"', b"0.123456"]
)
def test_others_get_their_turn_while_a_large_body_is_parsed(unit: bytes, longest_pause_s: list[float]) -> None:
    body = b'{"data": [' + b",".join([unit] * (24 * 1024 * 1024 // len(unit))) + b"]}"
    longest_pause_s[0] = 0.0
    value = parse(body)
    assert longest_pause_s[0] < 0.25  # in one piece: a second and more
    assert value["data"][-1] == json.loads(unit)
    assert len(value["data"]) == 24 * 1024 * 1024 // len(unit)


class TestWeight:
    """What is estimated is not less than what is taken, and not many times as much for usual bodies."""

    @pytest.mark.parametrize(
        ("unit", "taken"),  # bytes that CPython 3.11 takes for each
        [(b"[]", 72), (b"{}", 72), (b"[1,2]", 103), (b"1.5", 40), (b'"ab"', 72), (b'{"a":1}', 200), (b"[[[[]]]]", 350)],
    )
    def test_it_covers_what_small_values_take(self, unit: bytes, taken: int) -> None:
        count = 10_000
        assert weight(b"[" + b",".join([unit] * count) + b"]") >= 0.9 * taken * count

    def test_text_takes_about_its_length(self) -> None:
        text = b'{"data": "' + b"x" * 5_000_000 + b'"}'
        assert 5_000_000 < weight(text) < 5_100_000
        assert weight(text[:-2] + "😀".encode() + b'"}') > 20_000_000  # one wide character widens all of them

    def test_items_of_wide_arrays_count_by_their_width(self) -> None:
        text = b'["a","b","c","d","e"]'
        assert weight(text, 1000) - weight(text) == 5 * 1000
        assert AN_ITEM < 1000

    def test_the_longest_text_is_found(self) -> None:
        assert longest_text(b'{"a": ["b", "ccccc", "d\\"ee"]}') == 5
        assert longest_text(b'{"a": ["b", "c\\\\"]}') == 3
        assert longest_text(b"[1, 2]") == 0
