"""A service that asks for an NVIDIA device, in an engine that offers none."""

from __future__ import annotations

import pytest

from scoredock.deploy.local.containers import Containers
from scoredock.deploy.local.service_files import Layout
from scoredock.errors import ServiceFailed


def test_it_is_unschedulable_and_says_what_is_missing(engine, image, tmp_path):
    for name in ("app", "models"):
        (tmp_path / name).mkdir()
    (tmp_path / "app" / "azureml-models").mkdir()
    containers = Containers(engine, "dt-no-gpu", str(tmp_path))
    containers.remove_all()
    try:
        containers.hold_port(image, None)
        with pytest.raises(ServiceFailed, match="is Unschedulable: its environment computes on an NVIDIA device"):
            containers.start(1, image, Layout(tmp_path / "app", tmp_path / "models", {}), {}, gpu=True)
        assert containers.generations() == []
    finally:
        containers.remove_all()
