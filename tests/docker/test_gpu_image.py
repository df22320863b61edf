"""The CUDA image, built for real, on a machine without a device: what it holds, and that it refuses to start.

A stand-in for NVIDIA's driver, compiled here, lets the checks behind the driver run too. That the image computes on a
device is for a machine that has one.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from containers import BASE_IMAGES, PROJECT

pytestmark = pytest.mark.gpu_image

ECHO = "def init():\n    pass\n\ndef run(data):\n    return data\n"
DRIVER = PROJECT / "tests" / "unit" / "accelerators" / "driver.c"
LIBRARIES = (
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcudnn.so.9",
    "libcufft.so.12",
    "libcurand.so.10",
    "libcudart.so.13",
)


@pytest.fixture(scope="session")
def cuda_base(base, build) -> str:
    return build("scoredock-base:cuda", BASE_IMAGES / "cuda", BASE_IMAGE=base)


@pytest.fixture(scope="session")
def cuda_image(engine, cuda_base) -> str:
    engine.images.build(
        path=str(PROJECT),
        dockerfile=str(PROJECT / "Dockerfile.gpu"),
        target="cuda",
        tag="scoredock:cuda",
        buildargs={"BASE_IMAGE": cuda_base},
        rm=True,
    )
    return "scoredock:cuda"


@pytest.fixture(scope="session")
def driver(tmp_path_factory) -> dict[str, dict[str, str]]:
    """Volumes that put the stand-in driver where the loader looks."""
    folder = tmp_path_factory.mktemp("driver")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(folder / "libcuda.so.1"), str(DRIVER)], check=True)
    folder.chmod(0o755)
    return {str(folder): {"bind": "/usr/local/nvidia/lib64", "mode": "ro"}}


NVIDIA = {"LD_LIBRARY_PATH": "/usr/local/nvidia/lib64"}


def test_it_refuses_to_start_without_a_device(run, cuda_image):
    container = run(image=cuda_image, script=ECHO, wait=False)
    assert container.wait() == 3
    assert "SCOREDOCK_ACCELERATOR=cuda, but cuda cannot be used: NVIDIA's driver is not there" in container.last_line
    assert "docker run --gpus all scoredock:cuda" in container.last_line


def test_auto_serves_on_the_cpu_and_says_so(run, cuda_image):
    container = run(image=cuda_image, script=ECHO, SCOREDOCK_ACCELERATOR="auto")
    assert container.get("/readyz").json()["device"] == "cpu"
    assert "SCOREDOCK_ACCELERATOR=auto: computing on the CPU." in container.logs


def test_the_onnx_sample_runs_on_the_cpu_when_it_is_asked_to(run, cuda_image, tmp_path):
    folder = tmp_path / "onnx-digits"
    shutil.copytree(PROJECT / "samples" / "onnx-digits", folder, ignore=shutil.ignore_patterns("model"))
    subprocess.run([sys.executable, str(folder / "make_model.py")], check=True, capture_output=True)
    folder.chmod(0o755)
    container = run(
        image=cuda_image,
        volumes={str(folder): {"bind": "/var/azureml-app", "mode": "ro"}},
        AZUREML_ENTRY_SCRIPT="score.py",
        AZUREML_MODEL_DIR="/var/azureml-app/model",
        SCOREDOCK_ACCELERATOR="cpu",
    )
    answer = container.post(json=json.loads((folder / "request.json").read_text()))
    assert answer.json()["digits"] == [3, 1]


def test_the_loader_finds_every_cuda_library(engine, cuda_image):
    known = engine.containers.run(cuda_image, ["ldconfig", "-p"], entrypoint="", remove=True).decode()
    assert [name for name in LIBRARIES if name not in known] == []
    assert engine.containers.run(cuda_image, ["pip", "check"], remove=True) == b"No broken requirements found.\n"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MADE_UP_INIT": "100"}, "it shows no device"),
        ({"MADE_UP_INIT": "803"}, "cuInit() gave error 803, driver version is insufficient"),
        ({}, "fell back to CPUExecutionProvider: a library cannot be loaded"),
    ],
)
def test_what_stands_in_the_way_is_named(run, cuda_image, driver, variables, expected):
    container = run(image=cuda_image, script=ECHO, wait=False, volumes=driver, **NVIDIA, **variables)
    assert container.wait() == 3
    assert expected in container.last_line


def test_a_missing_library_is_named(run, cuda_image, driver):
    """TensorRT's are not in the CUDA image."""
    variables = {**NVIDIA, "SCOREDOCK_ACCELERATOR": "tensorrt"}
    container = run(image=cuda_image, script=ECHO, wait=False, volumes=driver, **variables)
    assert container.wait() == 3
    assert "TensorrtExecutionProvider" in container.last_line
    assert "libnvinfer.so.10: cannot open shared object file" in container.last_line


def test_a_base_that_has_the_cuda_libraries_keeps_its_own(engine, base, build, tmp_path):
    """As on nvidia/cuda: here it is a base with empty libraries of the same names."""
    for name in LIBRARIES:
        command = ["cc", "-shared", "-x", "c", f"-Wl,-soname,{name}", "-o", str(tmp_path / name), "/dev/null"]
        subprocess.run(command, check=True)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {base}\nUSER root\nCOPY *.so.* /usr/local/lib/\nRUN ldconfig\nUSER 1001\n"
    )
    has_cuda = build("scoredock-test:has-cuda", tmp_path)
    tag = build("scoredock-test:on-nvidia", BASE_IMAGES / "cuda", BASE_IMAGE=has_cuda)
    installed = engine.containers.run(tag, ["pip", "list", "--format=freeze"], remove=True).decode()
    assert "onnxruntime-gpu==" in installed
    assert "nvidia-" not in installed
    engine.images.remove(tag, force=True)


def test_the_tensorrt_image_takes_its_libraries_from_a_folder(engine, cuda_base, build, tmp_path):
    """NVIDIA's index may be out of reach; the folder's wheel is a stand-in with the name and layout of NVIDIA's."""
    context = tmp_path / "tensorrt"
    shutil.copytree(BASE_IMAGES / "tensorrt", context)
    pin = next(line for line in (context / "python-packages.txt").read_text().splitlines() if "==" in line)
    _write_wheel(context / "wheels", *pin.split("=="))
    tag = build("scoredock-base:tensorrt-stand-in", context, BASE_IMAGE=cuda_base, INDEX="wheels")
    engine.images.build(
        path=str(PROJECT),
        dockerfile=str(PROJECT / "Dockerfile.gpu"),
        target="tensorrt",
        tag="scoredock:tensorrt-stand-in",
        buildargs={"BASE_IMAGE": cuda_base, "TENSORRT_BASE_IMAGE": tag},
        rm=True,
    )
    image = engine.images.get("scoredock:tensorrt-stand-in")
    assert "SCOREDOCK_ACCELERATOR=tensorrt" in image.attrs["Config"]["Env"]
    known = engine.containers.run(image.id, ["ldconfig", "-p"], entrypoint="", remove=True).decode()
    assert "tensorrt_libs/libnvinfer.so.10" in known
    for name in ("scoredock:tensorrt-stand-in", tag):
        engine.images.remove(name, force=True)


def _write_wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir()
    package = name.replace("-", "_")
    library = folder / "libnvinfer.so.10"
    subprocess.run(
        ["cc", "-shared", "-x", "c", "-Wl,-soname,libnvinfer.so.10", "-o", str(library), "/dev/null"], check=True
    )
    content = io.BytesIO()
    info = f"{package}-{version}.dist-info"
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("tensorrt_libs/libnvinfer.so.10", library.read_bytes())
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (folder / f"{package}-{version}-py3-none-any.whl").write_bytes(content.getvalue())
    library.unlink()
