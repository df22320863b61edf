"""``scoredock token``: tokens that a service takes, keys that nobody else can read."""

from __future__ import annotations

import json
import stat
import time
from inspect import signature
from pathlib import Path
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result

from scoredock.access.key_set import key_set_in
from scoredock.cli import main

SECRET = "a secret of tokens, of at least 32 bytes"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(SECRET + "\n")


def run(*arguments: str, **variables: str) -> Result:
    apart = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}  # click before 8.2
    runner: Any = CliRunner
    return runner(**apart).invoke(main, ["token", *arguments], env=variables)


def claims_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = jwt.decode(result.stdout.strip(), SECRET, ["HS256"], audience="scoring")
    return found


@pytest.mark.parametrize("way", ["option", "file", "variable"])
def test_a_secret_signs_what_was_asked_for(way: str) -> None:
    wanted = ["--issuer", "me", "--audience", "scoring", "--subject", "ada", "--lifetime", "2h"]
    if way == "option":
        result = run("issue", "--secret-file", "secret", *wanted)
    elif way == "file":
        result = run("issue", *wanted, SCOREDOCK_TOKEN_SECRET_FILE="secret")
    else:
        result = run("issue", *wanted, SCOREDOCK_TOKEN_SECRET=SECRET)
    claims = claims_of(result)
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("me", "scoring", "ada")
    assert claims["exp"] - claims["iat"] == 7200
    assert result.stderr == ""


def test_issuer_and_audience_are_those_of_the_server_and_it_lasts_an_hour() -> None:
    variables = {"SCOREDOCK_TOKEN_ISSUER": "me", "SCOREDOCK_TOKEN_AUDIENCE": "scoring"}
    claims = claims_of(run("issue", "--secret-file", "secret", **variables))
    assert (claims["iss"], claims["aud"]) == ("me", "scoring")
    assert abs(claims["exp"] - time.time() - 3600) < 60
    assert "sub" not in claims


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("kid", [None, "mine"])
def test_a_key_pair_signs_what_its_key_set_verifies(algorithm: str, kid: str | None, tmp_path: Path) -> None:
    named = ["--kid", kid] if kid else []
    made = run("key-pair", "--private-key", "k.pem", "--jwks", "k.json", "--algorithm", algorithm, *named)
    assert (made.exit_code, made.stdout) == (0, "")
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    assert not {"d", "p", "q"} & json.loads((tmp_path / "k.json").read_text())["keys"][0].keys()
    token = run("issue", "--private-key", "k.pem", *named).stdout.strip()
    header = jwt.get_unverified_header(token)
    key = key_set_in((tmp_path / "k.json").read_bytes()).find(algorithm, header["kid"])
    assert jwt.decode(token, key, [algorithm])["exp"] > time.time()


def test_no_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text("mine")
    made = run("key-pair", "--private-key", "k.pem", "--jwks", "k.json")
    assert made.exit_code == 1
    assert "k.json is there already" in made.stderr
    assert not (tmp_path / "k.pem").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["issue"], 2, "--secret-file FILE"),
        (["issue", "--secret-file", "secret", "--private-key", "k.pem"], 2, "not with both"),
        (["issue", "--secret-file", "secret", "--lifetime", "soon"], 2, "as in 90s, 15m, 1h, 7d"),
        (
            ["issue", "--secret-file", "secret", "--lifetime", "0s"],
            2,
            "a number above 0 and s, m, h or d, as in 90s, 15m, 1h, 7d",
        ),
        (["issue", "--secret-file", "short"], 1, "at least 32"),
        (["issue", "--secret-file", "nowhere"], 1, "nowhere: expected a file that can be read, got: No such file"),
        (["issue", "--private-key", "k.pem"], 1, "k.pem: expected a file that can be read, got: No such file"),
        (["issue", "--private-key", "secret"], 1, "is no private key"),
    ],
)
def test_what_cannot_be_signed_says_what_to_do(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("hush")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "hush" not in result.stderr
