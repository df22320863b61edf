"""Which Python an environment asks for, and where it comes from."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from scoredock.errors import DeployError

STOCK = "3.11"  # of scoredock's own images
OLDEST = (3, 10)
_KNOWN = (STOCK, "3.12", "3.13", "3.14", "3.10")  # the first that a condition allows is taken


def settled_python(environment: str, wanted: str | None, image_python: bool) -> tuple[str | None, str | None]:
    """The Python for an environment that asks for ``wanted`` (a version, a condition, or None), and what to say of it.

    ``image_python`` goes on with the image's where scoredock cannot run on what is asked for: then it is None. Raises
    DeployError, which says what to ask for.
    """
    if wanted is None or _version_for(wanted) is not None:
        return wanted, None
    if image_python:
        return None, (
            f"environment {environment} asks for Python {wanted}; the image's own is used, as --image-python says. "
            "Models that were pickled with other versions of their libraries may not load, or score otherwise."
        )
    raise DeployError(
        f"environment {environment}: expected Python {OLDEST[0]}.{OLDEST[1]} or newer, which scoredock needs, got "
        f"{wanted}. Ask for python={STOCK}, or leave Python out, and let pinned packages have versions for it. Or use "
        'the image\'s Python whatever the file asks for: --image-python, or "imagePython": true in the inference '
        "configuration."
    )


def stock_has(wanted: str | None) -> bool:
    """Whether scoredock's own images have the Python that is asked for."""
    return wanted is None or _allows(wanted, STOCK)


def image_of(wanted: str) -> str:
    """The public image that has a Python which scoredock's own images have not."""
    return f"python:{_version_for(wanted)}-slim"


def has(version: str, wanted: str | None) -> bool:
    """Whether an image whose Python is ``version`` (``3.12.4``) has what is asked for."""
    return wanted is None or _allows(wanted, version)


def _version_for(wanted: str) -> str | None:
    """A version that scoredock runs on and that is asked for; None when there is none."""
    version = wanted.rstrip("*").rstrip(".")
    numbers = version.split(".")
    if all(one.isdigit() for one in numbers):
        known = (int(numbers[0]), int(numbers[1])) >= OLDEST if len(numbers) > 1 else numbers[0] == "3"
        return (version if len(numbers) > 1 else STOCK) if known and numbers[0] == "3" else None
    return next((one for one in _KNOWN if _allows(wanted, one)), None)


def _allows(wanted: str, version: str) -> bool:
    """Whether a version, or a condition, allows a Python; of ``3.11`` any patch release counts."""
    try:
        specifier = SpecifierSet(wanted)
    except InvalidSpecifier:  # a version, not a condition
        asked, had = wanted.split("."), version.split(".")
        return all(one in (other, "*") for one, other in zip(asked, had, strict=False))
    return specifier.contains(version if version.count(".") == 2 else f"{version}.9")
