"""What run() prints and logs: line by line, with the id of its request."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from servers import InProcess, wait_until

Start = Callable[..., InProcess]
Lines = Callable[[], list[str]]


def ending(lines: list[str], end: str) -> list[str]:
    """The lines with a given end."""
    return [line for line in lines if line.endswith(end)]


def test_printed_lines_carry_the_id_of_their_request(text_script: Start, log_lines: Lines) -> None:
    service = text_script("print('scoring', data)\nprint('done')\nreturn data")
    for number in range(3):
        service.post(content=str(number), headers={"x-request-id": f"req-{number}"})
    for number in range(3):
        assert ending(log_lines(), f" scoredock.print - [req-{number}] scoring {number}")
        assert ending(log_lines(), f" - [req-{number}] done")


def test_what_the_script_logs_carries_it_too(text_script: Start, log_lines: Lines) -> None:
    service = text_script("logging.getLogger('mine').warning('careful'); return 1", head="import logging")
    service.post(headers={"x-request-id": "req-1"})
    assert ending(log_lines(), " mine - [req-1] careful")


def test_what_is_printed_while_importing_carries_none(text_script: Start, log_lines: Lines) -> None:
    text_script(head="print('loading the model')")
    assert ending(log_lines(), " scoredock.print - loading the model")


@pytest.mark.parametrize("body", ["return 1", "raise ValueError"])
def test_an_unfinished_line_comes_out_with_its_own_request(body: str, text_script: Start, log_lines: Lines) -> None:
    service = text_script(f"print(data, end='')\n{body}")
    service.post(content="first", headers={"x-request-id": "req-1"})
    service.post(content="second", headers={"x-request-id": "req-2"})
    assert ending(log_lines(), "[req-1] first")
    assert ending(log_lines(), "[req-2] second")


@pytest.mark.parametrize(
    "statement",
    ["sys.stdout = None", "sys.stdout = open(os.devnull, 'w'); sys.stdout.close()", "sys.stdout = object()"],
)
def test_a_script_that_breaks_its_standard_output_still_scores(statement: str, text_script: Start) -> None:
    service = text_script(f"{statement}\nreturn data", head="import os, sys")
    assert [service.post(content="x").json() for _ in range(2)] == ["x", "x"]


def test_each_scored_request_is_one_line_with_status_time_and_length(text_script: Start, log_lines: Lines) -> None:
    service = text_script()
    service.post("/score?a=1", content="12345", headers={"x-request-id": "req-1"})
    (line,) = wait_until(lambda: [line for line in log_lines() if "/score?a=1 " in line and "req-1" in line])
    message = line.partition(" scoredock.request - ")[2].split()
    assert message[:4] == ["[req-1]", "POST", "/score?a=1", "200"]
    assert message[4].endswith("ms")
    assert message[5] == "7"
