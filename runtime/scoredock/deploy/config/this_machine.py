"""What a configuration for a cluster, or for Azure, means for a service in a container of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scoredock.deploy.config.kinds import Report

# The server's own settings that mean the same, by the SDK's argument.
SETTINGS = {"scoring_timeout_ms": "SCORING_TIMEOUT_MS", "max_request_wait_time": "SCOREDOCK_MAX_QUEUE_WAIT_MS"}
LIMITS = {"cpu_cores_limit": "cpu_cores", "memory_gb_limit": "memory_gb"}
DESCRIBING = ("compute_type", "port", "tags", "properties", "description", "version_name")
KEYS = ("auth_enabled", "token_auth_enabled", "primary_key", "secondary_key")
NO_KEYS = "nobody is asked for a key, since a local service answers on this machine only."


def without_effect(keys: Sequence[str]) -> str:
    """The note on keys that only mean something to a cluster, or to Azure."""
    return f"without effect on this machine, where a service is one container: {', '.join(keys)}."


def on_this_machine(
    values: Mapping[str, Any], keys: Mapping[str, str], limits: Sequence[str], report: Report
) -> dict[str, Any]:
    """The arguments of a local configuration for what another one gives; notes name the rest.

    ``values`` are what it gives by SDK argument, ``keys`` what the file calls each. ``limits`` are those of
    ``cpu_cores`` and ``memory_gb`` that are a most, as they are in ACI; in AKS they are a least, which needs no limit.
    """
    taken = {to: values[name] for name, to in {**{name: name for name in limits}, **LIMITS}.items() if name in values}
    variables = {variable: str(values[name]) for name, variable in SETTINGS.items() if name in values}
    used = {*limits, *LIMITS, *SETTINGS, *DESCRIBING}
    if any(values.get(name) for name in KEYS):
        named = ", ".join(keys[name] for name in KEYS if values.get(name))
        report.note(f"{named}: {NO_KEYS}")
    left = [keys[name] for name, value in values.items() if name not in {*used, *KEYS} and value not in (None, False)]
    if left:
        report.note(without_effect(left))
    return {**taken, "environment_variables": variables or None}
