"""Which files make a model, and which are refused."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from scoredock.deploy.registry.model_source import model_source
from scoredock.errors import NotFound, Refused


def paths(*arguments):
    return [file.path for file in model_source(*arguments)]


def test_a_file_keeps_its_name_and_a_folder_its_own(tree):
    folder = tree("models", {"model.h5": "1", "deep/er/x.pkl": "2", ".hidden": "3"})
    assert paths(folder / "model.h5") == ["model.h5"]
    assert paths(folder) == ["models/.hidden", "models/deep/er/x.pkl", "models/model.h5"]
    assert paths(str(folder) + "/") == paths(folder)


def test_a_path_without_a_name_gets_the_folders_own(tree, monkeypatch):
    monkeypatch.chdir(tree("models", {"deep/model.h5": "1"}))
    assert paths(".") == ["models/deep/model.h5"]
    monkeypatch.chdir("deep")
    assert paths("..") == ["models/deep/model.h5"]


def test_child_paths_keep_a_part(tree):
    folder = tree("models", {"a.h5": "1", "b/c": "2", "b/d": "3", "e": "4"})
    assert paths(folder, ["b", "a.h5"]) == ["models/a.h5", "models/b/c", "models/b/d"]
    assert paths(folder, ["b/c", "./b/c", "b"]) == ["models/b/c", "models/b/d"]


@pytest.mark.parametrize("child", ["../secret", "/etc/passwd", "b/../../secret"])
def test_child_paths_stay_inside(tree, child):
    tree("", {"secret": "1"})
    with pytest.raises(Refused, match="child_paths: expected paths inside"):
        model_source(tree("models", {"b/c": "2"}), [child])


def test_what_is_missing_is_said_with_what_is_near(tree):
    folder = tree("models", {"model.onnx": "1"})
    with pytest.raises(NotFound, match=r"there is no .*/model\.onx .*Did you mean model\.onnx"):
        model_source(folder / "model.onx")
    with pytest.raises(NotFound, match=r"there is no model\.onx in .*Did you mean model\.onnx"):
        model_source(folder, ["model.onx"])
    with pytest.raises(NotFound, match="Nor is there"):
        model_source(folder / "none" / "x")


def test_links_inside_are_followed_and_the_model_path_may_be_one(tree, tmp_path):
    folder = tree("models", {"real/weights": "1"})
    (folder / "file").symlink_to("real/weights")
    (folder / "folder").symlink_to("real")
    (tmp_path / "newest").symlink_to("models")
    assert paths(tmp_path / "newest") == ["newest/file", "newest/folder/weights", "newest/real/weights"]


def test_a_link_that_leaves_the_folder_is_refused(tree):
    folder = tree("models", {"a": "1"})
    tree("", {"secret": "1"})
    (folder / "b").symlink_to("../secret")
    with pytest.raises(Refused, match=r"models/b is a link to .*/secret, outside .*cp -rL"):
        model_source(folder)


@pytest.mark.parametrize(
    ("target", "said"), [("missing", "which is not there"), ("self", "leads in a circle"), (".", "lies in itself")]
)
def test_a_link_to_nothing_or_in_a_circle_is_refused(tree, target, said):
    folder = tree("models", {"a": "1"})
    (folder / "self").symlink_to(target)
    with pytest.raises(Refused, match=said):
        model_source(folder)


def test_pipes_and_sockets_are_refused(tree):
    folder = tree("models", {"a": "1"})
    os.mkfifo(folder / "fifo")
    with pytest.raises(Refused, match="models/fifo is a pipe"):
        model_source(folder)
    (folder / "fifo").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        with pytest.raises(Refused, match="models/socket is a socket"):
            model_source(folder)
    with pytest.raises(Refused, match="is a device"):
        model_source("/dev/null")


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\x1b[31m", os.fsdecode(b"\xff")])
def test_names_that_no_store_can_hold_are_refused(tree, name):
    folder = tree("models", {"a": "1"})
    (folder / name).write_text("1")
    with pytest.raises(Refused, match="expected a name in UTF-8 without control characters"):
        model_source(folder)


def test_a_model_without_files_is_refused(tmp_path):
    (tmp_path / "models" / "empty").mkdir(parents=True)
    with pytest.raises(Refused, match="has no files"):
        model_source(tmp_path / "models")
    with pytest.raises(Refused, match="a folder with a name of its own"):
        model_source("/")
    (tmp_path / "file").write_text("")
    assert [file.size for file in model_source(tmp_path / "file")] == [0]
    with pytest.raises(Refused, match="choose files of a folder"):
        model_source(Path(tmp_path, "file"), ["x"])
