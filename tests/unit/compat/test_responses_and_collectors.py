"""AMLResponse, and the data collectors of both generations."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pandas as pd
import pytest
from flask import Response

from scoredock.collection import current
from scoredock.compat.aml_response import AMLResponse
from scoredock.compat.monitoring import ModelDataCollector


def module(name: str) -> Any:
    """A stand-in, imported by its azureml name."""
    return importlib.import_module(name)


class TestResponse:
    """AMLResponse's rules."""

    def test_a_message_goes_out_as_it_is(self) -> None:
        assert AMLResponse("text", 201).get_data() == b"text"
        assert AMLResponse(b"\xff\x00", 200).get_data() == b"\xff\x00"
        response = AMLResponse("text", 201)
        assert isinstance(response, Response)
        assert (response.status_code, response.mimetype) == (201, "text/html")

    def test_with_json_str_it_goes_out_as_json(self) -> None:
        response = AMLResponse({"a": [1, "ü"]}, 200, json_str=True)
        assert json.loads(response.get_data()) == {"a": [1, "ü"]}
        assert response.mimetype == "application/json"

    @pytest.mark.parametrize("json_str", [True, False])
    def test_none_is_an_empty_object(self, json_str: bool) -> None:
        response = AMLResponse(None, 200, json_str=json_str)
        assert response.get_data() == b"{}"
        assert response.mimetype == "application/json"

    def test_an_empty_message_stays_empty(self) -> None:
        assert AMLResponse("", 204).get_data() == b""

    def test_values_with_commas_become_repeated_headers(self) -> None:
        response = AMLResponse("x", 200, {"X-Many": "a, b,c", "X-One": "d"})
        assert response.headers.getlist("X-Many") == ["a", "b", "c"]
        assert response.headers.getlist("X-One") == ["d"]

    def test_its_content_type_replaces_the_default(self) -> None:
        response = AMLResponse(b"\x89PNG", 200, {"Content-Type": "image/png"})
        assert response.headers.getlist("Content-Type") == ["image/png"]

    @pytest.mark.parametrize("failed", [True, False])
    def test_run_function_failed_becomes_a_header(self, failed: bool) -> None:
        response = AMLResponse("x", 200, run_function_failed=failed)
        assert response.headers["x-ms-run-function-failed"] == str(failed)

    def test_headers_given_to_one_response_do_not_reach_the_next(self) -> None:
        AMLResponse("x", 200, {"X-One": "1"})
        assert "X-One" not in AMLResponse("x", 200).headers

    def test_message_and_status_may_be_keywords(self) -> None:
        response = AMLResponse(message="x", status_code=418, response_headers={}, json_str=False)
        assert (response.get_data(), response.status_code) == (b"x", 418)


class TestFirstGeneration:
    """azureml.monitoring: ModelDataCollector."""

    @pytest.mark.parametrize(
        ("arguments", "options"),
        [
            (("best_model",), {"designation": "inputs", "feature_names": ["a", "b"]}),
            (("best_model", "predictions", ["score"]), {}),
            (("best_model",), {"identifier": "labels"}),
            (("best_model",), {"workspace": "s/r/w", "webservice_name": "x", "model_version": "2"}),
        ],
    )
    def test_it_takes_the_arguments_of_every_release(self, arguments: Any, options: Any) -> None:
        collector = module("azureml.monitoring").ModelDataCollector(*arguments, **options)
        collector.collect([[1, 2]])
        collector.collect([[1, 2]], "correlation")

    def test_an_unknown_designation_collects_nothing_and_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        collector = ModelDataCollector("m", designation="outputs", feature_names=["y"])
        assert "expected designation to be one of inputs, predictions" in caplog.text
        assert collector.collect([1]) is False

    def test_in_debug_mode_it_prints_what_is_collected(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        collector = ModelDataCollector("m", designation="inputs")
        collector.collect([1])
        assert capsys.readouterr().out == ""
        monkeypatch.setenv("AML_MODEL_DC_DEBUG", "true")
        current.install(None)  # the environment is read when the first collector collects
        collector.collect([1, 2], "id-7")
        printed = capsys.readouterr().out
        for part in ("m/inputs", "id-7", "[1, 2]"):
            assert part in printed

    def test_correlations_become_a_column(self) -> None:
        collector = ModelDataCollector("m", "inputs", ["a"])
        assert collector.add_correlations([[1], [2]], ["x", "y"]).to_dict("list") == {
            "a": [1, 2],
            "$aml_dc_correlation_id": ["x", "y"],
        }
        assert collector.add_correlations({"a": 1}, "x") == {"a": 1, "$aml_dc_correlation_id": "x"}
        given = pd.DataFrame({"a": [1, 2]})
        assert collector.add_correlations(given)["$aml_dc_correlation_id"].nunique() == 2
        assert list(given) == ["a"]


class TestSecondGeneration:
    """azureml.ai.monitoring: Collector and its correlation context."""

    def test_a_frame_is_taken_and_answered_with_a_new_context(self) -> None:
        collector = module("azureml.ai.monitoring").Collector(name="model_inputs")
        first, second = (collector.collect(pd.DataFrame({"a": [1]})) for _ in range(2))
        assert first.get_id() != second.get_id()

    def test_a_given_context_is_kept(self) -> None:
        context = module("azureml.ai.monitoring.context").BasicCorrelationContext(id="id-7")
        collector = module("azureml.ai.monitoring").Collector(name="model_outputs")
        assert collector.collect(pd.DataFrame(), context) is context
        assert context.get_id() == "id-7"

    def test_anything_but_a_frame_raises(self) -> None:
        collector = module("azureml.ai.monitoring").Collector(name="model_inputs")
        with pytest.raises(Exception, match="expected a pandas DataFrame, got list"):
            collector.collect([1])

    def test_a_sixth_collection_is_refused(self) -> None:
        collector = module("azureml.ai.monitoring").Collector
        for number in (1, 2, 3, 4, 5, 5):
            collector(name=f"collection_{number}")
        with pytest.raises(ValueError, match="at most 5 collections, 'collection_6'"):
            collector(name="collection_6")
        errors: list[Exception] = []
        collector(name="collection_6", on_error=errors.append).collect(pd.DataFrame({"a": [1]}))
        assert len(errors) == 1

    def test_on_error_is_called_instead_of_raising(self) -> None:
        errors: list[Exception] = []
        collector = module("azureml.ai.monitoring").Collector(name="model_inputs", on_error=errors.append)
        assert collector.collect({"a": 1}).get_id()
        assert "got dict" in str(errors[0])
