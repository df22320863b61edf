"""Numeric libraries of a real server's workers start their share of threads."""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest

from scoredock.cgroups import available_cpus
from scoredock.server.numeric_threads import THREAD_VARIABLES

ONNX_RUNTIME = tuple(int(part) for part in version("onnxruntime").split(".")[:2])
SHOW = """
    import os

    import numpy
    from threadpoolctl import threadpool_info

    def init():
        pass

    def run(data):
        pools = [[pool["internal_api"], pool["num_threads"]] for pool in threadpool_info()]
        return {"variables": {name: os.environ.get(name) for name in data.split()}, "pools": pools}
"""
ORT = """
    import os
    from pathlib import Path

    import onnxruntime
    from onnx import TensorProto, helper

    def init():
        global added
        value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 4])
        graph = helper.make_graph([helper.make_node("MatMul", ["x", "x"], ["y"])], "g", [value("x")], [value("y")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        threads = lambda: len(os.listdir("/proc/self/task"))
        before = threads()
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        added = threads() - before

    def run(data):
        return added
"""


@pytest.fixture(autouse=True)
def _no_threads_of_ours(monkeypatch):
    for name in [*THREAD_VARIABLES, "GOTO_NUM_THREADS"]:
        monkeypatch.delenv(name, raising=False)


def test_each_worker_gets_its_share_of_the_cpus(serve):
    workers = available_cpus()
    server = serve(SHOW, WORKER_COUNT=str(workers))
    seen = server.post(content=" ".join(THREAD_VARIABLES)).json()
    assert seen["variables"] == dict.fromkeys(THREAD_VARIABLES, "1")
    assert ["openblas", 1] in seen["pools"]
    assert {number for _, number in seen["pools"]} == {1}
    assert f"cpus       {workers} for {workers} worker" in server.output


def test_scoring_threads_share_too(serve):
    server = serve(SHOW, SCOREDOCK_SCORING_THREADS="64")
    assert server.post(content="OMP_NUM_THREADS").json()["variables"] == {"OMP_NUM_THREADS": "1"}


def test_the_users_own_number_reaches_every_library_that_reads_it(serve):
    own = available_cpus()
    server = serve(SHOW, WORKER_COUNT=str(own), OMP_NUM_THREADS=str(own))
    seen = server.post(content="OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS RAYON_NUM_THREADS").json()
    assert seen["variables"] == {
        "OMP_NUM_THREADS": str(own),
        "OPENBLAS_NUM_THREADS": None,
        "MKL_NUM_THREADS": None,
        "RAYON_NUM_THREADS": "1",
    }
    assert ["openblas", own] in seen["pools"]
    assert f"numeric threads as OMP_NUM_THREADS={own} says" in server.output


@pytest.mark.skipif(ONNX_RUNTIME < (1, 29), reason="ONNX Runtime reads ORT_INTRA_OP_NUM_THREADS from 1.29 on")
@pytest.mark.parametrize("wanted", [None, "3"])
def test_onnx_runtime_gets_its_share_or_what_the_user_says(serve, wanted):
    """A session of one thread computes in the caller's; one of three adds two."""
    environment = {"ORT_INTRA_OP_NUM_THREADS": wanted} if wanted else {}
    server = serve(ORT, WORKER_COUNT=str(os.cpu_count()), **environment)
    assert server.post(content="x").json() == int(wanted or 1) - 1


def test_joblib_takes_every_cpu_for_this_workers_share(serve):
    server = serve(
        """
        import joblib

        def init():
            pass

        def run(data):
            return joblib.effective_n_jobs(-1)
        """,
        WORKER_COUNT=str(os.cpu_count()),
    )
    assert server.post(content="x").json() == 1
