"""``scoredock model`` as people and programs use it: real processes, with and without a terminal."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from scoredock.deploy.registry.workspace import Workspace

EXECUTABLE = Path(sys.executable).with_name("scoredock")


@pytest.fixture
def scoredock(tmp_path):
    """Run the command with a workspace of its own: code, standard output, standard error."""

    def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [EXECUTABLE, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "SCOREDOCK_WORKSPACE": str(tmp_path / "workspace"), **environment},
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def terminal(tmp_path):
    """Run the command on a terminal of 200 columns; returns what it shows."""

    def run(*arguments: object, **environment: str) -> str:
        ours, its = pty.openpty()
        process = subprocess.Popen(
            [EXECUTABLE, *map(str, arguments)],
            stdin=its,
            stdout=its,
            stderr=its,
            cwd=tmp_path,
            env={**os.environ, "SCOREDOCK_WORKSPACE": str(tmp_path / "workspace"), "COLUMNS": "200", **environment},
        )
        os.close(its)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the terminal's other side is closed
                break
            if not chunk:
                break
            shown += chunk
        os.close(ours)
        assert process.wait(30) == 0
        return shown.decode().replace("\r\n", "\n")

    return run


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.h5").write_text("weights")
    (folder / "encoder.pkl").write_text("encoder")
    return folder


def test_the_documents_command_registers_a_model(scoredock, models):
    assert scoredock("model", "register", "-p", "./models", "-n", "sentiment") == (
        0,
        "Registered sentiment:1 (2 files, 14 B)\n",
        "",
    )
    code, output, _ = scoredock(
        "model", "register", "-n", "bidaf_onnx", "--asset-path", "models/model.h5", "-o", "json"
    )
    made = json.loads(output)
    assert (code, made["id"], made["version"]) == (0, "bidaf_onnx:1", 1)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert made["files"] == [{"path": "model.h5", "size": 7, "sha256": digest}]


def test_everything_that_is_given_is_kept_and_shown(scoredock, models, tmp_path):
    (tmp_path / "request.json").write_text('{"data": [1]}')
    options = "--tag area=qna --tag note=a=b --property run=7 --model-framework onnx --model-framework-version 1.4"
    more = "--child-path model.h5 --sample-input request.json --cc 0.5 --gb 2 -t metadata.json"
    command = ["model", "register", "-n", "m", "-p", "models", "-d", "A model.", *options.split(), *more.split()]
    assert scoredock(*command)[0] == 0
    assert json.loads((tmp_path / "metadata.json").read_text()) == {"modelId": "m:1"}
    shown = json.loads(scoredock("model", "show", "m", "--output", "json")[1])
    assert shown["tags"] == {"area": "qna", "note": "a=b"}
    assert shown["properties"] == {"run": "7"}
    assert (shown["framework"], shown["frameworkVersion"], shown["description"]) == ("ONNX", "1.4", "A model.")
    assert shown["resourceRequirements"] == {"cpu": 0.5, "memoryInGB": 2.0, "gpu": None}
    assert [file["path"] for file in shown["files"]] == ["models/model.h5"]
    plain = dict(line.split("\t") for line in scoredock("model", "show", "-i", "m:1")[1].splitlines())
    assert plain["tags"] == "area=qna, note=a=b"
    assert plain["files"] == "models/model.h5 (7 B)"
    assert plain["sampleInput"] == "request.json"
    assert plain["size"] == "7 B"


def test_a_list_is_lines_for_scripts_and_objects_for_programs(scoredock, models):
    code, output, said = scoredock("model", "list")
    assert (code, output) == (0, "")
    assert said.endswith("scoredock model register -n NAME -p PATH\n")
    assert json.loads(scoredock("model", "list", "-o", "json")[1]) == []
    for name, tag in (("a", "x=1"), ("a", "x=2"), ("b", "y=1")):
        scoredock("model", "register", "-n", name, "-p", "models", "--tag", tag)
    lines = [line.split("\t") for line in scoredock("model", "list")[1].splitlines()]
    assert [(line[0], line[1], line[5]) for line in lines] == [("a", "2", "x=2"), ("a", "1", "x=1"), ("b", "1", "y=1")]

    def ids(*options):
        return [one["id"] for one in json.loads(scoredock("model", "list", "-o", "json", *options)[1])]

    assert ids("-n", "a") == ["a:2", "a:1"]
    assert ids("--latest") == ["a:2", "b:1"]
    assert ids("--tag", "x") == ["a:2", "a:1"]
    assert ids("--tag", "x=1") == ["a:1"]
    assert scoredock("model", "list", "-n", "none")[2].startswith("No model fits in ")


def test_a_terminal_gets_a_table_in_colour(terminal, scoredock, models):
    scoredock("model", "register", "-n", "sentiment", "-p", "models", "-d", "Two\nlines \x1b[31mred")
    shown = terminal("model", "list")
    heading, row = shown.splitlines()
    assert heading.startswith("\x1b[1mNAME ")
    assert row.startswith("\x1b[36msentiment\x1b[0m  1  ")
    assert "Two\\x0alines \\x1b[31mred" in row, "what a record says does not steer the terminal"
    assert heading.index("VERSION") - len("\x1b[1m") == row.index("1  ") - len("\x1b[36m\x1b[0m")
    assert "\x1b" not in terminal("model", "list", NO_COLOR="1")
    assert terminal("model", "list", "-o", "plain").startswith("sentiment\t1\t")


def test_a_table_can_be_asked_for_without_a_terminal(scoredock, models):
    scoredock("model", "register", "-n", "sentiment", "-p", "models")
    heading, row = scoredock("model", "list", "-o", "table")[1].splitlines()
    assert heading.split() == ["NAME", "VERSION", "FRAMEWORK", "SIZE", "CREATED", "TAGS", "DESCRIPTION"]
    assert row.split()[:4] == ["sentiment", "1", "Custom", "14"]


def test_an_update_changes_what_is_named(scoredock, models):
    scoredock("model", "register", "-n", "m", "-p", "models", "--tag", "a=1", "--property", "p=1")
    command = ["model", "update", "m:1", "--add-tag", "b=2", "--remove-tag", "a", "--add-property", "q=2", "-d", "new"]
    assert scoredock(*command) == (0, "Updated m:1\n", "")
    shown = json.loads(scoredock("model", "show", "m", "-o", "json")[1])
    assert (shown["tags"], shown["properties"], shown["description"]) == ({"b": "2"}, {"p": "1", "q": "2"}, "new")
    code, _, said = scoredock("model", "update", "m:1", "--add-property", "p=2")
    assert code == 1
    assert "the property p is '1' already" in said


def test_a_download_prints_where_it_is(scoredock, models, tmp_path):
    scoredock("model", "register", "-n", "m", "-p", "models")
    assert scoredock("model", "download", "m", "-t", "to") == (0, "to/models\n", "")
    assert (tmp_path / "to" / "models" / "model.h5").read_text() == "weights"
    code, _, said = scoredock("model", "download", "m:1", "-t", "to")
    assert (code, "is there already" in said) == (1, True)
    assert scoredock("model", "download", "m:1", "-t", "to", "--overwrite")[0] == 0


def test_a_changed_file_is_named_with_exit_code_1(scoredock, models, tmp_path):
    scoredock("model", "register", "-n", "m", "-p", "models")
    assert scoredock("model", "verify", "m") == (0, "All files of m:1 are as they were registered.\n", "")
    (stored,) = (tmp_path / "workspace").rglob("model/models/model.h5")
    stored.chmod(0o644)
    stored.write_text("WEIGHTS")
    assert scoredock("model", "verify", "m") == (1, "models/model.h5 was changed: same size, other content\n", "")
    code, output, _ = scoredock("model", "verify", "m", "-o", "json")
    assert (code, len(json.loads(output)["wrong"])) == (1, 1)


def test_a_model_in_use_is_deleted_by_force(scoredock, models, tmp_path):
    scoredock("model", "register", "-n", "m", "-p", "models")
    Workspace(tmp_path / "workspace").records("services").put("web", {"models": ["m:1"]})
    code, _, said = scoredock("model", "delete", "m:1")
    assert code == 1
    assert said.startswith("Error: The model m:1 is used by the service web.")
    assert scoredock("model", "delete", "m:1", "--force") == (0, "Deleted m:1\n", "")
    assert scoredock("model", "show", "m:1")[0] == 1


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("show nope", 1, "There is no model nope in the workspace"),
        ("show a/b", 1, "model name: expected letters"),
        ("show m:0", 1, "expected a version of 1 or more"),
        ("register -n m -p missing", 1, "there is no missing (from "),
        ("register -n m", 2, "Missing option '-p'"),
        ("register -n m -p models --tag x", 2, "expected KEY=VALUE"),
        ("register -n m -p models --cc -1", 1, "resource_configuration.cpu"),
        ("show", 2, "Name one model"),
        ("show m -i m", 2, "Name one model"),
        ("delete m", 2, "Say which version: m:VERSION. scoredock model list -n m shows them."),
        ("update m --add-tag a=1", 2, "Say which version"),
        ("update m:1", 2, "Say what to change"),
        ("list --output xml", 2, "'xml' is not one of"),
        ("list --workspace nosuch://x", 1, "expected a folder, or a URL with s3://"),
    ],
)
def test_what_is_wrong_is_said_on_standard_error(scoredock, models, command, code, said):
    done = scoredock("model", *command.split())
    assert done[:2] == (code, "")
    assert said in done[2]
    assert "Traceback" not in done[2]


def test_names_and_versions_are_completed(scoredock, models):
    for name in ("sentiment", "sent2", "other"):
        scoredock("model", "register", "-n", name, "-p", "models")

    def completed(words: str) -> list[str]:
        count = str(len(words.split()) - (0 if words.endswith(" ") else 1))
        variables = {"_SCOREDOCK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
        return [line.partition(",")[2] for line in scoredock(**variables)[1].split()]

    assert completed("scoredock model show sen") == ["sent2", "sentiment"]
    assert completed("scoredock model show sentiment:") == ["sentiment:1"]
    assert completed("scoredock model list -n o") == ["other"]
    assert "register" in completed("scoredock model ")
    assert completed("scoredock model show --workspace nosuch://x sen") == []


def test_a_long_copy_shows_a_bar_on_a_terminal_alone(tmp_path, models):
    program = (
        "import sys, time\nfrom scoredock.cli.progress_bar import progress_bar\n"
        "with progress_bar(shown_after_s=float(sys.argv[1])) as show:\n"
        "    for done in range(0, 101, 20):\n        show('register', done, 100)\n        time.sleep(0.15)\n"
    )

    def shown(after: str) -> bytes:
        ours, its = pty.openpty()
        done = subprocess.run([sys.executable, "-c", program, after], stdout=its, stderr=its, check=True)
        os.close(its)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:
            pass
        os.close(ours)
        assert done.returncode == 0
        return seen

    assert b"Registering" in shown("0")
    assert b"100%" in shown("0")
    assert shown("60") == b""
    quiet = subprocess.run([sys.executable, "-c", program, "0"], capture_output=True, check=True)
    assert quiet.stdout + quiet.stderr == b""


def test_other_commands_start_without_the_workspace():
    program = (
        "import sys, scoredock.cli\n"
        "print([name for name in sys.modules if name.startswith(('scoredock.deploy', 'fsspec', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_workspace_in_a_folder_needs_no_fsspec(scoredock, models):
    program = (
        "import sys\nfrom scoredock.deploy.registry.model import Model\n"
        "from scoredock.deploy.registry.workspace import Workspace\n"
        "Model.register(Workspace('w'), 'models', 'm')\nprint('fsspec' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=models.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
