"""Which files of a source directory go into a service, decided by ignore files as Git and Docker read them."""

from __future__ import annotations

import os

import pytest

from scoredock.deploy.local.source_folder import copy_files, source_files

FILES = {"score.py": "", "data/big.csv": "", "data/small.csv": "", "notes.md": "", "src/deep/util.py": ""}


@pytest.fixture
def kept(tree):
    """The files that are kept with these ignore files: ``kept({".gitignore": "*.md"})``."""

    def keep(more: dict[str, str]) -> set[str]:
        folder = tree("source", {**FILES, **more})
        return {str(path) for path in source_files(folder)} - set(more)

    return keep


def test_everything_is_kept_but_what_never_belongs_to_a_service(kept):
    made = {".git/config": "", "__pycache__/score.pyc": "", "src/x.pyc": "", ".venv/bin/python": "", ".DS_Store": ""}
    assert kept(made) == set(FILES)


@pytest.mark.parametrize(
    ("ignore", "left_out"),
    [
        ("*.csv\n", {"data/big.csv", "data/small.csv"}),
        ("# a comment\n\n*.csv\n!small.csv\n", {"data/big.csv"}),
        ("/notes.md\r\ndata/big.csv  \r\n", {"notes.md", "data/big.csv"}),
        ("data/\n", {"data/big.csv", "data/small.csv"}),
        ("**/util.py\n", {"src/deep/util.py"}),
        ("/util.py\n", set()),
        ("deep\n", {"src/deep/util.py"}),
    ],
)
@pytest.mark.parametrize("file", [".gitignore", ".amlignore"])
def test_ignore_files_speak_gits_language(kept, file, ignore, left_out):
    assert kept({file: ignore}) == set(FILES) - left_out


def test_amlignore_decides_alone_where_it_is(kept):
    assert kept({".amlignore": "notes.md\n", ".gitignore": "*.csv\n"}) == set(FILES) - {"notes.md"}


def test_dockerignore_is_heeded_too_in_dockers_language(kept):
    more = {".amlignore": "notes.md\n", ".dockerignore": "# a comment\ndata\n!data/small.csv\nutil.py\n"}
    assert kept(more) == set(FILES) - {"notes.md", "data/big.csv"}


def test_links_are_followed_inside_the_folder_alone(tree, tmp_path):
    folder = tree("source", FILES)
    (tmp_path / "secret").write_text("secret")
    (folder / "inside").symlink_to("notes.md")
    (folder / "outside").symlink_to(tmp_path / "secret")
    (folder / "nowhere").symlink_to("nothing")
    (folder / "around").symlink_to(".")
    assert {str(path) for path in source_files(folder)} == {*FILES, "inside"}


def test_copies_are_readable_for_every_user(tree, tmp_path):
    folder = tree("source", {**FILES, "run.sh": "#!/bin/sh"})
    (folder / "score.py").chmod(0o600)
    (folder / "run.sh").chmod(0o700)
    (folder / "data").chmod(0o700)
    before = os.umask(0o077)
    try:
        copied = source_files(folder)
        copy_files(folder, tmp_path / "copy", copied)
    finally:
        os.umask(before)
    assert {str(path) for path in copied} == {*FILES, "run.sh"}
    modes = {str(one.relative_to(tmp_path / "copy")): one.stat().st_mode & 0o777 for one in tmp_path.glob("copy/**/*")}
    assert modes["score.py"] == 0o644
    assert modes["run.sh"] == modes["data"] == modes["src/deep"] == 0o755
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o755
