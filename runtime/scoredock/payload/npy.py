"""Arrays in NumPy's file format, in and out: ``application/x-npy``.

Source of the format: numpy.lib.format. Nothing is unpickled: a dtype that holds Python objects is refused, and so
is every body whose length is not what its header says, before memory is taken for it.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable
from typing import Any

from scoredock.errors import RefusedValue, RequestProblem, Unwritable
from scoredock.payload.words import describe, dtype_text, shape_text
from scoredock.signature import EMPTY, Argument

NPY = "application/x-npy"
MAX_HEADER = 4096  # bytes; one of 64 dimensions is shorter
_KINDS = "biufcSUMm"

logger = logging.getLogger("scoredock.payload")


def read_npy(body: bytes, arguments: tuple[Argument, ...], take: Callable[[int], None]) -> dict[str, Any]:
    """The one array that run() takes, by its name.

    ``take`` is told how many bytes of memory it is going to take, before it does.

    Raises RequestProblem: 415 when run() does not take one array, 400 for what is not this format; and
    RefusedValue for an array of another dtype or shape than the schema's.
    """
    argument = _argument(arguments)
    array = _array(body)
    _check_shape(array, argument.type, argument.name)
    width = argument.type.sample_input.dtype.itemsize if argument.type.enforce_column_type else array.dtype.itemsize
    take(array.size * width)
    try:
        return {argument.name: fitted(array, argument.type, argument.name)}
    except (ValueError, TypeError, OverflowError) as error:
        logger.debug("%s cannot be converted: %s", argument.name, error)
        raise RefusedValue(
            argument.name, describe(argument.type), f"values of type {array.dtype} that cannot be converted"
        ) from None


def write_npy(result: Any) -> bytes:
    """An array, a number, lists of numbers of one length, a series or a frame of numbers. Raises Unwritable."""
    import numpy as np

    try:
        array = np.asarray(result)
    except ValueError as error:  # lists of different lengths
        raise Unwritable(f"run() returned a {type(result).__name__} that is no array: {error}") from None
    if array.dtype.kind not in _KINDS:
        raise Unwritable(f"run() returned a {type(result).__name__}, which is no array of numbers or text")
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def fitted(array: Any, type_: Any, path: str) -> Any:
    """``array`` as its schema type wants it: a copy of its own, in memory as NumPy likes it.

    Another dtype is converted within its kind, numbers and dates only where all fit. Raises RefusedValue.
    """
    import numpy as np

    _check_shape(array, type_, path)
    sample = type_.sample_input
    if not type_.enforce_column_type:
        return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    with np.errstate(all="ignore"):  # a script may have NumPy raise what is decided here
        return np.array(cast(array, sample.dtype, path), dtype=sample.dtype, order="C")


def _check_shape(array: Any, type_: Any, path: str) -> None:
    sample = type_.sample_input
    if type_.enforce_shape and (array.ndim != sample.ndim or array.shape[1:] != sample.shape[1:]):
        raise RefusedValue(path, f"an array of shape {shape_text(sample.shape)}", f"one of shape {array.shape}")


def cast(array: Any, wanted: Any, path: str) -> Any:
    """``array``, if its values can be of dtype ``wanted``. Raises RefusedValue."""
    import numpy as np

    expected, got = f"values of type {dtype_text(wanted)}", f"values of type {dtype_text(array.dtype)}"
    if not np.can_cast(array.dtype, wanted, "same_kind"):
        raise RefusedValue(path, expected, got)
    if wanted.kind in "iu" and array.size and not np.can_cast(array.dtype, wanted, "safe"):
        limits = np.iinfo(wanted)
        if array.min() < limits.min or array.max() > limits.max:
            raise RefusedValue(
                path, f"{expected}, from {limits.min} to {limits.max}", f"{array.min()} to {array.max()}"
            )
    if wanted.kind in "fMm" and not fits(array, wanted):
        raise RefusedValue(path, f"{expected}, which hold them", got)
    return array


def fits(array: Any, wanted: Any) -> bool:
    """Whether no number of ``array`` becomes infinite, and no date or duration another one, as dtype ``wanted``."""
    import numpy as np

    if array.dtype == wanted or not array.size or array.dtype.kind not in "iufMm":
        return True
    with np.errstate(all="ignore"):
        made = array.astype(wanted)
        if wanted.kind == "f":
            return wanted.itemsize >= 8 or not (np.isinf(made) & np.isfinite(array)).any()
        if not np.can_cast(array.dtype, wanted, "safe"):  # a coarser unit holds more
            return True
        return bool(((made.astype(array.dtype) == array) | np.isnat(array)).all())


def _argument(arguments: tuple[Argument, ...]) -> Argument:
    arrays = [one for one in arguments if type(one.type).__name__ == "NumpyParameterType"]
    required = [one for one in arguments if one.default is EMPTY]
    if len(arrays) == 1 and required in ([], arrays):
        return arrays[0]
    if len(required) == 1 and required[0] in arrays:
        return required[0]
    names = ", ".join(one.name for one in arguments)
    raise RequestProblem(
        415, f"{NPY} carries one array, but run() takes {names}. Expects Content-Type to be application/json"
    )


def _array(body: bytes) -> Any:
    """The array of a body, as a view of it. Raises RequestProblem (400)."""
    import numpy as np

    file = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise _broken(f"version {version[0]}.{version[1]} is for structured dtypes")
        shape, fortran, dtype = readers[version](file, max_header_size=MAX_HEADER)
    except RequestProblem:
        raise
    except Exception as error:  # whatever NumPy's parser says of a header that a client made up
        logger.debug("NumPy refuses a header: %s", error)
        raise _broken(f"its header is none, or longer than {MAX_HEADER} bytes") from None
    if dtype.kind not in _KINDS or dtype.hasobject or not dtype.itemsize:
        raise _broken(f"dtype {dtype} is neither numbers nor text nor dates; nothing is unpickled")
    if any(type(length) is not int for length in shape):  # NumPy's parser takes True for 1
        raise _broken(f"its header says shape {shape}, which has to be of integers")
    size = math.prod(shape)
    expected, got = size * dtype.itemsize, len(body) - file.tell()
    if any(length < 0 for length in shape) or expected != got:
        raise _broken(f"its header says shape {shape} of {dtype}, {expected} bytes, but {got} bytes follow")
    try:
        flat = np.frombuffer(body, dtype, size, file.tell()) if size else np.empty(0, dtype)
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, TypeError, OverflowError):
        raise _broken(f"its {len(shape)} dimensions are more, or longer, than arrays can have") from None


def _broken(reason: str) -> RequestProblem:
    return RequestProblem(400, f"POST body could not be read as {NPY}: {reason}")
