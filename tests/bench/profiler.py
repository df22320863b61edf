"""Where scoredock's time goes: a profile of both its threads while one client sends requests one after another."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from peers import SERVERS
from processes import ServerFailed, family

HOOK = SERVERS / "scoredock" / "profiled"
WRITE_TIMEOUT_S = 10.0
WAITING = re.compile(r"method 'get' of '_queue|method 'acquire' of '_thread")
WAITERS = ("run_until_complete", "Runner.run")
TOP = 10


@dataclass(frozen=True)
class Spent:
    """A function's calls and microseconds for one request, what it calls in C included, what in Python not.

    ``mostly`` is the function in C that takes more than half of it.
    """

    thread: str
    function: str
    calls: float
    own_us: float
    mostly: str


@dataclass(frozen=True)
class Profile:
    """``functions`` are the dearest, dearest first; ``packages`` sums up the microseconds of all of them."""

    requests: int
    total_us: float
    functions: list[Spent]
    packages: dict[str, float]


def environment(output: Path) -> dict[str, str]:
    """What makes scoredock's workers profile themselves into ``output``."""
    return {"PYTHONPATH": str(HOOK), "BENCH_PROFILE": str(output)}


def profile(root: int, output: Path, send: Callable[[], int]) -> Profile:
    """Profile the worker of the server ``root`` during ``send``, which returns how many requests it sent."""
    worker = family(root)[1]
    os.kill(worker, signal.SIGRTMIN)
    requests = send()
    os.kill(worker, signal.SIGRTMIN + 1)
    until = time.monotonic() + WRITE_TIMEOUT_S
    while not output.exists():
        if time.monotonic() > until:
            raise ServerFailed("wrote no profile")
        time.sleep(0.02)
    threads = json.loads(output.read_text())
    output.unlink()
    return _summary(threads, requests)


def _summary(threads: dict[str, list[tuple[str, str, int, float, dict[str, float]]]], requests: int) -> Profile:
    spent: list[Spent] = []
    packages: Counter[str] = Counter()
    for thread, rows in threads.items():
        for file, name, calls, own_s, in_c in rows:
            if name.endswith(WAITERS):
                continue
            in_c = {called: seconds for called, seconds in in_c.items() if not WAITING.search(called)}
            seconds = own_s + sum(in_c.values())
            dearest = max(in_c, key=in_c.__getitem__, default="")
            mostly = dearest.strip("<>") if in_c.get(dearest, 0) > seconds / 2 else ""
            module = _module(file)
            packages[module.partition(".")[0]] += seconds * 1e6 / requests
            spent.append(Spent(thread, f"{module}.{name}", calls / requests, seconds * 1e6 / requests, mostly))
    spent.sort(key=lambda one: -one.own_us)
    return Profile(requests, sum(packages.values()), spent[:TOP], dict(packages.most_common()))


def _module(file: str) -> str:
    """``/…/site-packages/sklearn/base.py`` is ``sklearn.base``; code that has no file is ``made at run time``."""
    if file.startswith("<frozen"):
        return "importlib"
    if file.startswith("<"):
        return "(made at run time)"
    if Path(file).parent == HOOK.parent:
        return "score"
    short = re.sub(r".*/(?:site-packages|runtime|python3\.\d+)/", "", file)
    return short.removesuffix(".py").removesuffix("/__init__").strip("/").replace("/", ".")
