"""Inputs that chance makes, for ``FUZZ_S`` seconds a test; the same ones each time unless that is set."""

import os
import random

SECONDS = float(os.environ.get("FUZZ_S", "4"))
SEEDS = range(2) if "FUZZ_S" not in os.environ else [random.SystemRandom().randrange(1 << 32)]
