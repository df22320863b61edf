"""Cross-origin requests of browsers."""

from dataclasses import replace

from ..differences import VARIES_WITH_ORIGIN, WHOLE_ORIGIN
from ..exchange import Exchange, Script, ask, get, post

ECHO = """
def init():
    pass

def run(data):
    if data == "raise":
        raise ValueError
    return data
"""
RAW = """
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse

def init():
    pass

@rawhttp
def run(request):
    return AMLResponse(request.method, 200, {"Vary": "Accept", "Access-Control-Expose-Headers": "X-A"})
"""

HERE, THERE = ("Origin", "https://here.example"), ("Origin", "https://there.example")
ASKING = ("Access-Control-Request-Method", "POST")


def exchanges(*unvaried: str) -> tuple[Exchange, ...]:
    """The same requests for every setting; for those named ``unvaried`` the reference sends no Vary."""
    asked = (
        post("without_origin", "x"),
        post("allowed", "x", headers=[HERE]),
        post("not_allowed", "x", headers=[THERE]),
        post("in_capitals", "x", headers=[("Origin", "HTTPS://HERE.EXAMPLE")]),
        post("with_a_port", "x", headers=[("Origin", "https://here.example:8080")]),
        post("null_origin", "x", headers=[("Origin", "null")]),
        post("empty_origin", "x", headers=[("Origin", "")]),
        post("of_an_error", "raise", headers=[HERE]),
        get("get", "/score?a=1", headers=[HERE]),
        get("health", "/", headers=[HERE]),
        get("swagger", "/swagger.json", headers=[HERE]),
        post("id_too_long", "x", headers=[HERE, ("x-request-id", "a" * 101)]),
        ask("preflight", "OPTIONS", "/score", headers=[HERE, ASKING]),
        ask(
            "preflight_with_headers",
            "OPTIONS",
            "/score",
            headers=[HERE, ASKING, ("Access-Control-Request-Headers", "content-type, x-request-id")],
        ),
        ask("preflight_get", "OPTIONS", "/score", headers=[HERE, ("Access-Control-Request-Method", "GET")]),
        ask("preflight_delete", "OPTIONS", "/score", headers=[HERE, ("Access-Control-Request-Method", "DELETE")]),
        ask("preflight_lower_case", "OPTIONS", "/score", headers=[HERE, ("Access-Control-Request-Method", "post")]),
        ask("preflight_not_allowed", "OPTIONS", "/score", headers=[THERE, ASKING]),
        ask("preflight_without_method", "OPTIONS", "/score", headers=[HERE]),
        ask(
            "preflight_private_network",
            "OPTIONS",
            "/score",
            headers=[HERE, ASKING, ("Access-Control-Request-Private-Network", "true")],
        ),
        ask("options_without_origin", "OPTIONS", "/score"),
    )
    return tuple(replace(one, wanted=(VARIES_WITH_ORIGIN,)) if one.name in unvaried else one for one in asked)


SCRIPTS = (
    Script(
        "cors_list",
        ECHO,
        exchanges("not_allowed", "with_a_port", "null_origin", "preflight_not_allowed"),
        environment={"AML_CORS_ORIGINS": "https://here.example, https://other.example"},
    ),
    Script(
        "cors_all",
        ECHO,
        exchanges("without_origin", "empty_origin", "options_without_origin"),
        environment={"AML_CORS_ORIGINS": "*"},
    ),
    Script(
        "cors_pattern",
        ECHO,
        (
            post("matching", "x", headers=[("Origin", "https://a.here.example")]),
            post("not_matching", "x", VARIES_WITH_ORIGIN, headers=[("Origin", "https://here.example")]),
            post("longer", "x", WHOLE_ORIGIN, headers=[("Origin", "https://a.here.example.evil")]),
            post("without_origin", "x", VARIES_WITH_ORIGIN),
        ),
        environment={"AML_CORS_ORIGINS": r"https://.*\.here\.example"},
    ),
    Script(
        "cors_one",
        ECHO,
        (
            post("allowed", "x", VARIES_WITH_ORIGIN, headers=[HERE]),
            post("not_allowed", "x", VARIES_WITH_ORIGIN, headers=[THERE]),
            post("without_origin", "x", VARIES_WITH_ORIGIN),
            ask("preflight", "OPTIONS", "/score", VARIES_WITH_ORIGIN, headers=[HERE, ASKING]),
        ),
        arguments=("--entry_script", "score.py", "--access_control_allow_origins", "https://here.example"),
    ),
    Script(
        "cors_raw",
        RAW,
        (
            post("allowed", "x", headers=[HERE]),
            post("without_origin", "x"),
            ask("preflight", "OPTIONS", "/score", headers=[HERE, ASKING]),
        ),
        environment={"AML_CORS_ORIGINS": "https://here.example,https://other.example"},
    ),
    Script(
        "cors_off",
        ECHO,
        (
            post("with_origin", "x", headers=[HERE]),
            ask("preflight", "OPTIONS", "/score", headers=[HERE, ASKING]),
        ),
    ),
)
