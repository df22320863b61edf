"""A script whose ONNX Runtime sessions do not use the accelerator is told so: silence would hide a slow service."""

from __future__ import annotations

import gc

import pytest

from scoredock.accelerators.proof import PROOF_MODEL
from scoredock.server.boot import unused_accelerator


@pytest.fixture
def session():
    import onnxruntime

    gc.collect()
    return onnxruntime.InferenceSession(PROOF_MODEL, providers=["CPUExecutionProvider"])


@pytest.mark.usefixtures("session")
def test_sessions_on_the_cpu_are_named():
    warning = unused_accelerator("cuda") or ""
    assert "SCOREDOCK_ACCELERATOR is cuda" in warning
    assert "use CPUExecutionProvider alone" in warning
    assert "providers=onnx_providers(path)" in warning


@pytest.mark.usefixtures("session")
def test_on_the_cpu_they_are_where_they_should_be():
    assert unused_accelerator("cpu") is None


def test_a_script_without_sessions_is_not_warned():
    gc.collect()
    assert unused_accelerator("tensorrt") is None
