"""What goes wrong while a service is deployed, provoked for real: state, cause and next step are told."""

from __future__ import annotations

import json
import signal
import socket

import pytest
from deployments import ECHO, Place

from servers import free_port, wait_until

FAILING = "def init():\n    raise RuntimeError('the weights are missing')\n\ndef run(data):\n    return data\n"


def environment(**sections: dict) -> dict:
    """An inference configuration with an environment of these sections."""
    return {"entryScript": "score.py", "sourceDirectory": "source", "environment": {"name": "own", **sections}}


def nothing_is_left(place: Place, name: str) -> bool:
    """Whether a service that could not start left neither container nor files nor record."""
    listed = place.cli("service", "list", "-o", "json").out
    return (
        not place.containers(name) and not list(place.folder.glob(f"cache/**/services/{name}/*")) and listed == "[]\n"
    )


@pytest.fixture
def refused(place):
    """A function: deploy this inference configuration, which fails and leaves nothing; returns what is told."""

    def deploy(config: dict) -> str:
        place.write("inferenceconfig.json", config)
        name = place.name()
        told = place.deploy(name, code=1).err
        assert nothing_is_left(place, name)
        return told

    return deploy


def test_a_port_that_another_process_has(place):
    name = place.name()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = place.deploy(name, "--port", str(port), code=1).err
    assert f"port {port} is taken. Choose another" in told
    assert f"ss -ltnp 'sport = :{port}'" in told
    assert nothing_is_left(place, name)


def test_a_service_that_cannot_move_to_a_port_stays_where_it_is(place):
    name = place.name()
    place.deploy(name, "--port", str(free_port()))
    before = place.show(name)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is taken" in place.cli("service", "update", name, "--port", port, code=1).err
    assert place.show(name) == before
    assert place.ask(name, "[1]") == [1]
    place.cli("service", "update", name, "--port", port)
    assert place.show(name)["port"] == int(port)
    assert place.ask(name, "[1]") == [1]


def test_a_crash_in_init(place):
    place.script(FAILING)
    name = place.name()
    told = place.deploy(name, code=1).err
    assert f"{name} is Failed: the container ended with exit code 3" in told
    assert "the weights are missing" in told.splitlines()[-1]
    assert f"scoredock service logs {name}" in told.splitlines()[-1]
    shown = place.show(name)
    assert shown["state"] == "Failed"
    assert "the weights are missing" in shown["error"]
    assert "RuntimeError: the weights are missing" in place.cli("service", "logs", name).out
    assert "It is Failed" in place.cli("service", "run", name, "-d", "{}", code=1).err
    place.script(ECHO)
    place.deploy(name, "--overwrite")
    assert place.ask(name, "[1]") == [1]


def test_a_package_that_the_image_has_not(place):
    place.script("import torch\n" + ECHO)
    name = place.name()
    told = place.deploy(name, code=1).err
    assert "No module named 'torch'" in told.splitlines()[-1]
    assert "Failed" in told


def test_a_base_image_that_does_not_exist(refused):
    told = refused(environment(docker={"baseImage": "nosuch/image:1"}))
    assert "the base image nosuch/image:1 is not in the engine and cannot be pulled" in told
    assert "Check its name" in told


def test_a_docker_step_that_fails(place, refused):
    place.write("source/steps", "RUN echo about to fail && exit 7\n")
    told = refused({"entryScript": "score.py", "sourceDirectory": "source", "extraDockerfileSteps": "steps"})
    assert "RUN echo about to fail && exit 7" in told
    assert "returned a non-zero code: 7" in told


def test_a_package_that_does_not_exist(refused):
    told = refused(environment(python={"condaDependencies": {"dependencies": [{"pip": ["scoredock-nosuch==1"]}]}}))
    assert "scoredock-nosuch" in told
    assert "Check the package's name and version" in told


def test_out_of_memory(place):
    place.script(
        """
        import time
        from pathlib import Path

        LIMITS = [Path("/sys/fs/cgroup", name) for name in ("memory.max", "memory/memory.limit_in_bytes")]

        def init():
            global block
            limit = next(path for path in LIMITS if path.exists())
            while (text := limit.read_text()) == "max\\n" or int(text) > 2**30:
                time.sleep(0.05)
            block = b"1" * 10**9

        def run(data):
            return data
        """
    )
    name = place.name()
    place.deploy(name, "--no-wait")
    assert place.show(name)["state"] == "Transitioning"
    place.container(name).update(mem_limit="200m", memswap_limit="200m")
    shown = wait_until(lambda: (one := place.show(name))["state"] == "Failed" and one, 60, "the failed service")
    assert "memory" in shown["error"]


@pytest.mark.no_engine
def test_no_engine(tmp_path):
    place = Place(tmp_path / "place", None)  # type: ignore[arg-type]
    place.script(ECHO)
    told = place.deploy("dt-none", code=1, DOCKER_HOST="unix:///nonexistent").err
    assert "no Docker engine answers: No such file or directory" in told
    assert "systemctl start docker" in told
    assert len(told.splitlines()) == 1


def test_an_entry_script_that_is_missing_or_left_out(place):
    name = place.name()
    place.write("source/.amlignore", "*.py\n")
    told = place.deploy(name, code=1).err
    assert "entryScript: score.py is left out by an ignore file of" in told
    (place.folder / "source" / "score.py").unlink()
    told = place.deploy(name, code=1).err
    assert "score.py" in told
    assert "expected a file" in told
    assert nothing_is_left(place, name)


def test_a_python_that_the_image_has_not(refused):
    told = refused(environment(python={"condaDependencies": {"dependencies": ["python=3.9"]}}))
    assert "expected Python 3.10 or newer, which scoredock needs, got 3.9. Ask for python=3.11" in told


@pytest.mark.parametrize("name", ["Upper", "a", "9lives", "under_score", "dt-" + "x" * 40, "dt-ends-"])
def test_a_name_that_no_service_can_have(place, name):
    told = place.deploy(name, code=1).err
    assert f"got {name!r}" in told
    assert "3 to 32 lower-case letters" in told


def test_a_configuration_for_another_compute(place):
    place.write("deploymentconfig.json", {"computeType": "ACI", "containerResourceRequirements": {"cpu": 1}})
    told = place.deploy(place.name(), "--dc", "deploymentconfig.json", code=1).err
    assert "the file is right, but it is for computeType aci" in told
    assert "Add --local to deploy it here" in told
    place.write("deploymentconfig.json", {"computeType": "ACI", "containerResourceRequirements": {"cpu": "many"}})
    told = place.deploy(place.name(), "--dc", "deploymentconfig.json", code=1).err
    assert "containerResourceRequirements.cpu: expected" in told


def test_two_deployments_of_one_name_at_once(place):
    place.script("import time\n\ndef init():\n    time.sleep(2)\n\ndef run(data):\n    return data\n")
    name = place.name()
    both = [place.start("deploy", "-n", name, "--ic", "inferenceconfig.json") for _ in range(2)]
    ended = [(process.communicate(timeout=120), process.returncode) for process in both]
    assert sorted(code for _, code in ended) == [0, 1]
    (told,) = (err for (_, err), code in ended if code)
    assert "is in use by" in told or "there is a service" in told
    assert len(place.containers(name)) == 2
    assert place.ask(name, "[1]") == [1]


def test_containers_that_somebody_removes_or_stops(place):
    name = place.name()
    place.deploy(name)
    place.container(name).stop()
    shown = place.show(name)
    assert shown["state"] == "Failed"
    assert shown["error"].startswith("the container ended with exit code ")
    place.cli("service", "reload", name)
    place.container(name).remove(force=True)
    shown = place.show(name)
    assert (shown["state"], shown["error"]) == ("Failed", f"its container {name}-2 is gone")
    assert "It is Failed" in place.cli("service", "run", name, "-d", "{}", code=1).err
    place.cli("service", "reload", name)
    assert place.ask(name, "[1]") == [1]


def test_the_port_taken_away_by_hand(place):
    name = place.name()
    place.deploy(name)
    for take in (lambda port: port.stop(), lambda port: port.restart(timeout=0), lambda port: port.remove(force=True)):
        take(place.container(name, "port"))
        shown = place.show(name)
        assert shown["state"] == "Failed"
        assert f"{name}-port, which holds its port, " in shown["error"]
        assert f"scoredock service reload {name}" in shown["error"]
        place.cli("service", "reload", name)
        assert place.show(name)["state"] == "Healthy"
        assert place.ask(name, "[1]") == [1]
        assert len(place.containers(name)) == 2


def test_a_name_that_another_workspace_has_deployed(place):
    name = place.name()
    place.deploy(name)
    before = [one.id for one in place.containers(name)]
    place.workspace = "another"
    told = place.deploy(name, code=1).err
    assert f"the engine has a container {name}-port already, which is not this workspace's" in told
    assert f"docker rm -f {name}-port" in told
    assert "no service" in place.cli("service", "show", name, code=1).err
    assert json.loads(place.cli("service", "list", "-o", "json").out) == []
    place.workspace = "workspace"
    assert [one.id for one in place.containers(name)] == before
    assert place.ask(name, "[1]") == [1]


def test_an_update_that_is_interrupted_takes_its_container_back(place):
    name = place.name()
    place.deploy(name)
    place.script("import time\n\ndef init():\n    time.sleep(60)\n\ndef run(data):\n    return 'new'\n")
    process = place.start("service", "reload", name)
    wait_until(lambda: [one.status for one in place.containers(name)] == ["running"] * 3, 20, "the second server")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in told
    assert len(place.containers(name)) == 2
    assert place.show(name)["state"] == "Healthy"
    assert place.ask(name, "[1]") == [1]


def test_a_change_that_was_killed_leaves_nothing_after_the_next_one(place):
    name = place.name()
    place.deploy(name)
    place.script("def init():\n    pass\n\ndef run(data):\n    return ['killed']\n")
    process = place.start("service", "reload", name)
    wait_until(lambda: len(place.containers(name)) == 3, 20, "the second server")
    process.kill()
    process.communicate()
    place.script(ECHO)
    place.cli("service", "reload", name)
    assert len(place.containers(name)) == 2
    assert len(list(place.folder.glob(f"cache/scoredock/*/services/{name}/*/models"))) == 1
    assert len(list(place.folder.glob(f"cache/scoredock/*/services/{name}/*/app"))) == 2, "the one before is kept"
    assert {json.dumps(place.ask(name, "[1]")) for _ in range(5)} == {"[1]"}


def test_a_first_deployment_that_was_killed_is_repeated(place):
    place.script("import time\n\ndef init():\n    time.sleep(1)\n\ndef run(data):\n    return data\n")
    name = place.name()
    process = place.start("deploy", "-n", name, "--ic", "inferenceconfig.json")
    wait_until(lambda: place.containers(name), 20, "a container")
    process.kill()
    process.communicate()
    place.deploy(name, "--overwrite", "--port", str(port := free_port()))
    assert len(place.containers(name)) == 2
    assert place.show(name)["port"] == port
    assert place.ask(name, "[1]") == [1]


def test_a_paused_container(place):
    name = place.name()
    place.deploy(name)
    place.container(name).pause()
    try:
        shown = place.show(name)
    finally:
        place.container(name).unpause()
    assert shown["state"] == "Unhealthy"
    assert f"docker unpause {name}-1" in shown["error"]


def test_a_request_that_the_script_cannot_score(place):
    place.script("def init():\n    pass\n\ndef run(data):\n    return 1 / 0\n")
    name = place.name()
    place.deploy(name)
    told = place.cli("service", "run", name, "-d", "{}", code=1).err
    assert f"Received bad response from service {name}:" in told
    assert "Response Code: 500" in told
    assert "ZeroDivisionError" in place.cli("service", "logs", name).out
