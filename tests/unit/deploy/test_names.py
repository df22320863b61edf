"""Names and references."""

from __future__ import annotations

import pytest

from scoredock.deploy.registry.names import check_name, nearest, parse_reference
from scoredock.errors import Refused


@pytest.mark.parametrize("name", ["a", "bidaf_onnx", "my-model.v2", "A" * 255, "0", "_private"])
def test_good_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "-n", "a/b", "a b", "ä", "a:1", "A" * 256, "a\n", None])
def test_bad_names_are_refused_with_what_was_expected(name):
    with pytest.raises(Refused, match="model name: expected letters, digits"):
        check_name(name, "model name")


@pytest.mark.parametrize(
    ("reference", "parsed"),
    [("a", ("a", None)), ("a:3", ("a", 3)), ("a:latest", ("a", None)), ("a.b-c:12", ("a.b-c", 12))],
)
def test_references(reference, parsed):
    assert parse_reference(reference) == parsed


@pytest.mark.parametrize("reference", ["a:0", "a:-1", "a:x", "a:1:2", "a:1.0", "a:²", "a:" + "9" * 40])
def test_a_bad_version_is_refused(reference):
    with pytest.raises(Refused, match="expected a version of 1 or more"):
        parse_reference(reference)


def test_the_nearest_names_are_said():
    assert nearest("sentimen", ["sentiment", "other"]) == "Did you mean sentiment?"
    assert nearest("xyz", ["sentiment", "other"]) == "There is: other, sentiment."
    assert nearest("xyz", []) == "There is none yet."
    assert nearest("xyz", [f"name{number}" for number in range(20)]).endswith("… (20 in all).")
