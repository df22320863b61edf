"""Arrow bodies in which many things refer to the same bytes are refused before pyarrow makes anything of them."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scoredock.payload.arrow_messages import check_messages


def stream(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=100)
    return sink.getvalue()


TABLES = {
    "numbers": pa.table({"a": np.arange(1000), "b": np.ones(1000)}),
    "texts": pa.table({"a": ["x", None, "yy"], "b": pa.array(["p", "q", "p"]).dictionary_encode()}),
    "times": pa.table({"a": pa.array([0, 1], pa.timestamp("us", tz="Europe/Berlin"))}),
    "lists": pa.table({"a": [[1.0], [], None], "b": pa.array([[1, 2]] * 3, pa.list_(pa.int8(), 2))}),
    "described": pa.table({"a": [1]}).replace_schema_metadata({"key": "value" * 100}),
    "nothing": pa.table({"a": pa.array([], pa.int8())}),
    "wide": pa.table({f"column {number}": [number] for number in range(2000)}),
    "structures": pa.table({"a": [{"x": 1, "y": "text"}]}),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("legacy", [False, True])
def test_what_writers_write_is_taken(table: pa.Table, legacy: bool) -> None:
    check_messages(stream(table, use_legacy_format=legacy))


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
@pytest.mark.parametrize("name", ["numbers", "texts"])
def test_compression_is_refused(name: str, codec: str) -> None:
    with pytest.raises(ValueError, match="compressed"):
        check_messages(stream(TABLES[name], compression=codec))


def test_columns_of_the_same_bytes_are_refused() -> None:
    body = stream(pa.table({"a": np.arange(64) - 1, "b": np.arange(64) - 1}))
    second = struct.pack("<4q", 512, 0, 512, 512)  # where column b's validity, of no bytes, and its bytes are
    assert body.count(second) == 1
    shared = body.replace(second, struct.pack("<4q", 0, 0, 0, 512))
    check_messages(shared)  # what refers to it is no longer than all of it
    whole, half = struct.pack("<q", 1024), struct.pack("<q", 512)
    places = [place for place in range(len(shared)) if shared[place : place + 8] == whole]
    halved = [shared[:place] + half + shared[place + 8 :] for place in places]  # one is the length of all of it
    assert any(_is_refused(one) for one in halved)


def _is_refused(body: bytes) -> bool:
    try:
        check_messages(body)
    except ValueError as error:
        return "same bytes" in str(error)
    except struct.error:
        pass
    return False


@pytest.mark.parametrize(("fields", "pairs"), [(3000, 1), (1, 3000)])
def test_fields_and_texts_that_many_refer_to_are_refused(fields: int, pairs: int) -> None:
    check_messages(schema(1, 1))
    with pytest.raises(ValueError, match="same bytes"):
        check_messages(schema(fields, pairs))


def test_pyarrow_would_take_them() -> None:
    found = pa.ipc.open_stream(schema(50, 1)).schema
    assert found.names == ["n" * 4000] * 50
    assert found.metadata == {b"k": b"v" * 4000}


@pytest.mark.parametrize("length", [0, 1, 7, 8, 100])
def test_what_is_cut_is_left_to_pyarrow(length: int) -> None:
    check_messages(stream(TABLES["numbers"])[:length])


def schema(fields: int, pairs: int) -> bytes:
    """A stream's schema, of so many references to one field and to one pair of metadata."""
    layouts = [(12, 12, 4, 6, 8, 0), (10, 12, 0, 4, 8, 0), (16, 20, 4, 0, 12, 8, 0, 16), (8, 12, 4, 8), (8, 12, 4, 8)]
    message = bytearray(4)
    places = []
    for layout in layouts:  # of the message, the schema, the field, its type, the pair
        places.append(len(message))
        message += struct.pack(f"<{len(layout)}H", *layout)

    def put(kind: str, *numbers: int) -> int:
        place = len(message)
        message.extend(struct.pack(f"<{kind}", *numbers))
        return place

    def refer(place: int, target: int) -> None:
        struct.pack_into("<I", message, place, target - place)

    def text(value: bytes) -> int:
        place = put("I", len(value))
        message.extend(value + bytes(4 - len(value) % 4))
        return place

    root = put("iHBxI", len(message) - places[0], 4, 1, 0)
    head = put("iII", len(message) - places[1], 0, 0)
    refer(0, root)
    refer(root + 8, head)
    vectors = [put(f"I{count}I", count, *[0] * count) for count in (fields, pairs)]
    refer(head + 4, vectors[0])
    refer(head + 8, vectors[1])
    field = put("iIIB3xI", len(message) - places[2], 0, 0, 2, 0)
    pair = put("iII", len(message) - places[4], 0, 0)
    for vector, count, target in ((vectors[0], fields, field), (vectors[1], pairs, pair)):
        for number in range(count):
            refer(vector + 4 + 4 * number, target)
    refer(field + 8, put("iIB3x", len(message) - places[3], 64, 1))
    refer(field + 16, put("I", 0))
    refer(field + 4, text(b"n" * 4000))
    refer(pair + 4, text(b"k"))
    refer(pair + 8, text(b"v" * 4000))
    message += bytes(-len(message) % 8)
    return struct.pack("<II", 0xFFFFFFFF, len(message)) + bytes(message) + struct.pack("<II", 0xFFFFFFFF, 0)


def test_dictionaries_that_are_added_to_are_refused() -> None:
    texts = ["a", "b"]
    type_ = pa.schema([("a", pa.dictionary(pa.int32(), pa.string()))])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, type_, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as writer:
        for more in ("c", "d"):
            texts.append(more)
            column = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array(texts))
            writer.write_batch(pa.record_batch([column], schema=type_))
    with pytest.raises(ValueError, match="adds to a dictionary"):
        check_messages(sink.getvalue())


def test_messages_fields_and_columns_of_batches_are_counted() -> None:
    assert check_messages(stream(TABLES["wide"])) == 1 + 2000 + 1 + 2000
    assert check_messages(stream(TABLES["numbers"])) == 1 + 2 + 10 * (1 + 2)
