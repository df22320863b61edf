"""A real browser (Debian's chromium), and what its tests load from npm."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servers import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PROJECT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")  # playwright keeps an event loop in the thread, where other tests run theirs
def browser() -> Iterator[Browser]:
    """The browser, without a window."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'")
    flags = ["--disable-gpu", "--disable-dev-shm-usage"]
    if os.getuid() == 0:
        flags.append("--no-sandbox")  # chromium's sandbox refuses root
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@dataclass
class Watched:
    """A page, and all that went wrong in it so far: errors of the console, exceptions, requests that failed."""

    page: Page
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Collect from now on; ``asked`` has the address of every request."""
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("requestfailed", lambda one: self.errors.append(f"{one.method} {one.url}: {one.failure}"))
        self.page.on("request", lambda one: self.asked.append(one.url))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open an address, or nothing yet: ``open_page(url, viewport={"width": 360, "height": 740})``; options are
    those of a browser's context."""
    contexts: list[BrowserContext] = []

    def opened(url: str | None = None, **options: Any) -> Watched:
        contexts.append(browser.new_context(**options))
        watched = Watched(contexts[-1].new_page())
        watched.watch()
        if url is not None:
            watched.page.goto(url)
        return watched

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The packages of package.json, installed as package-lock.json says, and again when that changes."""
    here, folder = Path(__file__).parent, PROJECT / ".venvs" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        wanted = (here / "package-lock.json").read_bytes()
        installed = folder / "installed.json"
        if not installed.exists() or installed.read_bytes() != wanted:
            if shutil.which("npm") is None:
                pytest.skip("there is no npm: apt-get install npm")
            for name in ("package.json", "package-lock.json"):
                shutil.copy(here / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            installed.write_bytes(wanted)
    return folder / "node_modules"


def paste(page: Page, selector: str, text: str) -> None:
    """Paste a text into a cell, as from a spreadsheet."""
    page.focus(selector)
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


@dataclass
class DocsPage(Watched):
    """A service's page at /docs, with what it complained of."""

    origin: str = ""

    def allow(self, *words: str) -> None:
        """Forget the errors that hold one of these words: the test wants them."""
        self.errors = [one for one in self.errors if not any(word in one for word in words)]

    def send(self) -> None:
        """Press Send and wait for the answer."""
        before = self.page.locator("#history li").count()
        self.page.click("#send")
        self.page.wait_for_selector(f"#history li:nth-child({before + 1})")

    def paste(self, selector: str, text: str) -> None:
        """Paste a text into a cell."""
        paste(self.page, selector, text)

    @property
    def status(self) -> str:
        """The status that the result shows."""
        return self.page.locator("#result dl.summary dd").first.inner_text()

    def json_result(self) -> Any:
        """The result, as its JSON tab has it."""
        self.page.click("#result [role=tab]:text-is('JSON')")
        return json.loads(self.page.inner_text("#result pre:visible"))


@pytest.fixture
def open_docs(open_page: Callable[..., Watched]) -> Iterator[Callable[..., DocsPage]]:
    """Open a server's page: ``open_docs(server, viewport={…})``. At the end nothing may have gone wrong in it."""
    opened: list[DocsPage] = []

    def open_(server: Server, *, wait: str = "#page:not([hidden])", **options: Any) -> DocsPage:
        common = {"viewport": {"width": 1360, "height": 900}, "reduced_motion": "reduce"}
        docs = DocsPage(open_page(**{**common, **options}).page, origin=server.url)
        docs.watch()
        docs.page.set_default_timeout(10_000)
        opened.append(docs)
        docs.page.goto(f"{server.url}/docs")
        docs.page.wait_for_selector(wait)
        return docs

    yield open_
    for docs in opened:
        assert docs.errors == []
        assert [url for url in docs.asked if not url.startswith((docs.origin, "data:", "blob:"))] == []
