"""Answers as strictly as can be: what is not exactly HTTP/1.1 fails the test."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

_HEAD = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\0\r\n]*\r\n)*)\r\n")
SERVERS_FAULT = b"An unexpected internal error"


@dataclass
class Answer:
    """One answer; headers' names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Answers:
    """The answers that come over a socket; to HEAD requests where ``heads`` says so."""

    def __init__(self, client: socket.socket, heads: bool = False) -> None:
        self._client = client
        self._heads = heads
        self._data = b""
        self.last = Answer(0, {}, b"")

    def next(self) -> Answer:
        """The next one, however many bytes it has."""
        while b"\r\n\r\n" not in self._data:
            self._more()
        answer, length = _head(self._data)
        self.last = answer
        self._data = self._data[len(self._data) - length :]
        if self._heads or answer.status in (100, 204, 304):
            return answer
        size = int(answer.headers["content-length"])
        while len(self._data) < size:
            self._more()
        answer.body, self._data = self._data[:size], self._data[size:]
        assert SERVERS_FAULT not in answer.body
        return answer

    def rest(self) -> bytes:
        """What comes until the server closes."""
        while True:
            try:
                self._more()
            except (EOFError, ConnectionResetError):
                return self._data

    def _more(self) -> None:
        piece = self._client.recv(65536)
        if not piece:
            raise EOFError(f"the server closed; what had come: {self._data[:200]!r}")
        self._data += piece


def _head(data: bytes) -> tuple[Answer, int]:
    """The answer's head, and how many bytes are behind it."""
    found = _HEAD.match(data)
    assert found, f"no answer of HTTP/1.1: {data[:200]!r}"
    lines = [line.partition(b": ") for line in found[2].split(b"\r\n") if line]
    headers = {name.decode().lower(): value.decode("latin-1") for name, _, value in lines}
    return Answer(int(found[1]), headers, b""), len(data) - found.end()


def all_answers(data: bytes) -> list[Answer]:
    """Answers to requests other than HEAD, as they follow upon each other; the last one may end early."""
    answers = []
    while data:
        answer, left = _head(data)
        data = data[len(data) - left :]
        size = int(answer.headers.get("content-length", "0"))
        answer.body, data = data[:size], data[size:]
        answers.append(answer)
    return answers
