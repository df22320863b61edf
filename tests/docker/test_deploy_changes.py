"""A service over time: rolled back under load, shared, deployed anew after a failure, on the port it had."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import httpx
import pytest
from deployments import ECHO, load

from servers import free_port, wait_until

NUMBERED = """
    import os
    from pathlib import Path

    from azureml.core.model import Model

    def init():
        global text
        text = Path(Model.get_model_path("text")).read_text()

    def run(data):
        return ["{script}", text, os.environ.get("GREETING")]
"""
KEY = "a-key-of-the-tests-0123456789"
FAILING = "def init():\n    raise RuntimeError('the weights are missing')\n\ndef run(data):\n    return data\n"


@pytest.fixture
def changed(place):
    """A service of two generations, in models, scripts and variables; returns its name."""
    name = place.name()
    for number in (1, 2):
        place.register("text", f"{number}/text.txt", f"model {number}")
        place.script(NUMBERED.format(script=f"script {number}"))
        variables = {"GREETING": f"hello {number}"}
        place.write(f"dc{number}.json", {"computeType": "local", "environmentVariables": variables})
        place.deploy(name, "-m", f"text:{number}", "--dc", f"dc{number}.json", "--overwrite")
    return name


FIRST, SECOND = (["script 1", "model 1", "hello 1"], ["script 2", "model 2", "hello 2"])


def test_a_service_goes_back_under_load_and_forth_again(place, changed):
    before = place.show(changed)
    assert [(one["generation"], one["models"]) for one in before["history"]] == [(1, ["text:1"])]
    with load(before["scoring_uri"]) as seen:
        wait_until(lambda: len(seen.answers) > 20, what="answers of the new one")
        done = place.cli("service", "rollback", changed)
        at_the_end = len(seen.answers)
        wait_until(lambda: len(seen.answers) > at_the_end + 20, what="answers of the earlier one")
    assert seen.failures == []
    assert seen.answers[0] == SECOND
    assert all(answer == FIRST for answer in seen.answers[at_the_end + 4 :])
    assert "Back to generation 1: text:1" in done.err
    assert "Step " not in done.err
    after = place.show(changed)
    assert (after["generation"], after["models"], after["port"]) == (3, ["text:1"], before["port"])
    assert [one["generation"] for one in after["history"]] == [2, 1]
    place.cli("service", "rollback", changed, "--to", "2")
    assert place.ask(changed) == SECOND
    assert (
        "got 9. There are: 3 (text:1), 2 (text:2), 1 (text:1)"
        in place.cli("service", "rollback", changed, "--to", "9", code=1).err
    )


def test_a_model_that_is_gone_is_told_and_the_service_stays(place, changed):
    place.cli("model", "delete", "text:1")
    told = place.cli("service", "rollback", changed, code=1).err
    assert f"generation 1 of {changed} cannot come back: " in told
    assert "text" in told
    assert place.ask(changed) == SECOND


def test_an_image_that_is_gone_is_built_again(place):
    name = place.name()
    place.write("source/steps", f"ENV GREETING={name}\n")
    place.script(ECHO)
    place.write("steps.json", {"entryScript": "score.py", "sourceDirectory": "source", "extraDockerfileSteps": "steps"})
    place.deploy(name)  # its image is that of the container which holds the port
    place.cli("service", "update", name, "--ic", "steps.json")
    image = place.show(name)["image"]
    place.cli("service", "update", name, "--ic", "inferenceconfig.json")
    place.engine.images.remove(image)
    done = place.cli("service", "rollback", name)
    assert f"GREETING={name}" in done.err
    assert place.show(name)["image"] == image
    assert place.ask(name, "[1]") == [1]


def test_a_shared_service_needs_a_key_and_asks_for_it(place):
    name = place.name()
    refused = place.deploy(name, "--host", "0.0.0.0", code=1).err
    assert "--host 0.0.0.0: other machines could call the service" in refused
    assert place.containers(name) == []
    variables = {"SCOREDOCK_PRIMARY_KEY": KEY}
    place.write("dc.json", {"computeType": "local", "environmentVariables": variables})
    done = place.deploy(name, "--dc", "dc.json", "--host", "127.0.0.7")
    assert done.out == f"{name} is Healthy: http://127.0.0.7:{place.show(name)['port']}/score\n"
    shared = place.cli("service", "update", name, "--host", "0.0.0.0")
    assert "Warning: 0.0.0.0 is reached by other machines over plain HTTP" in shared.err
    for said in (refused, done.err, shared.err, place.cli("service", "show", name).out):
        assert KEY not in said
    address = next(iter(one for one in _addresses() if one != "127.0.0.1"), "127.0.0.9")
    url = f"http://{address}:{place.show(name)['port']}/score"
    assert httpx.post(url, json=[1]).status_code == 401
    assert httpx.post(url, json=[1], headers={"Authorization": f"Bearer {KEY}"}).json() == "[1]"
    assert place.cli("service", "run", name, "-d", "[1]", SCOREDOCK_KEY=KEY).out == "[1]\n"
    place.write("dc.json", {"computeType": "local", "host": "0.0.0.0"})
    assert "nobody would be asked" in place.cli("service", "update", name, "--dc", "dc.json", code=1).err
    assert httpx.post(url, json=[1]).status_code == 401


def test_a_service_that_never_worked_is_deployed_anew_by_the_same_command(place):
    place.script(FAILING)
    name = place.name()
    place.deploy(name, code=1)
    place.script(ECHO)
    assert f"{name} was never Healthy: it is deployed anew." in place.deploy(name).err
    assert place.ask(name, "[1]") == [1]
    assert "--overwrite" in place.deploy(name, code=1).err


def test_a_service_keeps_the_port_that_it_got(place):
    name = place.name()
    place.deploy(name)
    port = place.show(name)["port"]
    place.container(name, "port").remove(force=True)
    place.cli("service", "reload", name)
    assert place.show(name)["port"] == port
    place.container(name, "port").restart(timeout=1)
    assert "was started again after the server" in place.show(name)["error"]
    assert place.show(name)["port"] == port
    place.container(name, "port").remove(force=True)
    with socket.create_server(("127.0.0.1", port)):
        told = place.cli("service", "reload", name).err
    assert f"Port {port}, which it had, is taken by now: it gets another one, {place.show(name)['port']}." in told
    assert place.ask(name, "[1]") == [1]


def test_a_server_that_dies_is_started_again(place):
    name = place.name()
    place.deploy(name, "--port", str(free_port()))
    before = place.container(name).attrs["State"]["StartedAt"]
    place.container(name).exec_run(["python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)"])
    wait_until(lambda: place.container(name).attrs["State"]["StartedAt"] > before, 60, "another start")
    wait_until(lambda: place.show(name)["state"] == "Healthy", 60, "a Healthy service")
    assert place.ask(name, "[1]") == [1]


def test_an_update_keeps_the_folder_that_an_option_named(place):
    name = place.name()
    place.write("source/late.py", "answer = 42\n")
    place.script(
        "import importlib\n\ndef init():\n    importlib.import_module('la' + 'te')\n\ndef run(data):\n    return 1\n"
    )
    place.write("plain.json", {"entryScript": "score.py"})
    place.cli("deploy", "-n", name, "--ic", "plain.json", "--sd", "source")
    done = place.cli("service", "update", name, "--ic", "plain.json")
    assert f"Kept, as the service was given it before: --sd {place.folder / 'source'}" in done.err
    shutil.copytree(place.folder / "source", place.folder / "other")
    place.write("other/late.py", "answer = 43\n")
    place.cli("service", "update", name, "--sd", "other")
    (running,) = Path(place.folder).glob(f"cache/scoredock/*/services/{name}/3/app/other/late.py")
    assert running.read_text() == "answer = 43\n"


def _addresses() -> set[str]:
    """This machine's addresses, by its name."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    except OSError:
        return set()
