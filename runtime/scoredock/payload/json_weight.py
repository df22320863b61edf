"""How much memory a JSON text takes once it is parsed, estimated before anything is: one pass over its bytes.

A list of nothing is 3 bytes of text and 72 of memory; lists in lists are 42 times as large as their text. What counts
are brackets, commas and quotes, those inside strings too, so that the estimate is rather too high.
"""

from __future__ import annotations

from typing import Any

SLICE = 1024 * 1024  # bytes; counting holds the interpreter lock no longer than this takes, 2 ms

# Bytes of memory, as CPython 3.11 allocates them, garbage collector's header and place in the list around included.
A_LIST = 96  # with room for four items
A_DICT = 112  # beside what its keys take
A_KEY = 40  # its hash and places; its characters are mostly those of other keys
AN_ITEM = 40  # its place, and a number of up to 60 bits or a float; in an array the same number takes less
A_STRING = 48  # beside its characters
WIDEST = 4  # bytes of a character, of all of a string's when one of them is an emoji


def weight(text: bytes, width: int = 0) -> int:
    """About how many bytes the value of a JSON text takes in memory, each item ``width`` bytes more than usual."""
    lists = dicts = keys = items = quotes = 0
    wide = False
    for start in range(0, len(text), SLICE):
        end = start + SLICE
        lists += text.count(b"[", start, end)
        dicts += text.count(b"{", start, end)
        keys += text.count(b":", start, end)
        items += text.count(b",", start, end)
        quotes += text.count(b'"', start, end)
        wide = wide or text.find(b"\\u", start, end) >= 0 or not text[start:end].isascii()
    containers = lists * (A_LIST + width) + dicts * A_DICT + keys * A_KEY + items * (AN_ITEM + width)
    return containers + max(quotes // 2 - keys, 0) * A_STRING + len(text) * (WIDEST if wide and quotes else 1)


def text_width(type_: Any) -> int:
    """Bytes of each item of a schema type's arrays beyond a number's eight; 0 for what is no array."""
    dtype = getattr(getattr(type_, "sample_input", None), "dtype", None)
    return max(getattr(dtype, "itemsize", 8) - 8, 0) if getattr(type_, "enforce_column_type", False) else 0


def is_free(type_: Any) -> bool:
    """Whether a schema type makes arrays of any dtype: then each item has the length of the longest text."""
    return type(type_).__name__ == "NumpyParameterType" and not type_.enforce_column_type


def longest_text(text: bytes) -> int:
    """About how many bytes the longest string of a JSON text has."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    return max(map(len, text.split(b'"')[1::2]), default=0)
