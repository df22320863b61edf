"""Keys and tokens of real servers: refused settings, rotation under load, and no secret in anything they write."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

import certificates
from scoredock.access.issue import issue, key_set_of, make_key
from scoredock.settings import declarations
from servers import ECHO, TRUSTS_NOBODY, wait_until

NOSY = """
    import logging, os, subprocess, sys

    def init():
        print(dict(os.environ), sys.argv)
        print(subprocess.run(["env"], capture_output=True, text=True).stdout)

    def run(data, request_headers):
        print(request_headers)
        logging.getLogger().debug("%s %s", data, request_headers)
        raise ValueError(str(request_headers))
"""
PRIMARY, SECONDARY = "primary-5e1f0c0ffee0badcafe", "secondary-5e1f0c0ffee0badcafe"
SECRET = "the-secret-of-tokens-5e1f0c0ffee0badcafe"


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SCOREDOCK_PRIMARY_KEY": ""}, "SCOREDOCK_PRIMARY_KEY (environment variable) is empty"),
        ({"SCOREDOCK_PRIMARY_KEY": "two words-5e1f"}, "SCOREDOCK_PRIMARY_KEY: the key has white space"),
        ({"SCOREDOCK_SECONDARY_KEY": "schlüssel-5e1f"}, "SCOREDOCK_SECONDARY_KEY: the key has white space"),
        ({"SCOREDOCK_PRIMARY_KEY": PRIMARY, "SCOREDOCK_PRIMARY_KEY_FILE": "key"}, "are both set"),
        ({"SCOREDOCK_PRIMARY_KEY_FILE": "nowhere"}, "cannot be read: No such file"),
        ({"SCOREDOCK_PRIMARY_KEY_FILE": "empty"}, "is empty"),
        ({"SCOREDOCK_PRIMARY_KEY_FILE": "."}, "Is a directory"),
        (
            {"SCOREDOCK_PRIMARY_KEY": PRIMARY, "SCOREDOCK_TOKEN_SECRET": SECRET},
            "SCOREDOCK_PRIMARY_KEY and SCOREDOCK_TOKEN_SECRET are both set",
        ),
        (
            {"SCOREDOCK_TOKEN_SECRET": SECRET, "SCOREDOCK_TOKEN_JWKS": "key"},
            "SCOREDOCK_TOKEN_JWKS and SCOREDOCK_TOKEN_SECRET are both set",
        ),
        ({"SCOREDOCK_TOKEN_AUDIENCE": "scoring"}, "SCOREDOCK_TOKEN_AUDIENCE is set, but no key of tokens"),
        ({"SCOREDOCK_TOKEN_SECRET": "short-5e1f"}, "at least 32"),
        ({"SCOREDOCK_TOKEN_SECRET_FILE": "empty"}, "has 0 bytes"),
        ({"SCOREDOCK_TOKEN_SECRET_FILE": "public.pem"}, "which is no secret"),
        ({"SCOREDOCK_TOKEN_JWKS": "key"}, "is no JSON Web Key Set"),
        ({"SCOREDOCK_TOKEN_JWKS": "http://a.example/keys"}, "expected a file, or an https URL"),
        ({"SCOREDOCK_TOKEN_JWKS": "https://u:p5e1f@a.example/keys"}, "without user and password"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_settings_that_would_not_guard_end_the_start(variables, said, serve, tmp_path):
    (tmp_path / "key").write_text(PRIMARY)
    (tmp_path / "empty").write_text("\n")
    public = make_key("ES256").public_key()
    (tmp_path / "public.pem").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    server = serve(ECHO, wait=False, **variables)
    assert server.process.wait(30) == 3
    assert said in server.last_line
    assert "5e1f" not in server.output


def test_a_missing_package_is_named(tmp_path):
    (tmp_path / "jwt.py").write_text("raise ModuleNotFoundError('no', name='jwt')")
    (tmp_path / "score.py").write_text("def init(): pass\ndef run(data): return data")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "scoredock", "serve", "--entry_script", "score.py"],
        env={**os.environ, "PYTHONPATH": path, "SCOREDOCK_TOKEN_SECRET": SECRET},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "jwt is not installed. Install it: pip install 'scoredock[tokens]'" in done.stdout


def test_a_short_key_is_a_warning(serve):
    server = serve(ECHO, SCOREDOCK_PRIMARY_KEY="short")
    assert "SCOREDOCK_PRIMARY_KEY: a key of 5 characters can be guessed" in server.output
    assert server.post(content="x", headers=bearer("short")).json() == "x"


def _fail_in_every_way(server, good: str) -> None:
    """Requests that succeed, fail and are no requests, with the credential in every place."""
    wrong = good[:-1] + "!"
    for headers in (bearer(good), bearer(wrong), {"authorization": f"Basic {good}"}, {"authorization": good}):
        for path in ("/score", "/swagger.json", "/nothing"):
            for method in ("GET", "POST", "OPTIONS", "DELETE"):
                httpx.request(method, server.url + path, headers=headers, timeout=30, verify=TRUSTS_NOBODY)
    server.post(content=b"\xff", headers=bearer(good))
    server.post(content="x", headers={**bearer(good), "x-request-id": "x" * 200})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.post(content="x", headers=bearer(good)), range(8)))
    for sent in (
        f"POST /score HTTP/1.1\r\nAuthorization: Bearer {good}\r\nbroken header\r\n\r\n",
        f"POST /score HTTP/1.1\r\nAuthorization: Bearer {good}\x00\r\n\r\n",
        f"POST /score HTTP/1.1\r\nAuthorization: Bearer {good}\r\nContent-Length: 9\r\n\r\n",
        f"POST /score HTTP/1.1\r\nAuthorization: Bearer {good}{'x' * 70_000}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(sent.encode())
            client.shutdown(socket.SHUT_WR)
            client.recv(1000)


@pytest.mark.parametrize("preload", ["false", "true"])
@pytest.mark.parametrize("way", ["keys", "tokens"])
def test_no_secret_is_in_anything_that_the_server_writes(way, preload, serve):
    token = issue(SECRET.encode(), "one", {"sub": "ada"}, 600)
    variables = {
        "keys": {"SCOREDOCK_PRIMARY_KEY": PRIMARY, "SCOREDOCK_SECONDARY_KEY": SECONDARY},
        "tokens": {"SCOREDOCK_TOKEN_SECRET": SECRET},
    }[way]
    good = PRIMARY if way == "keys" else token
    server = serve(NOSY, AZUREML_LOG_LEVEL="DEBUG", WORKER_PRELOAD=preload, SCORING_TIMEOUT_MS="2000", **variables)
    assert server.post(content="x", headers=bearer(good)).status_code == 500
    assert server.post(content="x", headers=bearer(good[:-3])).status_code == 401
    _fail_in_every_way(server, good)
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for pid in (server.process.pid, *children):
        assert SECRET not in (line := Path(f"/proc/{pid}/cmdline").read_text())
        assert PRIMARY not in line
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output.count(" is ready after") == 2)
    assert server.post(content="x", headers=bearer(good)).status_code == 500
    assert server.post(content="x").status_code == 401
    assert server.end() == 0
    output = server.output
    assert "ValueError" in output  # the script did write what it got
    assert "POST /score 401" in output
    for secret in (PRIMARY, SECONDARY, SECRET, token, token.rpartition(".")[2]):
        assert secret not in output


@pytest.mark.parametrize("preload", ["false", "true"])
def test_a_script_sees_no_setting_that_is_secret(preload, serve, tmp_path):
    secrets = {one: f"secret-5e1f-{number}" for number, one in enumerate(declarations()) if one.secret}
    variables = {name: value for one, value in secrets.items() for name in (one.variable, *one.aliases)}
    storage = f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={variables['AML_MODEL_DC_STORAGE']}"
    variables["AML_MODEL_DC_STORAGE"] = storage
    variables["SCOREDOCK_TOKEN_SECRET_"] = variables.pop("SCOREDOCK_TOKEN_SECRET")  # keys or tokens, not both
    server = serve(NOSY, WORKER_PRELOAD=preload, **variables)
    server.post(content="x", headers=bearer(variables["SCOREDOCK_PRIMARY_KEY"]))
    assert "AZUREML_ENTRY_SCRIPT" in server.output
    shown = [name for name, value in variables.items() if value.rpartition("=")[2] in server.output]
    assert shown == ["SCOREDOCK_TOKEN_SECRET_"]  # which is no setting


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("")], ids=["gone", "empty"])
def test_workers_that_start_later_know_the_last_key(spoil, serve, tmp_path):
    """Also one that was exchanged while the server ran, by workers of which none is left."""
    file = tmp_path / "key"
    file.write_text(PRIMARY)
    server = serve(ECHO, SCOREDOCK_PRIMARY_KEY_FILE="key")

    def answers(key: str) -> bool:
        return server.post(content="x", headers=bearer(key)).status_code == 200

    assert answers(PRIMARY)
    file.write_text(SECONDARY)
    wait_until(lambda: answers(SECONDARY))
    spoil(file)
    for number in (2, 3):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda n=number: server.output.count(" is ready after") == n)
        wait_until(lambda: len(_workers(server)) == 1)
        assert answers(SECONDARY)
        assert not answers(PRIMARY)
    assert server.end() == 0


def _workers(server) -> list[str]:
    return Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()


def test_workers_that_start_later_know_the_keys_of_a_server_that_is_down(serve, tmp_path):
    key_server = KeyServer(tmp_path)
    key = make_key("ES256")
    key_server.body = key_set_of(key, "one")
    token = issue(key, "one", {"sub": "ada"}, 600)
    server = serve(ECHO, SCOREDOCK_TOKEN_JWKS=key_server.url, SSL_CERT_FILE=str(key_server.certificate))
    wait_until(lambda: server.post(content="x", headers=bearer(token)).status_code == 200)
    key_server.close()
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output.count(" is ready after") == 2)
    wait_until(lambda: len(_workers(server)) == 1)
    assert server.post(content="x", headers=bearer(token)).status_code == 200
    assert " client=127.0.0.1 sub=ada" in server.output


def test_keys_are_rotated_under_load_without_a_failed_request(serve, tmp_path):
    files = {"primary": tmp_path / "primary", "secondary": tmp_path / "secondary"}
    files["primary"].write_text(PRIMARY)
    files["secondary"].write_text(SECONDARY)
    server = serve(
        ECHO,
        "--worker_count",
        "2",
        SCOREDOCK_PRIMARY_KEY_FILE="primary",
        SCOREDOCK_SECONDARY_KEY_FILE="secondary",
    )
    ended = threading.Event()

    def call(key: str) -> list[int]:
        statuses = []
        with httpx.Client(timeout=30, verify=TRUSTS_NOBODY) as client:
            while not ended.is_set():
                statuses.append(client.post(f"{server.url}/score", content="x", headers=bearer(key)).status_code)
        return statuses

    def status(key: str) -> set[int]:  # of connections that both workers take
        return {server.post(content="x", headers=bearer(key)).status_code for _ in range(8)}

    with ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(call, SECONDARY) for _ in range(2)]
        try:
            for number in range(2):
                new = f"{PRIMARY}-{number}"
                (tmp_path / "new").write_text(new)
                (tmp_path / "new").replace(files["primary"])
                wait_until(lambda key=new: status(key) == {200})
                wait_until(lambda key=new: status(key.rpartition("-")[0]) == {401})
        finally:
            ended.set()
        statuses = [one for caller in callers for one in caller.result()]
    assert len(statuses) > 50
    assert set(statuses) == {200}


class KeyServer:
    """An https server of key sets with a certificate of its own."""

    def __init__(self, folder: Path) -> None:
        issued = certificates.issue(folder, "key-server", authority=True)
        self.certificate = issued.chain
        self.body = b""
        self.status = 200
        self.asked = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked += 1
                self.send_response(owner.status)
                if owner.status == 302:
                    self.send_header("location", "http://127.0.0.1:1/keys")
                self.send_header("content-length", str(len(owner.body)))
                self.end_headers()
                self.wfile.write(owner.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*issued.pair)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def key_server(tmp_path) -> Iterator[KeyServer]:
    server = KeyServer(tmp_path)
    yield server
    server.close()


def test_keys_at_a_url_are_fetched_and_again_for_an_unknown_one(serve, key_server, tmp_path):
    first, second = make_key("ES256"), make_key("RS256")
    token = issue(first, "first", {}, 600)
    key_server.body, key_server.status = b"", 302  # out of order, and of ill will
    script = tmp_path / "patient.py"
    script.write_text(
        "from scoredock.access import key_set_url\n"
        "key_set_url.AGAIN_S = key_set_url.RETRY_S = 0.2\n"
        "def init(): pass\n"
        "def run(data): return data\n"
    )
    server = serve(script, SCOREDOCK_TOKEN_JWKS=key_server.url, SSL_CERT_FILE=str(key_server.certificate))
    refused = server.post(content="x", headers=bearer(token))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert server.post(content="x").status_code == 503
    key_server.body, key_server.status = key_set_of(first, "first"), 200
    wait_until(lambda: server.post(content="x", headers=bearer(token)).status_code == 200)
    asked = key_server.asked
    assert {server.post(content="x", headers=bearer(token)).status_code for _ in range(20)} == {200}
    assert key_server.asked == asked

    later = issue(second, "second", {}, 600)
    both = [json.loads(key_set_of(key, kid))["keys"][0] for key, kid in ((first, "first"), (second, "second"))]
    key_server.body = json.dumps({"keys": both}).encode()
    wait_until(lambda: server.post(content="x", headers=bearer(later)).status_code == 200)
    key_server.close()  # the server of keys is down; those that it gave are kept
    unknown = bearer(issue(first, "third", {}, 600))

    def has_tried() -> bool:
        assert server.post(content="x", headers=unknown).status_code == 401
        return "The keys from before stay in use" in server.output

    wait_until(has_tried)
    assert server.post(content="x", headers=bearer(token)).status_code == 200
    assert server.end() == 0


def test_a_key_server_that_never_answers_holds_nothing_up(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/keys"
        server = serve(ECHO, SCOREDOCK_TOKEN_JWKS=url)
        began = time.monotonic()
        assert server.post(content="x", headers=bearer("a.b.c")).status_code == 503
        assert server.get("/readyz").status_code == 200
        assert time.monotonic() - began < 5
        assert server.end() == 0
