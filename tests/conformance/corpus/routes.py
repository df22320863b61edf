"""Routes and methods beside /score."""

from ..differences import (
    ALLOWED_METHODS,
    FRAGMENT,
    METHOD_NOT_ALLOWED,
    NO_IDS_IN_THE_REFERENCE,
    NO_SUCH_ROUTE,
    SLASH_IN_A_NAME,
)
from ..exchange import Exchange, Script, ask, get, post

ECHO = """
def init():
    pass

def run(data):
    return data
"""

SCRIPTS = (
    Script(
        "routes",
        ECHO,
        (
            get("health", "/"),
            get("health_with_a_query", "/?a=1"),
            get("health_of_a_browser", "/", headers=[("Accept", "text/html"), ("Accept-Encoding", "gzip")]),
            Exchange("health_with_a_body", "GET", "/", b"body"),
            ask("health_head", "HEAD", "/"),
            ask("health_options", "OPTIONS", "/"),
            ask("health_put", "PUT", "/", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            post("health_post", b"x", METHOD_NOT_ALLOWED, ALLOWED_METHODS, path="/"),
            ask("swagger_head", "HEAD", "/swagger.json"),
            ask("swagger_options", "OPTIONS", "/swagger.json"),
            post("swagger_post", b"x", METHOD_NOT_ALLOWED, ALLOWED_METHODS, path="/swagger.json"),
            get("unknown", "/nowhere", NO_SUCH_ROUTE),
            post("unknown_post", b"x", NO_SUCH_ROUTE, path="/nowhere"),
            ask("unknown_head", "HEAD", "/nowhere", NO_IDS_IN_THE_REFERENCE),
            ask("unknown_options", "OPTIONS", "/nowhere", NO_SUCH_ROUTE),
            post("score_with_a_slash", b"x", NO_SUCH_ROUTE, path="/score/"),
            post("score_in_capitals", b"x", NO_SUCH_ROUTE, path="/SCORE"),
            post("below_score", b"x", NO_SUCH_ROUTE, path="/score/more"),
            post("double_slash", b"x", path="//score"),
            post("triple_slash", b"x", path="///score"),
            get("double_slash_swagger", "//swagger.json"),
            post("double_slash_behind", b"x", NO_SUCH_ROUTE, path="/score//"),
            post("double_slash_inside", b"x", NO_SUCH_ROUTE, path="/a//score"),
            post("percent_encoded", b"x", path="/sc%6Fre"),
            post("encoded_slash", b"x", SLASH_IN_A_NAME, path="/%2Fscore"),
            post("dot", b"x", NO_SUCH_ROUTE, path="/./score"),
            post("fragment", b"x", FRAGMENT, path="/score#a"),
            post("absolute_form", b"x", path="http://scoring.example/score?a=1"),
            post("semicolon", b"x", NO_SUCH_ROUTE, path="/score;a=1"),
            get("swagger_without_extension", "/swagger", NO_SUCH_ROUTE),
            get("swagger_with_a_slash", "/swagger.json/", NO_SUCH_ROUTE),
            get("static", "/static/x.css", NO_SUCH_ROUTE),
            get("favicon", "/favicon.ico", NO_SUCH_ROUTE),
            get("unicode", "/gr%C3%BC%C3%9Fe", NO_SUCH_ROUTE),
            get("invalid_utf8", "/%FF", NO_SUCH_ROUTE),
            get("markup", "/%3Cscript%3E", NO_SUCH_ROUTE),
            get("double_slash_root", "//"),
        ),
    ),
    Script(
        "routes_without_server_version",
        ECHO,
        (post("score", b"x"), get("health", "/"), get("swagger", "/swagger.json")),
        environment={"SERVER_VERSION_LOG_RESPONSE_ENABLED": "false"},
    ),
    Script(
        "routes_with_server_version",
        ECHO,
        (post("score", b"x"),),
        environment={"SERVER_VERSION_LOG_RESPONSE_ENABLED": "TRUE"},
    ),
    Script(
        "routes_server_version_nonsense",
        ECHO,
        (post("score", b"x"),),
        environment={"SERVER_VERSION_LOG_RESPONSE_ENABLED": "maybe"},
    ),
)
