"""Entry scripts that users of Azure ML have, served as they are; each answers as its model called directly."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder

SCRIPTS = Path(__file__).parent / "seed_scripts"
FOX = {"query": "What color is the fox", "context": "The quick brown fox jumped over the lazy dog."}


@pytest.mark.parametrize(
    ("model_dir", "file"),
    [
        ("flat", "flat/sklearn_regression_model.pkl"),
        ("one/sklearn_regression_model.pkl/3", "one/sklearn_regression_model.pkl/3/model.pkl"),
        ("several", "several/sklearn_regression_model.pkl/12/model.pkl"),
    ],
    ids=["hand-built image", "one registered model", "several registered models"],
)
def test_the_ridge_script_finds_its_model_in_every_layout(serve, tmp_path, model_dir, file):
    features, target = load_diabetes(return_X_y=True)
    model = Ridge().fit(features, target)
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    joblib.dump(model, path)

    server = serve(SCRIPTS / "sklearn_ridge.py", AZUREML_MODEL_DIR=str(tmp_path / model_dir))
    rows = [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]
    answer = server.post(json={"data": rows})
    assert answer.json() == pytest.approx(model.predict(np.array(rows)).tolist())
    document = server.get("/swagger.json").json()
    assert document["definitions"]["ServiceInput"]["example"] == {"data": rows[:1]}


def test_the_dictionary_script_gets_a_frame_with_its_columns(serve, tmp_path):
    frame = pd.DataFrame(
        {
            "input_name_1": [5.1, 0.2, 4.8, 0.4],
            "input_name_2": ["value2", "value1", "value2", "value3"],
            "input_name_3": [3, 1, 3, 2],
        }
    )
    columns = make_column_transformer((OneHotEncoder(), ["input_name_2"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(frame, [1, 0, 1, 0])
    joblib.dump(model, tmp_path / "automl_pipeline")

    server = serve(SCRIPTS / "pandas_dictionary.py", "--model_dir", str(tmp_path))
    answer = server.post(json={"data": frame.to_dict(orient="records")})
    assert answer.json() == model.predict(frame).tolist() == [1, 0, 1, 0]

    unknown = [{"input_name_1": 1.0, "input_name_2": "value9", "input_name_3": 1}]
    with pytest.raises(ValueError) as raised:
        model.predict(pd.DataFrame(unknown))
    told = server.post(json={"data": unknown})
    assert (told.status_code, told.json()) == (200, str(raised.value))


def test_the_echo_script_answers_what_came_and_prints_it(serve):
    server = serve(SCRIPTS / "echo_score.py")
    assert server.get("/").text == "Healthy"
    answer = server.post(json=FOX, headers={"x-request-id": "fox-1"})
    assert answer.json() == f"test is {FOX}"
    assert "This is init" in server.output
    assert any("fox-1" in line and line.endswith(f"received data {FOX}") for line in server.output.splitlines())


def test_the_onnx_script_returns_the_span_that_its_model_finds(serve, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(span_model(), path)
    server = serve(SCRIPTS / "onnx_answer.py", "--model_dir", str(tmp_path))
    answer = server.post(json=FOX)

    context = ["the", "quick", "brown", "fox", "jumped", "over", "the", "lazy", "dog", "."]
    words = {"query_word": FOX["query"].lower().split(), "context_word": context}
    tokens = {"query_char": FOX["query"].split(), "context_char": ["The", *context[1:]]}
    inputs = {name: np.array(values).reshape(-1, 1) for name, values in words.items()}
    inputs |= {name: letters(values) for name, values in tokens.items()}
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    start, end = (int(found.item()) for found in session.run(None, inputs))
    assert answer.json() == context[start : end + 1] == ["the", "quick", "brown", "fox", "jumped", "over", "the"]


def letters(tokens: list[str]) -> np.ndarray:
    """Tokens as the model wants their characters: (tokens, 1, 1, 16)."""
    return np.array([[*token, *[""] * (16 - len(token))] for token in tokens]).reshape(-1, 1, 1, 16)


def span_model() -> onnx.ModelProto:
    """From the first to the last word of the context that the query has too.

    Its inputs are those of a reading-comprehension model: words and characters, all of them strings.
    """
    words, chars = ["seq", 1], ["seq", 1, 1, 16]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.STRING, [f"{name}_{shape[0]}", *shape[1:]])
        for name, shape in (
            ("query_word", words),
            ("query_char", chars),
            ("context_word", words),
            ("context_char", chars),
        )
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1]) for name in ("start", "end")]
    nodes = [
        helper.make_node("Transpose", ["query_word"], ["query_row"]),
        helper.make_node("Equal", ["context_word", "query_row"], ["pairs"]),
        helper.make_node("Cast", ["pairs"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers", "second_axis"], ["known"], keepdims=0),
        helper.make_node("ArgMax", ["known"], ["start"], axis=0),
        helper.make_node("ArgMax", ["known"], ["end"], axis=0, select_last_index=1),
    ]
    axis = helper.make_tensor("second_axis", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "span", inputs, outputs, initializer=[axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def test_the_sentiment_script_scores_with_the_files_of_one_folder(serve, tmp_path):
    texts = ["a great day", "a lovely great meal", "an awful day", "a boring awful meal"]
    moods = ["good", "good", "bad", "bad"]
    tokenizer, encoder, vectors = CountVectorizer(), LabelEncoder(), TruncatedSVD(3, random_state=0)
    encoder.fit(["bad", "good"])
    model = Ridge(alpha=0.1).fit(vectors.fit_transform(tokenizer.fit_transform(texts)), encoder.transform(moods))
    folder = tmp_path / "sentiment" / "1" / "models"
    folder.mkdir(parents=True)
    joblib.dump(model, folder / "model.joblib")
    joblib.dump(vectors, folder / "vectors.joblib")
    (folder / "tokenizer.pkl").write_bytes(pickle.dumps(tokenizer))
    (folder / "encoder.pkl").write_bytes(pickle.dumps(encoder))

    server = serve(SCRIPTS / "sentiment.py", AZUREML_MODEL_DIR=str(folder.parent))
    for text, label in (("Today is a great day!", "POSITIVE"), ("awful", "NEGATIVE"), ("great but awful", "NEUTRAL")):
        answer = server.post(json={"text": text}).json()
        score = model.predict(vectors.transform(tokenizer.transform([text])))[0]
        assert list(answer) == ["label", "score", "elapsed_time"]
        assert (answer["label"], answer["score"]) == (label, pytest.approx(score))
    told = server.post(json={"sentence": "Today is a great day!"})
    assert (told.status_code, told.json()) == (200, "'text'")
