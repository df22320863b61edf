"""What a source of keys held when it was last good, in memory that the supervisor and its workers share.

A worker starts with it: its source may be gone by then, and clients with the right key are still to be admitted.
"""

from __future__ import annotations

import mmap
from hashlib import sha256

MAX_BYTES = 1024 * 1024
_LENGTH, _DIGEST = 8, 32
_HEAD = _LENGTH + _DIGEST


class LastGood:
    """At most ``MAX_BYTES`` bytes; made before the first fork. Any process may write and read, without a lock."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HEAD + MAX_BYTES)  # takes memory for what is written only

    def put(self, content: bytes) -> None:
        """Keep this from now on."""
        end = _HEAD + len(content)
        self._memory[_HEAD:end] = content
        self._memory[:_HEAD] = len(content).to_bytes(_LENGTH, "little") + sha256(content).digest()

    def get(self) -> bytes | None:
        """What is kept; None where nothing was, or where it is being written just now."""
        head = self._memory[:_HEAD]
        content = self._memory[_HEAD : _HEAD + int.from_bytes(head[:_LENGTH], "little")]
        return content if sha256(content).digest() == head[_LENGTH:] else None
