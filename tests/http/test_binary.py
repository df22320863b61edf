"""Binary tensors over HTTP: arrays in NumPy's format, tables in Arrow's, for scripts that know nothing of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from servers import InProcess

Start = Callable[..., InProcess]
NPY, ARROW, JSON = "application/x-npy", "application/vnd.apache.arrow.stream", "application/json"
PANDAS = "import pandas as pd\nfrom inference_schema.parameter_types.pandas_parameter_type import PandasParameterType\n"


def npy(array: Any) -> bytes:
    """What numpy.save writes."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def arrow(frame: pd.DataFrame) -> bytes:
    """What pyarrow writes as a stream."""
    table = pa.Table.from_pandas(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write(table)
    return bytes(sink.getvalue())


def sent(media_type: str, accept: str = "*/*") -> dict[str, str]:
    """The headers of a request."""
    return {"content-type": media_type, "accept": accept}


@pytest.fixture
def ridge(in_process: Start, tmp_path: Any) -> tuple[InProcess, Any]:
    """A script with a real model, and the model."""
    model = Ridge().fit(*load_diabetes(return_X_y=True))
    joblib.dump(model, tmp_path / "model.joblib")
    script = f"""
        import joblib
        import numpy as np
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.schema_decorators import input_schema

        def init():
            global model
            model = joblib.load("{tmp_path}/model.joblib")

        @input_schema("data", NumpyParameterType(np.zeros((1, 10))))
        def run(data):
            return model.predict(data).tolist()
    """
    return in_process(script), model


def test_an_array_is_scored_and_answered_in_kind(ridge: Any) -> None:
    service, model = ridge
    rows = load_diabetes().data[:20]
    response = service.post(content=npy(rows), headers=sent(NPY, NPY))
    assert (response.status_code, response.headers["content-type"]) == (200, NPY)
    back = np.load(io.BytesIO(response.content), allow_pickle=False)
    assert back.tobytes() == model.predict(rows).tobytes()
    assert response.headers["x-ms-run-function-failed"] == "False"


@pytest.mark.parametrize("media_type", [NPY, "Application/X-NPY; version=1"])
def test_json_is_the_answer_unless_the_client_asks_for_more(media_type: str, ridge: Any) -> None:
    service, model = ridge
    rows = load_diabetes().data[:3]
    response = service.post(content=npy(rows), headers=sent(media_type))
    assert response.headers["content-type"] == JSON
    assert response.json() == model.predict(rows).tolist()


def test_json_may_be_answered_with_an_array_or_a_table(ridge: Any) -> None:
    service, model = ridge
    rows = load_diabetes().data[:3]
    wanted = model.predict(rows)
    array = service.post(json={"data": rows.tolist()}, headers={"accept": NPY})
    assert np.load(io.BytesIO(array.content), allow_pickle=False).tolist() == wanted.tolist()
    table = service.post(json={"data": rows.tolist()}, headers={"accept": ARROW})
    assert table.headers["content-type"] == ARROW
    assert pa.ipc.open_stream(table.content).read_all()["result"].to_pylist() == wanted.tolist()


def test_a_table_is_the_frame_and_comes_back_as_one(schema_script: Start) -> None:
    sample = "pd.DataFrame([{'name': 'a', 'size': 1.5}])"
    service = schema_script(
        "return data.assign(twice=data['size'] * 2)",
        decorators=f"{PANDAS}@input_schema('data', PandasParameterType({sample}))",
    )
    frame = pd.DataFrame({"name": ["x", "y"], "size": [1.0, 2.5]})
    response = service.post(content=arrow(frame), headers=sent(ARROW, ARROW))
    back = pa.ipc.open_stream(response.content).read_all().to_pandas()
    pd.testing.assert_frame_equal(back, frame.assign(twice=[2.0, 5.0]))


def test_errors_are_json_whatever_was_asked_for(ridge: Any) -> None:
    service, _ = ridge
    for body, media_type, status in [
        (npy(np.zeros((1, 3))), NPY, 400),
        (b"rubbish", NPY, 400),
        (b"rubbish", ARROW, 400),
        (npy(np.zeros((1, 10))), "application/x-npz", 415),
    ]:
        response = service.post(content=body, headers=sent(media_type, NPY))
        assert (response.status_code, response.headers["content-type"]) == (status, JSON)
        assert set(response.json()) == {"message"}
        assert response.headers["x-ms-run-function-failed"] == "False"


def test_a_result_that_no_array_can_carry_is_406_and_says_what_it_is(schema_script: Start) -> None:
    service = schema_script("return {'sum': float(data.sum())}")
    response = service.post(json={"data": [[1, 2]]}, headers={"accept": NPY})
    assert response.status_code == 406
    assert "run() returned a dict" in response.json()["message"]
    both = service.post(json={"data": [[1, 2]]}, headers={"accept": f"{NPY}, application/json;q=0.5"})
    assert both.json() == {"sum": 3.0}


def test_text_and_raw_scripts_get_such_bodies_as_they_always_did(text_script: Start, raw_script: Start) -> None:
    refused = text_script().post(content=npy(np.zeros(3)), headers=sent(NPY, NPY))
    assert (refused.status_code, refused.headers["content-type"]) == (400, JSON)
    assert "UTF-8" in refused.json()["message"]
    body = npy(np.zeros(3))
    assert raw_script("return len(request.get_data())").post(content=body, headers=sent(NPY, NPY)).json() == len(body)


def test_arrays_are_batched_like_any_others(in_process: Start, background: Any) -> None:
    service = in_process(
        """
        import numpy as np
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.schema_decorators import input_schema

        def init(): pass

        @input_schema("data", NumpyParameterType(np.zeros((1, 2))))
        def run(data):
            return [[number, len(data)] for number in data.sum(axis=1).tolist()]
        """,
        SCOREDOCK_MAX_BATCH_SIZE="2",
        SCOREDOCK_BATCH_WAIT_MS="5000",
    )
    binary = background(service.post, content=npy(np.array([[1.0, 2.0]])), headers=sent(NPY, NPY))
    text = background(service.post, json={"data": [[3, 4]]})
    answers: list[httpx.Response] = [binary.result(20), text.result(20)]
    assert np.load(io.BytesIO(answers[0].content)).tolist() == [[3.0, 2.0]]
    assert answers[1].json() == [[7.0, 2]]
