"""SCOREDOCK_ACCELERATOR: what is used, decided once, before any worker starts."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass

from scoredock.accelerators.proof import Proof
from scoredock.errors import BootError

VARIABLE = "SCOREDOCK_ACCELERATOR"
PROOF_TIMEOUT_S = 300  # TensorRT builds an engine even for a model of one node

logger = logging.getLogger("scoredock.accelerators")


@dataclass(frozen=True)
class Accelerator:
    """What is used: ``cpu``, ``cuda`` or ``tensorrt``, and a description of the device."""

    name: str
    device: str

    def __str__(self) -> str:
        return self.name if self.name == self.device else f"{self.name}: {self.device}"


CPU = Accelerator("cpu", "cpu")


def choose(wanted: str) -> Accelerator:
    """The accelerator for ``cpu``, ``cuda``, ``tensorrt`` or ``auto``; scripts find its name in the environment.

    ``auto`` takes TensorRT, CUDA or the CPU, whichever works first, and warns when it is the CPU. Raises BootError
    when the one that is wanted cannot be used: never is another one used instead.
    """
    chosen = CPU if wanted == "cpu" else _proven(wanted)
    os.environ[VARIABLE] = chosen.name
    return chosen


def _proven(wanted: str) -> Accelerator:
    refused: dict[str, str] = {}
    for candidate in ("tensorrt", "cuda") if wanted == "auto" else (wanted,):
        logger.info("Trying to compute on %s ...", candidate)
        proof = _proof(candidate)
        if proof.device:
            for name, why in refused.items():
                logger.info("%s is not used: %s", name, why)
            return Accelerator(candidate, proof.device)
        refused[candidate] = proof.refusal
    if wanted != "auto":
        raise BootError(
            "accelerator",
            f"{VARIABLE}={wanted}, but {wanted} cannot be used: {refused[wanted]} To compute on the CPU, set "
            f"{VARIABLE}=cpu; auto takes what there is.",
        )
    for why in dict.fromkeys(refused.values()):
        names = " and ".join(name for name in refused if refused[name] == why)
        logger.warning("%s=auto: %s cannot be used: %s", VARIABLE, names, why)
    logger.warning("%s=auto: computing on the CPU.", VARIABLE)
    return CPU


def _proof(candidate: str) -> Proof:
    """What a process of its own found out. It answers through a pipe: libraries may write to stdout and stderr."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "scoredock.accelerators", candidate, "--to", str(write_end)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    how = f"did not end within {PROOF_TIMEOUT_S} s"
    with os.fdopen(read_end, "rb") as answer:
        try:
            with os.fdopen(write_end, "wb"):
                done = subprocess.run(  # noqa: S603 - our own module, a name from a fixed set
                    command,
                    env=environment,
                    cwd="/",  # the first place that is imported from: not where the script is
                    pass_fds=[write_end],
                    timeout=PROOF_TIMEOUT_S,
                    check=False,
                )
            how = f"ended with exit code {done.returncode}"
            return Proof(**json.loads(answer.read()))
        except (subprocess.TimeoutExpired, OSError, ValueError, TypeError):
            return Proof(refusal=f"the process that tried it {how}; its messages are above.")
