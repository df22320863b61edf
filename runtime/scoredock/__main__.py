"""``python -m scoredock``: the same command line as ``scoredock``."""

from scoredock.cli import main

if __name__ == "__main__":  # a process that a script spawns imports this module, under another name
    main(prog_name="python -m scoredock")
