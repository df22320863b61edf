"""docs/settings.md says what the table of settings says."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_settings_page", DOCS / "make_settings_page.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert (DOCS / "settings.md").read_text() == maker.page(), "run `make docs`"
