"""Large JSON texts, parsed piece by piece: no parser holds the interpreter lock for longer than a piece takes.

A long list or object is cut at commas between its items. Where to cut is guessed, and proven by the parser: the text
from an item's beginning to a comma, in brackets, is JSON only if that comma stands between two items, since a comma in
a string or further inside would leave something open. Where the guess is wrong, the brackets are counted.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

PIECE = 256 * 1024  # bytes; a few milliseconds
DEEPEST = 16  # lists and objects that are longer than a piece, one in another

TOO_MANY_DIGITS = "it holds a number of more digits than are read"

_OPEN, _QUOTE = b"[{", ord('"')
_CLOSER = {ord("["): b"]", ord("{"): b"}"}
_SPACE = re.compile(rb"[ \t\n\r]*")
_SCALAR = re.compile(rb"[^,\]}\s]+")
_BRACKET = re.compile(rb"[\[\]{}]")
_AFTER_ITEM = {ord("["): b"],", ord("{"): b"},", _QUOTE: b'",'}  # by an item's first byte: what a cut stands behind
_VALUE, _DELIMITER = "Expecting value", "Expecting ',' delimiter"
_KEY, _COLON = "Expecting property name enclosed in double quotes", "Expecting ':' delimiter"

_fast = msgspec.json.Decoder().decode
_REFUSALS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class NotJson(ValueError):
    """What is wrong, in the standard library's words, and at which byte."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class NotPlain(Exception):
    """A sink has got what it is not for."""


class Sink(Protocol):
    """What the items of one long list become."""

    def add(self, items: bytes) -> Any:
        """Take some items, as a JSON list. Returns what has their number as its length.

        Raises NotPlain, for what is no JSON, too: that may be a wrong guess.
        """

    def result(self) -> Any:
        """All of them."""


Sinks = Mapping[str, Callable[[], Sink]]


class _Values:
    """Items as they are."""

    def __init__(self, empty: Any) -> None:
        self._all = empty
        self._extend: Callable[[Any], None] = empty.extend if isinstance(empty, list) else empty.update

    def add(self, items: bytes) -> Any:
        found = _decode(items)
        self._extend(found)
        return found

    def put(self, key: Any, value: Any) -> None:
        """Take one item that was too long for a piece."""
        if isinstance(self._all, list):
            self._all.append(value)
        else:
            self._all[key] = value

    def result(self) -> Any:
        return self._all


def parse_pieces(text: bytes, sinks: Sinks) -> Any:
    """The value of a JSON text in UTF-8.

    ``sinks`` are for lists that are long values of the outermost object, by key. Raises NotJson, RecursionError for
    what is nested too deeply, and what a sink raises.
    """
    collects = gc.isenabled()
    gc.disable()  # it would look at all values again and again while there are ever more, and find nothing
    try:
        return _Walk(text, sinks).value()
    finally:
        if collects:
            gc.enable()


class _Walk:
    def __init__(self, text: bytes, sinks: Sinks) -> None:
        self._text = text
        self._sinks = sinks

    def value(self) -> Any:
        start = self._skip(0)
        value, end = self._long(start, 0, None)
        end = self._skip(end)
        if end < len(self._text):
            raise NotJson("Extra data", end)
        return value

    def _long(self, at: int, depth: int, key: str | None) -> tuple[Any, int]:
        """The value that begins at ``at``, and where it ends. ``key`` is its own in the outermost object."""
        text = self._text
        first = text[at : at + 1]
        if first and first in _OPEN:
            if key is not None and key in self._sinks and first == b"[":
                return self._items(at, depth, self._sinks[key]())
            return self._items(at, depth, _Values([] if first == b"[" else {}))
        if first == b'"':
            end = self._string_end(at)
        else:
            scalar = _SCALAR.match(text, at)
            end = scalar.end() if scalar is not None else at
        return self._piece(_decode, text[at:end], at, 0), end

    def _items(self, at: int, depth: int, sink: Sink) -> tuple[Any, int]:
        """A list or object that begins at ``at``, cut into pieces."""
        if depth >= DEEPEST:
            raise RecursionError
        text, opener = self._text, self._text[at : at + 1]
        closer = _CLOSER[opener[0]]
        at += 1
        first = True
        while True:
            window = text[at : at + PIECE]
            cut = _guess(window)
            if cut > 0:
                try:
                    if len(sink.add(opener + window[:cut] + closer)):
                        at += cut + 1
                        first = False
                        continue
                except (NotJson, NotPlain):
                    pass  # a wrong guess, or no JSON, whose place is found below
            cut, closed = _cut(window)
            if cut < 0:
                at = self._skip(at)
                if first and text[at : at + 1] == closer:
                    return sink.result(), at + 1
                at, closed = self._long_item(at, depth, opener, closer, sink)
                first = False
            else:
                count = self._piece(lambda items: len(sink.add(items)), opener + window[:cut] + closer, at, 1)
                if not count and not (first and closed):
                    raise NotJson(_VALUE if opener == b"[" else _KEY, self._skip(at))
                first = False
                at += cut + 1
            if closed:
                if text[at - 1 : at] != closer:
                    raise NotJson(_DELIMITER, at - 1)
                return sink.result(), at

    def _long_item(self, at: int, depth: int, opener: bytes, closer: bytes, sink: Sink) -> tuple[int, bool]:
        """An item that goes on behind a piece's length; where the next one begins, and whether there is none."""
        text, key = self._text, None
        if opener == b"{":
            if text[at : at + 1] != b'"':
                raise NotJson(_KEY, at)
            end = self._string_end(at)
            key = self._piece(_decode, text[at:end], at, 0)
            at = self._skip(end)
            if text[at : at + 1] != b":":
                raise NotJson(_COLON, at)
            at = self._skip(at + 1)
        if not isinstance(sink, _Values):
            raise NotPlain
        value, at = self._long(at, depth + 1, key if depth == 0 else None)
        sink.put(key, value)
        at = self._skip(at)
        delimiter = text[at : at + 1]
        if delimiter != b"," and delimiter != closer:
            raise NotJson(_DELIMITER, at)
        return at + 1, delimiter == closer

    def _piece(self, read: Callable[[bytes], Any], piece: bytes, at: int, added: int) -> Any:
        """What ``read`` makes of a piece that stands at ``at``, with so many bytes added before it."""
        try:
            return read(piece)
        except NotJson as error:
            raise NotJson(error.reason, at + error.at - added) from None

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found is not None else at

    def _string_end(self, at: int) -> int:
        """Where the string that begins at ``at`` ends."""
        start = at + 1
        while start < len(self._text):
            window = self._text[start : start + PIECE]
            if (len(window) - len(window.rstrip(b"\\"))) % 2 and start + len(window) < len(self._text):
                window = self._text[start : start + len(window) + 1]
            end = _unescaped(window).find(b'"')
            if end >= 0:
                return start + end + 1
            start += len(window)
        raise NotJson("Unterminated string starting at", at)


def _guess(window: bytes) -> int:
    """A comma that probably stands between items; less than 1 where none is seen."""
    found = _SPACE.match(window)
    start = found.end() if found is not None else 0
    if start == len(window):
        return -1
    behind = _AFTER_ITEM.get(window[start], b",")
    return window.rfind(behind) + len(behind) - 1 if behind in window else -1


def _cut(window: bytes) -> tuple[int, bool]:
    """Where the last comma between items is, or the bracket that ends them, and whether it is that; -1 for neither."""
    plain = _without_strings(window)
    depth, end, gap = 0, 0, -1
    for bracket in _BRACKET.finditer(plain):
        at = bracket.start()
        if plain[at] in _OPEN:
            if depth == 0:
                gap = max(gap, plain.rfind(b",", end, at))
            depth += 1
        elif depth == 0:
            return at, True
        else:
            depth -= 1
            end = at + 1
    return (gap if depth else max(gap, plain.rfind(b",", end))), False


def _without_strings(window: bytes) -> bytes:
    """Blanks in place of what strings hold; a string that does not end in the window is one up to its end."""
    if b'"' not in window:
        return window
    parts = _unescaped(window).split(b'"')
    parts[1::2] = [b" " * len(part) for part in parts[1::2]]
    return b'"'.join(parts)


def _unescaped(window: bytes) -> bytes:
    """Other bytes in place of escaped quotes."""
    return window.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in window else window


def _decode(text: bytes) -> Any:
    """The value of a short text; what msgspec refuses the standard library judges. Raises NotJson."""
    try:
        return _fast(text)
    except _REFUSALS:
        pass
    try:
        whole = str(text, "utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise NotJson("it is not UTF-8", error.start) from None
    try:
        return json.loads(whole)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, len(whole[: error.pos].encode("utf-8", "surrogatepass"))) from None
    except ValueError:  # an integer of more digits than Python reads
        raise NotJson(TOO_MANY_DIGITS, 0) from None
