"""With SCOREDOCK_LOG_FORMAT=json, each line of a real server is an object."""

from __future__ import annotations

import json
import signal

import httpx
import pytest

from scoredock.access.issue import issue
from servers import wait_until

SECRET = "the-secret-of-tokens-5e1f0c0ffee0badcafe"
SCRIPT = """
    import sys, time, warnings

    def init():
        print("loading", end="")
        warnings.warn("an old model")

    def run(data):
        print("first\\nsecond")
        if data == "slow":
            time.sleep(60)
        return 1 / int(data)
"""


def objects(server) -> list[dict]:
    """All lines of the output so far; a line that is none fails."""
    return [json.loads(line) for line in server.output.splitlines()]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"WORKER_COUNT": "many"}, "WORKER_COUNT (environment variable): expected a whole number"),
        ({"SCOREDOCK_PRIMARY_KEY_FILE": "nowhere"}, "SCOREDOCK_PRIMARY_KEY_FILE: the file"),
        ({"AZUREML_CONFIG_FILE": "nowhere.json"}, "no such file"),
        ({"SCOREDOCK_TLS_KEY": "nowhere"}, "SCOREDOCK_TLS_KEY is set, but SCOREDOCK_TLS_CERTIFICATE is not"),
        ({"AZUREML_ENTRY_SCRIPT": "nowhere.py"}, "nowhere.py"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_a_start_that_fails(variables, said, serve):
    server = serve(None, wait=False, SCOREDOCK_LOG_FORMAT="json", **variables)
    assert server.process.wait(30) == 3
    last = objects(server)[-1]
    assert last["level"] == "CRITICAL"
    assert said in last["message"]


def test_a_wish_in_the_config_file_holds_for_its_own_faults(serve, tmp_path):
    (tmp_path / "config.json").write_text('{"SCOREDOCK_LOG_FORMAT": "json", "WORKER_COUNT": "many"}')
    server = serve(None, wait=False)
    assert server.process.wait(30) == 3
    assert "WORKER_COUNT" in objects(server)[-1]["message"]


def test_a_whole_life(serve):
    server = serve(
        SCRIPT,
        SCOREDOCK_LOG_FORMAT="json",
        AZUREML_LOG_LEVEL="DEBUG",
        SCOREDOCK_TOKEN_SECRET=SECRET,
        SCORING_TIMEOUT_MS="300",
        SCOREDOCK_NO_SETTING="x",
    )
    good = {"authorization": f"Bearer {issue(SECRET.encode(), None, {'sub': 'ada'}, 600)}"}
    late = {"authorization": f"Bearer {issue(SECRET.encode(), None, {}, int(-1e6))}"}
    for name, content, headers in (
        ("right", "2", good),
        ("failing", "0", good),
        ("slow", "slow", good),
        ("refused", "2", late),
        ("odd]\x9b id", "2", good),
    ):
        ids = {"x-request-id": name.encode("latin-1")}
        httpx.post(f"{server.url}/score", content=content, timeout=30, headers={**headers, **ids})
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.output.count(" is ready after") == 2)
    assert server.end() == 0
    lines = objects(server)
    names = ("right", "failing", "slow", "refused", r"odd\x5d\x9b\x20id")
    of = {name: [one for one in lines if one.get("request_id") == name] for name in names}
    expected = {"logger": "scoredock.request", "status": 200, "sub": "ada", "client": "127.0.0.1"}
    assert expected.items() <= of["right"][-1].items()
    assert any("ZeroDivisionError" in one["message"] for one in of["failing"])
    assert any(one["message"].startswith("run() took longer than 300 ms") for one in of["slow"])
    assert any(one["message"] == "Not admitted: Signature has expired" for one in of["refused"])
    assert [one["message"] for one in of["right"][:2]] == ["first", "second"]
    assert any("an old model" in one["message"] for one in lines)
    assert any(one["message"] == "loading" for one in lines)
    assert of[names[-1]][-1]["status"] == 200
    assert not any("[right]" in one["message"] for one in lines)
