"""Make docs/page-*.png: the page of the sample sklearn-diabetes, after some calls."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from browser.conftest import paste  # noqa: E402
from samples import SAMPLES  # noqa: E402
from servers import serving  # noqa: E402

SCRIPT = SAMPLES / "sklearn-diabetes"
# Patients of scikit-learn's data set, as one would copy them out of a spreadsheet.
ROWS = """\
0.038	0.051	0.062	0.022	-0.044	-0.035	-0.043	-0.003	0.020	-0.018
-0.002	-0.045	-0.051	-0.026	-0.008	-0.019	0.074	-0.039	-0.068	-0.092
0.085	0.051	0.044	-0.006	-0.046	-0.034	-0.032	-0.003	0.003	-0.026
-0.089	-0.045	-0.012	-0.037	0.012	0.025	-0.036	0.034	0.023	-0.009
0.005	-0.045	-0.036	0.022	0.004	0.016	0.008	-0.003	-0.032	-0.047
0.045	0.051	0.055	0.088	0.062	0.032	-0.007	0.071	0.092	0.036
"""
BODY = {"data": [[float(cell) for cell in line.split("\t")] for line in ROWS.splitlines()]}
SHOTS = {
    "light": {"viewport": {"width": 1320, "height": 1010}},
    "dark": {"viewport": {"width": 1320, "height": 1010}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 1560},
        "has_touch": True,
        "is_mobile": True,
        "device_scale_factor": 1.5,
    },
}


def load(url: str, end: threading.Event) -> None:
    """Calls that come and go, some of them wrong, so that the charts have something to show."""
    turn = 0
    with httpx.Client(base_url=url) as client:
        while not end.is_set():
            turn += 1
            for _ in range(6 + turn * 7 % 11):
                client.post("/score", json=BODY)
            if turn % 9 == 0:
                client.post("/score", json={"data": [["far"]]})
            end.wait(0.3)


def use(page: Page) -> None:
    """Paste the patients and send them."""
    paste(page, 'input[aria-label="0, row 1"]', ROWS)
    page.click("#send")
    page.wait_for_selector("#result svg")
    page.mouse.move(0, 0)


def shoot(browser: Browser, url: str, folder: Path, seconds: float) -> None:
    """One page a shot; all of them watch for some seconds first."""
    pages = {name: browser.new_context(**options).new_page() for name, options in SHOTS.items()}
    for page in pages.values():
        page.goto(f"{url}/docs")
        use(page)
    time.sleep(seconds)
    for name, page in pages.items():
        path = folder / f"page-{name}.png"
        page.screenshot(path=path)
        print(f"wrote {path}, {path.stat().st_size // 1000} kB")


def main() -> None:
    """Serve the sample, call it, take the pictures."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 150
    subprocess.run([sys.executable, str(SCRIPT / "make_model.py")], check=True)
    with tempfile.TemporaryDirectory() as work:
        names = {"SERVICE_NAME": "diabetes-progression", "SERVICE_VERSION": "3"}
        options = ("--model_dir", str(SCRIPT / "model"), "--worker_count", "2")
        with serving(SCRIPT / "score.py", Path(work), *options, **names) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            end = threading.Event()
            caller = threading.Thread(target=load, args=(server.url, end))
            caller.start()
            try:
                shoot(browser, server.url, REPOSITORY / "docs", seconds)
            finally:
                end.set()
                caller.join()
                browser.close()


if __name__ == "__main__":
    main()
