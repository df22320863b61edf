"""What is served, in one JSON document: for the page at /docs, and for whoever wants to know."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

from scoredock import __version__
from scoredock.access import wanted_access
from scoredock.entry import EntryScript
from scoredock.entry.model_folder import model_files
from scoredock.observe.service_info import models
from scoredock.payload.argument_facts import argument_facts
from scoredock.schema import Documents, as_json, schemas_of
from scoredock.settings import Settings
from scoredock.signature import Argument, Kind

MAX_FILES = 200
_KINDS = {Kind.TEXT: "text", Kind.RAW: "request"}
_OUTPUTS = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_TITLES = (("3.1", "OpenAPI 3.1"), ("3", "OpenAPI 3.0"), ("2", "Swagger 2.0"))


class Description:
    """Describes a service whose script is ready. ``workers_ready`` counts; None where nobody does."""

    def __init__(
        self,
        settings: Settings,
        script: EntryScript,
        documents: Documents,
        device: str,
        workers_ready: Callable[[], int] | None,
    ) -> None:
        self._settings = settings
        self._script = script
        self._documents = documents
        self._device = device
        self._workers_ready = workers_ready

    def page(self) -> bytes:
        """The document as JSON. Any thread may call it; the first call looks at the model's files."""
        ready = self._workers_ready() if self._workers_ready is not None else None
        return as_json({**self._lasting, "workers": {"wanted": self._settings.worker_count, "ready": ready}})

    @cached_property
    def _lasting(self) -> dict[str, Any]:
        """All that stays as it is while the script is served."""
        settings, signature = self._settings, self._script.signature
        schema = schemas_of(signature) if signature.kind is Kind.SCHEMA else ({}, {})
        samples = _samples(signature.arguments, schema[0])
        return {
            "name": settings.service_name,
            "version": settings.service_version,
            "workspace": settings.workspace_name,
            "scoredock": __version__,
            "device": self._device,
            "script": {
                "name": self._script.path.name,
                "kind": signature.kind.name.lower(),
                "documentation": inspect.getdoc(signature.decorated),
            },
            "model": self._model(),
            "arguments": [self._argument(argument, samples) for argument in signature.arguments],
            "body": self._body(samples),
            "output": _output(schema[1]),
            "access": wanted_access(settings),
            "links": [
                {"title": title, "href": f"swagger.json?version={version}"}
                for version, title in _TITLES
                if self._documents.find(version) is not None
            ],
        }

    def _model(self) -> dict[str, Any]:
        folder = self._settings.model_dir
        files, omitted = model_files(folder, MAX_FILES) if folder is not None else ([], 0)
        return {
            "folder": folder.name if folder is not None else None,
            "models": models(folder),
            "files": [{"path": path, "bytes": size} for path, size in files],
            "omitted": omitted,
        }

    def _argument(self, argument: Argument, samples: dict[str, Any]) -> dict[str, Any]:
        kind = self._script.signature.kind
        facts = argument_facts(argument)
        if kind is not Kind.SCHEMA:  # the whole request is the argument, whatever its default is
            facts |= {"kind": _KINDS[kind], "words": kind.value, "required": True, "default": None}
        return {**facts, "sample": samples.get(argument.name)}

    def _body(self, samples: dict[str, Any]) -> dict[str, Any] | None:
        """What a client POSTs to a script with a schema; null stands for what has no sample, and must be there."""
        signature = self._script.signature
        if signature.kind is not Kind.SCHEMA:
            return None
        required = {one.name: None for one in signature.arguments if argument_facts(one)["required"]}
        return {**required, **samples}


def _samples(arguments: tuple[Argument, ...], schema: dict[str, Any]) -> dict[str, Any]:
    """The samples of the arguments that have one, as a client would send them."""
    properties = schema.get("properties", {})  # a parameter without a decorator has an empty one, and no sample
    return {one.name: schema["example"][one.name] for one in arguments if properties.get(one.name)}


def _output(schema: dict[str, Any]) -> dict[str, Any]:
    """The result, where a decorator declares it."""
    if "example" not in schema:
        return {"words": None, "sample": None}
    return {"words": _output_words(schema), "sample": schema["example"]}


def _output_words(schema: dict[str, Any]) -> str | None:
    """What the result is; a frame is a table, with the names of its columns where its schema has them."""
    kind, _, orient = schema.get("format", "").partition(":")
    if kind != "pandas.DataFrame":
        return _OUTPUTS.get(schema.get("type", ""))
    named = {"records": schema.get("items", {}), "columns": schema}.get(orient, {}).get("properties")
    columns = f" of {len(named)} columns ({', '.join(map(str, named))})" if named else ""
    return f"a table{columns} in orient {orient!r}"
