"""The wanted differences between the reference and scoredock, each declared once, with its reason.

A reason quotes the contract of the runtime. An exchange of the corpus names the differences that its answers
have; a difference that it does not name fails its test, and so does one that it names and that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PRESENT = re.compile(r"(?s).*")  # any text at all, but no absence
SCRIPT_FAULT = {"message": "An unexpected error occurred in scoring script. Check the logs for more info."}
SERVER_FAULT = {"message": "An unexpected internal error occurred. Check the logs for more info."}


def anything(value: Any) -> bool:
    """For a value that does not matter, or that an exchange tells with ``with_body``."""
    return True


@dataclass(frozen=True)
class Difference:
    """``changes`` maps a facet (``status``, ``body`` or a header's name) to the reference's value and ours.

    None stands for a header that is not there, a pattern for every text that it matches in full, a function
    for every value that it says yes to. What an exchange adds with ``with_body`` is our body in that case.
    """

    reason: str
    changes: Mapping[str, tuple[Any, Any]]

    def with_body(self, body: Any) -> Difference:
        """The same difference, with the body that we answer in this case."""
        return replace(self, changes={**self.changes, "body": (self.changes["body"][0], body)})

    def matches(self, facet: str, theirs: Any, ours: Any) -> bool:
        """Whether two values of a facet differ as declared."""
        expected_theirs, expected_ours = self.changes[facet]
        return _matches(expected_theirs, theirs) and _matches(expected_ours, ours)


def _matches(expected: Any, value: Any) -> bool:
    if callable(expected):
        return bool(expected(value))
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.fullmatch(value) is not None
    if isinstance(expected, dict) and isinstance(value, dict):
        return expected.keys() == value.keys() and all(_matches(expected[key], value[key]) for key in expected)
    return type(expected) is type(value) and bool(expected == value)


REQUEST_IDS = {"x-request-id": (None, PRESENT), "x-ms-request-id": (None, PRESENT)}
IDS = {"x-ms-server-version": (None, PRESENT), **REQUEST_IDS}
FAILED_NOT = {"x-ms-run-function-failed": ("True", "False")}

REFUSED_VALUE = Difference(
    "a value that the schema's type refuses (the reference answers 500): the message names the parameter, what "
    "was expected and what came",
    {"status": (500, 400), **FAILED_NOT, "body": (SCRIPT_FAULT, anything)},
)


def refused(path: str) -> Difference:
    """REFUSED_VALUE where the message names ``path``."""
    return REFUSED_VALUE.with_body({"message": re.compile(re.escape(path) + ": expected .+, got .+")})


NO_OTHER_VALUE = Difference(
    "better: a value that the schema's type refuses: booleans are true, false, 0 or 1, dates are text that can be read "
    "in one way only, without a zone where the sample has none, numbers stay in their type's range (the reference "
    "makes other values of them and scores those)",
    {"status": (200, 400), "x-ms-run-fn-exec-ms": (PRESENT, None), "body": (anything, anything)},
)


def no_other_value(path: str) -> Difference:
    """NO_OTHER_VALUE where the message names ``path``."""
    return NO_OTHER_VALUE.with_body({"message": re.compile(re.escape(path) + ": expected .+, got .+")})


def _example_of_flags(document: Any) -> Any:
    inputs = (document.get("definitions") or document["components"]["schemas"])["ServiceInput"]
    return inputs["example"]["flags"]


EXAMPLE_IS_SCORED = Difference(
    "the examples of the swagger documents are scored as the samples (the reference writes True as text, which is no "
    "boolean, and objects as what they print)",
    {
        "body": (
            lambda body: _example_of_flags(body) == ["True"],
            lambda body: _example_of_flags(body) == [True],
        )
    },
)

WRONG_COLUMNS = Difference(
    "400: run() raised on a frame whose columns are named otherwise than the schema's: the message names them",
    {"status": (500, 400), **FAILED_NOT, "body": (SCRIPT_FAULT, anything)},
)

DEFAULT_AS_IT_IS = Difference(
    "defaults are respected (the reference refuses a default that its schema type does not accept)",
    {"status": (500, 200), **FAILED_NOT, "x-ms-run-fn-exec-ms": (None, PRESENT), "body": (SCRIPT_FAULT, anything)},
)

TYPE_WORKS = Difference(
    "run gets the named values (inference-schema 1.8 refuses every value of the types date and bytearray)",
    {"status": (500, 200), **FAILED_NOT, "x-ms-run-fn-exec-ms": (None, PRESENT), "body": (SCRIPT_FAULT, anything)},
)

ZERO_AND_ONE = Difference(
    "booleans take true, false, 0 and 1, also alone (the reference takes them in arrays and frames)",
    {"status": (500, 200), **FAILED_NOT, "x-ms-run-fn-exec-ms": (None, PRESENT), "body": (SCRIPT_FAULT, anything)},
)

REFUSED_BODY = Difference(
    "400: not UTF-8; not JSON (the reference answers 500 where its decoder raises something unusual)",
    {"status": (500, 400), "body": (SERVER_FAULT, {"message": re.compile("POST body could not be decoded .+")})},
)

SAYS_WHAT_CAME = Difference(
    "better: what was expected, in the reference's words, and then what came",
    {
        "body": (
            {"message": re.compile("A value is not provided .+|POST body should be .+|Expects Content-Type .+")},
            {
                "message": re.compile(
                    r"A value is not provided for the '\w+' parameter\. Got .+|"
                    r"POST body should be a JSON dictionary\. Got .+|"
                    "Expects Content-Type to be application/json, got .+"
                )
            },
        )
    },
)

ENCODED = Difference(
    "better: also NumPy arrays and scalars, pandas frames (records) and series, datetimes (ISO 8601), bytes "
    "(base64), dataclasses",
    {"status": (500, 200), "x-ms-run-fn-exec-ms": (None, "<milliseconds>"), "body": (SERVER_FAULT, anything)},
)

NULL_FOR_NAN = Difference(
    "NaN and infinities become null (the reference writes NaN, which is no JSON)", {"body": (anything, anything)}
)

CANNOT_BE_ENCODED = Difference(
    "What cannot be encoded is a scoring error whose log line names the path inside the result; "
    "x-ms-run-fn-exec-ms when run() returned",
    {
        "x-ms-run-function-failed": ("False", "True"),
        "x-ms-run-fn-exec-ms": (None, "<milliseconds>"),
        "body": (SERVER_FAULT, SCRIPT_FAULT),
    },
)

PLAIN_RESPONSE = Difference(
    "run may return a Flask/AMLResponse object, which goes out as it is; so does Werkzeug's, their base",
    {
        "status": (500, 200),
        "content-type": ("application/json", "text/plain; charset=utf-8"),
        "content-length": (None, PRESENT),
        "x-ms-run-function-failed": ("False", None),
        "x-ms-run-fn-exec-ms": (None, PRESENT),
        "body": (SERVER_FAULT, anything),
    },
)

OWN_TIMEOUT_ERROR = Difference(
    "A TimeoutError that the script itself raises is the former (an error of the scoring script)",
    {"body": ({"message": re.compile(r"Scoring timeout after \d+ ms")}, SCRIPT_FAULT)},
)

CHOSEN_STATUS = Difference(
    "An exception of the script that carries an integer status_code between 400 and 599 (or a werkzeug "
    "HTTPException) chooses the status",
    {"body": (SCRIPT_FAULT, anything)},
)


def chosen(status: int, message: str) -> Difference:
    """CHOSEN_STATUS with this status and message."""
    changes = {**CHOSEN_STATUS.with_body({"message": message}).changes}
    if status != 500:
        changes["status"] = (500, status)
    if status < 500:
        changes |= FAILED_NOT
    return replace(CHOSEN_STATUS, changes=changes)


DEADLINE_HOLDS = Difference(
    "better: the scoring deadline holds (in the reference run() catches it, as a TimeoutError)",
    {
        "status": (200, 500),
        "x-ms-run-function-failed": ("False", "True"),
        "x-ms-run-fn-exec-ms": (PRESENT, None),
        "body": (anything, {"message": "Scoring timeout after 300 ms"}),
    },
)

LEFT_BY_THE_SCRIPT = Difference(
    "500: run() raised (what is no Exception passes through the reference, and gunicorn answers for it)",
    {
        "content-type": ("text/html", "application/json"),
        "content-length": (PRESENT, None),
        "body": (anything, SCRIPT_FAULT),
        "x-ms-run-function-failed": (None, "True"),
        **IDS,
    },
)

NO_IDS_IN_THE_REFERENCE = Difference(
    "Out: x-request-id, x-ms-request-id, x-ms-server-version: every answer carries them, also those of errors",
    IDS,
)

METHOD_NOT_ALLOWED = Difference(
    "405: no such method (`Method not allowed`)",
    {
        **IDS,
        "body": ({"message": "The method is not allowed for the requested URL."}, {"message": "Method not allowed"}),
    },
)

ALLOWED_METHODS = Difference("RFC 9110, 15.5.6: a 405 says which methods there are", {"allow": (None, PRESENT)})

NO_SUCH_ROUTE = Difference(
    "404: no such route; the message names the routes",
    {
        **IDS,
        "body": (
            {"message": re.compile("The requested URL was not found.+")},
            {"message": re.compile("There is no .+ here. Routes: /score, /, /swagger.json, .+")},
        ),
    },
)

FORM_IS_A_BODY = Difference(
    "Undecorated: run gets the POST body as a str (the reference loses the body of a form)",
    {"body": ({"type": "str", "got": ""}, anything)},
)

NO_HTTP = Difference(
    "Every error body is JSON, also what the HTTP parser refuses, which never reaches the routes",
    {
        **REQUEST_IDS,
        "content-type": ("text/html", "application/json"),
        "content-length": (PRESENT, None),
        "body": (anything, {"message": "Invalid HTTP request received."}),
    },
)

UNKNOWN_METHOD = Difference(
    "A word that is no HTTP method is refused by the HTTP parser",
    {
        **REQUEST_IDS,
        "status": (405, 400),
        "x-ms-run-function-failed": ("False", None),
        "body": (anything, {"message": "Invalid HTTP request received."}),
    },
)

NO_BYTE_ORDER_MARK = Difference(
    "A byte order mark is no part of the text: json.loads refuses it", {"body": (anything, anything)}
)

SAYS_WHICH_MARK = Difference(
    "better: the reference's words, and then what the byte order mark says",
    {
        "body": (
            {"message": re.compile("Input cannot be decoded as UTF-8: .+")},
            {"message": re.compile(r"Input cannot be decoded as UTF-8: .+\. It begins with the byte order mark of .+")},
        )
    },
)

SLASH_IN_A_NAME = Difference(
    "A slash that is percent-encoded is no separator (RFC 3986, section 2.2): a proxy's rules for paths hold",
    {
        "status": (200, 404),
        "x-ms-run-fn-exec-ms": (PRESENT, None),
        "body": (anything, {"message": re.compile("There is no /%2Fscore here. Routes: .+")}),
    },
)

FRAGMENT = Difference(
    "A target with a fragment is none (RFC 9112, section 3.2), and servers on its way could read it otherwise",
    {
        "status": (200, 400),
        **dict.fromkeys(("x-ms-run-function-failed", "x-ms-run-fn-exec-ms", "x-ms-server-version"), (PRESENT, None)),
        "body": (anything, {"message": PRESENT}),
    },
)

COMPRESSED = Difference(
    "Content-Encoding: gzip is accepted (the reference takes the compressed bytes for the body)",
    {"status": (400, 200), "x-ms-run-fn-exec-ms": (None, PRESENT), "body": (anything, anything)},
)


def with_ids(*names: str) -> Difference:
    """Headers of these names that only we send."""
    return Difference(
        "TraceId and trace-id are echoed; every answer carries the ids", dict.fromkeys(names, (None, PRESENT))
    )


EMPTY_IS_ABSENT = Difference(
    "In: x-request-id (UUID made when absent); an empty one is none",
    {"x-request-id": (None, "<a new UUID>"), "x-ms-request-id": (None, "<the request id>")},
)

PREFIX_OF_SLASHES = Difference(
    "SERVICE_PATH_PREFIX changes the paths in the swagger documents; one of slashes alone is none",
    {"body": (lambda body: "//score" in body["paths"], lambda body: "/score" in body["paths"])},
)

WHOLE_ORIGIN = Difference(
    "An origin is allowed when a pattern matches it from end to end (the reference lets "
    "https://allowed.example.evil pass for https://allowed.example)",
    {"access-control-allow-origin": (PRESENT, None)},
)

VARIES_WITH_ORIGIN = Difference(
    "RFC 9110, 12.5.5: what depends on Origin says so, whatever the answer (the reference leaves caches guessing)",
    {"vary": (None, "Origin")},
)
