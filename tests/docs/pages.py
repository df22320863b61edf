"""Read the pages: their sections, and the fenced blocks in them that show something to prove.

What a block is follows from how it is fenced, so that the pages read well where they are rendered:

- ``python`` with ``init()`` and ``run()`` is the entry script ``score.py``;
- any block under a comment ``<!-- file: NAME -->`` is the file NAME;
- ``console`` has commands (``$ ...``), each with what it prints;
- ``log`` has lines that the server of this section writes, in this order, with others between them;
- any block under a comment ``<!-- not run: REASON -->`` is only shown.

A line ``...`` stands for lines that are left out, and ``…`` inside a line for any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    *("data-collection.md", "entry-scripts.md", "errors.md", "lifecycle.md", "models.md", "moving-from-azmlinfsrv.md"),
    *("operations.md", "performance.md", "raw-requests.md", "schemas.md", "start.md", "telemetry.md"),
)

_BLOCK = re.compile(
    r"^(?P<heading>#{1,6} [^\n]+)$"
    r"|(?:^ *<!-- (?:file: (?P<file>\S+)|not run: (?P<reason>[^\n]+)) -->\n)?"
    r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``file`` is its name as a file of the section's folder, where it is one.

    ``reason`` says why it is not run, where that is so.
    """

    language: str
    text: str
    file: str | None = None
    reason: str | None = None

    @property
    def is_entry_script(self) -> bool:
        """Whether it is Python with both functions of an entry script."""
        return self.language == "python" and all(
            re.search(rf"^def {name}\(", self.text, re.MULTILINE) for name in ("init", "run")
        )


@dataclass
class Scenario:
    """One entry script (or none), the files around it, and what is done with them, in order."""

    name: str
    files: dict[str, str]
    steps: list[Block] = field(default_factory=list)
    script: str | None = None


def text_of(page: str) -> str:
    """The page's Markdown."""
    return (DOCS / page).read_text(encoding="utf-8")


def anchors(page: str) -> set[str]:
    """What GitHub lets one link to: one a heading; a second heading of the same text gets a number."""
    found: list[str] = []
    for text, _ in _sections(page):
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


def blocks(page: str) -> list[Block]:
    """All fenced blocks."""
    return [block for _, found in _sections(page) for block in found]


def scenarios(page: str) -> Iterator[Scenario]:
    """What the page shows to be run: one scenario a section, or more where it has several entry scripts."""
    for heading, found in _sections(page):
        scenario = Scenario(f"{page}: {heading}", {})
        for block in found:
            file = block.file or ("score.py" if block.is_entry_script else None)
            if block.is_entry_script and scenario.script is not None:
                yield scenario
                scenario = Scenario(f"{page}: {heading}", dict(scenario.files))
            if block.is_entry_script:
                scenario.script = file
            if file is not None:
                scenario.files[file] = block.text
            elif block.language in ("console", "log"):
                scenario.steps.append(block)
        if scenario.script is not None or scenario.steps:
            yield scenario


def _sections(page: str) -> list[tuple[str, list[Block]]]:
    found: list[tuple[str, list[Block]]] = []
    for match in _BLOCK.finditer(text_of(page)):
        if match["heading"]:
            found.append((match["heading"].lstrip("# "), []))
        else:
            found[-1][1].append(Block(match["language"], match["text"], match["file"], match["reason"]))
    return found


def table_rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    text = text_of(page).split(f"# {heading}\n", 1)[1]
    rows = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows is not None, f"{page}: there is no table below {heading!r}"
    return [[cell.strip() for cell in re.split(r"(?<= )\|(?= )", row[1:-1])] for row in rows[1].splitlines()]
