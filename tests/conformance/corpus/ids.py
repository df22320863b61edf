"""Ids in all combinations, in the answers of every kind of route."""

import itertools

from ..differences import EMPTY_IS_ABSENT, NO_SUCH_ROUTE, with_ids
from ..exchange import Exchange, Script, ask, get, post

NAMES = {"request": "x-request-id", "legacy": "x-ms-request-id", "client": "x-ms-client-request-id"}
HUNDRED, LONG = "a" * 100, "b" * 101


def combinations() -> list[Exchange]:
    """Every subset of the ids."""
    found = []
    for count in range(len(NAMES) + 1):
        for names in itertools.combinations(NAMES, count):
            headers = [(NAMES[name], f"{name}-1") for name in names]
            found.append(post("_and_".join(names) or "none", "x", headers=headers))
    return found


SCRIPTS = (
    Script(
        "ids",
        """
        def init():
            pass

        def run(data):
            if data == "raise":
                raise ValueError
            return data
        """,
        (
            *combinations(),
            *(post(f"{name}_of_100", "x", headers=[(header, HUNDRED)]) for name, header in NAMES.items()),
            *(post(f"{name}_of_101", "x", headers=[(header, LONG)]) for name, header in NAMES.items()),
            post("request_empty", "x", EMPTY_IS_ABSENT, headers=[("x-request-id", "")]),
            post("legacy_empty", "x", headers=[("x-ms-request-id", "")]),
            post("client_empty", "x", headers=[("x-ms-client-request-id", "")]),
            post("all_of_100", "x", headers=[(header, HUNDRED) for header in NAMES.values()]),
            post("all_of_101", "x", headers=[(header, LONG) for header in NAMES.values()]),
            post(
                "client_too_long_beside_others",
                "x",
                with_ids("x-ms-request-id"),
                headers=[("x-request-id", "r"), ("x-ms-request-id", "l"), ("x-ms-client-request-id", LONG)],
            ),
            post(
                "legacy_too_long_beside_others",
                "x",
                with_ids("x-ms-client-request-id"),
                headers=[("x-request-id", "r"), ("x-ms-request-id", LONG), ("x-ms-client-request-id", "c")],
            ),
            post(
                "request_too_long_beside_others",
                "x",
                with_ids("x-ms-request-id", "x-ms-client-request-id"),
                headers=[("x-request-id", LONG), ("x-ms-request-id", "l"), ("x-ms-client-request-id", "c")],
            ),
            post("too_long_with_trace", "x", headers=[("x-request-id", LONG), ("TraceId", "t")]),
            post("characters", "x", headers=[("x-request-id", 'a b;c="d",e/f%20')]),
            post("latin1", "x", headers=[("x-request-id", "J\xfcrgen")]),
            post("latin1_of_100", "x", headers=[("x-request-id", "\xfc" * 100)]),
            post("repeated", "x", headers=[("x-request-id", "one"), ("x-request-id", "two")]),
            post("names_in_capitals", "x", headers=[("X-REQUEST-ID", "r"), ("X-MS-CLIENT-REQUEST-ID", "c")]),
            post("white_space", "x", headers=[("x-request-id", " r "), ("x-ms-client-request-id", "\tc\t")]),
            post("trace", "x", headers=[("TraceId", "trace-1")]),
            post("trace_in_lower_case", "x", headers=[("traceid", "trace-1")]),
            post("trace_empty", "x", headers=[("TraceId", "")]),
            post("trace_long", "x", headers=[("TraceId", "t" * 500)]),
            post("trace_repeated", "x", headers=[("TraceId", "one"), ("TraceId", "two")]),
            post("trace_with_a_dash", "x", with_ids("trace-id"), headers=[("trace-id", "trace-1")]),
            post("of_an_error", "raise", headers=[("x-request-id", "r"), ("TraceId", "t")]),
            post("of_a_refusal", b"\xff", headers=[("x-request-id", "r"), ("x-ms-client-request-id", "c")]),
            get("of_health", "/", headers=[("x-request-id", "r"), ("TraceId", "t")]),
            get("of_health_none", "/"),
            get("of_health_too_long", "/", headers=[("x-request-id", LONG)]),
            get("of_swagger", "/swagger.json", headers=[("x-request-id", "r"), ("x-ms-request-id", "l")]),
            get("of_swagger_too_long", "/swagger.json", headers=[("x-ms-request-id", LONG)]),
            get("of_no_swagger", "/swagger.json?version=9", headers=[("x-ms-client-request-id", "c")]),
            ask("of_options", "OPTIONS", "/score", headers=[("x-request-id", "r"), ("TraceId", "t")]),
            ask("of_options_too_long", "OPTIONS", "/score", headers=[("x-request-id", LONG)]),
            get(
                "of_no_route",
                "/nowhere",
                EMPTY_IS_ABSENT,
                NO_SUCH_ROUTE,
                with_ids("x-ms-client-request-id", "traceid"),
                headers=[("x-request-id", "r"), ("x-ms-client-request-id", "c"), ("TraceId", "t")],
            ),
        ),
    ),
)
