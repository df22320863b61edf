"""What stands for Azure's images and environments: scoredock's own, where that is honest.

Azure's base images bring an operating system, conda and Azure's server; an environment's packages are put into a new
conda environment in them. scoredock's images are that with scoredock. Images that bring a framework have a stand-in
only where scoredock's environments have the same framework, or where the environment names its packages itself.
"""

from __future__ import annotations

import re

from scoredock.deploy.config.curated_environments import CURATED, Curated
from scoredock.errors import ConfigError, Problem

RESERVED = ("microsoft", "azureml")  # how the names of Azure's own environments begin
_IMAGE = re.compile(r"(?:mcr\.microsoft\.com/|^)azureml/(?:curated/)?([a-z0-9._\-]+)(?:[:@].*)?", re.IGNORECASE)
_PLAIN = re.compile(r"(base|openmpi|intelmpi|inference-base|minimal|inference-server|inference)", re.IGNORECASE)
_OWN = (("sklearn", "scoredock-cpu-sklearn"), ("scikit-learn", "scoredock-cpu-sklearn"),
        ("onnxruntime", "scoredock-cpu-onnxruntime"), ("minimal", "scoredock-cpu"))  # fmt: skip
_GPU = re.compile(r"gpu|cuda", re.IGNORECASE)


def is_azures(name: str) -> bool:
    """Whether an environment's name is one that Azure keeps for its own."""
    return name.casefold().startswith(RESERVED)


def stand_in(name: str) -> Curated | None:
    """scoredock's environment for one of Azure's, by the name that Azure's has; None where there is none."""
    found = curated_name(name)
    return CURATED[found] if found else None


def curated_name(name: str) -> str | None:
    """The name of scoredock's environment for one of Azure's; None where scoredock has none with the same packages."""
    bare = name.casefold().removeprefix("azureml-")
    if _GPU.search(bare):
        return "scoredock-cuda" if bare.startswith(("onnxruntime", "minimal")) else None
    return next((own for start, own in _OWN if bare.startswith(start)), None)


def no_stand_in(name: str) -> str:
    """The error for a configuration that names one of Azure's environments and describes none."""
    words = re.findall(r"[A-Za-z]+", name.casefold().removeprefix("azureml-"))
    package = {"pytorch": "torch", "acpt": "torch"}.get(words[0], words[0]) if words else "NAME"
    return (
        f"expected an environment that scoredock has, got {name!r}, which is Azure's own. Describe it: give it a name "
        f'of yours and the packages that the script needs, such as "python": {{"condaDependencies": {{"dependencies": '
        f'[{{"pip": ["{package}"]}}]}}}}; or take one of scoredock\'s: {", ".join(CURATED)}.'
    )


def base_image(image: str, has_packages: bool) -> tuple[str, tuple[str, ...]]:
    """The image that is taken for an environment's base image, and the packages that belong to it.

    ``has_packages``: the environment names its own packages, which are all that it has. Raises ConfigError for an
    image of Azure's whose packages no image of scoredock's has.
    """
    match = _IMAGE.fullmatch(image)
    if match is None:
        return image, ()
    name = match[1]
    if has_packages or _PLAIN.match(name):
        return ("scoredock:cuda" if _GPU.search(name) and "cpu" not in name.casefold() else "scoredock:cpu"), ()
    own = stand_in(name)
    if own is None:
        raise ConfigError([Problem(
            f"expected an image that scoredock can build on, got {image!r}, one of Azure's with packages of its own. "
            "Name the packages that the script needs (python.condaDependencies, or a conda file), and leave the image "
            "out; or name an image of yours.", key="docker.baseImage",
        )])  # fmt: skip
    return own.base_image, own.packages
