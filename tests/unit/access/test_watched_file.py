"""Files of secrets: read when they hold still, kept when they are spoilt, and known to workers that start later."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.access import watched_file
from scoredock.access.last_good import MAX_BYTES, LastGood
from scoredock.access.watched_file import WatchedFile
from scoredock.errors import SettingError
from servers import wait_until


def text_in(content: bytes) -> bytes:
    if not content:
        raise ValueError("is empty.")
    return content


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("one")
    return path


@pytest.fixture
def watched(file: Path, monkeypatch: pytest.MonkeyPatch) -> WatchedFile[bytes]:
    """A loaded one, whose thread does not run."""
    monkeypatch.setattr(watched_file, "LOOK_EVERY_S", 0.01)
    made = WatchedFile("SECRET_FILE", file, text_in)
    made.load()
    return made


def in_a_child(work: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_what_is_written_in_pieces_is_not_read_half(watched: WatchedFile[bytes], file: Path) -> None:
    with file.open("w") as writer:
        watched.look()
        for piece in ("tw", "o-and-", "more"):
            writer.write(piece)
            writer.flush()
            watched.look()
            assert watched.value == b"one"
    watched.look()
    assert watched.value == b"two-and-more"


def test_a_file_that_is_empty_for_a_moment_is_no_error(
    watched: WatchedFile[bytes], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text("")
    watched.look()
    file.write_text("two")
    for _ in range(2):
        watched.look()
    assert watched.value == b"two"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_change_that_leaves_size_and_time_as_they_were_is_seen(watched: WatchedFile[bytes], file: Path) -> None:
    times = file.stat()
    file.write_text("two")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    for _ in range(2):
        watched.look()
    assert watched.value == b"two"


def test_the_start_waits_for_a_file_that_is_being_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = iter([b"-and", b"-more"])

    def write_on(seconds: float) -> None:
        with file.open("ab") as writer:
            writer.write(next(rest, b""))

    monkeypatch.setattr(watched_file.time, "sleep", write_on)
    os.utime(file)
    made = WatchedFile("SECRET_FILE", file, text_in)
    made.load()
    assert made.value == b"one-and-more"


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("")], ids=["gone", "empty"])
def test_a_worker_that_starts_later_has_what_was_last_good(
    spoil: Callable[[Path], object], watched: WatchedFile[bytes], file: Path
) -> None:
    def take_another_one() -> None:  # as a worker does; the supervisor does not look
        file.write_text("two")
        for _ in range(2):
            watched.look()
        assert watched.value == b"two"

    in_a_child(take_another_one)
    spoil(file)
    assert watched.value == b"one"

    def start() -> None:
        watched.start()
        assert watched.value == b"two"
        for _ in range(3):
            watched.look()
        assert watched.value == b"two"

    in_a_child(start)


def test_a_worker_looks_by_itself(watched: WatchedFile[bytes], file: Path) -> None:
    watched.start()
    file.write_text("two")
    wait_until(lambda: watched.value == b"two")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_that_may_not_be_read_names_the_user(file: Path) -> None:
    file.chmod(0o600)

    def load() -> None:
        os.seteuid(12345)
        with pytest.raises(SettingError, match=r"SECRET_FILE: .* may not be read by user 12345.*chown 12345"):
            WatchedFile("SECRET_FILE", file, text_in).load()

    in_a_child(load)


def test_what_was_last_good_is_seen_by_all_processes_and_whole() -> None:
    shared = LastGood()
    assert shared.get() is None
    for content in (b"short", b"", b"x" * MAX_BYTES, b"again"):
        in_a_child(lambda content=content: shared.put(content))
        assert shared.get() == content
    shared._memory[41:42] = b"!"  # a write that is under way
    assert shared.get() is None
