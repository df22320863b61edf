"""What a storage promises, in a folder and in object stores."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scoredock.deploy.registry.open_storage import open_storage
from scoredock.deploy.registry.storage import Listing, without_credentials
from scoredock.errors import Busy, Refused, Unreachable


@pytest.fixture
def storage(location):
    return open_storage(location)


def test_a_key_is_created_once(storage):
    storage.create("models/a/1.json", b"first")
    with pytest.raises(FileExistsError):
        storage.create("models/a/1.json", b"second")
    assert storage.read("models/a/1.json") == b"first"


def test_a_missing_key_is_a_missing_file(storage):
    assert not storage.exists()
    for act in (storage.read, storage.open):
        with pytest.raises(FileNotFoundError):
            act("nothing.json").close()
    with pytest.raises(FileNotFoundError):
        storage.update("nothing.json", lambda data: data)
    storage.remove("nothing.json")
    storage.remove_tree("nothing")
    assert storage.read_many(["nothing.json"]) == {}
    assert storage.listing("nothing") == Listing([], [])
    assert storage.sizes("nothing") == {}


def test_what_is_written_is_listed_and_read_until_it_is_removed(storage):
    storage.write("kind/b.json", b"b")
    storage.write("kind/b.json", b"bb")
    storage.write("kind/folder/1.json", b"1")
    assert storage.exists()
    assert storage.listing("kind") == Listing(["folder"], ["b.json"])
    assert storage.sizes("kind") == {"b.json": 2, "folder/1.json": 1}
    found = storage.read_many(["kind/b.json", "kind/folder/1.json", "kind/none.json"])
    assert found == {"kind/b.json": b"bb", "kind/folder/1.json": b"1"}
    storage.remove("kind/b.json")
    assert storage.listing("kind") == Listing(["folder"], [])
    storage.remove_tree("kind")
    assert storage.sizes("kind") == {}


def test_updates_of_many_lose_nothing(storage):
    storage.create("counter.json", b"0")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: storage.update("counter.json", lambda data: b"%d" % (int(data) + 1)), range(20)))
    assert storage.read("counter.json") == b"20"


def test_a_change_that_raises_changes_nothing(storage):
    storage.create("a.json", b"as it was")

    def change(data):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.update("a.json", change)
    assert storage.read("a.json") == b"as it was"
    assert storage.update("a.json", lambda data: b"changed") == b"changed"


def test_files_come_and_go_with_their_hash(storage, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"abc" * 700_000)
    seen = []
    digest = storage.upload(source, "files/x/model.bin", seen.append)
    storage.seal("files/x")
    assert sum(seen) == storage.passes * 2_100_000
    assert storage.download("files/x/model.bin", target, seen.append) == digest
    assert target.read_bytes() == source.read_bytes()
    with storage.open("files/x/model.bin") as content:
        assert content.read(6) == b"abcabc"


def test_a_lock_is_held_by_one_who_is_named(storage):
    with storage.lock("named/deploy"):
        with pytest.raises(Busy) as caught, storage.lock("named/deploy"):
            pytest.fail("two hold the lock")
        with storage.lock("named/other"):
            pass
    assert str(caught.value).startswith(f"deploy is in use by process {os.getpid()} of host ")
    assert caught.value.since is not None
    with storage.lock("named/deploy"):
        pass


def test_who_waits_for_a_lock_gets_it(storage):
    taken = threading.Event()
    order = []

    def hold():
        with storage.lock("named/deploy"):
            taken.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(20)
    with storage.lock("named/deploy", wait_s=20):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", "", "."])
def test_no_key_leaves_the_storage(storage, key):
    with pytest.raises(Refused):
        storage.write(key, b"x")


def test_a_url_of_no_known_scheme_is_refused():
    with pytest.raises(Refused, match="nosuch://place: expected a folder, or a URL with s3://"):
        open_storage("nosuch://place")
    with pytest.raises(Refused, match="this one is none"):
        open_storage("s3://[bucket/folder")


def test_credentials_are_not_shown():
    assert without_credentials("az://user:secret@host/folder?sig=secret") == "az://host/folder"
    assert open_storage("memory://a/b").location == "memory://a/b"


def test_a_store_that_does_not_answer_is_unreachable(monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    options = {"config_kwargs": {"retries": {"total_max_attempts": 1}, "connect_timeout": 1}, "asynchronous": False}
    storage = open_storage("s3://unreachable/x", options)
    storage._fs.retries = 1
    with pytest.raises(Unreachable, match="s3://unreachable/x") as caught:
        storage.read("workspace.json")
    assert "hidden" not in str(caught.value)


def test_a_missing_bucket_is_named(s3_variables, monkeypatch):
    os.environ |= s3_variables
    with pytest.raises(Unreachable, match="no bucket or container of that name"):
        open_storage("s3://no-such-bucket/x").create("workspace.json", b"{}")
