"""Scripts that are late in many ways, and whether a server goes on after each: as if nothing had been interrupted.

``run("x")`` is late, ``run("check")`` says ``"ok"`` when everything is whole.
"""

from __future__ import annotations

import http.client
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from servers import Server

PATIENCE_S = 10.0
TIMEOUT_MS = 30  # of SCORING_TIMEOUT_MS

_LOCKED = """
    def check():
        if not lock.acquire(timeout=1):
            return "the lock is held"
        lock.release()
        return "ok"
"""
_PLAIN = """
    def check():
        return "ok"
"""
_BUSY = """
    def busy(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            sum(i * i for i in range(200))
"""

# What a script has at its top, and what it does over and over in run().
BODIES = {
    "prints": (_PLAIN, "print('still working')"),
    "prints dots": (_PLAIN, "print('.', end='')"),
    "logs": (_PLAIN, "log.info('still working')"),
    "logs records of its own": (
        """
    class Record(logging.LogRecord):
        pass

    logging.setLogRecordFactory(Record)
"""
        + _PLAIN,
        "log.info('still working')",
    ),
    "sleeps 1 ms": (_PLAIN, "time.sleep(0.001)"),
    "sleeps 10 ms": (_PLAIN, "time.sleep(0.01)"),
    "computes 10 ms between prints": (_PLAIN + _BUSY, "busy(0.01)\nprint('step')"),
    "computes 50 ms between prints": (_PLAIN + _BUSY, "busy(0.05)\nprint('step')"),
    "computes in native code": (_PLAIN, "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 5000)"),
    "holds a lock": (_LOCKED, "with lock: sum(range(20))"),
    "holds a lock and sleeps": (_LOCKED, "with lock: time.sleep(0.001)"),
    "holds a lock with try": (_LOCKED, "lock.acquire()\ntry: sum(range(20))\nfinally: lock.release()"),
    "holds a lock of its own": (
        """
    @contextlib.contextmanager
    def locked():
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
"""
        + _LOCKED,
        "with locked(): sum(range(20))",
    ),
    "holds a lock by methods of other names": (
        """
    class Held:
        def take(self):
            lock.acquire()
            self.times = sum(range(20))

        def give(self, *_):
            self.times = sum(range(20))
            lock.release()

        __enter__, __exit__ = take, give

    held = Held()
"""
        + _LOCKED,
        "with held: sum(range(20))",
    ),
    "puts and gets": (
        """
    things = queue.Queue()

    def check():
        things.put(1, timeout=1)
        things.get(timeout=1)
        return "ok"
""",
        "things.put(1)\nthings.get()",
    ),
    "counts by a class": (
        """
    class Depth:
        now = 0

        def __enter__(self):
            before = Depth.now
            sum(range(50))
            Depth.now = before + 1

        def __exit__(self, *_):
            sum(range(50))
            Depth.now -= 1

    def check():
        return "ok" if Depth.now == 0 else f"{Depth.now} deep"
""",
        "with Depth(): sum(range(50))",
    ),
    "imports late": (
        """
    def check():
        module = sys.modules.get("parts")
        return "ok" if module is None or module.whole else "half a module"
""",
        "for name in [name for name in sys.modules if name.startswith('parts')]: del sys.modules[name]\n"
        "import parts\n"
        "while True: pass",
    ),
}
# Python 3.13 stops neither before a library's function, where the one is nearly all the time, nor before the end of a
# "with", where the others are: their workers may have to be replaced.
SELDOM_SEEN = {"puts and gets", "holds a lock and sleeps"}
if sys.version_info >= (3, 13):
    SELDOM_SEEN.add("holds a lock by methods of other names")
# A package that takes 90 ms to import: three times the deadline.
PARTS = {
    "parts/__init__.py": "whole = False\nfrom parts import a, b, c\nwhole = a.whole and b.whole and c.whole\n",
    **{
        f"parts/{name}.py": "import time\nend = time.monotonic() + 0.03\nwhile time.monotonic() < end: sum(range(20))\n"
        "whole = True\n"
        for name in "abc"
    },
}


def script(name: str) -> str:
    """The entry script of that name."""
    top, body = BODIES[name]
    again = "\n".join(" " * 12 + line for line in body.splitlines())
    return f"""
    import contextlib, hashlib, logging, queue, sys, threading, time

    log = logging.getLogger("mine")
    log.setLevel(logging.INFO)
    lock = threading.Lock()
{top}
    def init():
        pass

    def run(data):
        if data == "check":
            return check()
        while True:
{again}
"""


@dataclass
class Watched:
    """What a server answers while ``/livez`` is asked all the time, from a thread."""

    server: Server
    slowest_ms: list[float] = field(default_factory=list)

    def __enter__(self) -> Watched:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def post(self, content: str) -> tuple[int, bytes]:
        """Status and body; over a connection of its own."""
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            client.request("POST", "/score", content)
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def _ask(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        while not self._ended.wait(0.01):
            started = time.monotonic()
            try:
                client.request("GET", "/livez")
                client.getresponse().read()
            except OSError:
                client.close()
            self.slowest_ms.append((time.monotonic() - started) * 1000)
        client.close()


def hold(server: Server, rounds: int) -> Watched:
    """Meet so many deadlines. After each the next request is answered, and finds everything whole.

    On a busy machine, a check may be late itself. A thread that was given up may still hold what it holds, for a while;
    and a worker that has given up too many says 503 until it is replaced.
    """
    with Watched(server) as watched:
        for number in range(rounds):
            status, body = watched.post("x")
            assert status == 503 or b"Scoring timeout" in body, (number, status, body)
            until = time.monotonic() + PATIENCE_S
            answer = watched.post("check")
            while answer != (200, b'"ok"') and time.monotonic() < until:
                time.sleep(0.05)
                answer = watched.post("check")
            assert answer == (200, b'"ok"'), (number, answer)
    watched.slowest_ms.sort(reverse=True)
    return watched
