"""``python -m scoredock``: the same command line as ``scoredock``."""

from scoredock.cli import main

main(prog_name="python -m scoredock")
