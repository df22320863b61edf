"""Every entry of the table, over real sockets: as many answers as it says, then the connection closed or usable."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers import InProcess, wait_until

from .answers import Answers
from .malformed import CASES, Case

SCRIPT = "def init(): pass\ndef run(data): return len(data)"
PATIENCE_S = 10
LAST = b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: last\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """One service for all entries: what one leaves behind, the next one meets."""
    folder: Path = tmp_path_factory.mktemp("malformed")
    (folder / "score.py").write_text(SCRIPT)
    service = InProcess({"entry_script": str(folder / "score.py")}, {"SCOREDOCK_MAX_BODY_MB": "1"}, folder)
    yield service
    service.close()


@pytest.fixture
def faults(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Lines of errors that were logged so far."""
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def connect(service: InProcess) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_gets_its_answers_and_no_other(case: Case, service: InProcess, faults: Callable[[], list[str]]) -> None:
    with connect(service) as client:
        client.sendall(case.data)
        answers = Answers(client, heads=case.data.startswith(b"HEAD "))
        assert [answers.next().status for _ in case.statuses] == case.statuses
        if case.open and answers.last.headers.get("connection") == "close":
            pass  # it waits for the rest of a body, and throws it away
        elif case.open:
            client.sendall(LAST)
            assert answers.next().headers["x-request-id"] == "last", "more than one answer to a request"
        else:
            assert answers.rest() == b""
    assert service.get("/livez").status_code == 200
    assert faults() == []


@pytest.mark.parametrize("case", [case for case in CASES if len(case.data) < 400], ids=lambda case: case.name)
def test_it_does_not_matter_how_it_is_cut(case: Case, service: InProcess, faults: Callable[[], list[str]]) -> None:
    with connect(service) as client:
        answers = Answers(client, heads=case.data.startswith(b"HEAD "))
        for byte in case.data:
            try:
                client.sendall(bytes([byte]))
            except OSError:  # refused, and closed
                break
        statuses = [answers.next().status for _ in case.statuses]
        if 100 in statuses or 100 in case.statuses:
            statuses, expected = [one for one in statuses if one != 100], [one for one in case.statuses if one != 100]
            assert statuses == expected[: len(statuses)]
        else:
            assert statuses == case.statuses
    assert faults() == []


def test_a_client_that_leaves_anywhere_harms_nobody(service: InProcess, faults: Callable[[], list[str]]) -> None:
    whole = [case.data for case in CASES if case.open and len(case.data) < 400]
    for data in whole:
        for place in range(0, len(data), 3):
            with connect(service) as client:
                client.sendall(data[:place])
    assert service.post(content="abc").json() == 3
    wait_until(lambda: not service.connections, what="the end of all connections")
    assert faults() == []
