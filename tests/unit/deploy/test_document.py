"""JSON and YAML files become nodes that know their lines; what cannot be read is told with its line."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scoredock.deploy.config.document import LARGEST_BYTES, load, node_of
from scoredock.deploy.config.json_nodes import parse_json
from scoredock.deploy.config.yaml_nodes import parse_yaml

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)
printable = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn")))
yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers() | printable,
    lambda inner: st.lists(inner) | st.dictionaries(printable, inner),
    max_leaves=30,
)


@given(values, st.sampled_from([None, 1, 4, "\t"]))
def test_json_means_what_the_standard_library_says(value, indent):
    assert parse_json(json.dumps(value, indent=indent), []).plain() == value


@given(yaml_values)
def test_yaml_means_what_pyyaml_says(value):
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True), []).plain() == value


@given(values)
def test_python_values_become_nodes_and_come_back(value):
    assert node_of(value).plain() == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{\n\n  "a": {"b":\n    [1,\n     "x,]}:"]},\n  "c": 1.50}'),
        ("a.yml", 'a:\n\n  # a comment\n  b:\n    - 1\n    - "x,]}:"\nc: 1.50\n'),
    ],
)
def test_every_key_and_value_has_its_line(write, name, text):
    root = load(write(name, text)).root.value
    inner = root["a"].value["b"]
    lines = [root["a"].key_line, inner.key_line, *(item.line for item in inner.value), root["c"].key_line]
    assert lines == ([3, 3, 4, 5, 6] if name == "a.json" else [1, 4, 5, 6, 7])
    assert [item.value for item in inner.value] == [1, "x,]}:"]
    assert root["c"].text == "1.50"


def test_json_is_read_from_a_file_with_any_suffix(write):
    assert load(write("deploymentconfig.yml", '{\n\t"computeType": "LOCAL"\n}')).root.plain() == {
        "computeType": "LOCAL"
    }


def test_a_flow_mapping_that_is_no_json_is_yaml(write):
    assert load(write("a.yml", "{computeType: local, port: 8890}")).root.plain() == {
        "computeType": "local",
        "port": 8890,
    }


def test_aliases_are_followed(write):
    assert load(write("a.yml", "a: &x [1]\nb: *x\n")).root.plain() == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", '{\n "a": 1\n "b": 2}', "a.json, line 3: expected JSON, got text that is none: expecting "),
        ("a.json", '{\n "a": 1\n', "a.json, line 3: expected JSON, got "),
        ("a.json", '{"a": NaN}', "a.json: expected JSON, got a number that cannot be read: NaN is no number of JSON."),
        ("a.json", '{"a": 1,\n "b": 2,\n "a": 3}', "a.json, line 3: expected each key once, got 'a' on line 1 too."),
        ("a.json", "[" * 100_000, "a.json: expected at most 100 levels of lists and objects, got more."),
        ("a.yml", "a: 1\nb: [1\nc: 2\n", "a.yml, line 3: expected YAML, got an error: "),
        ("a.yml", "a: [1]\nb: {c: 1,\n c: [1]}", "a.yml, line 3: expected each key once, got 'c' on line 2 too."),
        ("a.yml", "a: 1\n\na: 2", "a.yml, line 3: expected each key once, got 'a' on line 1 too."),
        ("a.yml", "a: 1\n---\nb: 2\n", "a.yml, line 2: expected YAML, got an error: "),
        ("a.yml", "? [a]\n: b\n", "a.yml, line 1: expected text as a key, got a list or an object."),
        ("a.yml", "[" * 5_000, "a.yml: expected at most 100 levels of lists and objects, got more."),
        ("a.yml", "[" * 102 + "]" * 102, "a.yml, line 1: expected at most 100 levels of lists and objects, got more."),
        ("a.json", "[\n" * 102 + "]" * 102, "a.json, line 102: expected at most 100 levels of lists and objects, got "),
        ("a.json", "9" * 5000, "a.json: expected JSON, got a number that cannot be read: "),
        ("a.yml", "a: " + "x" * LARGEST_BYTES, "a.yml: expected a configuration of at most 1 MiB, got a larger file."),
        ("a.yml", "a: 2001-13-45\n", "a.yml, line 1: expected YAML, got '2001-13-45', which cannot be read: "),
    ],
)
def test_what_cannot_be_read_is_told(write, problems, name, text, problem):
    (found,) = problems(load, write(name, text))
    assert found.startswith(problem)


def test_tags_for_python_objects_are_not_followed(write, tmp_path):
    root = load(write("a.yml", f"a: !!python/object/apply:pathlib.Path.touch ['{tmp_path}/made']\n")).root
    assert root.plain() == {"a": [f"{tmp_path}/made"]}
    assert not (tmp_path / "made").exists()


def test_aliases_that_unfold_to_millions_are_refused(write, problems):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (found,) = problems(load, write("bomb.yml", "\n".join(lines)))
    assert found.endswith("expected at most 20000 values, got aliases that unfold to more.")


def test_an_alias_of_what_holds_it_is_refused(write, problems):
    (found,) = problems(load, write("a.yml", "a: &x [*x]\n"))
    assert "expected" in found


def test_a_file_that_is_not_there_is_told(problems, write):
    write("other", "")
    assert problems(load, "a.json") == ["a.json: expected a file that can be read, got: No such file or directory."]


def test_what_is_not_utf8_is_told(problems, tmp_path):
    (tmp_path / "a.yml").write_bytes(b"a: 1\nb: \xff\n")
    (found,) = problems(load, tmp_path / "a.yml")
    assert found.endswith("a.yml, line 2: expected text in UTF-8, got the byte 0xff. Save the file as UTF-8.")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load(tmp_path / "a.json").root.plain() == {"a": 1}
