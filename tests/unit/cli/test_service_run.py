"""What ``scoredock service run`` sends, without a service: the body is read before one is asked."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from scoredock.cli import service as commands


class Asked:
    """A service that remembers what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[str | bytes] = []

    def run(self, body: str | bytes, key: str | None, timeout_s: float | None) -> str:
        self.bodies.append(body)
        return "answer"


@pytest.fixture
def asked(monkeypatch):
    """A service in place of every other."""
    service = Asked()
    monkeypatch.setattr(commands, "_service", lambda name, workspace: service)
    return service


@pytest.mark.parametrize("options", [(), ("-d", "-"), ("-d", "@-")])
def test_a_body_from_standard_input(asked, options):
    done = CliRunner().invoke(commands.service, ["run", "churn", *options], input=b'{"data": [1, "\xc3\xa9"]}\n')
    assert (done.exit_code, done.stdout) == (0, "answer\n")
    assert asked.bodies == [b'{"data": [1, "\xc3\xa9"]}\n']


def test_a_body_from_a_file_and_from_the_command_line(asked, tmp_path):
    file = tmp_path / "request.json"
    file.write_bytes(b"\x00\xff{}")
    for data in (f"@{file}", '{"data": 1}'):
        assert CliRunner().invoke(commands.service, ["run", "churn", "-d", data]).exit_code == 0
    assert asked.bodies == [b"\x00\xff{}", '{"data": 1}']


def test_a_file_that_is_not_there_is_told(asked, tmp_path):
    done = CliRunner().invoke(commands.service, ["run", "churn", "-d", f"@{tmp_path}/nosuch.json"])
    assert done.exit_code == 1
    assert "nosuch.json" in done.stderr
    assert asked.bodies == []
