"""Every link of every page leads to something, every page of docs/ is listed, every picture is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import DOCS, anchors

PROJECT = DOCS.parent
FOLDERS = ("docs", "samples", "base-images")
PAGES = sorted(
    str(path.relative_to(PROJECT))
    for path in [*PROJECT.glob("*.md"), *(page for folder in FOLDERS for page in (PROJECT / folder).rglob("*.md"))]
)


def links(page: str) -> list[str]:
    """What the page links to and shows inside the repository."""
    prose = re.sub(r"^```.*?^```$", "", (PROJECT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_something(page: str) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = ((PROJECT / page).parent / file).resolve() if file else PROJECT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target)), link


def test_the_readme_lists_every_page() -> None:
    listed = {Path(link.partition("#")[0]) for link in links("README.md")}
    assert {path.relative_to(PROJECT) for path in DOCS.glob("*.md")} <= listed


def test_every_picture_is_shown_somewhere() -> None:
    shown = {((PROJECT / page).parent / link).resolve() for page in PAGES for link in links(page)}
    assert {path for suffix in ("png", "svg") for path in DOCS.glob(f"*.{suffix}")} <= shown
