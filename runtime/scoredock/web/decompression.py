"""Bodies that come compressed: ``Content-Encoding: gzip``.

What is quickly decompressed is at once, on the event loop; the rest in a thread of its own: on the event loop a
hundred megabytes would keep probes waiting, in a scoring thread other requests. zlib releases the interpreter lock.
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scoredock.errors import RequestProblem
from scoredock.web.intake import Intake

CODINGS = (b"gzip", b"x-gzip")  # two names of one thing: RFC 9110, section 8.4.1.3
NO_CODINGS = (b"", b"identity")
AT_ONCE = 16 * 1024  # bytes of a body that is decompressed at once, if that makes less than eight times as many
STEP = 64 * 1024  # bytes, in and out
ANY_RATIO = 4 * 1024 * 1024  # bytes that a body may become however short it came
MAX_MEMBERS = 10_000  # of one body: a gzip file may be several, one behind another
_GZIP = 16 + zlib.MAX_WBITS  # zlib's word for: with gzip's header and checksum


class Decompression:
    """One body's way out of gzip.

    ``intake`` says how large it may become, at all and by what it came as; at most 64 KiB more are ever made.
    """

    def __init__(self, body: bytes, intake: Intake) -> None:
        self._body = memoryview(body)
        self._at = 0
        self._rest = b""  # of what was read, and not decompressed yet
        self._intake = intake
        self._most = max(intake.max_gzip_ratio * len(body), ANY_RATIO)
        self._size = 0
        self._made = io.BytesIO()  # gives its bytes away uncopied
        self._stream = zlib.decompressobj(_GZIP)
        self._members = 1

    @property
    def body(self) -> bytes:
        """What ``advance`` has made."""
        return self._made.getvalue()

    def give_up(self) -> None:
        """Nobody waits for it any more: let its bytes go, and have whatever thread is at it end with RequestProblem.

        What clients send that leave at once would wait here, and ``intake`` would know nothing of it.
        """
        self._body = memoryview(b"")
        self._made = io.BytesIO()

    def finish(self) -> None:
        """Decompress all of it. Raises RequestProblem like ``advance``."""
        self.advance(self._intake.max_body + STEP)

    def advance(self, most: int) -> bool:
        """Decompress about ``most`` bytes more; whether that was all.

        Raises RequestProblem: 413 for more than may be, 400 for what is not gzip, not complete, or has something
        behind it.
        """
        goal = self._size + most
        while self._size < goal:
            if self._stream.eof:
                if not self._rest and self._at >= len(self._body):
                    return True
                self._next_member()
            if not self._rest:
                self._rest = bytes(self._body[self._at : self._at + STEP])
                self._at += len(self._rest)
            self._step()
        return False

    def _step(self) -> None:
        try:
            piece = self._stream.decompress(self._rest, STEP)
        except zlib.error as error:
            raise _broken(str(error).partition(": ")[2] or str(error)) from None
        if not piece and not self._rest and not self._stream.eof:
            raise _broken("it ends too early")
        self._rest = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        self._size += len(piece)
        if self._size > self._intake.max_body:
            raise self._intake.too_large(f"more than {self._intake.max_body} bytes when it is decompressed")
        if self._size > self._most:
            raise RequestProblem(
                413,
                f"The body is more than {self._intake.max_gzip_ratio} times as large when it is decompressed. The "
                "setting is SCOREDOCK_MAX_GZIP_RATIO.",
            )
        self._made.write(piece)

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise _broken(f"it has more than {MAX_MEMBERS} members")
        self._stream = zlib.decompressobj(_GZIP)


class Decompressor:
    """Decompresses the bodies of one worker that take longer, in a thread of its own, one after another.

    One at a time: what they take together is one body's memory, beside the compressed ones.
    """

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None

    def start(self, work: Decompression, done: Callable[[BaseException | None], None]) -> None:
        """Finish ``work``; then ``done`` is called on this event loop, with what was raised."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "decompression")
        future = asyncio.get_running_loop().run_in_executor(self._thread, work.finish)
        future.add_done_callback(lambda finished: done(finished.exception()))


def _broken(reason: str) -> RequestProblem:
    return RequestProblem(400, f"The body could not be decompressed as gzip (Content-Encoding): {reason}")
