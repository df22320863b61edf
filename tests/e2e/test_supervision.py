"""Starting, dying, replacing and ending workers, seen from outside."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from servers import TRUSTS_NOBODY, wait_until

PID_SCRIPT = """
    import os, time

    def init():
        pass

    def run(data):
        if data.startswith("sleep"):
            print("scoring", data)
            time.sleep(float(data.split()[1]))
        if data == "die":
            os.kill(os.getpid(), 9)
        return os.getpid()
"""


def test_a_worker_that_dies_is_replaced(serve):
    server = serve(PID_SCRIPT)
    before = server.post(content="x").json()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: server.is_ready() and server.post(content="x").json() != before)
    assert "SIGKILL, perhaps out of memory" in server.output


def test_workers_that_keep_dying_by_themselves_end_the_server_with_the_cause(serve):
    server = serve(
        """
        import os, threading

        def init():
            threading.Timer(1.0, os.kill, [os.getpid(), 9]).start()

        def run(data):
            return data
        """,
        wait=False,
    )
    assert server.process.wait(60) == 4
    assert server.output.count("died while it was idle, with no client: SIGKILL") == 6  # once more in the last line
    assert "5 workers died in a row" in server.last_line
    assert "SIGKILL" in server.last_line


def test_sigterm_finishes_what_is_in_flight_and_exits_0(serve):
    server = serve(PID_SCRIPT)
    with ThreadPoolExecutor(3) as clients:
        answers = [clients.submit(server.post, content="sleep 0.5") for _ in range(3)]
        wait_until(lambda: "scoring sleep 0.5" in server.output)
        time.sleep(0.2)  # the others have to be inside; nothing outside shows that they are
        assert server.end() == 0
        assert [one.result().status_code for one in answers] == [200, 200, 200]


def test_what_is_not_done_by_the_drain_deadline_gets_503(serve):
    server = serve(PID_SCRIPT, SCOREDOCK_DRAIN_TIMEOUT_S="1")
    with ThreadPoolExecutor(1) as clients:
        answer = clients.submit(server.post, content="sleep 20")
        wait_until(lambda: "scoring sleep 20" in server.output)
        started = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - started < 5
        assert answer.result().status_code == 503
        assert answer.result().headers["retry-after"] == "1"
    over = "the time to drain (1 s) is over; requests that get 503: 1, connections still open: 1."
    assert over in server.output


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
def test_sigint_and_a_second_signal_end_sooner(serve, signals):
    server = serve(PID_SCRIPT)
    with ThreadPoolExecutor(1) as clients:
        answer = clients.submit(server.post, content="sleep 20")
        wait_until(lambda: "scoring sleep 20" in server.output)
        started = time.monotonic()
        for sig in signals:
            server.process.send_signal(sig)
            time.sleep(0.3)
        assert server.process.wait(10) == 0
        assert time.monotonic() - started < 5
        assert answer.exception() is not None or answer.result().status_code == 503


def test_a_stop_is_announced_once_and_says_how_long_it_may_take(serve):
    for sig, said in ((signal.SIGINT, "Stopping: what is in flight has 1 s."), (signal.SIGTERM, "has 30 s.")):
        server = serve(PID_SCRIPT)
        assert server.end(sig) == 0
        assert server.output.count("Stopping: ") == 1
        assert said in server.output


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_to_one_worker_alone_ends_it_and_is_told_as_that(serve, sig):
    server = serve(PID_SCRIPT)
    for _ in range(6):  # as many deaths would end the server
        (before,) = children_of(server.process.pid)
        os.kill(before, sig)
        wait_until(lambda before=before: server.is_ready() and children_of(server.process.pid) - {before})
        wait_until(lambda before=before: before not in children_of(server.process.pid), what="its end")
        wait_until(lambda: server.post(content="x").status_code == 200, what="its successor")
        assert f"Worker {before} ends at a signal that was sent to it alone" in server.output
    assert "died" not in server.output
    assert server.end() == 0


def test_a_worker_that_is_told_to_end_while_it_starts_is_no_death(serve):
    server = serve(SLOW_INIT, wait=False)
    wait_until(lambda: server.phase == "init")
    (before,) = children_of(server.process.pid)
    os.kill(before, signal.SIGTERM)
    wait_until(lambda: before not in children_of(server.process.pid) and server.phase == "init", what="a successor")
    assert f"Worker {before} ends at a signal that was sent to it alone" in server.output
    assert "died" not in server.output


def test_a_worker_that_stands_still_is_not_ready_on_the_health_port(serve):
    server = serve(PID_SCRIPT, SEPARATE_HEALTH_ENDPOINT="true")
    ask = lambda path: httpx.get(f"http://127.0.0.1:{server.health_port}{path}", verify=TRUSTS_NOBODY)  # noqa: E731
    assert ask("/readyz").status_code == 200
    worker = server.post(content="x").json()
    os.kill(worker, signal.SIGSTOP)
    wait_until(lambda: ask("/readyz").status_code == 503, 10, "the truth")
    assert ask("/readyz").json()["phase"] == "unresponsive"
    assert ask("/livez").status_code == 200
    os.kill(worker, signal.SIGCONT)
    wait_until(lambda: ask("/readyz").status_code == 200, 10, "the truth")
    assert server.post(content="x").json() == worker


@pytest.mark.parametrize("workers", [1, 2])
def test_reloads_in_quick_succession_never_start_more_than_twice_as_many_workers_and_one(serve, workers):
    server = serve(SLOW_INIT, "--worker_count", str(workers), wait=False)
    folder = server.output_file.parent
    (folder / "go").touch()
    server.wait_until_ready()
    wait_until(lambda: server.output.count("is ready") == workers, what="all workers")
    first = children_of(server.process.pid)
    (folder / "go").unlink()
    with sampled(lambda: len(children_of(server.process.pid))) as numbers:
        for _ in range(8):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)  # a person's pace; workers are still in init()
        assert first < children_of(server.process.pid)  # they serve until others can
        assert server.post(content="x").json() == "x"
        (folder / "go").touch()
        wait_until(lambda: not first & children_of(server.process.pid), what="the end of the first workers")
    assert max(numbers) <= 2 * workers + 1
    wait_until(lambda: len(children_of(server.process.pid)) == workers, what="as many workers as before")
    assert server.end() == 0


def test_changes_in_quick_succession_never_start_more_than_three_for_one_worker(serve, write_script):
    answers = "import time\n\ndef init():\n    time.sleep(1)\n\ndef run(data):\n    return {!r}\n"
    server = serve(write_script(answers.format(0)), "--reload")
    with sampled(lambda: len(children_of(server.process.pid))) as numbers:
        for number in range(1, 8):
            write_script(answers.format(number))
            time.sleep(0.4)  # longer than files are looked at, shorter than init()
        wait_until(lambda: server.post(content="x").json() == 7, what="the last script")
    assert max(numbers) <= 3
    assert server.end() == 0


def test_sighup_replaces_the_workers_without_a_gap(serve):
    server = serve(PID_SCRIPT, "--worker_count", "2")
    before = {server.post(content="x").json() for _ in range(30)}
    server.process.send_signal(signal.SIGHUP)

    def replaced():
        answer = server.post(content="x")
        assert answer.status_code == 200
        return answer.json() not in before

    for _ in range(5):
        wait_until(replaced)
    assert server.end() == 0


def test_init_runs_once_in_all_with_preload(serve, tmp_path):
    script = f"""
        import os

        def init():
            global pid
            pid = os.getpid()
            with open({str(tmp_path / "inits")!r}, "a") as file:
                file.write("init\\n")

        def run(data):
            return [pid, os.getpid()]
    """
    server = serve(script, "--worker_count", "2", WORKER_PRELOAD="true")
    loaded_by, _ = server.post(content="x").json()
    assert loaded_by == server.process.pid
    wait_until(lambda: len({server.post(content="x").json()[1] for _ in range(20)}) == 2)
    assert (tmp_path / "inits").read_text() == "init\n"


SLOW_INIT = """
    import time, pathlib

    def init():
        while not pathlib.Path("go").exists():
            time.sleep(0.01)

    def run(data):
        return data
"""


@pytest.mark.parametrize("preload", ["false", "true"])
def test_health_answers_while_init_runs(serve, tmp_path, preload):
    server = serve(SLOW_INIT, wait=False, WORKER_PRELOAD=preload, SEPERATE_HEALTH_ENDPOINT="true")
    separate = f"http://127.0.0.1:{server.health_port}"

    def answers():
        try:
            return httpx.get(f"{separate}/livez", verify=TRUSTS_NOBODY).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(answers)
    wait_until(lambda: preload == "true" or server.phase == "init")
    for base in (separate, server.url):
        assert httpx.get(f"{base}/livez", verify=TRUSTS_NOBODY).status_code == 200
        not_ready = httpx.get(f"{base}/readyz", verify=TRUSTS_NOBODY)
        assert not_ready.status_code == 503
        assert not_ready.json()["phase"] in ("init", "starting")
    refused = server.post(content="x" * 100_000)
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    (tmp_path / "go").touch()
    server.wait_until_ready()
    wait_until(lambda: httpx.get(f"{separate}/readyz", verify=TRUSTS_NOBODY).status_code == 200)
    assert server.post(content="x").json() == "x"
    assert httpx.get(f"{separate}/nope", verify=TRUSTS_NOBODY).status_code == 404


def test_health_answers_while_every_worker_scores(serve):
    server = serve(PID_SCRIPT, SEPARATE_HEALTH_ENDPOINT="true")
    with ThreadPoolExecutor(1) as clients:
        busy = clients.submit(server.post, content="sleep 1.5")
        wait_until(lambda: "scoring sleep 1.5" in server.output)
        for base in (server.url, f"http://127.0.0.1:{server.health_port}"):
            for path in ("/", "/livez", "/readyz"):
                started = time.monotonic()
                assert httpx.get(base + path, verify=TRUSTS_NOBODY).status_code == 200
                assert time.monotonic() - started < 0.5
        assert not busy.done()
        assert busy.result().status_code == 200


def test_a_long_init_is_no_worker_timeout(serve):
    server = serve(
        """
        import time

        def init():
            time.sleep(4)

        def run(data):
            return data
        """,
        WORKER_TIMEOUT="2",
    )
    assert "gave no sign of life" not in server.output


@pytest.mark.parametrize("preload", ["false", "true"])
def test_sigterm_during_init_ends_at_once(serve, preload):
    server = serve(SLOW_INIT, wait=False, WORKER_PRELOAD=preload, SEPARATE_HEALTH_ENDPOINT=preload)
    wait_until(lambda: server.phase == "init")
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 3


def test_workers_end_when_the_supervisor_is_gone(serve):
    server = serve(PID_SCRIPT)
    worker = server.post(content="x").json()
    server.process.kill()
    server.process.wait()
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), what="the end of the worker")


def test_a_worker_holds_nothing_of_the_supervisors_listener(serve):
    server = serve(PID_SCRIPT, SEPARATE_HEALTH_ENDPOINT="true")
    worker = server.post(content="x").json()

    def listening(pid):
        inodes = {
            line.split()[9]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == server.health_port
        }
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
        return any(f"socket:[{inode}]" in links for inode in inodes)

    assert listening(server.process.pid)
    assert not listening(worker)


def test_sigterm_lets_an_upload_come_in_and_be_answered(serve):
    server = serve(PID_SCRIPT)
    with half_sent(server) as client:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Stopping" in server.output)
        time.sleep(0.3)  # the worker is told; nothing outside shows that it has heard
        client.sendall(b"56789")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert server.process.wait(10) == 0


def test_an_upload_that_does_not_come_in_is_cut_at_the_drain_deadline(serve):
    server = serve(PID_SCRIPT, SCOREDOCK_DRAIN_TIMEOUT_S="1")
    with half_sent(server) as client:
        started = time.monotonic()
        assert server.end() == 0
        assert 0.9 < time.monotonic() - started < 5
        assert client.recv(100) == b""


def children_of(pid):
    """The process ids of a process's children."""
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@contextmanager
def sampled(look):
    """A list to which what ``look`` returns is added every 20 ms."""
    seen, over = [look()], threading.Event()

    def work():
        while not over.wait(0.02):
            seen.append(look())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@contextmanager
def half_sent(server):
    """A connection on which half of a request has come to the worker."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(
            b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nPOST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234"
        )
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")  # what came in the same piece was read, too
        yield client
