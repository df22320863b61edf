"""One process's data collection: what scripts and the gateway hand things to."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scoredock.collection import CLOSE_S
from scoredock.collection.config import CollectionConfig, payload_target
from scoredock.collection.files import Item, Stream
from scoredock.collection.payloads import Payload, PayloadStream
from scoredock.collection.snapshots import OVERHEAD_BYTES, snapshot
from scoredock.collection.streams import EventStream, FirstStream, OwnStream
from scoredock.collection.writer import Writer


class Collection:
    """Takes data from any thread; nothing here waits for a storage, or fails because of one.

    ``request_id`` tells the id of the request that the calling thread scores. ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self,
        config: CollectionConfig,
        request_id: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.time,
        writer: Writer | None = None,
    ) -> None:
        self.config = config
        self._request_id = request_id
        self._clock = clock
        self._writer = writer or Writer(config.flush_s, config.max_bytes, config.max_records)
        self._headers = [(name.encode("latin-1", "ignore"), name) for name in config.headers]
        self._payloads = {name: self._payload_stream(name) for name in config.payloads}

    def take(self, stream: Stream, data: Any, correlation: str) -> None:
        """Copy the data and queue it. Data that cannot be copied is dropped and counted."""
        try:
            copy, size = snapshot(data)
        except Exception as error:
            self._writer.counts.dropped(stream.collection, "invalid", f"{type(error).__name__}: {error}")
            return
        self._writer.put(Item(stream, self._clock(), copy, correlation, self._request_id(), size))

    def take_if_drawn(self, stream: Stream, data: Any, correlation: str) -> bool:
        """``take`` what is in the sample; whether it is. Without an id, the request's serves, or a new one."""
        correlation = correlation or self._request_id() or str(uuid.uuid4())
        if not self.is_drawn(correlation, self.config.share):
            return False
        self.take(stream, data, correlation)
        return True

    @staticmethod
    def is_drawn(correlation: str, share: float) -> bool:
        """Whether what belongs to a correlation id is in a sample of that share: the same answer in every process."""
        if share >= 1:
            return True
        number = int.from_bytes(hashlib.blake2b(correlation.encode("utf-8", "replace"), digest_size=7).digest(), "big")
        return number < share * (1 << 56)

    def own_stream(self, name: str, feature_names: Sequence[str] | None) -> OwnStream | None:
        """The stream of a collection of ``scoredock.collect``; None where that has no place."""
        config = self.config
        if config.own is None:
            return None
        features = tuple(feature_names) if feature_names is not None else None
        return OwnStream(name, config.own, config.roll, config.file_format, features)

    def first_stream(
        self,
        model: str,
        designation: str,
        feature_names: Sequence[str] | None,
        workspace: str,
        service: str,
        version: str,
        name: str,
    ) -> FirstStream | None:
        """The stream of a ModelDataCollector; what is left at ``default`` is filled in. None where none is stored."""
        config = self.config
        if config.first is None:
            return None
        return FirstStream(
            model,
            designation,
            tuple(feature_names) if feature_names is not None else None,
            config.workspace if workspace == "default/default/default" else workspace,
            config.endpoint if service == "default" else service,
            config.model.version_of(model) if version == "default" else version,
            "data" if name == "default" else name,
            config.first,
        )

    def event_stream(self, name: str) -> tuple[EventStream, float] | None:
        """The stream of a Collector of ``azureml.ai.monitoring`` and the share of it that is stored; None: nothing."""
        config = self.config
        if config.second is None:
            return None
        share = config.share if config.collections is None else config.collections.get(name.lower())
        if share is None:
            return None
        return EventStream(name, config.second, *self._event_names()), share

    def payload(
        self,
        pairs: Mapping[bytes, bytes],
        method: str,
        path: str,
        body: bytes,
        request_id: str,
        status: int,
        content_type: str,
        answer: bytes | None,
    ) -> None:
        """Store a scoring request and its answer, as far as the settings say so. ``answer`` is None if streamed."""
        drawn, now = random.random(), self._clock()  # noqa: S311 - a sample, not a secret
        for name, stream in self._payloads.items():
            if drawn >= self.config.payloads[name]:
                continue
            if name == "request":
                kind = pairs.get(b"content-type", b"").decode("latin-1")
                headers = {text: pairs[raw].decode("latin-1") for raw, text in self._headers if raw in pairs}
                payload = Payload(method, path, None, headers, kind, body)
                size = len(body)
            else:
                payload = Payload(method, path, status, {}, content_type, answer)
                size = len(answer or b"")
            size += OVERHEAD_BYTES + len(path) + sum(map(len, payload.headers.values()))
            self._writer.put(Item(stream, now, payload, request_id, request_id, size))

    def end(self) -> None:
        """Take nothing more, and write what waits."""
        self._writer.end()

    def close(self, timeout_s: float = CLOSE_S) -> None:
        """``end``, and wait for that, for at most so long."""
        self._writer.close(timeout_s)

    def _payload_stream(self, name: str) -> PayloadStream:
        return PayloadStream(name, payload_target(self.config), *self._event_names())

    def _event_names(self) -> tuple[str, str, str, str]:
        config = self.config
        return config.roll, config.endpoint, config.deployment, config.model.version_of("")
