"""Any user id, no capability, a read-only root file system: it serves, and writes only below /tmp."""

from __future__ import annotations

import textwrap

import pytest

SCRIPT = """
    import getpass
    import os
    import tempfile
    from pathlib import Path

    import numpy as np
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.schema_decorators import input_schema

    def init():
        tempfile.NamedTemporaryFile(delete=False).write(b"cache")
        Path.home().joinpath("cache").mkdir()

    @input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))
    def run(data):
        return {"sum": data.sum(), "uid": os.getuid(), "user": getpass.getuser()}
"""

HARDENED = {
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "user": "12345:0",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
}


@pytest.fixture
def script_folder(tmp_path):
    """A folder with the script, to be mounted: nothing can be written into a read-only container."""
    (tmp_path / "score.py").write_text(textwrap.dedent(SCRIPT))
    tmp_path.chmod(0o755)
    return {str(tmp_path): {"bind": "/var/azureml-app", "mode": "ro"}}


def test_it_serves_hardened_as_any_user(run, script_folder):
    container = run(volumes=script_folder, AZUREML_ENTRY_SCRIPT="score.py", **HARDENED)
    answer = container.post(json={"data": [[1, 2], [3, 4]]})
    assert answer.json() == {"sum": 10.0, "uid": 12345, "user": "dockeruser"}
    assert container.raw.exec_run(["scoredock", "health"]).exit_code == 0
    status = container.sh("cat /proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert container.stop()[0] == 0


def test_a_folder_that_the_user_may_not_read_is_named(run, script_folder, tmp_path):
    tmp_path.chmod(0o700)
    container = run(volumes=script_folder, AZUREML_ENTRY_SCRIPT="score.py", wait=False, **HARDENED)
    assert container.wait() == 3
    assert "Permission denied" in container.last_line
    assert "runs as user 12345" in container.last_line
    assert "chmod -R a+rX" in container.last_line


def test_it_is_not_root_by_default(run):
    container = run(script="def init(): pass\n\ndef run(data): return data\n")
    assert container.sh("id -un; id -u") == "dockeruser\n1001\n"


def test_everything_that_it_writes_is_below_tmp(run, script_folder):
    container = run(volumes=script_folder, AZUREML_ENTRY_SCRIPT="score.py", user="0")  # root could write anywhere
    container.post(json={"data": [[1, 2]]})
    changed = [entry["Path"] for entry in container.raw.diff()]
    assert [path for path in changed if path != "/tmp" and not path.startswith("/tmp/")] == []
    assert any(path.startswith("/tmp/") for path in changed)
