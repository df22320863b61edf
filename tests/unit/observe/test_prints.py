"""What a script prints: line by line through logging, and a standard output that stays usable."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

import pytest

from scoredock.observe.prints import capture_prints

Lines = Callable[[], list[str]]


@pytest.fixture
def captured(configured: Callable[..., Lines]) -> Callable[[], Lines]:
    """Capture prints; returns a function that gives what was logged, without time and process."""

    def capture() -> Lines:
        lines = configured()
        capture_prints()
        return lambda: [line.partition(" - ")[2] for line in lines()]

    return capture


def test_each_print_is_a_line(captured: Callable[[], Lines]) -> None:
    printed = captured()
    print("one")
    print("two", 2, sep="-")
    print()
    assert printed() == ["one", "two-2", ""]


def test_lines_are_logged_under_their_own_logger(configured: Callable[..., Lines]) -> None:
    lines = configured()
    capture_prints()
    print("one")
    assert lines()[0].endswith(" scoredock.print - one")


def test_a_text_of_several_lines_becomes_several_records(captured: Callable[[], Lines]) -> None:
    printed = captured()
    print("one\ntwo")
    sys.stdout.writelines(["three\n", "four\n"])
    assert printed() == ["one", "two", "three", "four"]


def test_a_line_in_parts_is_one_record(captured: Callable[[], Lines]) -> None:
    printed = captured()
    print("one", end=" ")
    assert printed() == []
    print("line")
    assert printed() == ["one line"]


def test_flushing_shows_an_unfinished_line(captured: Callable[[], Lines]) -> None:
    printed = captured()
    print("loading", end="")
    sys.stdout.flush()
    assert printed() == ["loading"]
    print("done", flush=True)
    sys.stdout.flush()
    assert printed() == ["loading", "done"]


def test_the_request_id_is_on_every_line(captured: Callable[[], Lines], request_id: str) -> None:
    printed = captured()
    print("one\ntwo")
    assert printed() == [f"[{request_id}] one", f"[{request_id}] two"]


def test_percent_signs_and_unicode_stay(captured: Callable[[], Lines]) -> None:
    printed = captured()
    print("100 %s ☃")
    assert printed() == ["100 %s ☃"]


def test_threads_do_not_mix_their_lines(captured: Callable[[], Lines]) -> None:
    printed = captured()
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        for number in range(50):
            print(name, end=" ")
            print(number)

    threads = [threading.Thread(target=work, args=[f"thread{index}"]) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [f"thread{index} {number}" for index in range(4) for number in range(50)]
    assert sorted(printed()) == sorted(expected)


@pytest.mark.parametrize("force", [True, False])
def test_a_script_may_send_logging_to_standard_output(force: bool, configured: Callable[..., Lines]) -> None:
    """A handler on the captured stream must not feed itself."""
    lines = configured()
    capture_prints()
    if force:
        logging.basicConfig(stream=sys.stdout, level="INFO", force=True, format="- %(message)s")
    else:
        logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
    print("printed")
    logging.getLogger("of.the.script").info("logged")
    for word in ("printed", "logged"):
        assert 1 <= sum(word in line for line in lines()) <= 3


def test_a_logger_of_the_script_with_a_handler_on_standard_output_is_heard(captured: Callable[[], Lines]) -> None:
    printed = captured()
    mine = logging.getLogger("of.the.script.alone")
    mine.propagate = False
    mine.addHandler(logging.StreamHandler(sys.stdout))
    mine.warning("heard")
    assert printed() == ["heard"]


def test_standard_output_stays_a_stream_with_a_descriptor(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path_factory.mktemp("out") / "stdout"
    with path.open("w") as real:
        monkeypatch.setattr(sys, "stdout", real)
        capture_prints()
        assert sys.stdout is not real
        assert sys.stdout.fileno() == real.fileno()
        assert sys.stdout.encoding == real.encoding
        assert not sys.stdout.isatty()
        assert sys.stdout.writable()
        sys.stdout.buffer.write(b"\x00bytes")
        sys.stdout.buffer.flush()
    assert path.read_bytes() == b"\x00bytes"


def test_closing_it_does_not_end_it(captured: Callable[[], Lines]) -> None:
    printed = captured()
    sys.stdout.close()
    print("still here")
    assert printed() == ["still here"]


def test_capturing_twice_logs_once(captured: Callable[[], Lines]) -> None:
    printed = captured()
    capture_prints()
    print("one")
    assert printed() == ["one"]
