"""JSON arrays to NumPy's, by the rules of inference-schema's NumpyParameterType and those of ``dtype_rules``.

Large ones are converted piece by piece: no piece keeps other threads from the interpreter lock for long, and the first
one that is refused is all that has to be looked at to say why.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from scoredock.payload.array_casts import converted, shape_of
from scoredock.payload.array_refusals import array_refusal

PIECE = 100_000  # elements that are converted at once: about 10 ms


def array_of(value: Any, type_: Any, path: str) -> Any:
    """The array that ``type_``, a NumpyParameterType, stands for. Raises RefusedValue."""
    if not isinstance(value, list):
        raise array_refusal(path, value, type_, None)
    rows = _rows_at_once(value)
    if len(value) <= rows or type_.sample_input.dtype == object or not type_.enforce_column_type:
        return _piece(value, value[:], 0, type_, path, None)
    import numpy as np

    depth, starts = len(shape_of(value)), range(rows, len(value), rows)
    pieces = {0: _piece(value, value[:rows], 0, type_, path, None)}
    # What is unlikely to be taken comes next, so that a refusal need not wait for the rest.
    for start in sorted(starts, key=lambda start: _is_regular(value[start : start + rows], depth)):
        pieces[start] = _piece(value, value[start : start + rows], start, type_, path, pieces[0].shape[1:])
    return np.concatenate([pieces[start] for start in (0, *starts)])


def _is_regular(rows: list[Any], depth: int) -> bool:
    """Whether rows of up to two dimensions have one length and hold numbers only; others are never said to."""
    try:
        if depth > 2 or (depth == 2 and len(set(map(len, rows))) != 1):
            return False
        return {int, float, bool}.issuperset(map(type, rows if depth == 1 else chain.from_iterable(rows)))
    except TypeError:
        return False


def _rows_at_once(value: list[Any]) -> int:
    size = 1
    for length in shape_of(value)[1:]:
        size *= max(length, 1)
    return max(PIECE // size, 1)


def _piece(value: list[Any], rows: list[Any], start: int, type_: Any, path: str, shape: tuple[int, ...] | None) -> Any:
    """The array of ``rows``, which are those of ``value`` from ``start`` on; like the first piece, of ``shape``."""
    import numpy as np

    sample, error = type_.sample_input, None
    try:
        with np.errstate(all="ignore"):  # a script may have NumPy raise what is decided here
            made = converted(rows, sample.dtype) if type_.enforce_column_type else np.array(rows)
        shape = sample.shape[1:] if type_.enforce_shape else shape
        if (made.ndim == sample.ndim or not type_.enforce_shape) and (shape is None or made.shape[1:] == shape):
            return made
    except Exception as raised:
        error = raised
    raise array_refusal(path, value, type_, error, start, rows)
