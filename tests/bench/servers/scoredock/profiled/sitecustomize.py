"""Profiles scoredock's workers, when this folder is on PYTHONPATH: the event loop's and the scoring thread.

SIGRTMIN starts the profile, so that the boot is not in it; SIGRTMIN + 1 writes it to ``BENCH_PROFILE`` as JSON:
a list a thread of ``[file, function, calls, own seconds, {function in C that it calls: seconds}]``.
"""

import cProfile
import json
import os
import signal
import sys
import threading

profiles = {}
started = threading.Event()


def in_worker():
    signal.signal(signal.SIGRTMIN, start)
    signal.signal(signal.SIGRTMIN + 1, write)
    threading.setprofile(wait_for_start)


def start(*_):
    started.set()
    profiles["event loop"] = cProfile.Profile()
    profiles["event loop"].enable()


def wait_for_start(*_):
    """The profile function of a new thread until the start; it then makes room for the real one."""
    if started.is_set():
        sys.setprofile(None)
        profiles[threading.current_thread().name] = profile = cProfile.Profile()
        profile.enable()


def write(*_):
    profiles["event loop"].disable()
    threads = {name: list(map(row, filter(in_python, profile.getstats()))) for name, profile in profiles.items()}
    path = os.environ["BENCH_PROFILE"]
    with open(path + ".part", "w") as file:
        json.dump(threads, file)
    os.rename(path + ".part", path)


def in_python(entry):
    return not isinstance(entry.code, str)


def row(entry):
    code = entry.code
    inner = [(call.code, call.inlinetime) for call in entry.calls or () if isinstance(call.code, str)]
    name = getattr(code, "co_qualname", code.co_name)
    return [code.co_filename, name, entry.callcount, entry.inlinetime, dict(inner)]


os.register_at_fork(after_in_child=in_worker)
