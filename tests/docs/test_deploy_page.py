"""docs/deploy-config.md says what the formats say; its examples are read, and its wrong one is told as it shows."""

import importlib.util
import re
from pathlib import Path

import pytest

from docs.pages import DOCS, blocks
from scoredock.deploy.config.conda_dependencies import CondaDependencies
from scoredock.deploy.config.deployment_config import load_deployment_config
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.config.online_deployment import load_online_deployment
from scoredock.errors import ConfigError

PAGE = "deploy-config.md"
EXAMPLES = {block.file: block.text for block in blocks(PAGE) if block.file}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's files, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in EXAMPLES.items():
        Path(name).write_text(text)
    Path("more-requirements.txt").write_text("scipy\n")


def test_the_page_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_deploy_page", DOCS / "make_deploy_page.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert (DOCS / PAGE).read_text() == maker.page(), "run `make docs`"


def test_every_example_is_read(examples):
    for name, text in (("scoring/score.py", ""), ("model/a", ""), ("conda.yml", "dependencies: []")):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    readers = {"inferenceconfig": InferenceConfig.load, "deploymentconfig": load_deployment_config,
               "conda_dependencies": CondaDependencies,
               "deployment": lambda name: load_online_deployment([name])}  # fmt: skip
    for name in EXAMPLES:
        if name != "wrong.json":
            assert readers[name.partition(".")[0].partition("-")[0]](name)
    assert "scipy" in CondaDependencies("conda_dependencies.yml").pip_packages


def test_the_wrong_example_is_told_as_the_page_shows(examples):
    with pytest.raises(ConfigError) as raised:
        load_deployment_config("wrong.json")
    shown = next(block.text for block in blocks(PAGE) if block.language == "text")
    assert re.sub(r"\n  ", " ", shown.strip()) == str(raised.value)
