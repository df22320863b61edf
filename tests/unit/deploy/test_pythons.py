"""Which Python an environment gets, and what is said where scoredock cannot run on the one that it asks for."""

from __future__ import annotations

import pytest

from scoredock.deploy.local.pythons import has, image_of, settled_python, stock_has
from scoredock.errors import DeployError


@pytest.mark.parametrize("python", [None, "3", "3.11", "3.11.9", "3.*", ">=3.10", "~=3.11", ">=3.8,<3.12"])
def test_pythons_that_the_stock_images_have(python):
    assert settled_python("own", python, False) == (python, None)
    assert stock_has(python)


@pytest.mark.parametrize(
    ("python", "image"),
    [
        ("3.10", "python:3.10-slim"),
        ("3.12.4", "python:3.12.4-slim"),
        ("3.13.*", "python:3.13-slim"),
        (">=3.12", "python:3.12-slim"),
        (">=3.8,<3.11", "python:3.10-slim"),
    ],
)
def test_pythons_that_an_image_of_pythons_own_has(python, image):
    assert settled_python("own", python, False) == (python, None)
    assert not stock_has(python)
    assert image_of(python) == image


@pytest.mark.parametrize("python", ["2.7", "3.6.2", "3.9", "3.8.*", ">=3.6,<3.10", "2"])
def test_pythons_that_scoredock_cannot_run_on(python):
    with pytest.raises(DeployError) as refused:
        settled_python("own", python, False)
    text = str(refused.value)
    assert text.startswith(
        f"environment own: expected Python 3.10 or newer, which scoredock needs, got {python}. Ask for "
    )
    assert "--image-python" in text
    used, said = settled_python("own", python, True)
    assert used is None
    assert said is not None
    assert said.startswith(f"environment own asks for Python {python}; the image's own is used")


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("3.12.4", "3.12", True),
        ("3.12.4", "3.12.4", True),
        ("3.12.4", "3.12.5", False),
        ("3.12.4", "3.1", False),
        ("3.12.4", ">=3.10", True),
        ("3.12.4", None, True),
    ],
)
def test_what_a_base_image_has(version, wanted, fits):
    assert has(version, wanted) is fits
