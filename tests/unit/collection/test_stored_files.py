"""What lies in the files: read back with the readers that people use."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoredock.collection.collection import Collection

FRAME = pd.DataFrame(
    {
        "n": [1, 2],
        "x": [0.1 + 0.2, float("nan")],
        "text": ['a "quoted", text', "two\nlines; ünï"],
        "when": pd.to_datetime(["2030-01-02T03:04:05.123456", None]),
        "flag": [True, False],
    }
)


def store(collection, data, feature_names=None, name="seen"):
    collection.take(collection.own_stream(name, feature_names), data, "id-1")


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


# What pandas 2 reads numbers exactly with, as later ones do.
EXACT = {"float_precision": "round_trip"} if pd.__version__.startswith("2.") else {}


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, **EXACT)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_json(path, lines=True, precise_float=True, dtype=False)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_frame_is_read_back_as_it_was(opened, tmp_path, form):
    collection = opened(file_format=form)
    store(collection, FRAME)
    collection.close()
    (path,) = files(tmp_path / "to")
    assert path.parent == tmp_path / "to" / "seen" / "2030" / "05" / "17" / "12"
    back = read(path)
    assert list(back) == [*FRAME, "_time", "_correlation", "_request"]
    assert back["n"].tolist() == [1, 2]
    assert back["x"][0] == 0.1 + 0.2
    assert np.isnan(back["x"][1])
    assert back["text"].tolist() == FRAME["text"].tolist()
    assert pd.Timestamp(back["when"][0]) == FRAME["when"][0]
    assert pd.isna(back["when"][1])
    assert back["flag"].tolist() == [True, False]
    assert set(back["_correlation"]) == {"id-1"}
    assert set(back["_request"]) == {"request-1"}


@pytest.mark.parametrize(
    ("data", "names", "expected"),
    [
        ({"a": 1, "b": [1, 2]}, None, [{"a": 1, "b": [1, 2]}]),
        ([{"a": 1}, {"b": 2}], None, [{"a": 1, "b": None}, {"a": None, "b": 2}]),
        ([1, 2.5], ["a", "b"], [{"a": 1, "b": 2.5}]),
        ([[1, 2], [3, 4]], None, [{"feature_0": 1, "feature_1": 2}, {"feature_0": 3, "feature_1": 4}]),
        (np.array([1, 2]), None, [{"feature_0": 1, "feature_1": 2}]),
        (np.array([[1.5], [2.5]]), ["a"], [{"a": 1.5}, {"a": 2.5}]),
        (np.float32(0.5), None, [{"feature_0": 0.5}]),
        ("text", None, [{"feature_0": "text"}]),
        (pd.Series([1, 2]), None, [{"feature_0": 1, "feature_1": 2}]),
        ({"b": b"\xff", "d": datetime.date(2030, 1, 2), "big": 1 << 70}, None,
         [{"b": "/w==", "d": "2030-01-02", "big": float(1 << 70)}]),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, [{"a": 1, "a_2": 2}]),
        (pd.DataFrame([[1, 2]]), None, [{"0": 1, "1": 2}]),
    ],
)  # fmt: skip
def test_everything_that_scripts_hand_over_becomes_rows(opened, tmp_path, data, names, expected):
    collection = opened()
    store(collection, data, names)
    collection.close()
    (path,) = files(tmp_path / "to")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [{name: value for name, value in row.items() if name[0] != "_"} for row in rows] == expected


@pytest.mark.parametrize("data", [np.zeros((2, 2, 2)), [[1, 2, 3]], object])
def test_what_cannot_be_rows_costs_itself_alone(opened, tmp_path, data, caplog):
    collection = opened()
    store(collection, data, ["a", "b"])
    store(collection, [1, 2], ["a", "b"])
    collection.close()
    (path,) = files(tmp_path / "to")
    stored = [json.loads(line) for line in path.read_text().splitlines()]
    assert stored[-1]["a"] == 1
    assert len(stored) == 1
    assert "records of collection seen were dropped (invalid)" in caplog.text


@pytest.mark.parametrize("data", [np.zeros(3), pd.DataFrame({"a": [0.0]}), [[0.0]], {"a": [0]}])
def test_what_the_script_changes_afterwards_does_not_count(opened, tmp_path, data):
    collection = opened(writer={"flush_s": 60})
    store(collection, data)
    if isinstance(data, dict):
        data["a"][0] = 9
    elif isinstance(data, list):
        data[0][0] = 9
    elif isinstance(data, pd.DataFrame):
        data.loc[0, "a"] = 9
    else:
        data[:] = 9
    collection.close()
    assert "9" not in json.dumps(
        {k: v for k, v in json.loads(files(tmp_path / "to")[0].read_text()).items() if k[0] != "_"}
    )


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("roll", "first", "last", "folder", "next_folder"),
    [
        ("minute", "2030-12-31T23:59:00", "2030-12-31T23:59:59", "2030/12/31/23/59", "2031/01/01/00/00"),
        ("hour", "2030-12-31T23:00:00", "2030-12-31T23:59:59", "2030/12/31/23", "2031/01/01/00"),
        ("day", "2030-12-31T00:00:00", "2030-12-31T23:59:59", "2030/12/31", "2031/01/01"),
        ("month", "2030-12-01T00:00:00", "2030-12-31T23:59:59", "2030/12", "2031/01"),
        ("year", "2030-01-01T00:00:00", "2030-12-31T23:59:59", "2030", "2031"),
    ],
)
def test_a_new_period_is_a_new_folder(opened, tmp_path, clock, form, roll, first, last, folder, next_folder):
    collection = opened(roll=roll, file_format=form)
    for moment, number in ((first, 1), (last, 2)):
        clock.now = datetime.datetime.fromisoformat(f"{moment}+00:00").timestamp()
        store(collection, [number])
    clock.now += 1
    store(collection, [3])
    collection.close()
    before, after = files(tmp_path / "to")
    assert before.parent == tmp_path / "to" / "seen" / folder
    assert after.parent == tmp_path / "to" / "seen" / next_folder
    assert read(before)["feature_0"].tolist() == [1, 2]
    assert read(after)["feature_0"].tolist() == [3]


def test_frames_with_other_columns_go_to_another_csv(opened, tmp_path):
    collection = opened(file_format="csv")
    for data in ({"a": 1}, {"b": 2}, {"a": 3}):
        store(collection, data)
    collection.close()
    found = [pd.read_csv(path) for path in files(tmp_path / "to")]
    assert sorted(frame.iloc[:, 0].tolist() for frame in found) == [[1, 3], [2]]


def test_names_cannot_leave_their_folder(opened, tmp_path):
    collection = opened()
    store(collection, [1], name="../../etc/passwd")
    stream = collection.first_stream("../m", "inputs", None, "../../..", "..", "/", "../../data")
    collection.take(stream, [1], "x")
    found = collection.event_stream("../../x")
    collection.take(found[0], pd.DataFrame({"a": [1]}), "../../y")
    collection.close()
    assert len(files(tmp_path / "to")) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def test_a_share_is_stored_and_belongs_together():
    ids = [f"{number:036d}" for number in range(10_000)]
    drawn = {one for one in ids if Collection.is_drawn(one, 0.1)}
    assert 850 < len(drawn) < 1150
    assert drawn <= {one for one in ids if Collection.is_drawn(one, 0.2)}
    assert not any(Collection.is_drawn(one, 0.0) for one in ids)
    assert all(Collection.is_drawn(one, 1.0) for one in ids)


def test_add_correlations_gives_each_row_its_own(opened, tmp_path):
    collection = opened()
    stream = collection.first_stream("m", "inputs", None, "s/r/w", "svc", "1", "mine")
    frame = pd.DataFrame({"a": [1, 2], "$aml_dc_correlation_id": ["x", "y"]})
    collection.take(stream, frame, "other")
    collection.close()
    (path,) = files(tmp_path / "to")
    assert path == tmp_path / "to/s/r/w/svc/m/1/inputs/2030/05/17/mine.csv"
    back = pd.read_csv(path)
    assert back["$aml_dc_correlation_id"].tolist() == ["x", "y"]
    assert list(back)[:3] == ["a", "$aml_dc_correlation_id", "$aml_dc_scoring_timestamp"]
    assert back["$aml_dc_scoring_timestamp"][0] == "2030-05-17T12:00:00.000000"
