"""What is in the CPU image, and what is not."""

from __future__ import annotations

import re

import pytest
from containers import BASE_IMAGES
from packaging.requirements import Requirement

from scoredock import __version__

MIB = 1_000_000  # as `docker images` counts
SITE_PACKAGES = "/opt/scoredock/lib/python3.11/site-packages"


@pytest.fixture(scope="module")
def look(engine, image):
    """What a shell command, run as root in the image, prints."""

    def run(command: str) -> str:
        output = engine.containers.run(image, ["sh", "-c", command], entrypoint="", user="0", remove=True)
        return output.decode()

    return run


@pytest.fixture(scope="module")
def config(engine, image):
    """The image's configuration."""
    return engine.images.get(image).attrs["Config"]


def test_it_is_small(engine, image):
    assert engine.images.get(image).attrs["Size"] <= 270 * MIB


def test_the_layout_is_that_of_azures_images(config, look):
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert environment["AML_APP_ROOT"] == "/var/azureml-app"
    assert environment["AZUREML_MODEL_DIR"] == "/var/azureml-app/azureml-models"
    assert config["WorkingDir"] == "/var/azureml-app"
    assert config["ExposedPorts"] == {"5001/tcp": {}}
    assert look("id -u dockeruser; ls -d /var/azureml-app/azureml-models") == (
        "1001\n/var/azureml-app/azureml-models\n"
    )


def test_it_starts_stops_and_is_asked_properly(config):
    assert config["Entrypoint"] == ["entrypoint"]
    assert config["User"] == "1001"  # a number: Kubernetes cannot tell whether a name is root
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "scoredock", "health"]


def test_its_labels_say_what_it_is(config):
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == "scoredock"
    assert labels["version"] == __version__
    assert labels["licenses"] == "MIT"
    assert {"description", "source", "documentation"} <= labels.keys()


def test_it_has_no_compiler_and_no_client_tools(look):
    tools = ("cc", "gcc", "g++", "c++", "clang", "make", "ld", "as", "git", "curl", "wget", "nc", "gdb")
    found = look("; ".join(f"command -v {tool} || true" for tool in tools))
    assert found == ""
    assert look("find / -xdev -name 'Python.h' -o -xdev -name 'libpython*.a'") == ""


def test_no_file_gives_a_user_more_rights(look):
    assert look("find / -xdev -type f -perm /6000") == ""


def test_only_tmp_can_be_written_by_all(look):
    assert look("find / -xdev ! -type l -perm -o+w") == "/tmp\n"
    owned = look("find / -xdev -user dockeruser")
    assert owned == ""


def test_nothing_of_the_build_is_left(look):
    assert look("ls -A /tmp /root/.cache /build /var/lib/apt/lists 2>/dev/null | grep -v :; true").split() == []
    assert look(f"find / -xdev -name '*.whl' -not -path '{SITE_PACKAGES}/*'") == ""
    assert look(f"find {SITE_PACKAGES} -type d -name tests") == ""


def test_it_holds_no_secret(look, config):
    keys = "^-----BEGIN [A-Z ]*PRIVATE KEY-----$"
    assert look(f"grep -rIlE -e '{keys}' / --exclude-dir=proc --exclude-dir=sys || true") == ""
    assert look("find / -xdev -name .netrc -o -xdev -name '.git*' -o -xdev -name '.docker'") == ""
    assert "@" not in look("cat /etc/pip.conf 2>/dev/null || true")
    assert not [entry for entry in config["Env"] if re.search("KEY|TOKEN|SECRET|PASSWORD", entry, re.IGNORECASE)]


def test_its_python_packages_are_the_pinned_ones(look):
    lines = (BASE_IMAGES / "cpu" / "python-packages.txt").read_text().splitlines()
    pinned = {}
    for line in (line.removesuffix("\\").strip() for line in lines if "==" in line):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"python_full_version": "3.11.2"}):
            pinned[requirement.name] = str(requirement.specifier).removeprefix("==")
    listed = (line.lower().split("==") for line in look("pip list --format=freeze").split())
    installed = {name.replace("_", "-"): version for name, version in listed}
    assert installed.pop("scoredock") == __version__
    assert {name: version for name, version in installed.items() if pinned.get(name) != version} == {}
    assert not installed.keys() & {"hatchling", "setuptools", "wheel", "pandas", "scikit-learn", "onnxruntime"}
    assert look("pip check") == "No broken requirements found.\n"


def test_its_debian_packages_are_the_listed_ones(look):
    """Debian replaces versions in its archive when it mends a fault: ours may be newer than the list's."""
    listed = dict(line.split() for line in (BASE_IMAGES / "cpu" / "debian-packages.txt").read_text().splitlines())
    installed = dict(line.split() for line in look("dpkg-query -W -f '${Package} ${Version}\\n'").splitlines())
    assert sorted(installed.keys() - listed.keys()) == []
    checks = [f"dpkg --compare-versions {installed[name]} ge {listed[name]} || echo {name}" for name in installed]
    assert look("; ".join(checks)) == ""


def test_the_libraries_are_compiled_for_a_read_only_file_system(look):
    assert look(f"ls {SITE_PACKAGES}/scoredock/__pycache__ | wc -l").strip() != "0"
    assert look("ls /usr/lib/python3.11/__pycache__ | wc -l").strip() != "0"


def test_azures_files_of_the_image_are_in_step_with_the_project():
    """The names that the base image installs are those that the project needs."""
    import tomllib

    project = tomllib.loads((BASE_IMAGES.parent / "pyproject.toml").read_text())["project"]
    extras = ("numpy", "tokens", "telemetry")
    needed = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    names = {Requirement(text).name for text in needed}
    lines = (BASE_IMAGES / "cpu" / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if not line.startswith("#")} == names
    for file in ("Dockerfile.cpu", "Dockerfile.gpu"):
        assert f"ARG VERSION={__version__}\n" in (BASE_IMAGES.parent / file).read_text()


def test_a_package_that_is_not_listed_is_refused_with_what_is(engine, image):
    from docker.errors import ContainerError

    with pytest.raises(ContainerError) as refused:
        engine.containers.run(image, ["install-packages", "sklearn"], user="0", remove=True)
    said = refused.value.stderr.decode()
    assert "sklearn is not in the list of packages that were tested with this image" in said
    assert "pip install sklearn" in said
    assert "scikit-learn" in said
