"""What is said of a build that failed: the step, its last lines, and what to do."""

from __future__ import annotations

import pytest

from scoredock.deploy.local.build_hints import hint_of
from scoredock.deploy.local.engine import _EngineSays, _failure, _lines

STEP = "Step 3/5 : RUN pip install --requirement requirements.txt"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("ERROR: No matching distribution found for numpyy", "Check the package's name and version"),
        ("ERROR: ResolutionImpossible: for help visit https://pip.pypa.io", "Packages ask for different versions"),
        ("error: command 'gcc' failed: No such file or directory", "install a compiler in the Docker steps"),
        ("error: metadata-generation-failed", "A package has no wheel for the image's Python"),
        ("Temporary failure in name resolution", "The build cannot reach the package index"),
        ("SSLError(SSLCertVerificationError(1, 'certificate verify failed'))", "certificates"),
        ("write /x: no space left on device", "docker system df"),
    ],
)
def test_a_failure_is_told_with_step_lines_and_a_hint(line, hint):
    text = _failure("scoredock-env:1", STEP, ["Collecting numpyy", line])
    assert text.startswith(f"building scoredock-env:1 failed at\n  {STEP}\n  Collecting numpyy\n  {line}\n")
    assert hint in text.splitlines()[-1]


def test_a_network_failure_is_not_taken_for_a_wrong_name():
    """pip says that it found no version, after it could not reach the index."""
    lines = [
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(Temporary failure in name "
        "resolution)': /simple/numpy/",
        "ERROR: Could not find a version that satisfies the requirement numpy (from versions: none)",
        "ERROR: No matching distribution found for numpy",
    ]
    assert _failure("scoredock-env:1", STEP, lines).splitlines()[-1].startswith("The build cannot reach")


def test_an_unknown_failure_has_no_hint():
    text = _failure("scoredock-env:1", "", ["it broke"])
    assert text == "building scoredock-env:1 failed at\n  its start\n  it broke"


def test_the_engines_stream_becomes_whole_plain_lines():
    parts = [
        {"stream": "Step 1/2 : FROM a\n"},
        {"stream": "\x1b[91mred\x1b[0m\n\none more"},
        {"status": "Pulling"},
        {"aux": {"ID": "sha256:1"}},
        {"error": "it broke\n"},
        {"stream": "never seen"},
    ]
    found = []
    with pytest.raises(_EngineSays, match=r"^it broke$"):
        for line in _lines(iter(parts)):
            found.append(line)
    assert found == ["Step 1/2 : FROM a", "red", "one more", "Pulling"]


def test_who_asks_for_what_is_told_where_the_runtime_asks_for_something_else():
    lines = [
        "ERROR: Cannot install -r r.txt (line 1) because these package versions have conflicting dependencies.",
        "",
        "The conflict is caused by:",
        '    mlflow 2.14.1 depends on gunicorn<23; platform_system != "Windows"',
        "    The user requested (constraint) gunicorn<28,>=27",
        "",
        "To fix this you could try to:",
        "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io",
    ]
    hint = hint_of(lines)
    assert hint.startswith("mlflow 2.14.1 asks for gunicorn<23, scoredock asks for gunicorn<28,>=27. Three ways out: ")
    assert hint.endswith("by a Docker step: RUN pip install --no-deps mlflow==2.14.1")
    lines[3] = "    The user requested flask==1.1.2"
    lines[4] = "    The user requested (constraint) flask<4,>=3.0"
    hint = hint_of(lines)
    assert hint.startswith("The environment asks for flask==1.1.2, scoredock asks for flask<4,>=3.0. Three ways out: ")
    assert "since the image has flask" in hint


def test_a_conflict_between_packages_of_the_environment_is_theirs():
    lines = [
        "The conflict is caused by:",
        "    The user requested numpy==1.26.4",
        "    pandas 3.0.0 depends on numpy>=2",
        "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io",
    ]
    assert hint_of(lines).startswith("Packages ask for different versions of another one: the lines above name them.")
