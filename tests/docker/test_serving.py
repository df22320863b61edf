"""The stock image serves, answers its health check, stops, and says what is wrong, as a container does."""

from __future__ import annotations

import json
import threading
import time

import pytest
from containers import Container

from servers import wait_until

SECOND = 1_000_000_000  # in nanoseconds

ECHO = """
    import json

    def init():
        pass

    def run(data):
        return json.loads(data)
"""


def test_a_script_is_served(run):
    container = run(script=ECHO)
    assert container.post(json={"a": [1, 2]}).json() == {"a": [1, 2]}
    assert container.get("/readyz").json() == {"status": "ready", "phase": "ready", "device": "cpu"}
    assert "device     cpu" in container.logs


EVERY_SECOND = {"test": ["CMD", "scoredock", "health"], "interval": SECOND, "timeout": 2 * SECOND, "retries": 1}


def test_the_engine_sees_it_healthy_and_unhealthy(run, engine):
    container = run(script=ECHO, healthcheck=EVERY_SECOND)
    wait_until(lambda: container.health == "healthy", 30, "a healthy container")
    said = engine.api.inspect_container(container.raw.id)["State"]["Health"]["Log"][-1]
    assert said["ExitCode"] == 0
    assert said["Output"].strip() == "ready"
    container.sh(
        "for process in /proc/[0-9]*; do grep -q scoredock $process/comm && kill -STOP ${process#/proc/}; done; true"
    )
    wait_until(lambda: container.health == "unhealthy", 30, "an unhealthy container")


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (None, {"SCOREDOCK_PORT": "6001"}),
        (["--port", "6001", "--worker_count", "1"], {}),
        (["azmlinfsrv", "--port=6001"], {}),
    ],
)
def test_the_health_check_follows_the_port(run, command, variables):
    container = run(command, script=ECHO, port=6001, **variables)
    assert container.raw.exec_run(["scoredock", "health"]).output == b"ready\n"


def test_a_request_in_flight_is_answered_before_it_stops(run):
    container = run(
        script="""
        import time

        def init():
            pass

        def run(data):
            print("scoring")
            time.sleep(3)
            return "done"
        """
    )
    answers = []
    client = threading.Thread(target=lambda: answers.append(container.post(content=b"x")))
    client.start()
    wait_until(lambda: "scoring" in container.logs, what="a request in flight")
    code, seconds = container.stop()
    client.join()
    assert [answer.json() for answer in answers] == ["done"]
    assert code == 0
    assert seconds < 8


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_a_stop_right_after_the_start_is_not_lost(run, after_s):
    container = run(script=ECHO, wait=False)
    time.sleep(after_s)
    code, seconds = container.stop(timeout_s=20)
    assert code == 0
    assert seconds < 5


def test_it_stops_at_once_when_it_is_idle(run):
    code, seconds = run(script=ECHO).stop()
    assert code == 0
    assert seconds < 3


def test_it_reaps_orphans_as_process_1(run):
    container = run(
        script="""
        import subprocess

        def init():
            pass

        def run(data):
            subprocess.run(["sh", "-c", "sleep 0.3 & sleep 0.2 & true"], check=True)
            return "left two behind"
        """
    )
    container.post(content=b"x")
    states = "cat /proc/[0-9]*/stat"

    def processes() -> list[str]:
        return [line.rsplit(")", 1)[1].split()[0] for line in container.sh(states).splitlines() if "(sleep)" in line]

    wait_until(lambda: processes() == [], 5, "no zombie")
    assert container.sh("cat /proc/1/cmdline | tr '\\0' ' '").split() == [
        "tini",
        "-e",
        "143",
        "--",
        "scoredock",
        "serve",
    ]


def test_a_script_that_fails_in_init_ends_it_with_the_cause(run):
    container = run(
        wait=False,
        script="""
        def init():
            open("/var/azureml-app/azureml-models/weights.bin")

        def run(data):
            return data
        """,
    )
    assert container.wait() == 3
    assert "init() raised FileNotFoundError" in container.last_line
    assert "weights.bin" in container.last_line


def test_without_a_script_it_says_how_to_give_one(run):
    container = run(wait=False)
    assert container.wait() == 3
    assert "entry script /var/azureml-app/main.py: no such file" in container.last_line
    assert "AZUREML_ENTRY_SCRIPT" in container.last_line


def test_an_unreadable_script_is_named(run):
    container = run(["sh", "-c", "true"], wait=False, script=ECHO)
    container.wait()
    container = run(
        ["sh", "-c", "cp score.py /tmp/score.py; chmod 0 /tmp/score.py; exec scoredock serve"],
        wait=False,
        script=ECHO,
        AML_APP_ROOT="/tmp",
    )
    assert container.wait() == 3
    assert "/tmp/score.py" in container.last_line
    assert "PermissionError" in container.last_line


def test_options_go_to_the_server(run):
    container = run(["--worker_count", "2"], script=ECHO)
    assert "2 workers" in container.logs


@pytest.mark.parametrize(
    "command",
    [
        ["runsvdir", "/var/runit"],
        ["/bin/sh", "-c", "runsvdir /var/runit"],  # CMD runsvdir /var/runit
        ["/bin/bash", "-c", "source /dev/null && exec runsvdir /var/runit"],
    ],
)
def test_azure_s_start_command_serves_too(run, command):
    container = run(command, script=ECHO)
    assert container.post(json=1).json() == 1
    assert container.stop()[0] == 0


@pytest.mark.parametrize(
    ("command", "said"), [(["check"], "the script can be served"), (["--version"], "scoredock, version")]
)
def test_scoredock_s_commands_need_not_be_named_twice(run, command, said):
    container = run(command, script=ECHO, wait=False)
    assert container.wait() == 0
    assert said in container.last_line


def test_a_read_only_container_without_tmp_is_told_what_it_needs(run, tmp_path):
    (tmp_path / "score.py").write_text("def init(): pass\n\ndef run(data): return data\n")
    tmp_path.chmod(0o755)
    volumes = {str(tmp_path): {"bind": "/var/azureml-app", "mode": "ro"}}
    container = run(volumes=volumes, AZUREML_ENTRY_SCRIPT="score.py", read_only=True, wait=False)
    assert container.wait() == 3
    assert "docker run --tmpfs /tmp" in container.last_line


def test_an_empty_mount_is_suspected(run, tmp_path):
    tmp_path.chmod(0o755)
    volumes = {str(tmp_path): {"bind": "/var/azureml-app", "mode": "ro"}}
    container = run(volumes=volumes, AZUREML_ENTRY_SCRIPT="score.py", wait=False)
    assert container.wait() == 3
    assert (
        "The folder /var/azureml-app is empty, or not there: is what is mounted there the right one?"
        in container.last_line
    )


def test_extra_requirements_that_cannot_be_installed_are_told_in_the_last_line(run):
    command = ["sh", "-c", "echo nosuchpackage-of-ours==1 > /tmp/r.txt; exec scoredock serve"]
    container = run(command, script=ECHO, wait=False, AZUREML_EXTRA_REQUIREMENTS_TXT="/tmp/r.txt")
    assert container.wait() == 3
    assert "No matching distribution found for nosuchpackage-of-ours==1" in container.last_line


def test_any_other_command_runs(run):
    container: Container = run(["scoredock", "check"], wait=False, script=ECHO)
    assert container.wait() == 0
    assert container.last_line.startswith("ok")
    container = run(["python", "-c", "import json, sys; print(json.dumps(sys.version_info[:2]))"], wait=False)
    assert container.wait() == 0
    assert json.loads(container.logs) == [3, 11]
