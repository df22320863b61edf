"""Collected data in S3 (moto's server) and in Azure's blobs (Azurite)."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pandas as pd
import pytest

from scoredock.collection import files
from scoredock.collection.targets import Target
from servers import wait_until

STORES = [
    pytest.param("s3_variables"),
    pytest.param(
        "azure_variables",
        marks=[pytest.mark.azurite, pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")],
    ),
]


@pytest.fixture(params=STORES)
def bucket(request, monkeypatch):
    """The URL of a folder of an object store, and fsspec's file system for it."""
    variables, scheme = request.param, "s3" if request.param == "s3_variables" else "az"
    for name, value in request.getfixturevalue(variables).items():
        monkeypatch.setenv(name, value)
    url = f"{scheme}://bucket/{os.urandom(4).hex()}"
    fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    return url, fs, root


def contents(fs, root) -> dict[str, bytes]:
    fs.invalidate_cache()
    return {path: fs.cat_file(path) for path in fs.find(root)}


def test_parts_grow_and_each_record_is_there_once(opened, bucket, monkeypatch):
    url, fs, root = bucket
    monkeypatch.setattr(files, "PART_BYTES", 9_000)
    collection = opened(to=url)
    for number in range(300):
        collection.take(collection.own_stream("seen", None), [number], "id")
        if number % 100 == 99:
            wait_until(lambda: collection._writer._held == 0)
    collection.close(20)
    found = contents(fs, root)
    lines = [json.loads(line) for text in found.values() for line in text.splitlines()]
    assert sorted(line["feature_0"] for line in lines) == list(range(300))
    assert len(found) == 3


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_other_formats_are_read_back(opened, bucket, form):
    url, fs, root = bucket
    collection = opened(to=url, file_format=form)
    for number in range(3):
        collection.take(collection.own_stream("seen", None), {"a": number}, "id")
        wait_until(lambda: collection._writer._held == 0)
    collection.close(20)
    (content,) = contents(fs, root).values()
    read = pd.read_csv if form == "csv" else pd.read_parquet
    assert read(io.BytesIO(content))["a"].tolist() == [0, 1, 2]


def test_of_two_processes_one_has_data_csv(opened, bucket, monkeypatch):
    url, fs, root = bucket
    for name in ("one", "two"):
        collection = opened(to=url)
        with monkeypatch.context() as patch:
            patch.setattr(files, "instance", lambda name=name: name)
            stream = collection.first_stream("m", "inputs", None, "s/r/w", "svc", "1", "default")
            collection.take(stream, {"name": name}, "id")
            collection.close(20)
    names = {path.rpartition("/")[2]: content for path, content in contents(fs, root).items()}
    assert set(names) == {"data.csv", "data-two.csv"}
    assert pd.read_csv(io.BytesIO(names["data.csv"]))["name"].tolist() == ["one"]


@pytest.mark.azurite
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
def test_a_connection_string_leads_to_the_container_modeldata(opened, azure_variables):
    connection = azure_variables["AZURE_STORAGE_CONNECTION_STRING"]
    target = Target("abfs://modeldata", (("connection_string", connection),), container="modeldata")
    assert connection not in repr(target)
    collection = opened(to=target)
    stream = collection.first_stream("m", "inputs", None, "s/r/w", "svc", "1", "default")
    collection.take(stream, [[1]], "id")
    collection.close(20)
    fs = fsspec.filesystem("abfs", connection_string=connection)
    assert fs.find("modeldata/s/r/w/svc/m/1/inputs/2030/05/17") == [
        "modeldata/s/r/w/svc/m/1/inputs/2030/05/17/data.csv"
    ]


def test_an_unreachable_store_is_tried_again(opened, monkeypatch, caplog):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # botocore's own tries would go on, and draw lots, in tests that follow
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # what knows the store that is there
    collection = opened(to="s3://bucket/nowhere")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(collection.take, collection.own_stream("seen", None), [1], "id").result(1) is None
    collection.close(0.5)
    assert "were dropped (shutdown)" in caplog.text
    assert "very-secret" not in caplog.text
