"""Scripts with @rawhttp: run() gets the Flask request, and answers with what it likes."""

from ..differences import ALLOWED_METHODS, METHOD_NOT_ALLOWED, chosen
from ..exchange import JSON, Exchange, Script, ask, get, post

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=border"
PARTS = (
    b'--border\r\nContent-Disposition: form-data; name="text"\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n'
    b'--border\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00\xff\r\n"
    b'--border\r\nContent-Disposition: form-data; name="image"; filename="b.png"\r\n\r\nsecond\r\n'
    b"--border--\r\n"
)

ECHO = """
import hashlib

import flask
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

ENVIRON = (
    "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "SERVER_PROTOCOL", "CONTENT_TYPE",
    "CONTENT_LENGTH", "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_CONTENT_TYPE", "REMOTE_ADDR", "wsgi.url_scheme",
    "wsgi.version", "wsgi.input_terminated",
)

def init():
    pass

@rawhttp
def run(request):
    files = [
        [name, file.filename, file.mimetype, hashlib.sha256(file.read()).hexdigest()]
        for name, file in request.files.items(multi=True)
    ]
    form = request.form.to_dict(flat=False)
    body = request.get_data()
    return {
        "method": request.method,
        "args": request.args.to_dict(flat=False),
        "form": form,
        "files": files,
        "values": sorted(request.values.keys()),
        "body": [len(body), hashlib.sha256(body).hexdigest()],
        "headers": dict(request.headers),
        "mimetype": [request.mimetype, request.mimetype_params, request.content_type],
        "length": request.content_length,
        "is_json": request.is_json,
        "json": request.get_json(silent=True),
        "cookies": request.cookies,
        "authorization": str(request.authorization and request.authorization.parameters),
        "accepted": [str(request.accept_mimetypes), request.accept_mimetypes.best],
        "urls": [request.url, request.base_url, request.url_root, request.host_url, request.full_path],
        "paths": [request.path, request.script_root, request.root_path, request.query_string.decode("latin-1")],
        "host": [request.host, request.scheme, request.is_secure, request.remote_addr],
        "environ": {name: request.environ.get(name) for name in ENVIRON},
        "context": [flask.request.method, flask.has_request_context(), flask.has_app_context()],
        "types": [isinstance(request._get_current_object(), flask.Request) if hasattr(
            request, "_get_current_object") else isinstance(request, flask.Request)],
    }
"""

KINDS = {
    "none": (), "text": (), "dict": (), "list": (), "bytes_through_response": (), "aml": (), "aml_bytes": (),
    "aml_json": (), "flask_jsonify": (), "make_response": (), "redirect": (), "status_200": (), "status_201": (),
    "status_204": (), "status_302": (), "status_404": (), "status_418": (), "status_500": (), "status_503": (),
    "status_599": (), "repeated_headers": (), "content_type": (), "charset": (), "generator": (), "generator_bytes": (),
    "empty_generator": (), "context_generator": (), "send_file": (), "send_bytes": (), "download": (), "etag": (),
    "cookie": (), "large": (), "direct_passthrough": (), "own_length": (), "own_date": (), "no_type": (),
    "aml_failed": (), "aml_status_text": (), "render": (), "call_on_close": (), "unicode_header": (),
    "flask_app": (), "after_this_request": (), "form_then_data": (), "stream_read": (), "json_on_error": (),
    "vary": (), "url_rule": (), "args": (), "forms": (), "multidict": (),
    "abort": (chosen(403, "not you"),),
    "abort_503": (chosen(503, "later"),),
    "bad_key": (
        chosen(
            400, "The scoring script expects 'missing' among the request's fields, files or cookies; there is none."
        ),
    ),
}  # fmt: skip

SCRIPTS = (
    Script(
        "raw",
        ECHO,
        (
            post("json", {"a": [1, None]}),
            post("binary", bytes(range(256)), type_="application/octet-stream"),
            post("empty"),
            post("large", b"\x00\xff" * 1_000_000, type_="image/png"),
            post("form", "a=1&b=2&a=3&gr%C3%BC%C3%9Fe=%F0%9F%9A%80", type_=FORM),
            post("multipart", PARTS, type_=MULTIPART),
            post("multipart_with_the_wrong_boundary", PARTS, type_="multipart/form-data; boundary=other"),
            post("multipart_without_a_boundary", PARTS, type_="multipart/form-data"),
            post("chunked", (b"abc", b"def"), type_="text/plain"),
            post("chunked_form", (b"a=1&", b"b=2"), type_=FORM),
            post("without_a_type", b"abc", type_=None),
            post("not_json", "{", type_=JSON),
            post("json_with_charset", '{"a": "\xfc"}'.encode("latin-1"), type_="application/json; charset=latin-1"),
            post("query_and_form", "a=2&c=3", path="/score?a=1&b=%20", type_=FORM),
            post(
                "headers",
                b"x",
                headers=[
                    ("X-One", "1"),
                    ("X-Two", "a"),
                    ("X-Two", "b"),
                    ("Cookie", "a=1; b=%20; c=ü".encode().decode("latin-1")),
                    ("Authorization", "Basic dXNlcjpwYXNz"),
                    ("Accept", "text/html;q=0.5, application/json"),
                    ("X-Latin", "J\xfcrgen"),
                ],
            ),
            post(
                "forwarded",
                b"x",
                headers=[
                    ("X-Forwarded-For", "10.0.0.1"),
                    ("X-Forwarded-Proto", "https"),
                    ("X-Forwarded-Host", "outer.example"),
                    ("Forwarded", "for=10.0.0.1;proto=https"),
                ],
            ),
            post("underscores", b"x", headers=[("X_Model", "forged"), ("X-Model", "real")]),
            post("ids", b"x", headers=[("x-request-id", "r-1"), ("x-ms-client-request-id", "c-1")]),
            post("expect_continue", b"abc", headers=[("Expect", "100-continue")]),
            get("get", "/score?a=1&a=2&b=%7B%22x%22:1%7D&c=%F0%9F%9A%80&d"),
            get("get_without_query", "/score"),
            get("get_odd_query", "/score?a=%FF&b=+&c=1;d=2&%zz=%"),
            get("question_mark_alone", "/score?"),
            Exchange("get_with_a_body", "GET", "/score?a=1", b"body", (("Content-Type", "text/plain"),)),
            ask("options", "OPTIONS", "/score"),
            Exchange("options_with_a_body", "OPTIONS", "/score", b"body", (("Content-Type", "text/plain"),)),
            ask("head", "HEAD", "/score?a=1"),
            ask("put", "PUT", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("delete", "DELETE", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
            ask("patch", "PATCH", "/score", METHOD_NOT_ALLOWED, ALLOWED_METHODS),
        ),
    ),
    Script(
        "raw_results",
        """
        import io
        import pathlib

        import flask
        from werkzeug.datastructures import MultiDict
        from azureml_inference_server_http.api.aml_request import rawhttp
        from azureml_inference_server_http.api.aml_response import AMLResponse

        def init():
            pass

        def redirect():
            return flask.redirect("/elsewhere", 307)

        def context_lines():
            for name in ("a", "b"):
                yield f"{flask.request.args.get(name)}\\n"

        def after_this_request():
            @flask.after_this_request
            def mark(response):
                response.headers["X-After"] = "1"
                return response
            return "x"

        def form_then_data():
            return [flask.request.form.to_dict(), flask.request.get_data(as_text=True)]

        def cookie():
            response = flask.make_response("x")
            response.set_cookie("a", "1", max_age=5, path="/score", httponly=True, samesite="Lax")
            response.delete_cookie("b")
            return response

        def etag():
            response = flask.make_response("content")
            response.add_etag()
            return response.make_conditional(flask.request)

        def call_on_close():
            response = flask.Response("x")
            response.call_on_close(lambda: None)
            return response

        def vary():
            response = flask.Response("x")
            response.vary.add("Accept")
            response.cache_control.max_age = 60
            return response

        def no_type():
            response = flask.Response("x")
            del response.headers["Content-Type"]
            return response

        def status(code):
            return lambda: flask.Response(f"status {code}" if code != 204 else None, code)

        def send_file():
            path = pathlib.Path("served.txt").resolve()
            path.write_bytes(b"from a file")
            return flask.send_file(path, mimetype="text/plain", etag=False, last_modified=1)

        RESULTS = {
            "none": lambda: None,
            "text": lambda: "Grüße",
            "dict": lambda: {"a": 1},
            "list": lambda: [1, 2],
            "bytes_through_response": lambda: flask.Response(b"\\x00\\xff", mimetype="application/octet-stream"),
            "aml": lambda: AMLResponse("x", 200),
            "aml_bytes": lambda: AMLResponse(b"\\x89PNG", 200, {"Content-Type": "image/png"}),
            "aml_json": lambda: AMLResponse({"a": "ü"}, 201, {"X-A": "1"}, json_str=True),
            "aml_failed": lambda: AMLResponse({"m": "no"}, 422, json_str=True, run_function_failed=True),
            "aml_status_text": lambda: AMLResponse("x", "202 TAKEN"),
            "flask_jsonify": lambda: flask.jsonify({"b": 1, "a": [1.5, None, "ü"]}),
            "make_response": lambda: flask.make_response(("x", 202, {"X-A": "1"})),
            "redirect": redirect,
            "status_200": status(200),
            "status_201": status(201),
            "status_204": status(204),
            "status_302": status(302),
            "status_404": status(404),
            "status_418": status(418),
            "status_500": status(500),
            "status_503": status(503),
            "status_599": status(599),
            "repeated_headers": lambda: AMLResponse("x", 200, {"X-List": "a,b , c", "Link": "<a>; rel=x, <b>"}),
            "content_type": lambda: AMLResponse('{"a":1}', 200, {"Content-Type": "application/vnd.x+json"}),
            "charset": lambda: flask.Response("ü".encode("latin-1"), content_type="text/plain; charset=latin-1"),
            "generator": lambda: flask.Response((f"line {n}\\n" for n in range(5)), mimetype="text/event-stream"),
            "generator_bytes": lambda: flask.Response(iter([b"\\x00", b"", b"\\xff"]), mimetype="audio/wav"),
            "empty_generator": lambda: flask.Response(iter([])),
            "context_generator": lambda: flask.Response(flask.stream_with_context(context_lines())),
            "send_file": send_file,
            "send_bytes": lambda: flask.send_file(io.BytesIO(b"bytes"), mimetype="image/gif"),
            "download": lambda: flask.send_file(io.BytesIO(b"x"), as_attachment=True, download_name="bericht ü.csv"),
            "etag": etag,
            "cookie": cookie,
            "large": lambda: flask.Response(b"0123456789" * 200_000, mimetype="application/octet-stream"),
            "direct_passthrough": lambda: flask.Response([b"a", b"b"], direct_passthrough=True),
            "own_length": lambda: flask.Response("abc", headers={"Content-Length": "3"}),
            "own_date": lambda: flask.Response("x", headers={"Last-Modified": "Mon, 06 May 2024 07:08:09 GMT"}),
            "no_type": no_type,
            "render": lambda: flask.render_template_string("{{ 1 + 1 }} {{ request.method }}"),
            "call_on_close": call_on_close,
            "unicode_header": lambda: flask.Response("x", headers={"X-Name": "Jürgen"}),
            "flask_app": lambda: [flask.current_app is not None, flask.g is not None, flask.current_app.testing],
            "after_this_request": after_this_request,
            "form_then_data": form_then_data,
            "stream_read": lambda: flask.request.stream.read(4).decode() + "|" + flask.request.stream.read().decode(),
            "json_on_error": lambda: repr(flask.request.get_json(silent=True)),
            "vary": vary,
            "url_rule": lambda: [str(flask.request.url_rule), flask.request.endpoint],
            "args": lambda: flask.request.args,
            "forms": lambda: {"form": flask.request.form},
            "multidict": lambda: MultiDict([("a", 1), ("a", 2), ("b", 3)]),
            "abort": lambda: flask.abort(403, "not you"),
            "abort_503": lambda: flask.abort(503, "later"),
            "bad_key": lambda: flask.request.form["missing"],
        }

        @rawhttp
        def run(request):
            return RESULTS[request.args["kind"]]()
        """,
        (
            *(
                post(kind, b"a=1", *wanted, type_=FORM, path=f"/score?kind={kind}&a=x&b=y")
                for kind, wanted in KINDS.items()
            ),
            ask("head_of_text", "HEAD", "/score?kind=text"),
            ask("head_of_a_response", "HEAD", "/score?kind=aml"),
            ask("head_of_a_generator", "HEAD", "/score?kind=generator"),
            ask("head_of_an_error", "HEAD", "/score?kind=status_503"),
            ask("options_of_a_response", "OPTIONS", "/score?kind=make_response"),
            Exchange("http_1_0", "GET", "/score?kind=aml", version="HTTP/1.0"),
            Exchange("http_1_0_of_a_generator", "GET", "/score?kind=generator", version="HTTP/1.0"),
            get("get_of_a_generator", "/score?kind=generator"),
            get(
                "etag_known",
                "/score?kind=etag",
                headers=[("If-None-Match", '"040f06fd774092478d450774f5ba30c5da78acc8"')],
            ),
            get("ids_on_a_stream", "/score?kind=generator", headers=[("x-request-id", "r"), ("TraceId", "t")]),
        ),
    ),
    Script(
        "raw_headers",
        """
        from azureml.contrib.services.aml_request import rawhttp

        def init():
            pass

        @rawhttp
        def run(request, request_headers):
            return [type(request_headers).__name__, request_headers, request.method]
        """,
        (
            post("headers", b"x", headers=[("x-model", "m")]),
            get("get", "/score", headers=[("x-model", "m")]),
        ),
    ),
    Script(
        "raw_star_import",
        """
        from azureml.contrib.services.aml_request import *
        from azureml.contrib.services.aml_response import *

        def init():
            pass

        @rawhttp
        def run(req: AMLRequest, unused="default"):
            return AMLResponse(f"{req.method} {unused}", 200)
        """,
        (post("post", b"x"), ask("options", "OPTIONS", "/score")),
    ),
)
