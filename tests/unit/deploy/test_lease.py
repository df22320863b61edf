"""Leases: locks in object stores that outlive their holders by two minutes at most."""

from __future__ import annotations

import json
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from scoredock.deploy.registry import lease
from scoredock.deploy.registry.open_storage import open_storage
from scoredock.errors import Busy
from servers import wait_until

KEY = "locks/named/web"


@pytest.fixture
def storage():
    return open_storage(f"memory://{secrets.token_hex(6)}")


def leave(storage, age_s: float, **more):
    renewed = datetime.now(timezone.utc) - timedelta(seconds=age_s)
    holder = {"pid": 1, "host": "elsewhere", "since": "2026-01-01T00:00:00+00:00", "token": "x"}
    storage.write(KEY, json.dumps({**holder, "renewed": renewed.isoformat(), **more}).encode())


def test_a_lease_of_another_machine_is_respected_while_it_is_renewed(storage):
    leave(storage, 60)
    with pytest.raises(Busy, match="web is in use by process 1 of host elsewhere since 2026-01-01"):
        storage.lock("named/web").__enter__()


@pytest.mark.parametrize("content", ["", "null", "{}", '{"host": "elsewhere"}'])
def test_a_lease_that_nobody_can_renew_is_taken_over(storage, content):
    storage.write(KEY, content.encode())
    with storage.lock("named/web"):
        assert json.loads(storage.read(KEY))["host"] != "elsewhere"


def test_a_lease_that_is_not_renewed_is_taken_over_by_one(storage):
    leave(storage, 121)
    outcomes = []
    together = threading.Barrier(4)

    def take():
        together.wait()
        try:
            with storage.lock("named/web"):
                outcomes.append("held")
                ended.wait(20)
        except Busy:
            outcomes.append("busy")

    ended = threading.Event()
    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(outcomes) == 4)
    ended.set()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy", "busy", "busy", "held"]


def test_a_holder_renews_its_lease(storage, monkeypatch):
    monkeypatch.setattr(lease, "_RENEWED_EVERY_S", 0.02)
    with storage.lock("named/web"):
        first = json.loads(storage.read(KEY))
        wait_until(lambda: json.loads(storage.read(KEY))["renewed"] > first["renewed"])
        assert json.loads(storage.read(KEY))["since"] == first["since"]
    assert storage.listing("locks/named").files == []


def test_a_lease_that_was_taken_over_is_left_to_its_new_holder(storage, monkeypatch):
    monkeypatch.setattr(lease, "_RENEWED_EVERY_S", 0.02)
    with storage.lock("named/web"):
        leave(storage, 0)
    assert json.loads(storage.read(KEY))["host"] == "elsewhere"


def test_a_store_without_conditional_replacement_updates_under_a_lease(storage):
    storage._replacer = None
    storage.create("counter.json", b"0")

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: storage.update("counter.json", lambda data: b"%d" % (int(data) + 1)), range(9)))
    assert storage.read("counter.json") == b"9"
