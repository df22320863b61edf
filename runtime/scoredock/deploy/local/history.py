"""What a service was before: the generations that it can be rolled back to."""

from __future__ import annotations

from typing import Any

from scoredock.errors import Refused

KEPT = 5
_OF_A_GENERATION = (
    "generation", "models", "image", "gpu", "shm_size", "environment_variables", "deployment_config", "entry_script",
    "inference_config", "config_folder", "options", "updated",
)  # fmt: skip
_SHOWN = ("generation", "models", "entry_script", "image", "updated")
_OF_THE_PORT = ("port", "host")

Record = dict[str, Any]


def with_past(record: Record, before: Record) -> Record:
    """A new generation's record, with the one that it replaces, ``before``, as the newest of its past."""
    entry = {key: before.get(key) for key in _OF_A_GENERATION}
    return {**record, "history": [*record.get("history", ()), entry][-KEPT:]}


def kept_generations(record: Record) -> set[int]:
    """The generations whose script files are kept."""
    return {entry["generation"] for entry in record.get("history", ())}


def shown_history(record: Record) -> list[Record]:
    """The generations before, newest first, in what a person asks for."""
    return [{key: entry[key] for key in _SHOWN} for entry in reversed(record.get("history", ()))]


def earlier(name: str, record: Record, to: int | None) -> Record:
    """The entry of generation ``to``, None: of the one before. Raises Refused, with those that there are."""
    history: list[Record] = record.get("history") or []
    if not history:
        raise Refused(
            f"{name} has no generation to go back to: this is the first that was Healthy. Change it with "
            f"`scoredock service update {name} …`."
        )
    found = next((entry for entry in reversed(history) if to in (None, entry["generation"])), None)
    if found is None:
        there = ", ".join(f"{entry['generation']} ({_models(entry)})" for entry in reversed(history))
        raise Refused(
            f"--to: expected a generation that {name} had and that is kept, got {to}. There are: {there}. Now it is "
            f"{record['generation']}."
        )
    return found


def as_it_was(record: Record, entry: Record) -> Record:
    """The record of a service that goes back to an earlier generation; its address and port stay as they are."""
    stays = {key: record["deployment_config"][key] for key in _OF_THE_PORT if key in record["deployment_config"]}
    was = {key: value for key, value in entry["deployment_config"].items() if key not in _OF_THE_PORT}
    return {**record, **entry, "generation": record["generation"], "deployment_config": {**was, **stays}}


def _models(entry: Record) -> str:
    return ", ".join(entry["models"] or ()) or "no model"
