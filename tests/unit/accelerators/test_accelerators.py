"""Accelerators on a machine without any: what is refused and why, what falls back, what scripts are given.

The driver is a stand-in that the test compiles; ONNX Runtime is the real one for the CPU. That CUDA and TensorRT
compute can only be seen on a machine with an NVIDIA device.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from scoredock.accelerators import onnx_providers
from scoredock.accelerators.choice import CPU, choose
from scoredock.accelerators.proof import prove_onnx_runtime
from scoredock.accelerators.providers import engine_folder
from scoredock.errors import AcceleratorUnusable, BootError

SOURCE = Path(__file__).with_name("driver.c")


@pytest.fixture(scope="session")
def driver(tmp_path_factory) -> Path:
    """A folder with the stand-in as libcuda.so.1 and libnvinfer.so.10."""
    folder = tmp_path_factory.mktemp("driver")
    command = ["cc", "-shared", "-fPIC", "-Wno-unused-parameter", "-o", str(folder / "libcuda.so.1"), str(SOURCE)]
    subprocess.run(command, check=True)
    shutil.copy(folder / "libcuda.so.1", folder / "libnvinfer.so.10")
    return folder


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own: the loader reads its variables only at the start."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SCOREDOCK")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**variables, **environment}, capture_output=True, text=True, check=False
    )


DEVICES = "from scoredock.accelerators.driver import devices; print(*devices(), sep='\\n')"


def test_a_device_is_described(driver):
    done = run(DEVICES, LD_LIBRARY_PATH=str(driver), MADE_UP_DEVICES="2")
    assert done.stdout == "Made-up GPU/2 (8 GiB, compute capability 9.0)\n" * 2, done.stderr


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["libcuda.so.1", "docker run --gpus all"]),
        ({"MADE_UP_INIT": "100"}, ["shows no device", "CUDA_VISIBLE_DEVICES"]),
        ({"MADE_UP_DEVICES": "0"}, ["shows no device", "docker run --gpus all"]),
        ({"MADE_UP_INIT": "803"}, ["cuInit() gave error 803, driver version is insufficient", "nvidia-smi"]),
    ],
    ids=["no driver", "no device", "none visible", "driver too old"],
)
def test_what_is_missing_is_named(driver, environment, expected):
    path = str(driver) if environment else ""
    done = run(DEVICES, LD_LIBRARY_PATH=path, **environment)
    assert "AcceleratorUnusable" in done.stderr
    assert all(part in done.stderr for part in expected), done.stderr


def test_the_cpu_needs_no_proof(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    assert choose("cpu") is CPU
    assert os.environ["SCOREDOCK_ACCELERATOR"] == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "tensorrt"])
def test_what_cannot_be_used_is_refused(wanted):
    with pytest.raises(BootError) as refused:
        choose(wanted)
    assert refused.value.phase == "accelerator"
    assert f"SCOREDOCK_ACCELERATOR={wanted}, but {wanted} cannot be used: NVIDIA's driver is not" in str(refused.value)
    assert "set SCOREDOCK_ACCELERATOR=cpu" in str(refused.value)


def test_auto_falls_back_to_the_cpu_and_warns(caplog):
    assert choose("auto") is CPU
    assert os.environ["SCOREDOCK_ACCELERATOR"] == "cpu"
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "tensorrt and cuda cannot be used: NVIDIA's driver" in warnings[0]
    assert "computing on the CPU" in warnings[1]


def test_a_device_without_onnx_runtime_for_it_is_refused(driver):
    """The onnxruntime that is installed here is the build for the CPU, which is a common mistake on a GPU."""
    done = run("from scoredock.accelerators.choice import choose; choose('cuda')", LD_LIBRARY_PATH=str(driver))
    assert "has no CUDAExecutionProvider" in done.stderr
    assert "pip uninstall both, then install onnxruntime-gpu alone" in done.stderr


def test_a_device_is_enough_for_scripts_that_do_not_use_onnx_runtime(driver, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['onnxruntime'] = None\n")
    code = "import sys; sys.path.insert(0, sys.argv[0]); from scoredock.accelerators.choice import choose; "
    code += f"sys.path.insert(0, {str(tmp_path)!r}); print(choose('auto'))"
    done = run(code, LD_LIBRARY_PATH=str(driver), PYTHONPATH=str(tmp_path))
    assert done.stdout == "cuda: Made-up GPU/2 (8 GiB, compute capability 9.0)\n", done.stderr


CHOOSE = "from scoredock.accelerators.choice import choose; print(choose('auto'))"


def with_onnx_runtime(folder: Path, code: str) -> dict[str, str]:
    """A stand-in for onnxruntime whose session runs ``code``; ``provider`` is the one that it is asked for."""
    (folder / "onnxruntime.py").write_text(
        "__version__ = '1'\n"
        "def get_available_providers():\n"
        "    return ['TensorrtExecutionProvider', 'CUDAExecutionProvider']\n"
        "class InferenceSession:\n"
        "    def __init__(self, model, providers):\n"
        f"        provider, = self.providers = providers\n        {code}\n"
        "    def run(self, *_): pass\n"
        "    def get_providers(self): return self.providers\n"
    )
    return {"PYTHONPATH": str(folder)}


def test_auto_takes_cuda_when_tensorrt_crashes(driver, tmp_path):
    crash = "import os; 'Tensorrt' in provider and os.abort()"
    done = run(CHOOSE, LD_LIBRARY_PATH=str(driver), **with_onnx_runtime(tmp_path, crash))
    assert done.stdout.startswith("cuda: Made-up GPU/2"), done.stderr


@pytest.mark.parametrize("noise", ["print('hello', end='')", "import atexit; atexit.register(print, 5)"])
def test_what_libraries_print_is_no_answer(driver, tmp_path, noise):
    done = run(CHOOSE, LD_LIBRARY_PATH=str(driver), **with_onnx_runtime(tmp_path, noise))
    assert "tensorrt: Made-up GPU/2" in done.stdout, done.stderr


def test_modules_beside_the_script_are_not_taken_for_pythons(driver, tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "import sys, json\nsys.path.insert(0, '')\n" + CHOOSE.replace("'auto'", "'cuda'")],
        env={**os.environ, "LD_LIBRARY_PATH": str(driver)}, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "the wrong json" not in done.stderr
    assert "has no CUDAExecutionProvider" in done.stderr


def test_a_proof_that_dies_is_a_refusal(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os, sys\n'-m' in sys.orig_argv and os._exit(7)\n")
    done = run("from scoredock.accelerators.choice import choose; choose('cuda')", PYTHONPATH=str(tmp_path))
    assert "the process that tried it ended with exit code 7" in done.stderr


def test_the_proof_computes():
    prove_onnx_runtime("cpu")


def test_a_provider_that_onnx_runtime_lacks_is_no_proof():
    with pytest.raises(AcceleratorUnusable, match=r"has no TensorrtExecutionProvider, only .*CPUExecutionProvider"):
        prove_onnx_runtime("tensorrt")


# -- what scripts are given ---------------------------------------------------------------------------------


@pytest.fixture
def accelerator(monkeypatch, tmp_path):
    """Pretend that the server has settled on an accelerator; engines are kept in the test's folder."""

    def settle(name: str) -> None:
        monkeypatch.setenv("SCOREDOCK_ACCELERATOR", name)
        monkeypatch.setenv("SCOREDOCK_ENGINE_CACHE", str(tmp_path / "engines"))

    return settle


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cpu", ["CPUExecutionProvider"]),
        ("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"]),
        ("tensorrt", ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]),
    ],
)
def test_providers_come_best_first(accelerator, name, expected):
    accelerator(name)
    assert [provider for provider, _ in onnx_providers()] == expected


def test_the_device_is_the_one_that_is_asked_for(accelerator):
    accelerator("tensorrt")
    assert [options.get("device_id") for _, options in onnx_providers(device_id=3)] == [3, 3, None]


def test_without_a_server_it_is_what_onnx_runtime_offers(monkeypatch):
    monkeypatch.delenv("SCOREDOCK_ACCELERATOR", raising=False)
    assert onnx_providers() == [("CPUExecutionProvider", {})]


def test_onnx_runtime_takes_them(accelerator):
    import onnxruntime

    from scoredock.accelerators.proof import PROOF_MODEL

    accelerator("cpu")
    session = onnxruntime.InferenceSession(PROOF_MODEL, providers=onnx_providers())
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_engines_are_kept_by_model_version_and_device(driver, tmp_path):
    model = tmp_path / "model.onnx"
    code = "import sys; from scoredock.accelerators.providers import engine_folder as f; print(f(sys.argv[1]))"

    def folder() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, str(model)],
            env={**os.environ, "LD_LIBRARY_PATH": str(driver), "SCOREDOCK_ENGINE_CACHE": "/cache"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    model.write_bytes(b"one")
    first = folder()
    assert first.startswith("/cache/")
    assert first.endswith("/tensorrt-101601/Made-up-GPU-2-9.0")
    (tmp_path / "other.onnx").write_bytes(b"another model")
    assert folder() == first
    model.write_bytes(b"two")
    assert folder() != first


def test_weights_in_files_of_any_name_are_part_of_the_model(tmp_path):
    """A real model with external data: what ONNX Runtime reads beside the model's file decides too."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(np.full(256, i, np.float32), f"w{i}") for i in range(2)]
    nodes = [helper.make_node("Add", ["x", "w0"], ["y0"]), helper.make_node("Add", ["y0", "w1"], ["y"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [256]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], initializer=tensors)
    long_name = "w" * 140 + ".bin"
    for tensor, location in zip(graph.initializer, ("weights.bin", long_name), strict=True):
        onnx.external_data_helper.set_external_data(tensor, location)
    model = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph), model)
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "weights.bin", long_name}

    first = engine_folder(model)
    (tmp_path / "model.onnx.d").mkdir()
    (tmp_path / "model.onnx.bak").write_bytes(b"not part of it")
    assert engine_folder(model) == first
    for name in ("weights.bin", long_name):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[::-1] + b"x")
        assert engine_folder(model) != first
        (tmp_path / name).write_bytes(content)
    assert engine_folder(model) == first


def test_the_cache_is_made_and_named_in_the_options(accelerator, tmp_path):
    accelerator("tensorrt")
    model = tmp_path / "model.onnx"
    model.write_bytes(b"model")
    options = onnx_providers(model)[0][1]
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(engine_folder(model))
    assert Path(options["trt_engine_cache_path"]).is_dir()


def test_the_default_cache_is_ours_alone(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("SCOREDOCK_ACCELERATOR", "tensorrt")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert onnx_providers()[0][1]["trt_engine_cache_enable"] is True
    root = tmp_path / f"scoredock-engines-{os.getuid()}"
    assert stat.S_IMODE(root.stat().st_mode) == 0o700

    root.chmod(0o777)
    monkeypatch.setenv("SCOREDOCK_ENGINE_CACHE", "")
    assert onnx_providers()[0][1] == {"device_id": 0}
    shutil.rmtree(root)
    root.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    assert onnx_providers()[0][1] == {"device_id": 0}
    assert caplog.text.count("belongs to, or can be written by, another user") == 2


def test_a_cache_that_cannot_be_made_is_a_warning(monkeypatch, accelerator, tmp_path, caplog):
    accelerator("tensorrt")
    (tmp_path / "engines").write_text("a file")
    assert onnx_providers()[0][1] == {"device_id": 0}
    assert "each start builds them" in caplog.text


def test_a_missing_model_is_named(accelerator, tmp_path):
    accelerator("tensorrt")
    with pytest.raises(FileNotFoundError, match=r"expected the path of an ONNX file, got .*/nothing.onnx"):
        onnx_providers(tmp_path / "nothing.onnx")


def test_the_module_can_be_asked():
    command = [sys.executable, "-m", "scoredock.accelerators", "cuda"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "NVIDIA's driver is not there" in json.loads(done.stdout)["refusal"]
