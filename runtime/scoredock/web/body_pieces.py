"""A body while it comes: pieces, joined once."""

from __future__ import annotations

from typing import Any

SMALL_PIECE = 4096  # bytes of a piece below which it costs too much to be kept by itself

Pieces = list[Any]  # bytes, or bytearrays of joined small ones, of which none comes first


def keep(pieces: Pieces, piece: bytes) -> None:
    """Keep one more piece. Small ones are joined: an object of its own costs more than what is in it."""
    if not pieces or len(piece) >= SMALL_PIECE:
        pieces.append(piece)
    elif isinstance(last := pieces[-1], bytearray):
        last += piece
    else:
        pieces.append(bytearray(piece))
