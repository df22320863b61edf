"""What a link leads to is served as it is now: models and scripts are replaced by turning a link."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from servers import wait_until

READS_THE_MODEL = """
    import os

    def init():
        global text
        with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.txt")) as file:
            text = file.read()

    def run(data):
        return [text, os.environ["AZUREML_MODEL_DIR"]]
"""


def turn(link: Path, target: str) -> None:
    """Have a link lead elsewhere, at once, as ``ln -sfn`` and kubelet do."""
    new = link.with_name("..turning")
    new.symlink_to(target)
    new.replace(link)


def test_a_reload_takes_the_model_that_the_link_leads_to_now(serve, tmp_path):
    models = tmp_path / "models"
    for version in ("v1", "v2"):
        (models / version).mkdir(parents=True)
        (models / version / "model.txt").write_text(version)
    (models / "current").symlink_to("v1")
    server = serve(READS_THE_MODEL, "--model_dir", "models/current")
    assert server.post(content="x").json() == ["v1", str(models / "current")]
    turn(models / "current", "v2")
    shutil.rmtree(models / "v1")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.post(content="x").json()[0] == "v2")


@pytest.fixture
def config_map(tmp_path):
    """A script and a module beside it, as kubelet mounts a ConfigMap. Returns a function that puts a version there."""
    code = tmp_path / "code"

    def put(version: int, failing: bool = False) -> Path:
        folder = code / f"..v{version}"
        folder.mkdir(parents=True)
        (folder / "score.py").write_text(
            "from helper import VALUE\n\nclass Refused(Exception):\n    status_code = 422\n\n"
            "def init():\n    pass\n\ndef run(data):\n"
            "    if data == 'refuse':\n        raise Refused('not this')\n    return VALUE\n"
        )
        (folder / "helper.py").write_text(f"VALUE = {version}\n")
        os.utime(folder / "helper.py", (version, version))  # nobody takes compiled code of another one for its own
        before = sorted(code.glob("..v*"))[:-1]
        turn(code / "..data", folder.name)
        for name in ("score.py", "helper.py"):
            if not (code / name).is_symlink():
                (code / name).symlink_to(f"..data/{name}")
        for one in before:
            shutil.rmtree(one)
        return code / "score.py"

    return put


def test_a_config_map_is_followed_by_reloads_and_by_new_workers(serve, config_map):
    server = serve(config_map(1))
    assert server.post(content="x").json() == 1
    refused = server.post(content="refuse")
    assert (refused.status_code, refused.json()) == (422, {"message": "not this"})
    config_map(2)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.post(content="x").json() == 2)
    config_map(3)
    worker = int(server.output.rsplit("Worker ", 1)[1].split()[0])
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: server.is_ready() and server.post(content="x").json() == 3)


def test_a_config_map_that_changes_reloads_the_server(serve, config_map):
    server = serve(config_map(1), "--reload")
    assert server.post(content="x").json() == 1
    config_map(2)
    wait_until(lambda: server.post(content="x").json() == 2)


def test_a_script_that_is_a_link_imports_from_both_folders(serve, write_script, tmp_path):
    write_script("VALUE = 'beside the script'\n", "shop/where.py")
    write_script("VALUE = 'beside the link'\n", "links/which.py")
    write_script(
        "import where, which\ndef init(): pass\ndef run(data): return [where.VALUE, which.VALUE]\n", "shop/score.py"
    )
    (tmp_path / "links/score.py").symlink_to("../shop/score.py")
    assert serve(tmp_path / "links/score.py").post(content="x").json() == ["beside the script", "beside the link"]


@pytest.mark.parametrize("target", ["..data", "gone"])
def test_a_link_that_leads_nowhere_for_a_while_ends_no_server_that_reloads(serve, config_map, target):
    script = config_map(1)
    server = serve(script, "--reload")
    turn(script.parent / "..data", target)
    wait_until(lambda: "restarting the workers" in server.output, what="the reload")
    wait_until(lambda: "no such file" in server.output, what="what is wrong")
    assert server.get("/livez").status_code == 200
    config_map(2)
    wait_until(lambda: server.is_ready() and server.post(content="x").json() == 2, what="the next version")
