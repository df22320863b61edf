"""What is said of a script that fails at its start: where, and what to do."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.entry import EntryScript, initialise, stand_behind_main
from scoredock.errors import BootError

LOADS = """
    import pickle

    def init():
        with open("MODEL", "rb") as file:
            pickle.load(file)

    def run(data):
        return data
"""


@pytest.fixture
def init_error(load_script: Callable[..., EntryScript]) -> Callable[..., str]:
    """What the BootError of a script says, whose init() raises."""

    def load_and_initialise(text: str) -> str:
        script = load_script(text)
        with pytest.raises(BootError) as caught:
            initialise(script, None)
        return str(caught.value)

    return load_and_initialise


@pytest.fixture
def pickled_by_a_program(tmp_path: Path) -> Callable[[str], Path]:
    """Run a program that puts an object into the file ``model.pkl``; returns its path."""

    def run(program: str) -> Path:
        path = tmp_path / "model.pkl"
        text = f"import pickle\n{program}\nwith open({str(path)!r}, 'wb') as file:\n    pickle.dump(made, file)\n"
        (tmp_path / "train.py").write_text(text)
        subprocess.run([sys.executable, str(tmp_path / "train.py")], check=True)
        return path

    return run


def test_what_argparse_has_printed_is_told_with_the_line(boot_error: Callable[..., BootError]) -> None:
    said = str(
        boot_error("""
            import argparse
            parser = argparse.ArgumentParser()
            parser.add_argument("--model", required=True)
            parser.parse_args(["--port", "5"])
        """)
    )
    assert "raised SystemExit: 2 (score.py, line 5): argparse says: " in said
    assert "required: --model. A script gets no arguments" in said


def test_a_script_has_arguments_of_its_own(load_script: Callable[..., EntryScript], tmp_path: Path) -> None:
    stand_behind_main(tmp_path / "score.py")
    script = load_script("""
        import argparse, sys
        arguments = argparse.ArgumentParser().parse_args()
        def init(): pass
        def run(data): return sys.argv
    """)
    assert script.signature.call(data="") == [str(tmp_path / "score.py")]


def test_a_signal_handler_is_told_where_and_why(
    boot_error: Callable[..., BootError], init_error: Callable[..., str]
) -> None:
    handler = "signal.signal(signal.SIGTERM, print)"

    def in_a_thread(check: Callable[[], None]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            pool.submit(check).result()

    def at_import() -> None:
        said = str(boot_error(f"import signal\n{handler}"))
        assert "(score.py, line 2). Scripts run in a thread of their own, which cannot handle signals" in said

    def in_init() -> None:
        said = init_error(f"import signal\ndef init():\n    {handler}\ndef run(data): pass")
        assert "(score.py, line 3). Scripts run in a thread of their own, which cannot handle signals" in said

    in_a_thread(at_import)
    in_a_thread(in_init)


class TestPickles:
    """Objects that name what is not here."""

    MINE = "class Doubler:\n    factor = 2\nmade = Doubler()"

    def test_a_class_of_the_program_that_pickled_it_is_told(
        self, init_error: Callable[..., str], pickled_by_a_program: Callable[[str], Path]
    ) -> None:
        said = init_error(LOADS.replace("MODEL", str(pickled_by_a_program(self.MINE))))
        assert "raised AttributeError: " in said
        assert "(score.py, line 6). The program that pickled it had defined 'Doubler' itself." in said

    def test_a_class_of_that_program_is_found_in_the_script(
        self,
        load_script: Callable[..., EntryScript],
        pickled_by_a_program: Callable[[str], Path],
        tmp_path: Path,
    ) -> None:
        path = pickled_by_a_program(self.MINE)
        stand_behind_main(tmp_path / "score.py")
        script = load_script(f"""
            import __main__, pickle

            class Doubler:
                def run(self, data): return 2 * data

            def init():
                global model
                with open({str(path)!r}, "rb") as file:
                    model = pickle.load(file)
                assert pickle.dumps(model).count(b"entry_module")

            def run(data):
                return [model.run(data), hasattr(__main__, "__nothing__"), hasattr(__main__, "Doubler")]
        """)
        script.init()
        assert script.signature.call(data=2) == [4, False, True]

    @pytest.mark.parametrize(
        ("module", "told", "untold"),
        [
            ("_loss", "which another version of a library has written (here is scikit-learn ", "Install '_loss'"),
            ("sklearn.linear_model.logistic", "another version of a library has written (here is scikit", "Install 's"),
            (
                "churn_features",
                "A pickled object names it. Install 'churn_features', or, if it is a file of yours",
                "v",
            ),
        ],
    )
    @pytest.mark.parametrize("reader", ["pickle.load(file)", "pickle._load(file)", "joblib.load(file)"])
    def test_a_module_that_is_missing(
        self, module: str, told: str, untold: str, reader: str, init_error: Callable[..., str], tmp_path: Path
    ) -> None:
        (tmp_path / "model.pkl").write_bytes(f"c{module}\nThing\n.".encode())
        text = LOADS.replace("MODEL", str(tmp_path / "model.pkl")).replace("pickle.load(file)", reader)
        said = init_error(text.replace("import pickle", "import joblib, pickle"))
        assert told in said
        assert len(untold) == 1 or untold not in said

    def test_a_class_that_a_library_no_longer_has(self, init_error: Callable[..., str], tmp_path: Path) -> None:
        (tmp_path / "model.pkl").write_bytes(b"csklearn.linear_model\nGone\n.")
        said = init_error(LOADS.replace("MODEL", str(tmp_path / "model.pkl")))
        assert "It is named by a pickled object, which another version of a library has written" in said

    def test_what_a_module_of_the_pickle_imports_itself_is_to_be_installed(
        self, init_error: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "features_of_ours.py").write_text("import no_such_package_of_ours\n")
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / "model.pkl").write_bytes(b"cfeatures_of_ours\nThing\n.")
        said = init_error(LOADS.replace("MODEL", str(tmp_path / "model.pkl")))
        assert ". Install 'no_such_package_of_ours', or" in said

    def test_pickle_itself_says_nothing_more(self) -> None:
        with pytest.raises(ModuleNotFoundError):
            pickle.loads(b"cno_such_module\nThing\n.")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("import sklearn.no_such_part", "'sklearn' itself is there (scikit-learn "),
        ("from json.no_such_part import x", "'json' itself is there ("),
        ("import helper_of_ours.part", "helper_of_ours.py), without 'part': is it the one that is meant?"),
    ],
)
def test_a_missing_part_of_what_is_there_is_not_to_be_installed(
    statement: str, told: str, boot_error: Callable[..., BootError], tmp_path: Path
) -> None:
    (tmp_path / "helper_of_ours.py").write_text("")
    said = str(boot_error(statement))
    assert told in said
    assert "Install" not in said
    sys.modules.pop("helper_of_ours", None)
