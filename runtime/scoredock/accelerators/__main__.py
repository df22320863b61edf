"""``python -m scoredock.accelerators cuda``: whether that can be used here, as one line of JSON.

With ``--to FD`` the line goes to that file descriptor.
"""

import json
import os
import sys
from dataclasses import asdict

from scoredock.accelerators.proof import proof_of

name, *to = sys.argv[1:] or ["cuda"]
answer = json.dumps(asdict(proof_of(name))).encode() + b"\n"
os.write(int(to[1]) if to[:1] == ["--to"] else sys.stdout.fileno(), answer)
