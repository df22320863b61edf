"""Where a thread may be stopped so that nothing is left half done: no lock held, no module half imported.

CPython raises an exception that another thread asks for where it looks at its "eval breaker": when a call returns, at a
jump, and at the start of a function. Inside a library any of these places may lie between taking something and the
``try`` that gives it back, so that only the script's own code is stopped, or what it calls before that has begun.
There, too, three kinds of places are left out: a call with a ``try`` or ``with`` right behind it (``lock.acquire()``),
since nothing would undo it; whatever a ``with`` runs to enter or leave an object, or a destructor runs; and whatever
an import runs.
"""

from __future__ import annotations

import dis
import gc
import os
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

_OWN_PACKAGE = str(Path(__file__).parent.parent)
_STANDARD_LIBRARY = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
_IMPORTING = "<frozen importlib"
_INSTALLED = {"site-packages", "dist-packages"}
_HALVES = {"<module>", "__enter__", "__exit__", "__aenter__", "__aexit__", "__del__"}  # what must run to its end

_PROTECTING = {"SETUP_FINALLY", "SETUP_WITH", "SETUP_ASYNC_WITH", "BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL"}
_RETURNING = ("RETURN_VALUE", "RETURN_CONST")
_ENDING = ("RETURN", "RAISE", "RERAISE", "YIELD")
_OPERATING = ("BINARY_", "INPLACE_", "UNARY_", "COMPARE_OP", "FOR_ITER")  # NumPy may take its time in these
_APPENDICES = {"EXTENDED_ARG", "PRECALL"}
_WEAK: tuple[type, ...] = (weakref.ref, *weakref.ProxyTypes)
_ENTERING, _LEAVING = "entering", "leaving"
_LEAVING_ARGUMENTS = 2 if (3, 11) <= sys.version_info < (3, 14) else 3  # three times None; the first was not counted
_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_ALWAYS_JUMPING = ("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD")
_LOOKS_AFTER_WAITING = sys.version_info < (3, 13)


def may_stop(frame: FrameType, lasti: int, is_own: Callable[[str], bool], at_once: bool = False) -> bool:
    """Whether nothing is left half done when a thread, whose top frame this is, is stopped at ``lasti``.

    ``is_own`` tells whether a file is the script's; what is installed, or Python's, never is. ``at_once`` says that the
    thread stops by itself. One that another thread stops does so there, too, up to Python 3.12; since then, one that
    waits for the interpreter lock has looked for an exception already, and looks again at the next such place.
    """
    code = frame.f_code
    if not is_scripts(code, is_own):
        return not at_once and _is_called_only(frame, lasti, is_own)
    if not _is_whole(_places(frame)):
        return False
    if lasti < 0:  # about to begin
        return True
    if at_once or _LOOKS_AFTER_WAITING:
        return _instruction(code, lasti).safe
    return _goes_on_well(frame, lasti, is_own)


def _is_called_only(frame: FrameType, lasti: int, is_own: Callable[[str], bool]) -> bool:
    """Whether a library's function is about to begin, called by a function of the script that has nothing to clean up.

    A script that does little but call such functions is hardly ever seen in its own code. Native code may call them at
    any instruction, too: what drops a weak reference, or follows a collection, is not the script's to leave out.
    """
    caller = frame.f_back
    if not _LOOKS_AFTER_WAITING or caller is None or not is_scripts(caller.f_code, is_own) or gc.callbacks:
        return False
    if not _begins(frame.f_code, lasti) or not _only_calls(caller.f_code, caller.f_lasti):
        return False
    told = list(frame.f_locals.values())
    told += [one for value in told if type(value) is tuple for one in value]  # of *arguments
    return not any(issubclass(type(one), _WEAK) for one in told) and _is_whole(_places(frame))


@lru_cache(1024)
def _only_calls(code: CodeType, lasti: int) -> bool:
    """Whether there is a call, in a function without any ``try`` or ``with``."""
    return _instruction(code, lasti).calls and all(one.handler < 0 and not one.starts for one in _instructions(code))


def _goes_on_well(frame: FrameType, lasti: int, is_own: Callable[[str], bool]) -> bool:
    """Whether a thread may be stopped at the next place after ``lasti``, also where that is in a calling function."""
    instruction, caller = _instruction(frame.f_code, lasti), frame.f_back
    if not instruction.onward or not instruction.returns:
        return instruction.onward
    if caller is None or _is_ours(caller.f_code):
        return caller is not None
    return is_scripts(caller.f_code, is_own) and _goes_on_well(caller, caller.f_lasti, is_own)


def was_stopped_well(error: BaseException, is_own: Callable[[str], bool]) -> bool:
    """Whether an exception that ended a call was raised where ``may_stop`` allows it, as far as it tells.

    It is elsewhere when native code has called back into Python, or has itself raised, before it could be: then a
    handler may have been at work.
    """
    places: list[tuple[CodeType, int]] = []
    trace = error.__traceback__
    while trace is not None:
        places.insert(0, (trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    if all(_is_ours(code) for code, _ in places):  # run() had returned
        return True
    if not is_scripts(places[0][0], is_own) and _begins(*places[0]) and _manages(*places[1]) != _LEAVING:
        del places[0]
    return error.__context__ is None and is_scripts(places[0][0], is_own) and _is_whole(places)


def is_import(frame: FrameType | None) -> bool:
    """Whether an import is among what led to a frame."""
    return any(code.co_filename.startswith(_IMPORTING) for code, _ in _places(frame))


def is_scripts(code: CodeType, is_own: Callable[[str], bool]) -> bool:
    """Whether code is from a file of the script's, and not from a library's."""
    return not _is_library(code.co_filename) and is_own(code.co_filename)


def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(_OWN_PACKAGE)


def _places(frame: FrameType | None) -> Iterable[tuple[CodeType, int]]:
    """Where a thread is, and from where that was called."""
    while frame is not None:
        yield frame.f_code, frame.f_lasti
        frame = frame.f_back


def _is_whole(places: Iterable[tuple[CodeType, int]]) -> bool:
    """Whether none of this, of which the first is the innermost, is an import's, or half of something.

    What enters or leaves is known by its name, and by the ``with`` that called it: it may be an alias, or decorated.
    """
    places = list(places)
    if any(code.co_name in _HALVES or code.co_filename.startswith(_IMPORTING) for code, _ in places):
        return False
    return not any(_manages(*caller) for caller in places[1:])


def _begins(code: CodeType, lasti: int) -> bool:
    """Whether a function has done nothing yet."""
    return lasti < 0 or (dis.opname[code.co_code[lasti]] == "RESUME" and not code.co_code[lasti + 1])


@lru_cache(1024)
def _manages(code: CodeType, lasti: int) -> str:
    """Which end of a ``with`` has called a function: "entering", "leaving", or "" for neither."""
    until = [one for one in dis.get_instructions(code) if one.offset <= lasti and one.opname not in _APPENDICES]
    names = [one.opname for one in reversed(until[-7:])]
    if names[:1] in (["SEND"], ["YIELD_FROM"]) and names[2:3] == ["GET_AWAITABLE"]:
        del until[-3:], names[:3]  # what came before has given what is awaited here
    called = names[0] if names else ""
    if "WITH" in called or (called.startswith("CALL") and names[1:2] == ["LOAD_SPECIAL"]):
        return _LEAVING if called == "WITH_EXCEPT_START" else _ENTERING
    nones = names[1:4] == ["DUP_TOP", "DUP_TOP", "LOAD_CONST"] or names[1:4] == ["LOAD_CONST"] * 3
    if (
        called.startswith("CALL")
        and until[-1].arg == _LEAVING_ARGUMENTS
        and nones
        and not any(one.argval for one in until[-4:-1])
    ):
        return _LEAVING
    return ""


@lru_cache(1024)
def _is_library(filename: str) -> bool:
    """Whether a file is Python's, scoredock's or installed; what was made from a string counts as such."""
    path = Path(os.path.realpath(filename))
    folders = set(map(str, path.parents))
    if filename.startswith("<") or _OWN_PACKAGE in folders or folders & _STANDARD_LIBRARY or _INSTALLED & {*path.parts}:
        return True
    return any(_was_installed_into(folder) for folder in sys.path if folder and os.path.realpath(folder) in folders)


def _was_installed_into(folder: str) -> bool:
    """As with ``pip install --target``."""
    try:
        return any(path.suffix == ".dist-info" for path in Path(folder).iterdir())
    except OSError:
        return False


class _Instruction:
    """One of a code object's; ``handler`` is where an exception in it goes to, -1 for out of the function.

    ``safe``: a thread that waits in it, or at its end, may be stopped there. ``onward``: or wherever it comes next, in
    this function; ``returns``: that may be in the calling one.
    """

    __slots__ = ("handler", "jumps", "name", "offset", "onward", "returns", "safe", "starts", "target")

    def __init__(self, source: dis.Instruction, ranges: list[tuple[int, int, int]]) -> None:
        self.name = source.opname
        self.offset = source.offset
        self.jumps = source.opcode in _JUMPS and not self.name.startswith("SETUP_")
        self.target: int = source.argval if self.jumps else -1
        self.starts = self.name in _PROTECTING or any(self.offset == start for start, _, _ in ranges)
        self.handler = min((target for start, end, target in ranges if start <= self.offset < end), default=-1)
        self.safe = self.onward = self.returns = False

    @property
    def calls(self) -> bool:
        return "CALL" in self.name and "INTRINSIC" not in self.name

    @property
    def stops(self) -> bool:
        """Whether a thread looks for an exception here."""
        return self.calls or self.name == "RESUME" or (self.jumps and self.target <= self.offset)


@lru_cache(256)
def _instructions(code: CodeType) -> tuple[_Instruction, ...]:
    listing = dis.Bytecode(code)
    sources = [one for one in listing if one.opname != "CACHE"]
    entries = getattr(listing, "exception_entries", ())  # from Python 3.11 on: a table, instead of instructions
    ranges = [(entry.start, entry.end, entry.target) for entry in entries]
    ranges += [(one.offset, one.argval, one.argval) for one in sources if one.opname.startswith("SETUP_")]
    made = tuple(_Instruction(one, ranges) for one in sources)
    ways = _Ways(made)
    for place, one in enumerate(made):
        if one.calls or one.name.startswith(_OPERATING):
            one.safe = (one.calls or one.handler < 0) and not any(after.starts for _, after in ways.steps(place))
        else:
            one.safe = one.jumps or one.name == "RESUME"
    for place, one in enumerate(made):
        steps = list(ways.steps(place, also_back=True))
        one.returns = any(after.name.startswith(_RETURNING) for _, after in steps)
        one.onward = one.safe and all(
            before.handler in (-1, after.handler)  # a "try" or "with" that is left has cleaning up to do
            and (after.safe or not after.stops)
            and (after.name.startswith(_RETURNING) or not after.name.startswith(_ENDING))
            for before, after in steps
        )
    return made


def _instruction(code: CodeType, lasti: int) -> _Instruction:
    """The one at an offset, or the one whose cache entry is there."""
    return max((one for one in _instructions(code) if one.offset <= lasti), key=lambda one: one.offset)


class _Ways:
    """Through a function's instructions."""

    def __init__(self, made: tuple[_Instruction, ...]) -> None:
        self._made = made
        self._places = {one.offset: place for place, one in enumerate(made)}

    def steps(self, place: int, also_back: bool = False) -> Iterator[tuple[_Instruction, _Instruction]]:
        """Pairs of what may follow each other, from an instruction on to where the thread looks for an exception."""
        ahead, seen = [place], set[int]()
        while ahead:
            place = ahead.pop()
            if place in seen:
                continue
            seen.add(place)
            for following in self._next(place, also_back):
                before, after = self._made[place], self._made[following]
                yield before, after
                if not after.stops and not after.name.startswith(_ENDING):
                    ahead.append(following)

    def _next(self, place: int, also_back: bool) -> list[int]:
        one = self._made[place]
        places = []
        if one.jumps and (also_back or one.target > one.offset):
            places.append(self._places[one.target])
        if not one.name.startswith(_ALWAYS_JUMPING):
            places.append(place + 1 + (one.name == "PRECALL"))
        return [place for place in places if place < len(self._made)]
