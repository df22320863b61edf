"""The ids of a request."""

from __future__ import annotations

import uuid

import pytest

from scoredock.web.ids import MAX_LENGTH, IdReader


@pytest.fixture
def reader() -> IdReader:
    """A reader that has seen no request yet."""
    return IdReader()


def test_new_ids_are_uuids_that_differ(reader: IdReader) -> None:
    made = [reader.new() for _ in range(1000)]
    assert len(set(made)) == 1000
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)
        assert str(parsed) == text


@pytest.mark.parametrize("sent", [b"", b"   "])
def test_an_empty_id_counts_as_absent(sent: bytes, reader: IdReader) -> None:
    ids = reader.read({b"x-request-id": sent, b"x-ms-client-request-id": sent, b"x-ms-request-id": sent})
    assert uuid.UUID(ids.request_id)
    assert dict(ids.headers) == {b"x-request-id": ids.request_id.encode(), b"x-ms-request-id": ids.request_id.encode()}


def test_ids_keep_bytes_that_are_not_ascii(reader: IdReader) -> None:
    ids = reader.read({b"x-request-id": b"\xfc"})
    assert ids.request_id == "ü"
    assert dict(ids.headers)[b"x-request-id"] == b"\xfc"


@pytest.mark.parametrize("name", [b"x-request-id", b"x-ms-request-id", b"x-ms-client-request-id"])
def test_an_id_too_long_is_refused_and_not_sent_back(name: bytes, reader: IdReader) -> None:
    assert not reader.read({name: b"i" * MAX_LENGTH}).refusal
    ids = reader.read({name: b"i" * (MAX_LENGTH + 1), b"traceid": b"t" * 500})
    assert name.decode() in ids.refusal
    assert all(len(value) <= MAX_LENGTH for key, value in ids.headers if key != b"traceid")
    assert dict(ids.headers)[b"traceid"] == b"t" * 500
    assert len(ids.request_id) <= MAX_LENGTH
