"""``python -m scoredock.accelerators tensorrt cuda``: the first of them that works here, as one line of JSON."""

import sys

from scoredock.accelerators.proof import main

main(sys.argv[1:] or ["tensorrt", "cuda"])
