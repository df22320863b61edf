"""Every sample, made and served as its README says, answers as its model does when it is called directly."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from openapi_spec_validator import validate
from sklearn.datasets import load_digits

from samples import NAMES, SAMPLES

WITH_SCHEMA = ["onnx-digits", "pandas-frame", "sklearn-diabetes"]
JSON = {"Content-Type": "application/json"}


def model_file(made_samples: Callable[[str], Path], name: str, file: str) -> Path:
    return made_samples(name) / "model" / file


def request_of(name: str) -> bytes:
    return (SAMPLES / name / "request.json").read_bytes()


def test_every_sample_has_its_parts():
    assert set(WITH_SCHEMA) < set(NAMES)
    for name in NAMES:
        files = {path.name for path in (SAMPLES / name).iterdir()}
        assert {"README.md", "score.py", "make_model.py"} < files, name
        assert files & {"request.json", "digit.pgm"}, name


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_shows_the_commands_and_the_true_answers(made_samples, sample, name):
    readme = (made_samples(name) / "README.md").read_text()
    assert f"python samples/{name}/make_model.py\n" in readme
    assert f"scoredock serve --entry_script samples/{name}/score.py --model_dir samples/{name}/model\n" in readme
    shown = re.findall(r"```sh\n(curl .*)\n```\n```json\n(.*)\n```", readme)
    assert len(shown) == readme.count("curl ") > 0

    server = sample(name)
    for command, answer in shown:
        words = shlex.split(command.replace("http://localhost:5001", server.url))
        printed = subprocess.run(words, cwd=made_samples(name).parents[1], capture_output=True, text=True, timeout=60)
        assert json.loads(printed.stdout) == like(json.loads(answer))


def like(shown: Any) -> Any:
    """What equals an answer that a README shows: libraries differ in last digits, machines in their speed."""
    if isinstance(shown, dict):
        return {
            key: pytest.approx(value, abs=30) if key == "elapsed_time" else like(value) for key, value in shown.items()
        }
    if isinstance(shown, list):
        return [like(value) for value in shown]
    return pytest.approx(shown, rel=1e-3) if isinstance(shown, float) else shown


def test_echo_returns_what_came(sample):
    server = sample("echo")
    assert server.post(content=request_of("echo"), headers=JSON).json() == json.loads(request_of("echo"))
    assert server.get("/score", params={"word": "ja", "number": "1"}).json() == {"word": "ja", "number": 1}
    assert 'received {"word": "ja", "number": 1}' in server.output


def test_sklearn_diabetes_answers_as_its_model(made_samples, sample):
    answer = sample("sklearn-diabetes").post(content=request_of("sklearn-diabetes"), headers=JSON)
    model = joblib.load(model_file(made_samples, "sklearn-diabetes", "sklearn_regression_model.pkl"))
    rows = json.loads(request_of("sklearn-diabetes"))["data"]
    assert answer.json() == pytest.approx(model.predict(np.array(rows)).tolist())


def test_pandas_frame_answers_as_its_model(made_samples, sample):
    request = json.loads(request_of("pandas-frame"))
    server = sample("pandas-frame")
    answer = server.post(json=request)
    assert list(answer.json()) == ["Results"]

    model = joblib.load(model_file(made_samples, "pandas-frame", "delivery_minutes.joblib"))
    minutes = model.predict(pd.DataFrame(request["Inputs"]["deliveries"]))
    in_traffic = minutes * request["GlobalParameters"]["traffic"]
    left = in_traffic - request["Inputs"]["minutes_under_way"]
    results = pd.DataFrame(answer.json()["Results"])
    assert results["minutes"].tolist() == pytest.approx(in_traffic.tolist(), abs=0.06)
    assert results["minutes_left"].tolist() == pytest.approx(left.tolist(), abs=0.06)

    without = server.post(json={"Inputs": request["Inputs"]}).json()["Results"]
    assert [row["minutes"] for row in without] == pytest.approx(minutes.tolist(), abs=0.06)


def test_pandas_frame_names_the_place_of_a_refused_value(sample):
    request = json.loads(request_of("pandas-frame"))
    request["Inputs"]["deliveries"][1]["distance_km"] = "far"
    answer = sample("pandas-frame").post(json=request)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Inputs.deliveries[1].distance_km: expected")


def test_onnx_digits_answers_as_its_model(made_samples, sample):
    answer = sample("onnx-digits").post(content=request_of("onnx-digits"), headers=JSON).json()
    path = model_file(made_samples, "onnx-digits", "digits.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = np.array(json.loads(request_of("onnx-digits"))["data"], dtype=np.float32)
    digits, probabilities = session.run(None, {"X": rows})
    assert answer["digits"] == digits.tolist() == [3, 1]
    assert answer["confidence"] == pytest.approx(probabilities.max(axis=1).tolist(), abs=1e-4)


def test_raw_image_takes_a_binary_body_and_a_form(made_samples, sample):
    image = (SAMPLES / "raw-image" / "digit.pgm").read_bytes()
    model = joblib.load(model_file(made_samples, "raw-image", "digits.joblib"))
    pixels = np.frombuffer(image.removeprefix(b"P5\n32 32\n255\n"), np.uint8).reshape(32, 32)
    probabilities = model.predict_proba(pixels[::4, ::4].reshape(1, 64) / 255 * 16)[0]

    server = sample("raw-image")
    body_types = ["image/x-portable-graymap", "application/octet-stream", "application/x-www-form-urlencoded"]
    answers = [server.post(content=image, headers={"Content-Type": type_}) for type_ in body_types]
    answers.append(server.post(files={"image": ("digit.pgm", image)}))
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["digit"] == int(probabilities.argmax()) == 7
        assert answer.json()["confidence"] == pytest.approx(probabilities.max(), abs=1e-4)


def test_raw_image_reads_the_digits_of_the_data_set(made_samples, sample):
    digits = load_digits()
    model = joblib.load(model_file(made_samples, "raw-image", "digits.joblib"))
    server = sample("raw-image")
    for image in digits.images[:10]:
        body = b"P5 # an original\n8 8\n16\n" + image.astype(np.uint8).tobytes()
        assert server.post(content=body).json()["digit"] == int(model.predict(image.reshape(1, 64))[0])


def test_raw_image_describes_itself(sample):
    answer = sample("raw-image").get("/score")
    assert answer.status_code == 200
    assert "PGM" in answer.json()["post"]


def test_raw_image_says_why_it_refuses_an_image(sample):
    server = sample("raw-image")
    refused = {
        "expected a binary PGM file": {"content": b"hello"},
        "expected 64 bytes of pixels, got 63": {"content": b"P5\n8 8\n255\n" + bytes(63)},
        "got 9x8": {"content": b"P5\n9 8\n255\n" + bytes(72)},
        "got 0x0": {"content": b"P5\n0 0\n255\n"},
        "got ['picture']": {"files": {"picture": b"P5\n8 8\n255\n" + bytes(64)}},
    }
    for message, request in refused.items():
        answer = server.post(**request)
        assert answer.status_code == 400
        assert message in answer.json()["message"]


def test_text_sentiment_answers_as_its_model(made_samples, sample):
    vectoriser = joblib.load(model_file(made_samples, "text-sentiment", "models/vectoriser.joblib"))
    classifier = joblib.load(model_file(made_samples, "text-sentiment", "models/classifier.joblib"))
    server = sample("text-sentiment")
    labels = {
        "Today is a great day!": "POSITIVE",
        "What a terrible, boring film.": "NEGATIVE",
        "The train leaves at nine.": "NEUTRAL",
    }
    for text, label in labels.items():
        answer = server.post(json={"text": text}).json()
        assert answer["label"] == label
        assert answer["score"] == pytest.approx(classifier.predict_proba(vectoriser.transform([text]))[0, 1])
        assert 0 < answer["elapsed_time"] < 30


@pytest.mark.parametrize("name", WITH_SCHEMA)
def test_swagger_is_valid_and_its_example_scores(sample, name):
    server = sample(name)
    for version, said in (("2", "2.0"), ("3", "3.0.3"), ("3.1", "3.1.0")):
        document = server.get("/swagger.json", params={"version": version}).json()
        assert document.get("swagger", document.get("openapi")) == said
        validate(document)
        schemas = document["definitions"] if version == "2" else document["components"]["schemas"]
        assert server.post(json=schemas["ServiceInput"]["example"]).status_code == 200
