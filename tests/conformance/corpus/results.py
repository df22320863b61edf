"""What run() may return, and what becomes of it. The request's text names the result."""

from ..differences import CANNOT_BE_ENCODED, ENCODED, NULL_FOR_NAN, PLAIN_RESPONSE
from ..exchange import Script, get, post

NAMES = (
    "none", "true", "integer", "float", "text", "empty_text", "unicode", "control", "list", "empty_list", "nested",
    "empty_dict", "tuple", "tuples_inside", "integer_keys", "float_keys", "none_key", "bool_keys", "mixed_keys",
    "clashing_keys", "big_integer", "negative_big_integer", "float_edge", "small_float", "enum_integer",
    "subclasses", "ordered", "json_text", "long_list", "deep", "slashes", "surrogate", "unicode_keys", "named_tuple",
    "string_enum", "numpy_float64",
)  # fmt: skip
BEYOND_JSON = {
    "nan": NULL_FOR_NAN.with_body(None),
    "infinities": NULL_FOR_NAN.with_body([None, None]),
    "nan_inside": NULL_FOR_NAN.with_body({"a": {"b": [1.0, None]}}),
    "bytes": ENCODED.with_body("YWJj/w=="),
    "datetime": ENCODED.with_body("2024-05-06T07:08:09"),
    "date": ENCODED.with_body({"day": "2024-05-06"}),
    "numpy_array": ENCODED.with_body([[1.5, 2.0], [3.0, 4.0]]),
    "numpy_integer": ENCODED.with_body(7),
    "numpy_float32": ENCODED.with_body({"a": 0.5}),
    "numpy_bool": ENCODED.with_body([True]),
    "numpy_nan": ENCODED.with_body([1.0, None]),
    "numpy_dates": ENCODED.with_body(["2024-01-02T00:00:00", None]),
    "numpy_text": ENCODED.with_body(["a", "b"]),
    "numpy_keys": ENCODED.with_body({"1": "a"}),
    "frame": ENCODED.with_body([{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    "series": ENCODED.with_body({"s": [1.0, None]}),
    "dataclass": ENCODED.with_body({"name": "apple", "weight": 0.2}),
    "werkzeug": PLAIN_RESPONSE,
    "uuid": ENCODED.with_body("00000000-0000-0000-0000-000000000005"),
    **dict.fromkeys(
        (
            "set", "object", "object_inside", "complex", "generator", "decimal", "tuple_key", "cycle", "path",
            "range", "class", "dict_view",
        ),
        CANNOT_BE_ENCODED,
    ),
}  # fmt: skip
RESPONSES = (
    "aml_text", "aml_bytes", "aml_json", "aml_none", "aml_json_none", "aml_failed", "aml_500", "aml_503_said_false",
    "aml_404", "aml_201", "aml_204", "aml_headers", "aml_repeated", "aml_content_type", "aml_json_content_type",
    "aml_empty_header", "flask_text", "flask_json", "flask_500", "flask_204", "flask_generator", "flask_cookie",
    "flask_own_ids", "flask_two_types", "response_tuple", "aml_positional", "flask_299", "flask_304",
    "flask_error_header", "flask_status_text",
)  # fmt: skip

SCRIPTS = (
    Script(
        "results",
        """
        import collections, dataclasses, datetime, decimal, enum, pathlib, uuid

        import flask
        import numpy
        import pandas
        import werkzeug

        from azureml.contrib.services.aml_response import AMLResponse

        class Level(enum.IntEnum):
            HIGH = 2

        class Colour(str, enum.Enum):
            RED = "red"

        class Text(str):
            pass

        class Numbers(list):
            pass

        Point = collections.namedtuple("Point", "x y")

        @dataclasses.dataclass
        class Fruit:
            name: str
            weight: float

        def deep():
            value = []
            for _ in range(200):
                value = [value]
            return value

        def cycle():
            value = []
            value.append(value)
            return value

        def cookie():
            response = flask.Response("x")
            response.set_cookie("a", "1")
            response.set_cookie("b", "2")
            return response

        RESULTS = {
            "none": lambda: None,
            "true": lambda: True,
            "integer": lambda: 42,
            "float": lambda: 0.1,
            "text": lambda: "plain",
            "empty_text": lambda: "",
            "unicode": lambda: "Grüße 世界 \\U0001f680 </script>",
            "control": lambda: "tab\\t nul\\0 quote\\" backslash\\\\ del\\x7f line\\u2028",
            "list": lambda: [1, "a", None, False, 2.0],
            "empty_list": lambda: [],
            "nested": lambda: {"a": [{"b": [[]]}, {}]},
            "empty_dict": lambda: {},
            "tuple": lambda: (1, 2),
            "tuples_inside": lambda: {"a": [(1, (2,)), ()]},
            "integer_keys": lambda: {1: "a", -20: "b"},
            "float_keys": lambda: {1.5: "a", 2.0: "b", 1e20: "c"},
            "none_key": lambda: {None: 1},
            "bool_keys": lambda: {True: 1, False: 0},
            "mixed_keys": lambda: {"a": 1, 2: "b", None: 3},
            "clashing_keys": lambda: {1: "number", "1": "text"},
            "big_integer": lambda: [2**63, 2**64, 10**40],
            "negative_big_integer": lambda: -(2**63) - 1,
            "float_edge": lambda: [1e308, 5e-324, -0.0, 1e22, 123456789.123456789],
            "small_float": lambda: [1e-7, 1.0, 100.0, 1e16],
            "enum_integer": lambda: {"level": Level.HIGH},
            "string_enum": lambda: {"colour": Colour.RED},
            "subclasses": lambda: {"text": Text("t"), "list": Numbers([1])},
            "ordered": lambda: collections.OrderedDict([("z", 1), ("a", 2)]),
            "json_text": lambda: '{"already": "json"}',
            "long_list": lambda: list(range(20_000)),
            "deep": deep,
            "slashes": lambda: "a/b",
            "surrogate": lambda: "\\ud800",
            "unicode_keys": lambda: {"schlüssel": 1},
            "named_tuple": lambda: Point(1, 2),

            "nan": lambda: float("nan"),
            "infinities": lambda: [float("inf"), float("-inf")],
            "nan_inside": lambda: {"a": {"b": [1.0, float("nan")]}},
            "bytes": lambda: b"abc\\xff",
            "datetime": lambda: datetime.datetime(2024, 5, 6, 7, 8, 9),
            "date": lambda: {"day": datetime.date(2024, 5, 6)},
            "numpy_array": lambda: numpy.array([[1.5, 2.0], [3.0, 4.0]]),
            "numpy_integer": lambda: numpy.int64(7),
            "numpy_float32": lambda: {"a": numpy.float32(0.5)},
            "numpy_bool": lambda: [numpy.bool_(True)],
            "numpy_nan": lambda: numpy.array([1.0, numpy.nan]),
            "numpy_dates": lambda: numpy.array(["2024-01-02", "NaT"], dtype="datetime64[D]"),
            "numpy_text": lambda: numpy.array(["a", "b"]),
            "numpy_float64": lambda: [numpy.float64(0.25)],
            "numpy_keys": lambda: {numpy.int64(1): "a"},
            "frame": lambda: pandas.DataFrame({"a": [1, 2], "b": ["x", None]}),
            "series": lambda: {"s": pandas.Series([1.0, None])},
            "dataclass": lambda: Fruit("apple", 0.2),
            "set": lambda: {1},
            "object": lambda: object(),
            "object_inside": lambda: {"scores": [0, 1, 2, object()]},
            "complex": lambda: 1j,
            "generator": lambda: (n for n in range(3)),
            "decimal": lambda: decimal.Decimal("1.5"),
            "uuid": lambda: uuid.UUID(int=5),
            "tuple_key": lambda: {(1, 2): 3},
            "cycle": cycle,
            "path": lambda: pathlib.PurePosixPath("a/b"),
            "range": lambda: range(3),
            "class": lambda: Fruit,
            "dict_view": lambda: {"a": 1}.keys(),

            "aml_text": lambda: AMLResponse("text", 200),
            "aml_bytes": lambda: AMLResponse(b"\\x00\\xff", 200, {"Content-Type": "application/octet-stream"}),
            "aml_json": lambda: AMLResponse({"a": [1, None]}, 200, json_str=True),
            "aml_none": lambda: AMLResponse(None, 200),
            "aml_json_none": lambda: AMLResponse(None, 202, {"X-A": "1"}, True),
            "aml_failed": lambda: AMLResponse("bad", 200, run_function_failed=True),
            "aml_500": lambda: AMLResponse("broken", 500),
            "aml_503_said_false": lambda: AMLResponse({"m": 1}, 503, {"Retry-After": "3"}, True, False),
            "aml_404": lambda: AMLResponse("none", 404),
            "aml_201": lambda: AMLResponse("made", 201, {"Location": "/made/1"}),
            "aml_204": lambda: AMLResponse("", 204),
            "aml_headers": lambda: AMLResponse("x", 200, {"X-One": "1", "x-two": "2"}),
            "aml_repeated": lambda: AMLResponse("x", 200, {"X-List": "a, b,c", "Set-Cookie": "a=1,b=2"}),
            "aml_content_type": lambda: AMLResponse("<a/>", 200, {"Content-Type": "application/xml"}),
            "aml_json_content_type": lambda: AMLResponse([1], 200, {"Content-Type": "text/plain"}, True),
            "aml_empty_header": lambda: AMLResponse("x", 200, {"X-Empty": ""}),
            "aml_positional": lambda: AMLResponse("x", 200, {}, False, True),
            "flask_text": lambda: flask.Response("text"),
            "flask_json": lambda: flask.Response('{"a": 1}', mimetype="application/json"),
            "flask_500": lambda: flask.Response("broken", 500),
            "flask_204": lambda: flask.Response(status=204),
            "flask_299": lambda: flask.Response("own", 299),
            "flask_304": lambda: flask.Response(status=304),
            "flask_status_text": lambda: flask.Response("own", "418 I am"),
            "flask_generator": lambda: flask.Response((f"line {n}\\n" for n in range(3)), mimetype="text/csv"),
            "flask_cookie": cookie,
            "flask_own_ids": lambda: flask.Response(
                "x", headers={"x-request-id": "mine", "x-ms-request-id": "old", "x-ms-client-request-id": "c"}
            ),
            "flask_error_header": lambda: flask.Response(
                "x", headers={"x-ms-run-function-failed": "maybe", "x-ms-run-fn-exec-ms": "1"}
            ),
            "flask_two_types": lambda: flask.Response("x", content_type="text/plain; charset=latin-1"),
            "werkzeug": lambda: werkzeug.Response("x"),
            "response_tuple": lambda: (flask.Response("x").get_data(as_text=True), 201),
        }

        def init():
            pass

        def run(data):
            return RESULTS[data]()
        """,
        (
            *(post(name, name, type_="text/plain") for name in (*NAMES, *RESPONSES)),
            *(post(name, name, wanted, type_="text/plain") for name, wanted in BEYOND_JSON.items()),
        ),
    ),
    Script(
        "results_of_a_get",
        """
        import flask

        def init():
            pass

        def run(data):
            return flask.Response(data, mimetype="text/plain")
        """,
        (get("response", "/score?a=1"),),
    ),
)
