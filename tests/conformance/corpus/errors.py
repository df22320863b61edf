"""Faults of the script: exceptions in run(), and a run() that takes too long."""

from ..differences import DEADLINE_HOLDS, LEFT_BY_THE_SCRIPT, OWN_TIMEOUT_ERROR, Difference, chosen
from ..exchange import Script, get, post

RAISED: dict[str, tuple[Difference, ...]] = {
    "value_error": (),
    "timeout_error": (OWN_TIMEOUT_ERROR,),
    "key_error": (),
    "assertion": (),
    "system_exit": (LEFT_BY_THE_SCRIPT,),
    "keyboard_interrupt": (LEFT_BY_THE_SCRIPT,),
    "generator_exit": (LEFT_BY_THE_SCRIPT,),
    "exception_group": (LEFT_BY_THE_SCRIPT,),
    "memory_error": (),
    "recursion": (),
    "stop_iteration": (),
    "own": (),
    "own_with_status": (chosen(429, "come back later"),),
    "own_with_server_status": (chosen(503, "resting"),),
    "own_with_odd_status": (),
    "http_exception": (chosen(409, "twice"),),
    "os_error": (),
    "unicode_error": (),
    "import_error": (),
    "connection_error": (),
}

SCRIPTS = (
    Script(
        "errors",
        """
        import sys

        class OwnError(Exception):
            pass

        class Busy(Exception):
            status_code = 429

        class Resting(Exception):
            status_code = 503

        class Odd(Exception):
            status_code = 200

        def init():
            pass

        def forever():
            return forever()

        def run(data):
            if data == "value_error":
                raise ValueError("secret detail")
            if data == "timeout_error":
                raise TimeoutError("the database")
            if data == "key_error":
                return {}["missing"]
            if data == "assertion":
                raise AssertionError
            if data == "system_exit":
                sys.exit("bye")
            if data == "keyboard_interrupt":
                raise KeyboardInterrupt
            if data == "generator_exit":
                raise GeneratorExit
            if data == "memory_error":
                raise MemoryError
            if data == "recursion":
                return forever()
            if data == "stop_iteration":
                return next(iter(()))
            if data == "own":
                raise OwnError("own")
            if data == "own_with_status":
                raise Busy("come back later")
            if data == "own_with_server_status":
                raise Resting("resting")
            if data == "own_with_odd_status":
                raise Odd("fine")
            if data == "http_exception":
                from werkzeug.exceptions import Conflict
                raise Conflict("twice")
            if data == "os_error":
                return open("/nowhere/file")
            if data == "unicode_error":
                return b"\\xff".decode()
            if data == "import_error":
                import not_there
            if data == "exception_group":
                raise BaseExceptionGroup("several", [ValueError("a"), KeyboardInterrupt()])
            if data == "connection_error":
                raise ConnectionResetError("peer")
            return "survived"
        """,
        (
            *(post(name, name, *wanted, type_="text/plain") for name, wanted in RAISED.items()),
            post("afterwards", "x"),
            get("of_a_get", "/score", headers=[("x-request-id", "failed")]),
        ),
    ),
    Script(
        "timeout",
        """
        import time

        def init():
            pass

        def run(data):
            if data == "sleep":
                time.sleep(2)
            if data == "loop":
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    pass
            if data == "caught":
                try:
                    time.sleep(2)
                except TimeoutError:
                    return "caught"
            if data == "caught everything":
                try:
                    time.sleep(2)
                except BaseException:
                    return "caught"
            return "in time"
        """,
        (
            post("in_time", "x"),
            post("sleeping", "sleep", headers=[("x-request-id", "slow"), ("TraceId", "t")]),
            post("calculating", "loop"),
            post("in_time_again", "x"),
            post("caught", "caught", DEADLINE_HOLDS),
            post("caught_with_everything", "caught everything", DEADLINE_HOLDS),
            post("in_time_at_last", "x"),
        ),
        environment={"SCORING_TIMEOUT_MS": "300"},
    ),
    Script(
        "timeout_zero",
        """
        def init():
            pass

        def run(data):
            return data
        """,
        (post("no_limit", "x"),),
        environment={"SCORING_TIMEOUT_MS": "0"},
    ),
)
