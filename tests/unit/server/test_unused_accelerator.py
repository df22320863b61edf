"""A script whose ONNX Runtime sessions do not use the accelerator is told so: silence would hide a slow service."""

from __future__ import annotations

import logging

import pytest

from scoredock.accelerators.choice import Accelerator
from scoredock.accelerators.proof import PROOF_MODEL
from scoredock.server.boot import boot
from scoredock.server.service import Service
from scoredock.server.status import WorkerStatus
from scoredock.settings import resolve

WITH_SESSION = f"""
import onnxruntime

def init():
    global session
    session = onnxruntime.InferenceSession({PROOF_MODEL!r}, providers=["CPUExecutionProvider"])

def run(data):
    return data
"""
WITHOUT = """
def init():
    pass

def run(data):
    return data
"""


@pytest.fixture
def start(write_script, tmp_path, caplog):
    """Start a service in process; returns its log."""

    def begin(script: str, accelerator: str, *, preloaded: bool = False) -> str:
        import asyncio
        import gc

        settings, _ = resolve({"entry_script": str(write_script(script))}, {}, tmp_path)
        booted = boot(settings, lambda phase: None) if preloaded else None
        gc.freeze()
        service = Service(settings, WorkerStatus(), Accelerator(accelerator, "a device"), booted)
        try:
            with caplog.at_level(logging.INFO):
                asyncio.run(service.start())
                service.announce()
        finally:
            service.stop()
            gc.unfreeze()
        return caplog.text

    return begin


@pytest.mark.parametrize("preloaded", [False, True])
def test_sessions_on_the_cpu_are_named(start, preloaded):
    log = start(WITH_SESSION, "cuda", preloaded=preloaded)
    assert "SCOREDOCK_ACCELERATOR is cuda, but the script's ONNX Runtime sessions use CPUExecutionProvider alone" in log
    assert "providers=onnx_providers(path)" in log
    assert "ONNX Runtime: CPUExecutionProvider" in log


def test_on_the_cpu_they_are_where_they_should_be(start):
    log = start(WITH_SESSION, "cpu")
    assert "SCOREDOCK_ACCELERATOR" not in log
    assert "ONNX Runtime: CPUExecutionProvider" in log


def test_a_script_without_sessions_is_not_warned(start):
    assert "SCOREDOCK_ACCELERATOR" not in start(WITHOUT, "tensorrt")
