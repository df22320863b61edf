"""The collections of scripts: where each kind's files lie and what their lines are.

Source of the second and third kind: the public documentation of ``azureml.monitoring`` and ``azureml.ai.monitoring``.
"""

from __future__ import annotations

import datetime
import functools
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from scoredock import __version__
from scoredock.collection.files import Item, Place
from scoredock.collection.formats import Csv, Format, Jsonl, Piece, format_of, json_line, lines
from scoredock.collection.names import component, period
from scoredock.collection.tables import Table, table_of
from scoredock.collection.targets import Target
from scoredock.collection.values import to_json

AGENT = f"azureml-ai-monitoring/1.0.0 scoredock/{__version__}"
CORRELATION = "$aml_dc_correlation_id"
_BOUNDARY = "1440"


@dataclass(frozen=True)
class OwnStream:
    """``scoredock.collect``: ``<root>/<collection>/<period>/<process>.<format>``."""

    collection: str
    target: Target
    roll: str
    file_format: str
    feature_names: tuple[str, ...] | None = None

    @functools.cached_property
    def format(self) -> Format:
        return format_of(self.file_format)

    def place(self, when: float) -> Place:
        return Place(self.target, f"{component(self.collection)}/{period(self.roll, when)}")

    def piece(self, item: Item) -> Piece:
        table = table_of(item.data, self.feature_names)
        more = {"_time": iso_time(item.when), "_correlation": item.correlation, "_request": item.request_id}
        return self.format.piece(table.with_columns(more))


@dataclass(frozen=True)
class FirstStream:
    """``azureml.monitoring``: CSV by day, ``<workspace>/<service>/<model>/<version>/<designation>/<day>/data.csv``.

    ``workspace`` is ``subscription/group/workspace``. ``file_name`` is without its suffix.
    """

    model: str
    designation: str
    feature_names: tuple[str, ...] | None
    workspace: str
    service: str
    version: str
    file_name: str
    target: Target

    @property
    def collection(self) -> str:
        return f"{self.model}/{self.designation}"

    @property
    def format(self) -> Format:
        return Csv()

    def place(self, when: float) -> Place:
        parts = [*self.workspace.split("/"), self.service, self.model, self.version, self.designation]
        folder = "/".join(component(part) for part in parts)
        return Place(self.target, f"{folder}/{period('day', when)}", component(self.file_name))

    def piece(self, item: Item) -> Piece:
        table = table_of(item.data, self.feature_names)
        more: dict[str, Any] = {CORRELATION: item.correlation}
        if CORRELATION in table.names:  # put there by add_correlations, one a row
            at = table.names.index(CORRELATION)
            ids = [row[at] for row in table.rows]
            table = table.with_columns(more)
            rows = [(*row[:-1], own) for row, own in zip(table.rows, ids, strict=True)]
            table, more = Table(table.names, rows), {}
        more |= {
            "$aml_dc_scoring_timestamp": iso_time(item.when).removesuffix("Z"),
            "$aml_dc_boundary": _BOUNDARY,
            "$aml_workspace": self.workspace,
            "$aml_service_name": self.service,
            "$aml_model_name": self.model,
            "$aml_model_version": self.version,
            "$aml_request_id": item.request_id,
        }
        return Csv().piece(table.with_columns(more))


@dataclass(frozen=True)
class EventStream:
    """``azureml.ai.monitoring``: CloudEvents by line, ``modelDataCollector/<endpoint>/<deployment>/<collection>/…``."""

    collection: str
    target: Target
    roll: str
    endpoint: str
    deployment: str
    model_version: str

    @property
    def format(self) -> Format:
        return Jsonl()

    def place(self, when: float) -> Place:
        parts = [component(part) for part in (self.endpoint, self.deployment, self.collection)]
        return Place(self.target, f"modelDataCollector/{'/'.join(parts)}/{period(self.roll, when)}")

    def piece(self, item: Item) -> Piece:
        data = to_json(table_of(item.data).records())
        event = self.event(item, orjson.Fragment(data), "application/json", len(data))
        return lines([json_line({**event, "collectdatatype": "pandas.core.frame.DataFrame"})])

    def event(self, item: Item, data: Any, content_type: str, size: int) -> dict[str, Any]:
        """A line's fields; ``size`` is that of the data in bytes."""
        return {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/endpoints/{self.endpoint}/deployments/{self.deployment}",
            "type": f"azureml.inference.{self.collection}",
            "datacontenttype": content_type,
            "time": iso_time(item.when),
            "data": data,
            "correlationid": item.correlation,
            "xrequestid": item.request_id,
            "modelversion": self.model_version,
            "agent": AGENT,
            "contentrange": f"bytes 0-{max(size - 1, 0)}/{size}",
        }


def iso_time(when: float) -> str:
    """A time in UTC, with microseconds: ``2030-05-17T13:00:00.000000Z``."""
    time = datetime.datetime.fromtimestamp(when, datetime.timezone.utc).replace(tzinfo=None)
    return time.isoformat(timespec="microseconds") + "Z"
