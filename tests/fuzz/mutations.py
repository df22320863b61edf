"""Valid requests, and what comes of them by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

JSON = b'{"data": [[1, 2]]}'
VALID = [
    b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /score?data=[[1,2]] HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    b"POST /score HTTP/1.1\r\nHost: a:5001\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + JSON,
    b"POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'9;a="b";c\r\n{"data": \r\n9\r\n[[1, 2]]}\r\n0\r\nX-Trailer: y\r\n\r\n',
    b"POST /score HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMA\r\nContent-Length: 18\r\n\r\n" + JSON,
    b"POST /score HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    b"POST /score HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /score HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"POST http://b/score HTTP/1.1\r\nHost: a\r\nX-Request-Id: x\r\nContent-Length: 5000\r\n\r\n" + b"z" * 5000,
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\r\nHEAD /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]
PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b";"),
    *(b"\x0b", b"\x0c", b"\x7f", b"\x85", b"\xff", b"\r\n\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"chunked", b"identity"),
    *(b"Transfer-Encoding: identity\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Host: b\r\n"),
    *(b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n", b"Expect: 100-continue\r\n"),
    *(b" HTTP/1.0", b"HTTP/2.0", b"RTSP/1.0", b"CONNECT ", b"PRI ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    *(b"0\r\n\r\n", b"FFFFFFFFFFFFFFFF", b"-1", b"+1", b"0x"),
]


def mutated(chance: random.Random) -> bytes:
    """One to three valid requests in a row, changed in up to four places."""
    data = bytearray(b"".join(chance.choices(VALID, k=chance.choice([1, 1, 2, 3]))))
    for _ in range(chance.choice([0, 1, 1, 2, 4])):
        change(data, chance, PIECES, _double_a_line)
    return bytes(data)


def change(
    data: bytearray,
    chance: random.Random,
    pieces: Sequence[bytes],
    otherwise: Callable[[bytearray, int, random.Random], None],
) -> None:
    """Change one place: a bit, a piece put in or over what is there, bytes left out or doubled, or ``otherwise``."""
    place = chance.randrange(len(data) + 1)
    end = min(len(data), place + chance.choice([1, 1, 2, 4, 8, 30]))
    what = chance.randrange(6)
    if what == 0 and place < len(data):
        data[place] ^= 1 << chance.randrange(8)
    elif what == 1:
        data[place:place] = chance.choice(pieces)
    elif what == 2:
        data[place:end] = chance.choice(pieces)
    elif what == 3:
        del data[place:end]
    elif what == 4:
        data[place:place] = data[place:end]
    else:
        otherwise(data, place, chance)


def _double_a_line(data: bytearray, _: int, chance: random.Random) -> None:
    """A line that comes twice, or a header's in front of it."""
    lines = bytes(data).split(b"\r\n")
    number = chance.randrange(len(lines))
    lines.insert(number, chance.choice([lines[number], chance.choice(PIECES).removesuffix(b"\r\n")]))
    data[:] = b"\r\n".join(lines)
