"""Who may call: keys and tokens, by every shape of header and every forgery."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from scoredock.access import watched_file
from scoredock.errors import SettingError
from servers import InProcess, wait_until

Start = Callable[..., InProcess]
Exchange = Callable[..., Any]
PRIMARY, SECONDARY = "primary-0123456789abcdef", "secondary-0123456789abcdef"
KEYS = {"SCOREDOCK_PRIMARY_KEY": PRIMARY, "SCOREDOCK_SECONDARY_KEY": SECONDARY}
SECRET = "a secret of tokens, of at least 32 bytes"
PREFLIGHT = {
    "origin": "https://a.example",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type",
}


def with_key(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


class TestKeys:
    """SCOREDOCK_PRIMARY_KEY and SCOREDOCK_SECONDARY_KEY."""

    @pytest.mark.parametrize("value", [f"Bearer {PRIMARY}", f"bearer {SECONDARY}", f"BEARER   {PRIMARY}"])
    def test_both_are_good_and_the_scheme_has_any_case(self, value: str, text_script: Start) -> None:
        assert text_script(**KEYS).post(content="x", headers={"authorization": value}).json() == "x"

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(b"authorization", b"")],
            [(b"authorization", b"Bearer")],
            [(b"authorization", b"Bearer ")],
            [(b"authorization", PRIMARY.encode())],
            [(b"authorization", b"Basic " + base64.b64encode(f"user:{PRIMARY}".encode()))],
            [(b"authorization", b"Basic " + PRIMARY.encode())],
            [(b"authorization", b"Bearer " + PRIMARY[:-1].encode())],
            [(b"authorization", b"Bearer " + PRIMARY.encode() + b"x")],
            [(b"authorization", b"Bearer " + PRIMARY.upper().encode())],
            [(b"authorization", b"Bearer " + PRIMARY.encode() + b" " + PRIMARY.encode())],
            [(b"authorization", b"Bearer:" + PRIMARY.encode())],
            [(b"authorization", b"Bearer\t" + PRIMARY.encode())],
            [(b"authorization", b"Bearer " + PRIMARY.encode()), (b"authorization", b"Bearer " + PRIMARY.encode())],
            [(b"authorization", b"Bearer wrong"), (b"authorization", b"Bearer " + PRIMARY.encode())],
            [(b"authorization", "Bearer ключ".encode())],
            [(b"authorization", b"Bearer \xff\xfe")],
            [(b"authorization", b"Bearer " + b"x" * 60_000)],
            [(b"proxy-authorization", b"Bearer " + PRIMARY.encode())],
            [(b"x-authorization", b"Bearer " + PRIMARY.encode())],
        ],
        ids=lambda headers: repr(headers)[:60],
    )
    def test_every_other_header_gets_the_same_answer(
        self, headers: list[tuple[bytes, bytes]], text_script: Start, exchange: Exchange
    ) -> None:
        service = text_script(**KEYS)
        close = (b"connection", b"close")
        refused = exchange(service, headers=[*headers, close])
        assert (refused.status, refused.all("www-authenticate")) == (401, ["Bearer"])
        assert refused.body == exchange(service, headers=[close]).body
        assert json.loads(refused.body).keys() == {"message"}
        assert service.post(content="x", headers=with_key(PRIMARY)).json() == "x"

    def test_always_both_keys_are_compared(self, text_script: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        compared: list[tuple[int, int]] = []
        compare = hmac.compare_digest
        monkeypatch.setattr(
            "hmac.compare_digest", lambda a, b: compared.append((len(a), len(b))) or compare(a, b), raising=True
        )
        service = text_script(SCOREDOCK_PRIMARY_KEY=PRIMARY)
        for headers in ({}, with_key("wrong"), with_key(PRIMARY), with_key("x" * 5000), {"authorization": "Basic x"}):
            compared.clear()
            service.post(content="x", headers=headers)
            assert compared == [(32, 32), (32, 32)]

    def test_one_key_alone_does_not_make_an_empty_one_good(self, text_script: Start) -> None:
        service = text_script(SCOREDOCK_SECONDARY_KEY=SECONDARY)
        assert service.post(headers={"authorization": "Bearer"}).status_code == 401
        assert service.post(content="x", headers=with_key(SECONDARY)).status_code == 200

    @pytest.mark.parametrize(("path", "status"), [("/", 200), ("/livez", 200), ("/readyz", 200), ("//", 200)])
    def test_health_needs_no_key(self, path: str, status: int, text_script: Start) -> None:
        assert text_script(**KEYS).get(path).status_code == status

    @pytest.mark.parametrize(
        "path",
        [
            *("/score", "//score", "/%73core", "/swagger.json", "/metrics", "/nothing", "/livez/", "/readyz%2f"),
            *("/docs/service.json", "/docs/live.json", "/docs/nothing.js", "/docs%2fservice.json", "/docs/../score"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
    def test_everything_else_does_and_tells_nothing(
        self, path: str, method: str, text_script: Start, wire: Callable[..., Any]
    ) -> None:
        connection = wire(text_script(**KEYS))
        connection.send(f"{method} {path} HTTP/1.1", "Host: a", "Connection: close")
        assert connection.head()[0] == "401 Unauthorized"
        assert b"Routes" not in connection.rest()

    def test_with_a_key_routes_are_as_ever(self, text_script: Start) -> None:
        service = text_script(**KEYS)
        assert service.get("/swagger.json", headers=with_key(PRIMARY)).json()["swagger"] == "2.0"
        assert service.get("/nothing", headers=with_key(PRIMARY)).status_code == 404

    def test_the_script_does_not_get_the_header_that_let_it_in(self, in_process: Start, raw_script: Start) -> None:
        body = "def init(): pass\ndef run(data, request_headers): return request_headers.get('Authorization', 'none')"
        service = in_process(body, **KEYS)
        assert service.post(content="x", headers=with_key(PRIMARY)).json() == "none"
        service = raw_script("return dict(request.headers).get('Authorization', 'none')", **KEYS)
        assert service.post(content="x", headers=with_key(PRIMARY)).json() == "none"

    def test_without_keys_it_gets_it(self, in_process: Start) -> None:
        service = in_process(
            "def init(): pass\ndef run(data, request_headers): return request_headers['Authorization']"
        )
        assert service.post(content="x", headers=with_key("mine")).json() == "Bearer mine"

    def test_a_refused_request_is_in_the_log_and_the_key_is_not(
        self, text_script: Start, log_lines: Callable[[], list[str]]
    ) -> None:
        text_script(**KEYS).post(headers=with_key("wrong-key-of-somebody"))
        wait_until(lambda: any("POST /score 401" in line for line in log_lines()))
        assert "wrong-key-of-somebody" not in "".join(log_lines())

    def test_no_connection_is_closed_for_a_wrong_key(self, text_script: Start, wire: Callable[..., Any]) -> None:
        connection = wire(text_script(**KEYS))
        connection.post(b"x")
        assert connection.answer()[0] == "401 Unauthorized"
        connection.post(b"x", f"Authorization: Bearer {PRIMARY}")
        assert connection.answer() == ("200 OK", b'"x"')


class TestBodiesOfStrangers:
    """What nobody may send is not kept."""

    def test_a_long_body_is_answered_before_it_comes(self, text_script: Start, exchange: Exchange) -> None:
        service = text_script(**KEYS)
        assert exchange(service, headers=[(b"content-length", b"50000000")], chunks=[]).status == 401

    def test_so_is_one_without_a_length(self, text_script: Start, wire: Callable[..., Any]) -> None:
        connection = wire(text_script(**KEYS))
        connection.send("POST /score HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
        assert connection.head()[0] == "401 Unauthorized"

    def test_who_asks_before_sending_is_told_no(self, text_script: Start, wire: Callable[..., Any]) -> None:
        connection = wire(text_script(**KEYS))
        connection.send("POST /score HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-continue")
        assert connection.head()[0] == "401 Unauthorized"

    def test_who_may_call_is_told_to_send(self, text_script: Start, wire: Callable[..., Any]) -> None:
        connection = wire(text_script(**KEYS))
        key = f"Authorization: Bearer {PRIMARY}"
        connection.send("POST /score HTTP/1.1", "Host: a", "Content-Length: 5", "Expect: 100-continue", key)
        assert connection.head()[0] == "100 Continue"
        connection.socket.sendall(b"hello")
        assert connection.answer() == ("200 OK", b'"hello"')

    def test_a_long_body_with_a_key_is_scored(self, text_script: Start, exchange: Exchange) -> None:
        service = text_script("return len(data)", **KEYS)
        headers = [(b"authorization", b"Bearer " + PRIMARY.encode()), (b"connection", b"close")]
        assert exchange(service, headers=headers, chunks=[b"x" * 1_000_000]).body == b"1000000"
        assert exchange(service, headers=headers, chunks=[b"x" * 500_000] * 2).body == b"1000000"

    def test_one_that_is_too_large_says_so_only_to_who_may_call(self, text_script: Start, exchange: Exchange) -> None:
        service = text_script(SCOREDOCK_MAX_BODY_MB="1", **KEYS)
        size = (b"content-length", b"2000000")
        assert exchange(service, headers=[size], chunks=[]).status == 401
        key = (b"authorization", b"Bearer " + PRIMARY.encode())
        assert exchange(service, headers=[size, key], chunks=[]).status == 413


class TestCollection:
    """SCOREDOCK_COLLECT_PAYLOADS: who may not call fills no storage."""

    STRANGE = (
        {},
        with_key("wrong-0123456789abcdef"),
        {"x-request-id": "i" * 101},
        {"content-encoding": "gzip"},
    )

    def test_nothing_of_strangers_is_stored(self, text_script: Start, tmp_path: Path) -> None:
        options = {"SCOREDOCK_COLLECT_TO": str(tmp_path / "seen"), "SCOREDOCK_COLLECT_PAYLOADS": "request,response"}
        service = text_script(AML_CORS_ORIGINS="*", **options, **KEYS)
        for headers in self.STRANGE:
            assert service.post(content="of a stranger", headers=headers).status_code == 401
        assert service.request("OPTIONS", "/score", content="of a stranger", headers=PREFLIGHT).status_code == 200
        assert service.post(content="of a friend", headers=with_key(PRIMARY)).status_code == 200
        wait_until(lambda: not service.connections)  # what is collected is, behind the answer
        service.service.stop()
        stored = "".join(path.read_text() for path in (tmp_path / "seen").rglob("*.jsonl"))
        assert stored.count("of a friend") == 2
        assert "stranger" not in stored

    def test_nothing_of_those_whom_nobody_can_know_yet_is_stored(self, text_script: Start, tmp_path: Path) -> None:
        options = {"SCOREDOCK_COLLECT_TO": str(tmp_path / "seen"), "SCOREDOCK_COLLECT_PAYLOADS": "request"}
        service = text_script(SCOREDOCK_TOKEN_JWKS="https://127.0.0.1:1/", **options)
        assert service.post(content="unknown", headers=with_key("a.b.c")).status_code == 503
        wait_until(lambda: not service.connections)  # what is collected is, behind the answer
        service.service.stop()
        assert list((tmp_path / "seen").rglob("*.jsonl")) == []

    def test_what_a_script_refuses_itself_is(self, raw_script: Start, tmp_path: Path) -> None:
        options = {"SCOREDOCK_COLLECT_TO": str(tmp_path / "seen"), "SCOREDOCK_COLLECT_PAYLOADS": "request"}
        service = raw_script("return AMLResponse('no', 403)", **options)
        assert service.post(content="too young").status_code == 403
        wait_until(lambda: not service.connections)  # what is collected is, behind the answer
        service.service.stop()
        assert "too young" in "".join(path.read_text() for path in (tmp_path / "seen").rglob("*.jsonl"))


class TestPreflights:
    """Browsers send them without credentials."""

    def test_they_are_answered_and_allow_the_header(self, text_script: Start) -> None:
        service = text_script(AML_CORS_ORIGINS="https://a.example", **KEYS)
        response = service.request("OPTIONS", "/score", headers=PREFLIGHT)
        assert (response.status_code, response.content) == (200, b"")
        assert "authorization" in response.headers["access-control-allow-headers"]
        assert response.headers["access-control-allow-origin"] == "https://a.example"

    def test_a_browser_may_read_why_it_was_refused(self, text_script: Start) -> None:
        service = text_script(AML_CORS_ORIGINS="https://a.example", **KEYS)
        response = service.post(headers={"origin": "https://a.example"})
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, "https://a.example")

    def test_a_raw_script_does_not_run_for_them(self, raw_script: Start) -> None:
        service = raw_script("return AMLResponse('it ran', 200)", AML_CORS_ORIGINS="*", **KEYS)
        response = service.request("OPTIONS", "/score", headers=PREFLIGHT)
        assert (response.status_code, response.content) == (200, b"")
        assert service.request("OPTIONS", "/score", headers={**PREFLIGHT, **with_key(PRIMARY)}).text == "it ran"

    @pytest.mark.parametrize("headers", [{}, {"origin": "https://a.example"}])
    def test_another_options_request_is_none(self, headers: dict[str, str], raw_script: Start) -> None:
        service = raw_script("return AMLResponse('it ran', 200)", AML_CORS_ORIGINS="*", **KEYS)
        assert service.request("OPTIONS", "/score", headers=headers).status_code == 401

    def test_without_cors_there_are_none(self, text_script: Start) -> None:
        assert text_script(**KEYS).request("OPTIONS", "/score", headers=PREFLIGHT).status_code == 401


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "LOOK_EVERY_S", 0.02)


def admits(service: InProcess, credential: str) -> bool:
    return service.post(content="x", headers=with_key(credential)).status_code == 200


@pytest.mark.usefixtures("looks_often")
class TestRotation:
    """Keys in files."""

    def test_a_file_that_changes_brings_another_key(self, text_script: Start, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text(f"{PRIMARY}\n")
        service = text_script(SCOREDOCK_PRIMARY_KEY_FILE=str(file))
        assert admits(service, PRIMARY)
        file.write_text(SECONDARY)
        wait_until(lambda: admits(service, SECONDARY))
        assert not admits(service, PRIMARY)

    def test_a_mounted_secret_is_swapped_by_a_link(self, text_script: Start, tmp_path: Path) -> None:
        for folder, key in (("..one", PRIMARY), ("..two", SECONDARY)):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "key").write_text(key)
        (tmp_path / "..data").symlink_to("..one")
        (tmp_path / "key").symlink_to("..data/key")
        service = text_script(SCOREDOCK_PRIMARY_KEY_FILE=str(tmp_path / "key"))
        assert admits(service, PRIMARY)
        (tmp_path / "..next").symlink_to("..two")
        (tmp_path / "..next").replace(tmp_path / "..data")
        wait_until(lambda: admits(service, SECONDARY))
        assert not admits(service, PRIMARY)

    @pytest.mark.parametrize("spoil", ["remove", "empty", "newline", "unicode", "folder", "pipe", "huge"])
    def test_a_file_that_is_spoilt_leaves_the_key(
        self, spoil: str, text_script: Start, tmp_path: Path, log_lines: Callable[[], list[str]]
    ) -> None:
        file = tmp_path / "key"
        file.write_text(PRIMARY)
        service = text_script(SCOREDOCK_PRIMARY_KEY_FILE=str(file))
        assert admits(service, PRIMARY)
        file.unlink()
        if spoil == "folder":
            file.mkdir()
        elif spoil == "pipe":
            os.mkfifo(file)
        elif spoil != "remove":
            file.write_text(
                {"empty": "", "newline": "\n", "unicode": "schlüssel-0123456789", "huge": "x" * 2**21}[spoil]
            )
        wait_until(lambda: any(" E " in line for line in log_lines()))
        for _ in range(3):
            assert admits(service, PRIMARY)
            for headers in ({}, {"authorization": "Bearer"}, with_key("x")):
                assert service.post(headers=headers).status_code == 401
        errors = [line for line in log_lines() if " E " in line]
        assert len(errors) == 1
        assert "SCOREDOCK_PRIMARY_KEY_FILE" in errors[0]
        assert "What it held before stays in use" in errors[0]
        assert PRIMARY not in "".join(log_lines())
        if spoil == "folder":
            file.rmdir()
        else:
            file.unlink(missing_ok=True)
        file.write_text(SECONDARY)
        wait_until(lambda: admits(service, SECONDARY))
        assert any("can be used again" in line for line in log_lines())

    def test_a_service_does_not_start_without_its_file(self, text_script: Start, tmp_path: Path) -> None:
        with pytest.raises(SettingError, match=r"SCOREDOCK_PRIMARY_KEY_FILE: the file .* cannot be read: No such file"):
            text_script(SCOREDOCK_PRIMARY_KEY_FILE=str(tmp_path / "key"))

    def test_a_file_system_that_hangs_holds_no_request_up(
        self, text_script: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "key"
        file.write_text(PRIMARY)
        service = text_script(SCOREDOCK_PRIMARY_KEY_FILE=str(file))
        hangs, goes_on, find = threading.Event(), threading.Event(), watched_file.WatchedFile._find

        def hang(*arguments: Any) -> Any:
            hangs.set()
            goes_on.wait(30)
            return find(*arguments)

        monkeypatch.setattr(watched_file.WatchedFile, "_find", hang)
        try:
            assert hangs.wait(10)
            assert admits(service, PRIMARY)
            assert service.get("/readyz").status_code == 200
        finally:
            goes_on.set()


class TestWhoCalled:
    """The log and the metrics say what has let a request in."""

    def test_which_key(self, text_script: Start, log_lines: Callable[[], list[str]]) -> None:
        service = text_script(**KEYS)
        for key, name, count in ((PRIMARY, "primary", 1), (SECONDARY, "secondary", 2)):
            end = f" client=127.0.0.1 key={name}"
            for _ in range(count):
                service.post(content="x", headers=with_key(key))
            wait_until(lambda: len([line for line in log_lines() if line.endswith(end)]) == count)  # noqa: B023
        service.post(content="x", headers={"x-request-id": "stranger"})
        (refused,) = wait_until(lambda: [line for line in log_lines() if "[stranger]" in line])
        assert refused.endswith(" in=1 client=127.0.0.1")
        page = service.get("/metrics", headers=with_key(SECONDARY)).text  # itself let in by the secondary one
        assert 'scoredock_admitted_requests_total{by="primary_key"} 1\n' in page
        assert 'scoredock_admitted_requests_total{by="secondary_key"} 3\n' in page
        assert PRIMARY not in "".join(log_lines())

    @pytest.mark.parametrize(
        ("subject", "shown"),
        [
            ("ada", "ada"),
            ("ada key=primary", "ada\\x20key=primary"),
            ("a\x85b\u2028c\nd", "a\\x85b\\u2028c\\x0ad"),
            ("x" * 500, "x" * 100),
            (None, "-"),
            ("", "-"),
            (7, "-"),
        ],
    )
    def test_whose_token(
        self, subject: object, shown: str, text_script: Start, log_lines: Callable[[], list[str]]
    ) -> None:
        service = text_script(SCOREDOCK_TOKEN_SECRET=SECRET)
        token = jwt.api_jws.encode(json.dumps(claims(sub=subject)).encode(), SECRET.encode(), "HS256")
        for _ in range(2):  # verified, and known already
            assert admits(service, token)
        lines = wait_until(lambda: (found := [line for line in log_lines() if " sub=" in line])[1:] and found)
        assert [line.partition(" client=")[2] for line in lines] == [f"127.0.0.1 sub={shown}"] * 2
        page = service.get("/metrics", headers=with_key(token)).text
        assert 'scoredock_admitted_requests_total{by="token"} 3\n' in page

    @pytest.mark.parametrize(
        ("trusted", "sent", "expected"),
        [
            (None, "10.0.0.9", "127.0.0.1"),
            ("10.0.0.0/8", "10.0.0.9", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.5", "203.0.113.5"),
            ("127.0.0.1", "6.6.6.6, 203.0.113.5", "203.0.113.5"),
            ("127.0.0.1, 10.0.0.0/8", "6.6.6.6, 203.0.113.5:4711, 10.1.1.1", "203.0.113.5"),
            ("*", "6.6.6.6, 203.0.113.5", "203.0.113.5"),
            ("*, 10.0.0.0/8", "6.6.6.6, 203.0.113.5, 10.1.1.1", "203.0.113.5"),
            ("127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"),
            ("127.0.0.1", "x y] POST /score 200", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
        ],
    )
    def test_behind_proxies_that_are_trusted_it_is_the_first_other_address(
        self, trusted: str | None, sent: str, expected: str, text_script: Start, log_lines: Callable[[], list[str]]
    ) -> None:
        service = text_script(**({"FORWARDED_ALLOW_IPS": trusted} if trusted else {}))
        service.post(content="x", headers={"x-forwarded-for": sent})
        (line,) = wait_until(lambda: [line for line in log_lines() if "POST /score 200" in line])
        assert line.endswith(f" client={expected}")


def rsa_key(bits: int = 2048) -> Any:
    return rsa.generate_private_key(65537, bits)


RSA_KEY, OTHER_RSA_KEY, EC_KEY = rsa_key(), rsa_key(), ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, kid: str | None = None, **more: Any) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    made = json.loads(kind.to_jwk(key.public_key()))
    made.pop("key_ops", None)
    return {**made, **({"kid": kid} if kid else {}), **more}


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def claims(**more: Any) -> dict[str, Any]:
    made = {"iss": "https://issuer", "aud": "scoring", "exp": time.time() + 600, "sub": "ada", **more}
    return {name: value for name, value in made.items() if value is not None}


def signed(key: Any = None, algorithm: str = "RS256", headers: Any = None, **more: Any) -> str:
    return jwt.encode(claims(**more), RSA_KEY if key is None else key, algorithm, {"kid": "one", **(headers or {})})


def part(value: Any) -> bytes:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def by_hand(header: Any, payload: Any, secret: bytes | None) -> str:
    body = part(header) + b"." + part(payload)
    signature = b"" if secret is None else part(hmac.new(secret, body, hashlib.sha256).digest())
    return (body + b"." + signature).decode()


@pytest.fixture
def key_set(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk(RSA_KEY, "one"), jwk(EC_KEY, "two")]}))
    return file


@pytest.fixture
def guarded(text_script: Start, key_set: Path) -> InProcess:
    """A service for tokens of two public keys, with issuer and audience."""
    return text_script(
        SCOREDOCK_TOKEN_JWKS=str(key_set), SCOREDOCK_TOKEN_ISSUER="https://issuer", SCOREDOCK_TOKEN_AUDIENCE="scoring"
    )


def is_admitted(service: InProcess, token: str | bytes) -> bool:
    value = token if isinstance(token, bytes) else token.encode()
    response = service.post(content="x", headers={b"authorization": b"Bearer " + value})
    if response.status_code == 200:
        return True
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert response.json() == service.post().json()
    return False


class TestTokens:
    """SCOREDOCK_TOKEN_JWKS."""

    def test_tokens_of_both_kinds_are_good_and_again(self, guarded: InProcess) -> None:
        for token in (signed(), signed(EC_KEY, "ES256", {"kid": "two"}), signed(aud=["other", "scoring"])):
            assert is_admitted(guarded, token)
            assert is_admitted(guarded, token)

    def test_without_one_the_challenge_names_no_error(self, guarded: InProcess) -> None:
        for headers in ({}, {"authorization": "Basic eDp5"}):
            response = guarded.post(headers=headers)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")

    @pytest.mark.parametrize(
        "more",
        [
            {"exp": None},
            {"exp": 1_600_000_000.5},
            {"exp": "soon"},
            {"exp": float("inf")},
            {"exp": [1]},
            {"exp": True},
            {"nbf": 4_000_000_000.5},
            {"iss": None},
            {"iss": "https://issuer.evil"},
            {"iss": ["https://issuer"]},
            {"aud": None},
            {"aud": "other"},
            {"aud": ""},
            {"aud": ["other"]},
            {"aud": {"scoring": 1}},
        ],
        ids=repr,
    )
    def test_claims_that_do_not_fit_are_refused(self, more: dict[str, Any], guarded: InProcess) -> None:
        body = jwt.api_jws.encode(json.dumps(claims(**more)).encode(), RSA_KEY, "RS256", {"kid": "one"})
        assert not is_admitted(guarded, body)

    def test_clocks_may_differ_by_some_seconds(self, guarded: InProcess) -> None:
        now = time.time()
        assert is_admitted(guarded, signed(exp=now - 10))
        assert is_admitted(guarded, signed(nbf=now + 10))
        assert not is_admitted(guarded, signed(exp=now - 60))

    def test_forgeries_are_refused(self, guarded: InProcess) -> None:
        public, good = pem(RSA_KEY), signed()
        head, body, signature = good.split(".")
        confused = {"alg": "HS256", "kid": "one", "typ": "JWT"}
        own = jwk(OTHER_RSA_KEY)
        evil = "https://evil.example/jwks.json"
        forged: dict[str, str | bytes] = {
            "none": by_hand({"alg": "none"}, claims(), None),
            "None": by_hand({"alg": "None", "kid": "one"}, claims(), None),
            "no alg": by_hand({"kid": "one"}, claims(), b""),
            "alg is a list": by_hand({"alg": ["RS256"], "kid": "one"}, claims(), b""),
            "alg is empty": by_hand({"alg": "", "kid": "one"}, claims(), b""),
            "HS256 with the public key": by_hand(confused, claims(), public),
            "HS256 with the public key, stripped": by_hand(confused, claims(), public.strip()),
            "HS256 with the JWK": by_hand(confused, claims(), json.dumps(jwk(RSA_KEY, "one")).encode()),
            "HS256 with an empty secret": by_hand(confused, claims(), b""),
            "HS256 with the modulus": by_hand(confused, claims(), jwk(RSA_KEY)["n"].encode()),
            "another key": signed(OTHER_RSA_KEY),
            "another key, embedded": signed(OTHER_RSA_KEY, headers={"jwk": own}),
            "another key by jku": signed(OTHER_RSA_KEY, headers={"jku": evil}),
            "another key by x5u": signed(OTHER_RSA_KEY, headers={"x5u": evil, "x5c": ["MIIB"]}),
            "another kid": signed(headers={"kid": "two"}),
            "an unknown kid": signed(headers={"kid": "../../dev/null"}),
            "a kid that is a number": by_hand({"alg": "RS256", "kid": 1}, claims(), b"x"),
            "RS384": signed(algorithm="RS384"),
            "PS256": signed(algorithm="PS256"),
            "ES256 under the RSA kid": signed(EC_KEY, "ES256"),
            "crit": signed(headers={"crit": ["exp"]}),
            "crit that is empty": signed(headers={"crit": []}),
            "b64": by_hand({"alg": "RS256", "kid": "one", "b64": False}, claims(), b"x"),
            "no signature": f"{head}.{body}.",
            "no third part": f"{head}.{body}",
            "four parts": f"{good}.{signature}",
            "five parts": "a.b.c.d.e",
            "other claims": f"{head}.{part(claims(sub='root')).decode()}.{signature}",
            "a cut signature": good[:-4],
            "no JSON": by_hand(b"{", claims(), b""),
            "a list for a header": by_hand([1], claims(), b""),
            "deep JSON": by_hand(b"[" * 3000, claims(), b""),
            "not text": b"\xff\xfe\xfd.\xff.\xff",
            "dots": "..",
            "too long": signed(pad="x" * 9000),
        }
        admitted = [name for name, token in forged.items() if is_admitted(guarded, token)]
        assert admitted == []
        assert is_admitted(guarded, good)

    def test_a_null_elliptic_signature_is_refused(self, guarded: InProcess) -> None:
        head, body, _ = signed(EC_KEY, "ES256", {"kid": "two"}).split(".")
        assert not is_admitted(guarded, f"{head}.{body}.{part(bytes(64)).decode()}")

    def test_why_is_in_the_log_without_the_token(self, guarded: InProcess, log_lines: Callable[[], list[str]]) -> None:
        token = signed(exp=time.time() - 999)
        guarded.post(headers={**with_key(token), "x-request-id": "late-one"})
        guarded.post(headers=with_key(signed(headers={"kid": "new\nline\x1b[31m"})))
        wait_until(lambda: len([line for line in log_lines() if "Not admitted" in line]) == 2)
        assert any("[late-one] Not admitted: Signature has expired" in line for line in log_lines())
        assert token not in "".join(log_lines())
        assert "\x1b" not in "".join(log_lines())

    def test_a_verified_token_is_not_taken_longer_than_it_lasts(self, guarded: InProcess) -> None:
        token = signed(exp=int(time.time()) - 27)  # for some seconds yet, as clocks may differ
        assert is_admitted(guarded, token)
        wait_until(lambda: not is_admitted(guarded, token))

    @pytest.mark.usefixtures("looks_often")
    def test_a_key_that_is_taken_out_of_the_file_takes_its_tokens_along(
        self, guarded: InProcess, key_set: Path
    ) -> None:
        token = signed()
        assert is_admitted(guarded, token)
        key_set.write_text(json.dumps({"keys": [jwk(OTHER_RSA_KEY, "three")]}))
        wait_until(lambda: not is_admitted(guarded, token))
        assert is_admitted(guarded, signed(OTHER_RSA_KEY, headers={"kid": "three"}))
        key_set.write_text("{")
        assert is_admitted(guarded, signed(OTHER_RSA_KEY, headers={"kid": "three"}))

    def test_a_secret_signs_tokens_too(self, text_script: Start) -> None:
        service = text_script(SCOREDOCK_TOKEN_SECRET=SECRET)
        assert is_admitted(service, signed(SECRET, "HS256"))
        assert not is_admitted(service, signed(SECRET + "x", "HS256"))
        assert not is_admitted(service, signed(SECRET * 2, "HS512"))
        assert not is_admitted(service, signed())
        assert not is_admitted(service, SECRET)

    @pytest.mark.usefixtures("looks_often")
    def test_a_secret_in_a_file_is_rotated(self, text_script: Start, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text(SECRET + "\n")
        service = text_script(SCOREDOCK_TOKEN_SECRET_FILE=str(file))
        assert is_admitted(service, signed(SECRET, "HS256"))
        file.write_text(SECRET + "2")
        wait_until(lambda: not is_admitted(service, signed(SECRET, "HS256")))
        assert is_admitted(service, signed(SECRET + "2", "HS256"))
