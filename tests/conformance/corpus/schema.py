"""Scripts with inference-schema's decorators: run() gets named values, converted to the types of samples."""

from ..differences import (
    ALLOWED_METHODS,
    DEFAULT_AS_IT_IS,
    EXAMPLE_IS_SCORED,
    METHOD_NOT_ALLOWED,
    REFUSED_BODY,
    SAYS_WHAT_CAME,
    TYPE_WORKS,
    WRONG_COLUMNS,
    ZERO_AND_ONE,
    no_other_value,
    refused,
)
from ..exchange import JSON, Exchange, Script, ask, documents, get, post

STANDARD = """
import datetime
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Standard

DAY = datetime.date(2020, 1, 2)
MOMENT = datetime.datetime(2020, 1, 2, 3, 4, 5)
CLOCK = datetime.time(3, 4, 5)
SAMPLES = {
    "whole": 3, "number": 1.5, "text": "abc", "flag": True, "items": [1, 2], "table": {"a": 1}, "raw": b"abc",
    "buffer": bytearray(b"abc"), "moment": MOMENT, "clock": CLOCK, "day": DAY, "pair": (1, 2),
}

def show(value):
    return f"{type(value).__name__} {value!r}"

def init():
    pass

@input_schema("whole", Standard(3))
@input_schema("number", Standard(1.5))
@input_schema("text", Standard("abc"))
@input_schema("flag", Standard(True))
@input_schema("items", Standard([1, 2]))
@input_schema("table", Standard({"a": 1}))
@input_schema("raw", Standard(b"abc"))
@input_schema("buffer", Standard(bytearray(b"abc")))
@input_schema("moment", Standard(MOMENT))
@input_schema("clock", Standard(CLOCK))
@input_schema("day", Standard(DAY))
@input_schema("pair", Standard((1, 2)))
@output_schema(Standard({"a": "b"}))
def run(whole=3, number=1.5, text="abc", flag=True, items=[1, 2], table={"a": 1}, raw=b"abc",
        buffer=bytearray(b"abc"), moment=MOMENT, clock=CLOCK, day=DAY, pair=(1, 2)):
    values = locals()
    return {name: show(value) for name, value in values.items() if show(value) != show(SAMPLES[name])}
"""

NUMPY = """
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Array

SAMPLES = {
    "matrix": np.array([[1.0, 2.0, 3.0]]),
    "whole": np.array([1, 2]),
    "small": np.array([1, 2], dtype="int8"),
    "unsigned": np.array([1], dtype="uint8"),
    "cube": np.array([[[1, 2], [3, 4]]], dtype="float32"),
    "flags": np.array([True]),
    "words": np.array(["abc"]),
    "moments": np.array(["2020-01-02"], dtype="datetime64[s]"),
    "spans": np.array([1], dtype="timedelta64[h]"),
    "rows": np.array([(1, 2.5, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U5")]),
    "objects": np.array(["a", 1], dtype=object),
    "free_shape": np.array([[1.0, 2.0]]),
    "free_type": np.array([[1.0, 2.0]]),
}

def init():
    pass

def show(value):
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tolist()!r} {value.flags.writeable} {value.flags.c_contiguous}"
    return f"{type(value).__name__} {value!r}"

@input_schema("matrix", Array(SAMPLES["matrix"]))
@input_schema("whole", Array(SAMPLES["whole"]))
@input_schema("small", Array(SAMPLES["small"]))
@input_schema("unsigned", Array(SAMPLES["unsigned"]))
@input_schema("cube", Array(SAMPLES["cube"]))
@input_schema("flags", Array(SAMPLES["flags"]))
@input_schema("words", Array(SAMPLES["words"]))
@input_schema("moments", Array(SAMPLES["moments"]))
@input_schema("spans", Array(SAMPLES["spans"]))
@input_schema("rows", Array(SAMPLES["rows"]))
@input_schema("objects", Array(SAMPLES["objects"]))
@input_schema("free_shape", Array(SAMPLES["free_shape"], enforce_shape=False))
@input_schema("free_type", Array(SAMPLES["free_type"], enforce_column_type=False))
def run(matrix=SAMPLES["matrix"], whole=SAMPLES["whole"], small=SAMPLES["small"], unsigned=SAMPLES["unsigned"],
        cube=SAMPLES["cube"], flags=SAMPLES["flags"], words=SAMPLES["words"], moments=SAMPLES["moments"],
        spans=SAMPLES["spans"], rows=SAMPLES["rows"], objects=SAMPLES["objects"],
        free_shape=SAMPLES["free_shape"], free_type=SAMPLES["free_type"]):
    return {name: show(value) for name, value in locals().items() if show(value) != show(SAMPLES[name])}
"""

PANDAS = """
import pandas as pd
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType as Frame

SAMPLE = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": ["x", "y"]})
TIMES = pd.DataFrame({"when": pd.to_datetime(["2020-01-02"]), "span": pd.to_timedelta(["1h"])})
ZONED = pd.DataFrame({"when": pd.to_datetime(["2020-01-02T00:00:00Z"])})
KINDS = pd.DataFrame({"flag": [True], "kind": pd.Categorical(["u"], ["u", "v"]), "small": pd.array([1], "int8")})
NUMBERED = pd.DataFrame([[1, 2.5]])

def init():
    pass

def show(frame):
    if not isinstance(frame, pd.DataFrame):
        return f"{type(frame).__name__} {frame!r}"
    return [str(dict(frame.dtypes)), str(frame.to_dict("split"))]

@input_schema("records", Frame(SAMPLE))
@input_schema("split", Frame(SAMPLE, orient="split"))
@input_schema("index", Frame(SAMPLE, orient="index"))
@input_schema("columns", Frame(SAMPLE, orient="columns"))
@input_schema("values", Frame(SAMPLE, orient="values"))
@input_schema("table", Frame(SAMPLE, orient="table"))
@input_schema("times", Frame(TIMES))
@input_schema("zoned", Frame(ZONED))
@input_schema("kinds", Frame(KINDS))
@input_schema("numbered", Frame(NUMBERED, orient="split"))
@input_schema("free_shape", Frame(SAMPLE, enforce_shape=False))
@input_schema("free_type", Frame(SAMPLE, enforce_column_type=False))
def run(records=SAMPLE, split=SAMPLE, index=SAMPLE, columns=SAMPLE, values=SAMPLE, table=SAMPLE, times=SAMPLE,
        zoned=SAMPLE, kinds=SAMPLE, numbered=SAMPLE, free_shape=SAMPLE, free_type=SAMPLE):
    return {name: show(value) for name, value in locals().items() if show(value) != show(SAMPLE)}
"""

NESTED = """
import numpy as np
import pandas as pd
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Array
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType as Frame
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Standard

INPUTS = Standard({
    "input1": Frame(pd.DataFrame({"a": [1], "b": ["x"]})),
    "input2": Array(np.array([0.5])),
    "input3": Standard(2.0),
    "plain": 7,
    "deeper": Standard({"count": Standard(3), "list": Standard([Standard(1.5)])}),
})

def init():
    pass

def show(value):
    if isinstance(value, pd.DataFrame):
        return ["frame", str(dict(value.dtypes)), value.to_dict("records")]
    if isinstance(value, np.ndarray):
        return ["array", str(value.dtype), value.tolist()]
    if isinstance(value, dict):
        return {key: show(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(show, value)]
    return f"{type(value).__name__} {value!r}"

@input_schema("Inputs", INPUTS)
@input_schema("GlobalParameters", Standard(1.0))
@input_schema("series", Standard([Array(np.array([[1, 2]]))]))
@input_schema("pair", Standard((Standard(1.5),)))
@output_schema(Standard({"Results": Array(np.array([1.0]))}))
def run(Inputs, GlobalParameters=2.5, series=[], pair=()):
    return {"Results": show([Inputs, GlobalParameters, series, pair])}
"""

INPUTS = {
    "input1": [{"a": 5, "b": "y"}],
    "input2": [1, 2.5],
    "input3": 4,
    "plain": "anything",
    "deeper": {"count": 1, "list": [2, 3.5]},
}

OPTIONS = """
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType as Array
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType as Standard

def init():
    pass

@input_schema("needed", Standard(1))
@input_schema("maybe", Standard(2), optional=True)
@input_schema("text", Standard("t"), optional=True)
@input_schema("kept", Array(np.array([[1.0]])), convert_to_provided_type=False)
@input_schema("usual", Array(np.array([[1.0]])))
def run(request_headers, needed, maybe=None, text="none", kept=None, usual=[[5]], undeclared="u"):
    values = {name: value for name, value in locals().items() if name != "request_headers"}
    shown = {name: f"{type(value).__name__} {value!r}" for name, value in values.items()}
    return {"model": request_headers.get("X-Model"), **shown}
"""

SCRIPTS = (
    Script(
        "schema_standard",
        STANDARD,
        (
            *documents(),
            post("all_defaults", {}),
            post("whole", {"whole": 5}),
            post("whole_negative", {"whole": -5}),
            post("whole_big", '{"whole": 123456789012345678901234567890}'),
            post("whole_at_64_bits", '{"whole": 18446744073709551615}'),
            post("whole_as_float", {"whole": 5.0}, refused("whole")),
            post("whole_as_exponent", '{"whole": 5e2}', refused("whole")),
            post("whole_as_text", {"whole": "5"}, refused("whole")),
            post("whole_as_bool", {"whole": True}),
            post("whole_as_null", {"whole": None}, refused("whole")),
            post("number", {"number": 2.25}),
            post("number_as_integer", {"number": 2}),
            post("number_as_bool", {"number": True}, refused("number")),
            post("number_as_text", {"number": "2"}, refused("number")),
            post("number_negative_zero", '{"number": -0.0}'),
            post("number_huge", '{"number": 1e400}'),
            post("number_precise", '{"number": 0.1000000000000000055511151231257827}'),
            post("number_nan", '{"number": NaN}'),
            post("number_infinity", '{"number": -Infinity}'),
            post("text", {"text": "Grüße 🚀"}),
            post("text_escapes", '{"text": "\\u00fc\\n\\ud83d\\ude80\\/"}'),
            post("text_lone_surrogate", '{"text": "\\ud83d"}'),
            post("text_as_number", {"text": 1}, refused("text")),
            post("flag", {"flag": False}),
            post("flag_as_number", {"flag": 0}, ZERO_AND_ONE.with_body({"flag": "bool False"})),
            post("flag_as_another_number", {"flag": 2}, refused("flag")),
            post("flag_as_text", {"flag": "true"}, refused("flag")),
            post("items", {"items": ["x", {"y": None}]}),
            post("items_empty", {"items": []}),
            post("items_as_object", {"items": {}}, refused("items")),
            post("table", {"table": {"z": [1], "a": {}}}),
            post("table_as_list", {"table": []}, refused("table")),
            post("table_duplicate_keys", '{"table": {"a": 1, "a": 2}}'),
            post("raw", {"raw": "AP8="}),
            post("raw_without_padding", {"raw": "AP8"}, refused("raw")),
            post("raw_not_base64", {"raw": "äöü"}),
            post("raw_with_newlines", {"raw": "AP\n8="}),
            post("raw_as_number", {"raw": 1}, refused("raw")),
            post("buffer", {"buffer": "AP8="}, TYPE_WORKS.with_body({"buffer": "bytearray bytearray(b'\\x00\\xff')"})),
            post("moment", {"moment": "2024-05-06T07:08:09.5"}),
            post("moment_with_zone", {"moment": "2024-05-06T07:08:09+02:00"}),
            post("moment_in_words", {"moment": "6 May 2024 7:08 pm"}),
            post("moment_of_two_meanings", {"moment": "03/04/2024"}, no_other_value("moment")),
            post("moment_without_a_day", {"moment": "08:30"}, no_other_value("moment")),
            post("moment_senseless", {"moment": "soon"}, refused("moment")),
            post("moment_as_number", {"moment": 5}, refused("moment")),
            post("clock", {"clock": "10:20:30"}),
            post("clock_as_a_day", {"clock": "10"}, no_other_value("clock")),
            post("clock_senseless", {"clock": "noonish"}, refused("clock")),
            post("day", {"day": "2024-05-06"}, TYPE_WORKS.with_body({"day": "date datetime.date(2024, 5, 6)"})),
            post("day_senseless", {"day": "someday"}, refused("day")),
            post("pair", {"pair": [1, 2]}),
            post("several", {"whole": 1, "number": 2.5, "text": "x", "flag": False}),
            post("unknown_keys", {"whole": 1, "other": [1], "Whole": 2}),
            post("duplicate_keys", '{"whole": 1, "whole": 2}'),
            post("type_with_charset", {"whole": 1}, type_="application/json; charset=utf-8"),
            post("type_in_capitals", {"whole": 1}, type_="Application/JSON"),
            post("type_vendor", {"whole": 1}, type_="application/vnd.x+json"),
            post("type_vendor_with_parameter", {"whole": 1}, type_="application/problem+json;profile=x"),
            post("type_text_json", {"whole": 1}, SAYS_WHAT_CAME, type_="text/json"),
            post("type_text", {"whole": 1}, SAYS_WHAT_CAME, type_="text/plain"),
            post("type_form", {"whole": 1}, SAYS_WHAT_CAME, type_="application/x-www-form-urlencoded"),
            post("type_lines", {"whole": 1}, SAYS_WHAT_CAME, type_="application/jsonlines"),
            post("type_sequence", {"whole": 1}, SAYS_WHAT_CAME, type_="application/json-seq"),
            post("type_absent", {"whole": 1}, SAYS_WHAT_CAME, type_=None),
            post("type_empty", {"whole": 1}, SAYS_WHAT_CAME, type_=""),
            post("type_odd_spaces", {"whole": 1}, type_=" application/json ; charset=latin-1"),
            post("wrong_type_and_empty", b"", SAYS_WHAT_CAME, type_="text/plain"),
            post("wrong_type_and_not_json", "{", SAYS_WHAT_CAME, type_="text/plain"),
            post("empty", b""),
            post("blank", "  \n"),
            post("cut_off", '{"whole": 1'),
            post("trailing_comma", '{"whole": 1,}'),
            post("single_quotes", "{'whole': 1}"),
            post("two_values", '{"whole": 1}{"whole": 2}'),
            post("plain_text", "hello"),
            post("control_character", b'{"text": "a\nb"}'),
            post("bad_escape", '{"text": "\\x"}'),
            post("leading_zero", '{"whole": 01}'),
            post("comment", '{"whole": 1} // one'),
            post("python_literals", '{"flag": True}'),
            post("several_lines", '{\n  "whole": 1,\n  "number": oops\n}'),
            post("array", [1], SAYS_WHAT_CAME),
            post("text_value", '"whole"', SAYS_WHAT_CAME),
            post("number_value", "5", SAYS_WHAT_CAME),
            post("null_value", "null", SAYS_WHAT_CAME),
            post("utf16", '{"text": "ü"}'.encode("utf-16")),
            post("utf16_little_endian", '{"text": "ü"}'.encode("utf-16-le")),
            post("utf32", '{"text": "ü"}'.encode("utf-32")),
            post("utf8_byte_order_mark", b'\xef\xbb\xbf{"text": "x"}'),
            post("latin1", '{"text": "ü"}'.encode("latin-1"), REFUSED_BODY),
            post("deeply_nested", '{"items": ' + "[" * 500 + "]" * 500 + "}"),
            post("too_deeply_nested", '{"items": ' + "[" * 100_000 + "]" * 100_000 + "}", REFUSED_BODY),
            post("white_space", ' \r\n\t{ "whole" :\n5 } \n'),
            post("chunked", (b'{"whole', b'": 5}')),
            post("with_a_query", {"number": 2.5}, path="/score?whole=5"),
            get("get", "/score?whole=5&text=x&flag=false&number=1.5"),
            get("get_without_query", "/score"),
            get("get_converted", "/score?moment=2024-05-06&raw=AP8%3D&items=[1]&items=[2]"),
            get("get_repeated", "/score?items=1&items=x"),
            get("get_refused", "/score?text=5", refused("text")),
            get("get_with_a_type", "/score?whole=1", headers=[("Content-Type", "text/plain")]),
            Exchange("get_with_a_body", "GET", "/score", b'{"whole": 9}', (("Content-Type", JSON),)),
            ask("head", "HEAD", "/score?whole=5", ALLOWED_METHODS),
            ask("put", "PUT", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("options", "OPTIONS", "/score"),
        ),
    ),
    Script(
        "schema_numpy",
        NUMPY,
        (
            *documents(EXAMPLE_IS_SCORED),
            post("matrix", {"matrix": [[1, 2.5, -3], [4, 5, 6]]}),
            post("matrix_no_rows", {"matrix": []}, refused("matrix")),
            post("matrix_one_empty_row", {"matrix": [[]]}, refused("matrix")),
            post("matrix_short_row", {"matrix": [[1, 2]]}, refused("matrix")),
            post("matrix_long_rows", {"matrix": [[1, 2, 3, 4], [1, 2, 3, 4]]}, refused("matrix")),
            post("matrix_ragged", {"matrix": [[1, 2, 3], [4, 5]]}, refused("matrix[1]")),
            post("matrix_flat", {"matrix": [1, 2, 3]}, refused("matrix[0]")),
            post("matrix_too_deep", {"matrix": [[[1, 2, 3]]]}, refused("matrix")),
            post("matrix_texts_of_numbers", {"matrix": [["1", "2.5", " 3 "]]}),
            post("matrix_text", {"matrix": [[1, "x", 3]]}, refused("matrix[0][1]")),
            post("matrix_null", {"matrix": [[1, None, 3]]}),
            post("matrix_bool", {"matrix": [[True, False, 1]]}),
            post("matrix_object", {"matrix": {"a": 1}}, refused("matrix")),
            post("matrix_object_inside", {"matrix": [[1, {}, 3]]}, refused("matrix[0][1]")),
            post("matrix_of_objects", {"matrix": [{"a": 1}]}, refused("matrix[0]")),
            post("matrix_as_text", {"matrix": "[[1, 2, 3]]"}, refused("matrix")),
            post("matrix_as_number", {"matrix": 5}, refused("matrix")),
            post("matrix_as_null", {"matrix": None}, refused("matrix")),
            post("matrix_nan", '{"matrix": [[NaN, Infinity, -Infinity]]}'),
            post("matrix_nan_text", {"matrix": [["nan", "inf", "-inf"]]}),
            post("matrix_big_integers", '{"matrix": [[9007199254740993, 18446744073709551616, -1]]}'),
            post("matrix_huge_integer", '{"matrix": [[1' + "0" * 400 + ", 2, 3]]}", refused("matrix[0][0]")),
            post("matrix_exponents", '{"matrix": [[1e5, 1E-5, 1e400]]}'),
            post("matrix_large", {"matrix": [[n, n + 0.5, -n] for n in range(2000)]}),
            post("whole", {"whole": [1, -2, 3]}),
            post("whole_empty", {"whole": []}),
            post("whole_floats", {"whole": [1.0, 2.9, -2.9]}),
            post("whole_texts", {"whole": ["1", "2"]}),
            post("whole_float_texts", {"whole": ["1.5"]}, refused("whole[0]")),
            post("whole_bools", {"whole": [True, False]}),
            post("whole_too_big", {"whole": [2**63]}, refused("whole[0]")),
            post("whole_biggest", {"whole": [2**63 - 1, -(2**63)]}),
            post("whole_big_float", {"whole": [1e30]}, refused("whole[0]")),
            post("whole_nan", '{"whole": [NaN]}', refused("whole[0]")),
            post("whole_null", {"whole": [None]}, refused("whole[0]")),
            post("small", {"small": [127, -128]}),
            post("small_overflow", {"small": [128]}, refused("small[0]")),
            post("small_float_overflow", {"small": [300.5]}, refused("small[0]")),
            post("unsigned", {"unsigned": [255]}),
            post("unsigned_negative", {"unsigned": [-1]}, refused("unsigned[0]")),
            post("cube", {"cube": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}),
            post("cube_rounded", {"cube": [[[0.1, 1e10], [16777217, 1e38]]]}),
            post("cube_overflow", {"cube": [[[0.1, 1e10], [1, 1e39]]]}, no_other_value("cube[0][1][1]")),
            post("cube_wrong_depth", {"cube": [[1, 2], [3, 4]]}, refused("cube[0][0]")),
            post("cube_wrong_middle", {"cube": [[[1, 2]]]}, refused("cube")),
            post("flags", {"flags": [True, False]}),
            post("flags_numbers", {"flags": [0, 1, 1.0]}),
            post("flags_other_numbers", {"flags": [0, 1, 2.5]}, no_other_value("flags[2]")),
            post("flags_texts", {"flags": ["False", ""]}, no_other_value("flags[0]")),
            post("flags_null", {"flags": [True, None]}, no_other_value("flags[1]")),
            post("words", {"words": ["ab", "too long", ""]}),
            post("words_numbers", {"words": [1, 2.5, None, True]}),
            post("moments", {"moments": ["2024-05-06", "2024-05-06T07:08:09.123", "2024"]}),
            post("moments_with_zone", {"moments": ["2024-05-06T07:08:09Z"]}, no_other_value("moments[0]")),
            post("moments_now", {"moments": ["now"]}, no_other_value("moments[0]")),
            post("moments_senseless", {"moments": ["soon"]}, refused("moments[0]")),
            post("moments_number", {"moments": [5]}, refused("moments[0]")),
            post("moments_null", {"moments": [None]}),
            post("spans", {"spans": ["2 days", "30 minutes"]}),
            post("spans_senseless", {"spans": ["2 fortnights"]}, refused("spans[0]")),
            post("spans_number", {"spans": [5]}, refused("spans[0]")),
            post("rows_of_lists", {"rows": [[1, 2, "abc"], [3, 4.5, "too long"]]}),
            post("rows_of_objects", {"rows": [{"c": "x", "a": 1, "b": 2}]}),
            post("rows_with_a_key_missing", {"rows": [{"a": 1, "b": 2}]}, refused("rows[0]")),
            post("rows_too_short", {"rows": [[1, 2]]}, refused("rows[0]")),
            post("rows_too_long", {"rows": [[1, 2, "x", 4]]}),
            post("rows_wrong_kind", {"rows": [["x", 2, "x"]]}, refused("rows[0].a")),
            post("objects", {"objects": ["a", 1, None, {"b": [1]}]}),
            post("objects_lists", {"objects": [[1, 2], [3, 4]]}, refused("objects")),
            post("free_shape", {"free_shape": [1, 2, 3]}),
            post("free_shape_deeper", {"free_shape": [[[1]]]}),
            post("free_shape_ragged", {"free_shape": [[1], [2, 3]]}, refused("free_shape[1]")),
            post("free_type_integers", {"free_type": [[1, 2]]}),
            post("free_type_texts", {"free_type": [["a", 2]]}),
            post("free_type_wrong_shape", {"free_type": [[1]]}, refused("free_type")),
            post("free_type_null", {"free_type": [[None, 1]]}),
            get("get", "/score?matrix=[[1,2,3]]"),
            get("get_repeated", "/score?whole=1&whole=2"),
            get("get_refused", "/score?matrix=x", refused("matrix")),
        ),
    ),
    Script(
        "schema_pandas",
        PANDAS,
        (
            *documents(),
            post("records", {"records": [{"a": 3, "b": 4, "c": "z"}, {"a": -1, "b": 0.25, "c": ""}]}),
            post("records_other_order", {"records": [{"c": "z", "b": 4.5, "a": 3}]}),
            post("records_floats", {"records": [{"a": 3.0, "b": 4, "c": "z"}]}),
            post("records_fraction", {"records": [{"a": 3.7, "b": 4, "c": "z"}]}),
            post("records_texts_of_numbers", {"records": [{"a": "3", "b": "4.5", "c": 5}]}),
            post("records_text_for_number", {"records": [{"a": "x", "b": 4, "c": "z"}]}, refused("records[0].a")),
            post("records_null_number", {"records": [{"a": None, "b": 4, "c": "z"}]}, refused("records[0].a")),
            post("records_null_float_and_text", {"records": [{"a": 1, "b": None, "c": None}]}),
            post("records_missing_column", {"records": [{"a": 1, "b": 2}]}, refused("records")),
            post("records_more_columns", {"records": [{"a": 1, "b": 2, "c": "z", "d": 4}]}, refused("records")),
            post("records_other_names", {"records": [{"x": 1, "y": 2, "z": "z"}]}),
            post(
                "records_gaps", {"records": [{"a": 1, "b": 2, "c": "x"}, {"b": 2.5, "c": "y"}]}, refused("records[1].a")
            ),
            post("records_empty", {"records": []}, refused("records")),
            post("records_empty_object", {"records": [{}]}, refused("records[0].a")),
            post("records_of_lists", {"records": [[1, 2, "x"]]}),
            post("records_of_numbers", {"records": [1, 2]}, refused("records[0]")),
            post("records_object", {"records": {"a": 1, "b": 2, "c": "x"}}, refused("records")),
            post("records_object_of_lists", {"records": {"a": [1], "b": [2], "c": ["x"]}}),
            post("records_text", {"records": "x"}, refused("records")),
            post("records_null", {"records": None}, refused("records")),
            post("records_date_like", {"records": [{"a": 1, "b": 2, "c": "2024-05-06"}]}),
            post("records_big_integer", {"records": [{"a": 2**62, "b": 1e300, "c": "x"}]}),
            post("records_too_big_integer", {"records": [{"a": 2**70, "b": 1, "c": "x"}]}, refused("records[0].a")),
            post("records_bool", {"records": [{"a": True, "b": False, "c": True}]}),
            post("records_nested", {"records": [{"a": 1, "b": 2, "c": {"d": [1]}}]}),
            post("records_unicode", {"records": [{"a": 1, "b": 2, "c": "Grüße 🚀"}]}),
            post("records_nan", '{"records": [{"a": 1, "b": NaN, "c": "x"}]}'),
            post("records_many", {"records": [{"a": n, "b": n / 4, "c": str(n)} for n in range(300)]}),
            post("split", {"split": {"columns": ["a", "b", "c"], "index": [5], "data": [[1, 2, "x"]]}}),
            post("split_without_index", {"split": {"columns": ["a", "b", "c"], "data": [[1, 2, "x"]]}}),
            post("split_short_row", {"split": {"columns": ["a", "b", "c"], "data": [[1, 2]]}}, refused("split")),
            post(
                "split_unknown_key",
                {"split": {"columns": ["a", "b", "c"], "data": [[1, 2, "x"]], "more": 1}},
                refused("split"),
            ),
            post("split_list", {"split": [[1, 2, "x"]]}, refused("split")),
            post("index", {"index": {"r1": {"a": 1, "b": 2, "c": "x"}, "r2": {"a": 3, "b": 4, "c": "y"}}}),
            post("columns", {"columns": {"a": {"0": 1}, "b": {"0": 2}, "c": {"0": "x"}}}),
            post("values", {"values": [[1, 2, "x"]]}),
            post("values_wrong_count", {"values": [[1, 2]]}, refused("values")),
            post(
                "table",
                {
                    "table": {
                        "schema": {
                            "fields": [
                                {"name": "index", "type": "integer"},
                                {"name": "a", "type": "integer"},
                                {"name": "b", "type": "number"},
                                {"name": "c", "type": "string"},
                            ],
                            "primaryKey": ["index"],
                            "pandas_version": "1.4.0",
                        },
                        "data": [{"index": 0, "a": 1, "b": 2, "c": "x"}],
                    }
                },
            ),
            post("table_without_schema", {"table": {"data": [{"a": 1, "b": 2, "c": "x"}]}}, refused("table")),
            post("times", {"times": [{"when": "2024-05-06T07:08:09", "span": "2 days"}]}),
            post("times_epoch", {"times": [{"when": 1700000000000, "span": "5 s"}]}, no_other_value("times[0].when")),
            post("times_number", {"times": [{"when": "2024-05-06", "span": 5}]}, no_other_value("times[0].span")),
            post(
                "times_of_two_meanings",
                {"times": [{"when": "12.03.2024", "span": "5 s"}]},
                no_other_value("times[0].when"),
            ),
            post(
                "times_with_zone", {"times": [{"when": "2024-05-06T07:08Z", "span": "5 s"}]}, refused("times[0].when")
            ),
            post("times_senseless", {"times": [{"when": "soon", "span": "1h"}]}, refused("times[0].when")),
            post("zoned", {"zoned": [{"when": "2024-05-06T07:08:09Z"}]}),
            post("zoned_without_zone", {"zoned": [{"when": "2024-05-06T07:08:09"}]}),
            post("kinds", {"kinds": [{"flag": False, "kind": "v", "small": 5}]}),
            post("kinds_unknown_category", {"kinds": [{"flag": 1, "kind": "w", "small": 5}]}),
            post(
                "kinds_overflow",
                {"kinds": [{"flag": True, "kind": "u", "small": 500}]},
                no_other_value("kinds[0].small"),
            ),
            post("kinds_text", {"kinds": [{"flag": "no", "kind": "u", "small": 5}]}, no_other_value("kinds[0].flag")),
            post("kinds_null", {"kinds": [{"flag": None, "kind": "u", "small": 5}]}, no_other_value("kinds[0].flag")),
            post(
                "records_just_too_big_integer",
                {"records": [{"a": 2**63, "b": 1, "c": "x"}]},
                no_other_value("records[0].a"),
            ),
            post("numbered", {"numbered": {"columns": [0, 1], "data": [[1, 2]]}}),
            post("free_shape", {"free_shape": [{"a": 1}]}),
            post("free_type", {"free_type": [{"a": "x", "b": None, "c": 1}]}),
            get("get", "/score?records=[{%22a%22:1,%22b%22:2,%22c%22:%22x%22}]"),
        ),
    ),
    Script(
        "schema_nested",
        NESTED,
        (
            *documents(),
            post("whole", {"Inputs": INPUTS, "GlobalParameters": 3.0}),
            post("default_beside", {"Inputs": INPUTS}),
            post("parts_absent", {"Inputs": {"input2": [1.0]}}),
            post("empty_inputs", {"Inputs": {}}),
            post("unknown_part", {"Inputs": {"other": [1], "plain": None}}),
            post("frame_refused", {"Inputs": {"input1": [{"a": "x", "b": "y"}]}}, refused("Inputs.input1[0].a")),
            post("array_refused", {"Inputs": {"input2": [["x"]]}}, refused("Inputs.input2[0][0]")),
            post("number_refused", {"Inputs": {"input3": "x"}}, refused("Inputs.input3")),
            post("deeper_refused", {"Inputs": {"deeper": {"count": "x"}}}, refused("Inputs.deeper.count")),
            post("deeper_item_refused", {"Inputs": {"deeper": {"list": [1.5, "x"]}}}, refused("Inputs.deeper.list[1]")),
            post("deeper_list", {"Inputs": {"deeper": {"list": []}}}),
            post("inputs_as_list", {"Inputs": [1]}, refused("Inputs")),
            post("inputs_as_null", {"Inputs": None}, refused("Inputs")),
            post("inputs_missing", {"GlobalParameters": 1.0}, SAYS_WHAT_CAME),
            post("inputs_in_lower_case", {"inputs": INPUTS}, SAYS_WHAT_CAME),
            post("global_as_object", {"Inputs": {}, "GlobalParameters": {}}, refused("GlobalParameters")),
            post("series", {"Inputs": {}, "series": [[[1, 2]], [[3, 4], [5, 6]]]}),
            post("series_empty", {"Inputs": {}, "series": []}),
            post("series_refused", {"Inputs": {}, "series": [[[1, 2]], [[3]]]}, refused("series[1]")),
            post("series_as_object", {"Inputs": {}, "series": {}}, refused("series")),
            post("pair", {"Inputs": {}, "pair": [1, 2.5]}),
            post("pair_refused", {"Inputs": {}, "pair": ["x"]}, refused("pair[0]")),
        ),
    ),
    Script(
        "schema_options",
        OPTIONS,
        (
            *documents(),
            post("only_the_needed", {"needed": 1}),
            post("needed_missing", {"maybe": 1}, SAYS_WHAT_CAME),
            post("nothing", {}, SAYS_WHAT_CAME),
            post("optional_given", {"needed": 1, "maybe": 5, "text": "x"}),
            post("optional_zero", {"needed": 1, "maybe": 0}),
            post("optional_null", {"needed": 1, "maybe": None}),
            post("optional_false_text", {"needed": 1, "text": ""}),
            post("optional_false_of_another_type", {"needed": 1, "maybe": [], "text": False}),
            post("optional_refused", {"needed": 1, "maybe": "x"}, refused("maybe")),
            post("kept_as_it_is", {"needed": 1, "kept": [["anything"]]}),
            post("kept_null", {"needed": 1, "kept": None}),
            post("usual_given", {"needed": 1, "usual": [[1]]}),
            post("undeclared_given", {"needed": 1, "undeclared": {"a": [1]}}),
            post(
                "request_headers_in_the_body",
                {"needed": 1, "request_headers": {"X-Model": "forged"}},
                headers=[("X-Model", "m")],
            ),
            post("headers", {"needed": 1}, headers=[("x-model", "m")]),
            get("get", "/score?needed=1&maybe=5", headers=[("x-model", "m")]),
            get("get_missing", "/score?maybe=5", SAYS_WHAT_CAME),
        ),
    ),
    Script(
        "schema_defaults",
        """
        import numpy as np
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def init():
            pass

        @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
        @input_schema("when", StandardPythonParameterType(b"abc"), optional=True)
        def run(data=[[3, 4]], when="AP8="):
            return [type(data).__name__, str(data), repr(when)]
        """,
        (
            post("default_that_its_type_converts", {}),
            post("default_overridden", {"data": [[1, 2]]}),
        ),
    ),
    Script(
        "schema_default_objects",
        """
        import threading

        import numpy as np
        import pandas as pd
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        ARRAY = np.array([[1.0]])
        FRAME = pd.DataFrame({"a": [1]})
        TABLE = {"lock": threading.Lock()}
        COUNTS = []

        def init():
            pass

        @input_schema("array", NumpyParameterType(ARRAY))
        @input_schema("frame", PandasParameterType(FRAME))
        @input_schema("table", StandardPythonParameterType({"a": 1}))
        @input_schema("counts", StandardPythonParameterType([1]))
        def run(array=ARRAY, frame=FRAME, table=TABLE, counts=COUNTS):
            counts.append(1)
            return [array is ARRAY, frame is FRAME, table is TABLE, counts is COUNTS, len(counts)]
        """,
        (post("the_same_objects", {}), post("the_same_objects_again", {})),
    ),
    Script(
        "schema_default_of_another_type",
        """
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def init():
            pass

        @input_schema("threshold", StandardPythonParameterType(0.5))
        def run(threshold=None):
            return repr(threshold)
        """,
        (
            post("absent", {}, DEFAULT_AS_IT_IS.with_body("None")),
            post("given", {"threshold": 0.25}),
            post("null", {"threshold": None}, refused("threshold")),
        ),
    ),
    Script(
        "schema_output_only",
        """
        from inference_schema.schema_decorators import output_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def init():
            pass

        @output_schema(StandardPythonParameterType([1.5]))
        def run(data, factor=2):
            return [data, factor]
        """,
        (
            post("object", {"data": [1]}),
            post("missing", {"factor": 1}, SAYS_WHAT_CAME),
            post("text", "abc", SAYS_WHAT_CAME, type_="text/plain"),
            *documents(),
        ),
    ),
    Script(
        "schema_wrapped",
        """
        import functools
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType

        def logged(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return {"args": repr(args), "kwargs": repr(kwargs), "result": function(*args, **kwargs)}
            return wrapper

        def init():
            pass

        @input_schema("data", StandardPythonParameterType(b"abc"))
        @logged
        def run(data):
            return repr(data)
        """,
        (
            post("decorator_below", {"data": "AP8="}),
            post("refused", {"data": 5}, refused("data")),
            *documents(),
        ),
    ),
    Script(
        "schema_columns_by_name",
        """
        import pandas as pd
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType

        def init():
            pass

        @input_schema("data", PandasParameterType(pd.DataFrame({"age": [1], "size": [2.5]})))
        def run(data):
            return (data["age"] / data["size"].map(lambda size: 1 // size)).tolist()
        """,
        (
            post(
                "other_names",
                {"data": [{"Age": 1, "size": 2.5}]},
                WRONG_COLUMNS.with_body({"message": "data: expected the columns age, size, got Age, size"}),
            ),
            post("fault_of_the_script", {"data": [{"age": 1, "size": 0}]}),
            post("another_order", {"data": [{"size": 0.5, "age": 1}]}),
        ),
    ),
    Script(
        "schema_raises",
        """
        import numpy as np
        from inference_schema.schema_decorators import input_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType

        def init():
            pass

        @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
        def run(data):
            if data[0][0] < 0:
                raise ValueError("negative")
            data[0][0] = 9
            return data.tolist()
        """,
        (
            post("value_error_of_run", {"data": [[-1, 2]]}),
            post("argument_written_to", {"data": [[1, 2]]}),
            post("refused", {"data": [[1, 2, 3]]}, refused("data")),
        ),
    ),
)
