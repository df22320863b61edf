"""A storage that is full, missing, slow or unreachable: nobody waits, nothing is there twice, losses are counted."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from scoredock.collection.stores import FolderStore, cause, open_store
from servers import wait_until


def store(collection, data, name="seen"):
    collection.take(collection.own_stream(name, None), data, "id-1")


def numbers(root: Path) -> list[int]:
    found = []
    for path in sorted(root.rglob("*.jsonl")):
        text = path.read_text()
        assert text.endswith("\n") or not text
        found += [json.loads(line)["feature_0"] for line in text.splitlines()]
    return found


def dropped(reason: str) -> float:
    name, labels = "scoredock_collected_dropped_total", {"collection": "seen", "reason": reason}
    return REGISTRY.get_sample_value(name, labels) or 0


def stored() -> float:
    return REGISTRY.get_sample_value("scoredock_collected_records_total", {"collection": "seen"}) or 0


@pytest.fixture
def small_files():
    """No file of this process may have more than 20 000 bytes: a disk that is full, as far as writing goes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_whole_lines_and_takes_the_rest_when_there_is_room(opened, tmp_path, small_files):
    collection = opened()
    for number in range(100):
        store(collection, [number])
    wait_until(lambda: numbers(tmp_path / "to") == list(range(100)))
    for number in range(100, 300):
        store(collection, [number])
    wait_until(lambda: collection._writer._failing)
    assert numbers(tmp_path / "to") == list(range(100))
    small_files()
    wait_until(lambda: numbers(tmp_path / "to") == list(range(300)))


def test_a_file_that_could_not_be_begun_is_not_left(tmp_path, small_files):
    store = FolderStore(tmp_path)
    with pytest.raises(OSError, match="too large"):
        store.create("data.csv", b"x" * 30_000)
    assert not (tmp_path / "data.csv").exists()
    small_files()
    assert store.create("data.csv", b"x" * 30_000)


def test_an_error_that_nobody_thought_of_does_not_end_the_writer(opened, tmp_path, monkeypatch, caplog):
    collection = opened()
    counts = collection._writer.counts

    def fails(*_):
        monkeypatch.undo()
        raise RuntimeError("no room for metrics")

    monkeypatch.setattr(counts, "stored", fails)
    store(collection, [1])
    wait_until(lambda: "no room for metrics" in caplog.text)
    store(collection, [2])
    wait_until(lambda: numbers(tmp_path / "to") == [1, 2])


def test_threads_that_count_first_at_the_same_time_share_one_metric():
    code = """
import builtins, sys, threading, time
from scoredock.collection.counts import Counts
sys.setswitchinterval(1e-6)
failed = []
threading.excepthook = lambda hook: failed.append(hook.exc_value)
go = threading.Barrier(8)
def count():
    go.wait()
    Counts().dropped("seen", "queue full", "x")
threads = [threading.Thread(target=count) for _ in range(8)]
[one.start() for one in threads]; [one.join() for one in threads]
print(failed)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_that_cannot_be_made_is_tried_again(opened, tmp_path, caplog):
    (tmp_path / "to").write_text("a file")
    collection = opened()
    store(collection, [1])
    wait_until(lambda: "cannot be written" in caplog.text)
    (tmp_path / "to").unlink()
    wait_until(lambda: numbers(tmp_path / "to") == [1])


def test_what_a_storage_refuses_for_too_long_is_dropped_and_counted(opened, tmp_path, caplog):
    (tmp_path / "to").write_text("a file")
    before = dropped("storage")
    collection = opened(writer={"give_up_s": 0})
    store(collection, [1])
    wait_until(lambda: dropped("storage") == before + 1)
    wait_until(lambda: "1 records of collection seen were dropped (storage)" in caplog.text)


@pytest.mark.parametrize(("limits", "held"), [({"max_records": 10}, 10), ({"max_bytes": 100_000}, 9)])
def test_a_full_queue_drops_the_newest_and_never_waits(opened, tmp_path, limits, held):
    before, stored_before = dropped("queue full"), stored()
    collection = opened(writer={"flush_s": 60, "opens": Stuck, **limits})
    started = time.monotonic()
    for number in range(50):
        store(collection, {"feature_0": number, "text": "x" * 10_000})
    assert time.monotonic() - started < 1
    Stuck.go.set()
    collection.close(20)
    assert numbers(tmp_path / "to") == list(range(held))
    assert dropped("queue full") == before + 50 - held
    assert stored() == stored_before + held


class Stuck(FolderStore):
    """A folder on a network that has gone away: it does not answer until ``go`` is set."""

    go = threading.Event()

    def __init__(self, target) -> None:
        super().__init__(Path(target.url))

    def append(self, path, head, data):
        self.go.wait(30)
        super().append(path, head, data)


@pytest.fixture(autouse=True)
def _unstick():
    Stuck.go.clear()
    yield
    Stuck.go.set()


def test_a_storage_that_hangs_does_not_hold_the_end_up(opened, caplog):
    before = dropped("shutdown")
    collection = opened(writer={"opens": Stuck})
    store(collection, [1])
    started = time.monotonic()
    collection.close(0.3)
    assert time.monotonic() - started < 5
    store(collection, [2])
    assert dropped("shutdown") == before + 2
    assert "dropped (shutdown)" in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_really_full(opened, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        collection = opened(to=str(disk))
        for number in range(1000):
            store(collection, [number])
        wait_until(lambda: collection._writer._failing)
        assert numbers(disk) in ([], list(range(len(numbers(disk)))))
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        wait_until(lambda: numbers(disk) == list(range(1000)))
    finally:
        collection.close()
        subprocess.run(["umount", str(disk)], check=True)


def test_the_default_folder_of_somebody_else_is_not_used(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        FolderStore(tmp_path / "data", private=True).append("x/y", b"", b"1")
    FolderStore(tmp_path / "fresh", private=True).append("x/y", b"", b"1")
    assert (tmp_path / "fresh").stat().st_mode & 0o077 == 0


def test_causes_hold_no_secrets():
    text = cause(RuntimeError("PUT https://a.blob/x?sig=abc%3D&se=1 failed, AccountKey=zzz;"))
    assert "abc" not in text
    assert "zzz" not in text


def test_a_store_is_opened_by_its_url(tmp_path):
    from scoredock.collection.targets import Target

    assert open_store(Target(str(tmp_path))).appends
    assert not open_store(Target("memory://x")).appends
