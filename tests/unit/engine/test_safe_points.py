"""Where a thread may be stopped: by what it stands at, and by what has called that."""

from __future__ import annotations

import contextlib
import dis
import functools
import gc
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from scoredock.engine.safe_points import may_stop, was_stopped_well


def in_a_thread(test):
    """Where pytest's own frames are not: the main thread began with a module."""

    @functools.wraps(test)
    def run(*arguments, **more):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test, *arguments, **more).result()

    return run


def own(filename):
    return filename == __file__


def here():
    """Whether the caller may be stopped at the end of this call."""
    frame = sys._getframe(1)
    return may_stop(frame, frame.f_lasti, own, at_once=True)


@in_a_thread
def test_the_scripts_own_code_may_be_stopped_also_with_a_lock_in_a_with():
    lock = threading.Lock()
    with lock:
        answer = here()
        assert answer
    answer = here()
    assert answer


@in_a_thread
def test_a_call_with_a_try_or_with_right_behind_it_is_left_alone():
    answer = here()
    try:
        assert not answer
    finally:
        manager = contextlib.nullcontext()
    answer = here()
    with manager:
        assert not answer


@in_a_thread
def test_one_that_is_told_of_a_call_before_a_try_further_down_is_not_deceived():
    if here():
        pytest.fail("a try may follow")
    try:
        answer = here()
        assert answer
    finally:
        pass


@in_a_thread
def test_what_a_context_manager_or_a_destructor_does_is_left_alone():
    answers = []

    class Held:
        def __enter__(self):
            answers.append(here())

        def __exit__(self, *_):
            answers.append(helper())

        def __del__(self):
            answers.append(helper())

    def helper():
        return [here()][0]

    with Held() as _:
        pass
    assert answers[:2] == [False, False]
    assert not any(answers)
    assert helper()


@in_a_thread
def test_what_a_with_calls_is_known_whatever_its_name():
    answers = []

    def decorated(function):
        def call(*arguments):
            return [function(*arguments), answers.append(here())][0]

        return call

    class Held:
        def take(self):
            answers.append(here())
            return self

        def give(self, *_):
            answers.append(helper())

        __enter__, __exit__ = decorated(take), decorated(give)

    def helper():
        return [here()][0]

    def returns_from_it():
        with Held():
            return 1

    with Held() as one, Held():
        inside = helper()
    returns_from_it()
    assert inside
    assert (len(answers), any(answers)) == (12, False)
    with contextlib.suppress(KeyError), one:
        raise KeyError
    assert not any(answers)
    one.give(None, None)
    one.take()
    assert answers[-2:] == [True, True]


@in_a_thread
def test_what_an_async_with_awaits_is_known_whatever_its_name():
    answers = []

    async def take(*_):
        answers.append(here())

    class Held:
        __aenter__ = __aexit__ = take

    async def run():
        async with Held():
            pass
        assert answers == [False, False]
        await take()

    with pytest.raises(StopIteration):
        run().send(None)
    assert answers == [False, False, True]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="it cannot be told from the end of a with")
@in_a_thread
def test_a_call_with_none_three_times_is_no_end_of_a_with():
    def asked(*_):
        return [here()][0]

    answer = asked(None, None, None)
    assert answer


@in_a_thread
def test_a_generator_that_is_a_context_manager_is_left_alone_in_both_halves():
    answers = []

    @contextlib.contextmanager
    def held():
        answers.append(here())
        yield
        answers.append(here())

    with held():
        pass
    assert answers == [False, False]


@in_a_thread
def test_an_import_is_left_alone_with_all_that_it_calls(tmp_path, monkeypatch):
    (tmp_path / "imported_late.py").write_text("import asking\nanswer = asking.ask()\n")
    monkeypatch.syspath_prepend(tmp_path)
    asking = type(sys)("asking")
    asking.ask = lambda: [here()][0]
    monkeypatch.setitem(sys.modules, "asking", asking)
    import imported_late

    assert imported_late.answer is False
    assert asking.ask() is True


@pytest.mark.parametrize("place", ["library", "site-packages", "installed"])
@in_a_thread
def test_a_library_is_left_alone_wherever_it_lies(tmp_path, monkeypatch, place):
    folder = tmp_path / place
    folder.mkdir()
    (folder / "thing.py").write_text("import sys\ndef ask(here):\n    answer = here()\n    return answer\n")
    if place == "installed":
        (folder / "thing-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(folder)
    space = {}
    exec(compile((folder / "thing.py").read_text(), str(folder / "thing.py"), "exec"), space)

    def anywhere():
        frame = sys._getframe(1)
        return may_stop(frame, frame.f_lasti, lambda filename: True, at_once=True)

    assert space["ask"](anywhere) is (place == "library")


def begins(call):
    """By name of each function that ``call`` leads to: whether a thread may be stopped where it begins."""
    answers = {}

    def trace(frame, event, _):
        if event == "call":
            answers[frame.f_code.co_name] = may_stop(frame, frame.f_lasti, own)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return answers


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="it has looked for an exception before it waits there")
@in_a_thread
def test_a_librarys_function_may_be_stopped_before_it_begins_where_the_script_has_nothing_to_clean_up(monkeypatch):
    monkeypatch.setattr(gc, "callbacks", [])  # other tests leave some, hypothesis for one
    source = "def inner(*_):\n    pass\ndef outer(*_):\n    inner()\ndef __exit__(*_):\n    pass"
    library = {}
    exec(compile(source, "<library>", "exec"), library)
    inner, outer = library["inner"], library["outer"]

    def plain():
        outer()

    def guarded():
        try:
            outer()
        finally:
            outer()

    def holding():
        with contextlib.nullcontext():
            outer()

    def leaving():
        library["__exit__"]()

    class Thing:
        pass

    def dropping():
        thing = [Thing()]
        reference = weakref.ref(thing[0], inner)
        thing.clear()
        return reference

    def dropping_by_proxy():
        thing = [Thing()]
        reference = weakref.proxy(thing[0], inner)
        thing.clear()
        return reference

    assert begins(plain) == {"plain": True, "outer": True, "inner": False}
    assert not begins(guarded)["outer"]
    assert not begins(holding)["outer"]
    assert not begins(leaving)["__exit__"]
    assert begins(dropping) == {"dropping": True, "inner": False}
    assert begins(dropping_by_proxy) == {"dropping_by_proxy": True, "inner": False}


@in_a_thread
def test_pythons_own_library_is_left_alone():
    answers = []

    class Answers(dict):
        def __missing__(self, key):
            frame = sys._getframe(1)
            answers.append(may_stop(frame, frame.f_lasti, lambda filename: True, at_once=True))
            return 1

    import string

    string.Formatter().vformat("{a}", (), Answers())
    assert answers == [False]


@in_a_thread
def test_an_exception_that_came_out_elsewhere_is_known_by_its_traceback():
    def raised_by(call):
        try:
            call()
        except BaseException as error:
            return was_stopped_well(error, own)

    def inside():
        raise ValueError

    def while_handling():
        try:
            inside()
        finally:
            raise KeyError

    class Held:
        def __enter__(self):
            raise ValueError

        def __exit__(self, *_):
            pass

    def entering():
        with Held():
            pass

    assert raised_by(inside)
    assert not raised_by(while_handling)
    assert not raised_by(entering)
    assert not raised_by(lambda: dis.get_instructions(None).send(None))
