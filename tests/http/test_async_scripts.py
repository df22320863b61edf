"""Scripts whose init() and run() are async."""

from __future__ import annotations

from collections.abc import Callable

from servers import InProcess, wait_until

Start = Callable[..., InProcess]

SCRIPT = """
    import asyncio
    from azureml.contrib.services.aml_request import rawhttp
    import flask

    ended = []

    async def init():
        global lock
        lock = asyncio.Lock()

    DECORATOR
    async def run(data):
        asked = flask.request.get_data(as_text=True) if hasattr(data, "get_data") else data
        async with lock:
            if asked == "wait":
                try:
                    await asyncio.sleep(60)
                finally:
                    ended.append("cleaned up")
            if asked == "raise":
                raise ValueError("no")
            print("scoring")
            await asyncio.sleep(0)
            print("scored")
        return [asked, ended]
"""


def test_they_are_awaited_in_one_event_loop(in_process: Start, log_lines: Callable[[], list[str]]) -> None:
    service = in_process(SCRIPT.replace("DECORATOR", ""))
    assert service.post(content="x", headers={"x-request-id": "one"}).json() == ["x", []]
    assert [line for line in log_lines() if line.endswith("- [one] scored")]
    assert service.post(content="raise").status_code == 500
    assert service.post(content="x").json() == ["x", []]


def test_a_raw_one_has_its_request_while_it_waits(in_process: Start) -> None:
    service = in_process(SCRIPT.replace("DECORATOR", "@rawhttp"))
    assert service.post(content="x").json() == ["x", []]


def test_the_deadline_cancels_one_that_waits(in_process: Start, log_lines: Callable[[], list[str]]) -> None:
    service: InProcess = in_process(SCRIPT.replace("DECORATOR", ""), SCORING_TIMEOUT_MS="300")
    answer = service.post(content="wait")
    assert (answer.status_code, answer.json()) == (500, {"message": "Scoring timeout after 300 ms"})
    wait_until(lambda: service.post(content="x").json() == ["x", ["cleaned up"]])
    assert not [line for line in log_lines() if "could not be interrupted" in line]
    assert "await asyncio.sleep(60)" in [line.strip() for line in log_lines()]  # where it was
