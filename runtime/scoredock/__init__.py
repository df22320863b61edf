"""scoredock serves a ``score.py``: ``init()`` loads the model once, ``run()`` scores a request."""

__version__ = "0.1.0"

__all__ = ["__version__"]
