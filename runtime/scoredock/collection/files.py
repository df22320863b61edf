"""The files that one process writes: which names they have, what goes to them, what could not be written yet.

A file that can be added to grows by one write a flush. Elsewhere (object stores, Parquet) a file is written whole again
at each flush until it has PART_BYTES or its period is over; then the next part begins. Writing whole makes a retry
harmless: nothing is there twice when a store has taken what it seemed to refuse.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from scoredock.collection.formats import Format, Piece
from scoredock.collection.names import instance
from scoredock.collection.stores import Store
from scoredock.collection.targets import Target

PART_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Place:
    """A folder below a root, in one period. ``shared`` is the file's name for the first process that takes it; all
    others, and all without one, have the process's own name in theirs."""

    target: Target
    folder: str
    shared: str = ""


class Stream(Protocol):
    """One collection: where its records go and how they are written."""

    @property
    def collection(self) -> str:
        """Its name, in metrics and logs."""

    @property
    def format(self) -> Format:
        """Its files' format."""

    def place(self, when: float) -> Place:
        """Where what was collected at a time goes."""

    def piece(self, item: Item) -> Piece:
        """What a file gets for an item. Raises ValueError for data that it cannot be."""


@dataclass(frozen=True)
class Item:
    """One call of collect(): a snapshot, and what it is about. ``size`` is what it holds of the queue's bytes."""

    stream: Stream
    when: float
    data: Any
    correlation: str
    request_id: str
    size: int


class File:
    """The file, one part after the other, of one process at one place with one set of columns."""

    def __init__(self, place: Place, form: Format, columns: tuple[str, ...] | None, numbers: Iterator[int]) -> None:
        self.place = place
        self.waiting: list[tuple[Item, Piece]] = []
        self._format = form
        self._columns = columns
        self._numbers = numbers
        self._name = ""
        self._written: list[Piece] = []

    def write(self, store: Store) -> list[Item]:
        """Write what waits, and return that; raises what the store raises, and then all of it waits still."""
        pieces = [piece for _, piece in self.waiting]
        for piece in pieces:
            if piece.beside is not None:
                store.replace(f"{self.place.folder}/{piece.beside[0]}", piece.beside[1])
        head = self._format.head(self._columns)
        if not self._name:
            self._name = self._next_name(store, head)
        path = f"{self.place.folder}/{self._name}"
        if store.appends and self._format.grows:
            store.append(path, head, self._format.content(self._columns, pieces))
        else:
            store.replace(path, head + self._format.content(self._columns, [*self._written, *pieces]))
            self._written += [dataclasses.replace(piece, beside=None) for piece in pieces]
            if sum(piece.size for piece in self._written) >= PART_BYTES:
                self._written, self._name = [], ""
        done = [item for item, _ in self.waiting]
        self.waiting.clear()
        return done

    def _next_name(self, store: Store, head: bytes) -> str:
        number, suffix, shared = next(self._numbers), self._format.suffix, self.place.shared
        if number == 1 and shared and store.create(f"{self.place.folder}/{shared}{suffix}", head):
            return f"{shared}{suffix}"
        own = f"{shared}-{instance()}" if shared else instance()
        return f"{own}{suffix}" if number == 1 else f"{own}-{number}{suffix}"


class Files:
    """All files of one process that are being written."""

    def __init__(self) -> None:
        self._files: dict[tuple[Place, str, tuple[str, ...] | None], File] = {}
        self._numbers: dict[tuple[Place, str], Iterator[int]] = {}

    def add(self, item: Item) -> None:
        """Encode an item for the file that it belongs to. Raises ValueError for data that cannot be encoded."""
        piece = item.stream.piece(item)
        place, form = item.stream.place(item.when), item.stream.format
        key = place, form.suffix, piece.columns
        file = self._files.get(key)
        if file is None:
            numbers = self._numbers.setdefault((place, form.suffix), itertools.count(1))
            file = self._files[key] = File(place, form, piece.columns, numbers)
        file.waiting.append((item, piece))

    def waiting(self) -> list[File]:
        """The files that something waits for. Any thread may ask."""
        return [file for file in list(self._files.values()) if file.waiting]

    def forget(self, keep: int) -> None:
        """Let go of files that nothing waits for, the oldest first, until ``keep`` are left.

        What comes for one of them later goes to a new part.
        """
        idle = [key for key, file in self._files.items() if not file.waiting]
        for key in idle[: max(0, len(self._files) - keep)]:
            del self._files[key]
