"""The Grafana dashboard, and the page on production, name metrics that there are, and leave none out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.pages import text_of
from scoredock.observe.metrics.metrics import Metrics

DASHBOARD = json.loads((Path(__file__).parents[2] / "docs" / "grafana" / "scoredock.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]

COLLECTION = {f"scoredock_collected_{what}_total" for what in ("records", "dropped")}  # where data is collected


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    metrics = Metrics(1, {"service": "a"})
    metrics.worker()
    page = metrics.page().decode()
    metrics.close()
    return {
        family.name + ("_total" if family.type == "counter" else "") for family in text_string_to_metric_families(page)
    }


def test_every_metric_is_shown_and_every_shown_one_is_there(families: set[str]) -> None:
    asked = {name for one in EXPRESSIONS for name in re.findall(r"scoredock_[a-z_]+", one)}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} == families


def test_the_page_on_production_names_every_metric(families: set[str]) -> None:
    named = set(re.findall(r"\bscoredock_[a-z_]+", text_of("operations.md")))
    assert named == families | COLLECTION


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_brackets_are_closed(expression: str) -> None:
    for left, right in ("()", "{}", "[]"):
        assert expression.count(left) == expression.count(right)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
