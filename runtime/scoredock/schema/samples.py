"""The schemas of run()'s input and output, with examples that are scored as the samples are.

inference-schema writes the elements of some arrays as text: booleans as ``"True"``, which is no boolean, bytes as
base64, which is read as it stands, and Python objects as what they print. Here they are written as they are read.
"""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from scoredock.signature import Kind, Signature


def schemas_of(signature: Signature) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas of run()'s input and output, each an OpenAPI schema object with an example."""
    if signature.kind is not Kind.SCHEMA:
        return {"type": "object", "example": {}}, {"type": "object", "example": {}}
    from inference_schema.schema_util import get_input_schema, get_output_schema

    inputs, output = copy.deepcopy(get_input_schema(signature.decorated)), get_output_schema(signature.decorated)
    examples = inputs.get("example", {})
    for argument in signature.arguments:
        schema = inputs.get("properties", {}).get(argument.name)
        if schema and argument.name in examples:
            example = _as_read(schema, examples[argument.name])
            examples[argument.name] = _own_example(argument.type, example)
    if "example" in output:
        output = {**output, "example": _as_read(output, output["example"])}
    return inputs, output


def _as_read(schema: dict[str, Any], example: Any, *, in_array: bool = False) -> Any:
    """An example whose values are of the types that its schema says."""
    in_array = in_array or schema.get("format") == "numpy.ndarray"
    if isinstance(example, list):
        items = schema.get("items", {})
        return [_as_read(items, item, in_array=in_array) for item in example]
    if isinstance(example, dict):
        inside = schema.get("properties", {})
        return {key: _as_read(inside.get(key, {}), value, in_array=in_array) for key, value in example.items()}
    if in_array and schema.get("type") == "boolean" and example in ("True", "False"):
        return example == "True"
    if in_array and schema.get("format") == "binary":
        return _text(example)
    return example


def _text(example: str) -> str:
    """The text of base64; itself where that is no text."""
    try:
        return base64.b64decode(example).decode("ascii")
    except ValueError:
        return example


def _own_example(type_: Any, example: Any) -> Any:
    """An example with what inference-schema leaves out: objects that are no text, and fractions of milliseconds."""
    name = type(type_).__name__
    sample: Any = getattr(type_, "sample_input", None)
    if name == "NumpyParameterType" and sample.dtype == object:
        plain = sample.tolist()
        return plain if _is_json(plain) else example
    if name == "PandasParameterType":
        moments = sample.select_dtypes(["datetime", "datetimetz"])
        if any((column.dropna().dt.floor("ms") != column.dropna()).any() for _, column in moments.items()):
            return json.loads(sample.to_json(orient=type_.orient, date_format="iso", date_unit="ns"))
    return example


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return value is None or isinstance(value, (str, int, float, bool))
