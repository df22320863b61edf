"""Processes that a script starts can import it, and do nothing of what the server does."""

from __future__ import annotations

import pytest

SCRIPT = """
    import multiprocessing
    import os
    from concurrent.futures import ProcessPoolExecutor

    from azureml.core.model import Model  # a stand-in
    import beside

    class Point:
        def __init__(self, x):
            self.x = x

    def square(point):
        return [beside.square(point.x), "initialised" in globals(), os.getpid() != point.pid]

    def init():
        global initialised
        initialised = True

    def run(data):
        points = [Point(x) for x in (2, 3)]
        for point in points:
            point.pid = os.getpid()
        if data == "joblib":
            from joblib import Parallel, delayed

            return Parallel(n_jobs=2)(delayed(square)(point) for point in points)
        context = multiprocessing.get_context(data)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            return list(pool.map(square, points))
"""


@pytest.fixture(params=["score.py", "main.py"])
def server(request, serve, write_script, tmp_path):
    write_script("def square(x): return x * x\n", "beside.py")
    path = write_script(SCRIPT, request.param)
    if request.param == "score.py":
        return serve(path, "--model_dir", str(tmp_path))
    return serve(None, AML_APP_ROOT=str(tmp_path))


def test_children_of_every_kind_find_the_script(server):
    for kind in ("joblib", "spawn", "forkserver"):
        assert server.post(content=kind).json() == [[4, False, True], [9, False, True]], (kind, server.output)
    assert server.post(content="fork").json() == [[4, True, True], [9, True, True]]  # a copy of the worker
    assert server.output.count("scoredock.server - Worker") == 1
    assert "is ready" in server.output
