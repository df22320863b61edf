"""How many threads numeric libraries get of the CPUs that this process may use.

A library that computes in threads of its own starts as many as the machine has CPUs, in every process: in a
container with a quota of two CPUs on a machine with 64, and in each of several workers. They then wait for each
other. The variables here are read by the libraries when they are imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from scoredock.cgroups import available_cpus
from scoredock.settings import Settings

# What is set, and what its library reads instead where it is not set. Left alone, for what they would break or
# because they know better: POLARS_MAX_THREADS (Polars knows quotas, and advises against it), NUMBA_NUM_THREADS
# (numba.set_num_threads() raises above it), BLIS_NUM_THREADS (BLIS reads OMP_NUM_THREADS).
THREAD_VARIABLES: dict[str, tuple[str, ...]] = {
    "OMP_NUM_THREADS": (),  # OpenMP: scikit-learn, PyTorch, LightGBM, XGBoost; Arrow
    "OPENBLAS_NUM_THREADS": ("GOTO_NUM_THREADS", "OMP_NUM_THREADS"),  # NumPy, SciPy
    "MKL_NUM_THREADS": ("OMP_NUM_THREADS",),
    "NUMEXPR_NUM_THREADS": ("OMP_NUM_THREADS",),
    "LOKY_MAX_CPU_COUNT": (),  # joblib: what n_jobs=-1 means, which models often keep from their training
    "ORT_INTRA_OP_NUM_THREADS": (),  # ONNX Runtime, from 1.29 on
    "TF_NUM_INTRAOP_THREADS": (),  # TensorFlow
    "RAYON_NUM_THREADS": (),  # Rust's rayon: tokenizers
}


def machine_cpus() -> int:
    """The CPUs of the machine, as a library sees them that looks no further."""
    return max(1, os.sysconf("SC_NPROCESSORS_ONLN"))


def numeric_threads(settings: Settings, cpus: int, machine: int) -> int | None:
    """The threads that a numeric library gets in each scoring thread: an equal share of ``cpus``, at least 1.

    None where that is every CPU of the ``machine``: there is nothing to share, and libraries choose better by
    themselves then, such as one thread a physical core.
    """
    share = max(1, cpus // (settings.worker_count * settings.scoring_threads))
    return share if share < machine else None


def thread_variables(threads: int | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to set, so that libraries start ``threads`` threads; none of them for None.

    What ``environment`` has already stays, and so do variables whose library would read another one that it has.
    """
    if threads is None:
        return {}
    return {
        name: str(threads)
        for name, others in THREAD_VARIABLES.items()
        if not any(environment.get(one) for one in (name, *others))
    }


def share_line(settings: Settings, environment: Mapping[str, str]) -> str:
    """How the CPUs are shared, in a line for a person; ``environment`` is the user's."""
    cpus = available_cpus()
    threads = numeric_threads(settings, cpus, machine_cpus())
    given = environment.get("OMP_NUM_THREADS")
    if given:
        numeric = f"numeric threads as OMP_NUM_THREADS={given} says"
    elif threads is None:
        numeric = "numeric libraries choose their threads"
    else:
        numeric = f"{_count(threads, 'numeric thread')} each"
    workers, scoring = _count(settings.worker_count, "worker"), _count(settings.scoring_threads, "scoring thread")
    return f"{cpus} for {workers} of {scoring}; {numeric}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
