"""rawhttp of the stand-in and of a real package: which run() it makes raw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scoredock.entry import load, make_importable
from scoredock.settings import Settings
from scoredock.signature import Kind

REAL = """
_rawHttpRequested = False
def rawhttp(func):
    global _rawHttpRequested
    _rawHttpRequested = True
    return func
"""
SCRIPT = """
    from {module} import rawhttp
    def init(): pass
    @rawhttp
    def run(request): return request
"""


@pytest.fixture
def kind_of(write_script: Callable[..., Path], settings_of: Callable[..., Settings]) -> Callable[[str], Kind]:
    """How run() of a script wants its input."""

    def load_script(text: str) -> Kind:
        settings = settings_of(entry_script=str(write_script(text)))
        make_importable(settings)
        return load(settings).signature.kind

    return load_script


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("azureml_inference_server_http.api.aml_request", "azureml_inference_server_http/api"),
        ("azureml.contrib.services.aml_request", "azureml/contrib/services"),
    ],
)
def test_the_flag_that_a_real_rawhttp_sets_for_the_process_is_honoured(
    module: str, package: str, site: Callable[..., Path], kind_of: Callable[[str], Kind]
) -> None:
    parts = package.split("/")
    packages = {f"{'/'.join(parts[: depth + 1])}/__init__.py": "" for depth in range(len(parts))}
    site({**packages, f"{package}/aml_request.py": REAL})
    assert kind_of(SCRIPT.format(module=module)) is Kind.RAW


def test_a_real_package_that_is_imported_but_not_used_makes_nothing_raw(
    site: Callable[..., Path], kind_of: Callable[[str], Kind]
) -> None:
    site({"azureml_inference_server_http/api/aml_request.py": REAL})
    script = SCRIPT.format(module="azureml_inference_server_http.api.aml_request").replace("@rawhttp", "")
    assert kind_of(script) is Kind.TEXT


def test_the_stand_in_marks_the_function_alone(kind_of: Callable[[str], Kind]) -> None:
    script = SCRIPT.format(module="azureml.contrib.services.aml_request")
    assert kind_of(script) is Kind.RAW
    assert kind_of("def init(): pass\ndef run(data): pass\n") is Kind.TEXT
