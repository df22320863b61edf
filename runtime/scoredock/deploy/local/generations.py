"""A service's generations: a change starts the next one beside the old one, and ends that when the new one is Healthy.

When the new one does not get Healthy, the old one stays. What a service is stands in its record in the workspace; how
it is, its containers say.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import docker

from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.condition import State
from scoredock.deploy.local.containers import Containers
from scoredock.deploy.local.engine import Show
from scoredock.deploy.local.history import kept_generations, with_past
from scoredock.deploy.local.ports import LOOPBACK
from scoredock.deploy.local.service_config import address_of, variables_of
from scoredock.deploy.local.service_files import write_layout
from scoredock.deploy.local.sharing import check_sharing
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import NotFound, ServiceFailed

KIND = "services"
START_TIMEOUT_S = 1800.0

Record = dict[str, Any]


class Generations:
    """The record, the containers and the files of one service. What changes them is called under the service's lock.

    ``record`` is as it was last read or written; empty when there is none.
    """

    def __init__(self, engine: docker.DockerClient, workspace: Workspace, name: str) -> None:
        self._name = name
        self._records = workspace.records(KIND)
        self.containers = Containers(engine, name, workspace.cache_folder.name)
        self.folder = workspace.cache_folder / "services" / name
        self.record: Record = {}

    def read(self, *, must_exist: bool = True) -> Record:
        """Read the record again, and return it. Raises NotFound, unless it need not exist."""
        try:
            self.record = dict(self._records.get(self._name))
        except NotFound as error:
            if must_exist:
                raise NotFound(f"{error} Deploy it with `scoredock deploy -n {self._name} …`.") from None
            self.record = {}
        return self.record

    def move(self, record: Record, show: Show) -> None:
        """Leave the address and port that are held when ``record`` wants others, which must be free.

        Raises ServiceFailed, and Refused for an address that others reach without a key.
        """
        deployment = record["deployment_config"]
        port, host = deployment.get("port"), deployment.get("host") or LOOPBACK
        check_sharing(host, variables_of(record), show)
        present, at = self.containers.port(), self.containers.address()
        if present is None or (port in (None, present) and host == at):
            return
        if port not in (None, present):
            self.containers.check_port(port, host)
        where = f"{at}:{present} to {host}:{port or present}"
        show(f"The address changes from {where}: the service is away until the new one is Healthy.")
        self.containers.remove_all()

    def replace(
        self,
        models: Sequence[Model],
        config: InferenceConfig,
        record: Record,
        *,
        wait: bool,
        show: Show,
        app: Path | None = None,
    ) -> None:
        """Start a generation with these models and this script, or that of ``app``; ``record`` has the rest."""
        is_new = not self.record
        if is_new:  # so that it can be listed and deleted, whatever happens from here on
            self._put({**record, "name": self._name, "generation": 0, "was_healthy": False, "models": []})
        try:
            record, has_old = self._start(models, config, record, app, show)
        except BaseException:
            if is_new:
                self.forget()
            raise
        if has_old:
            self._take_over(record, show)
            return
        self._put(record)
        self._sweep(record["generation"])
        if wait:
            self.settle(START_TIMEOUT_S, show)

    def settle(self, timeout_s: float, show: Show) -> None:
        """Wait until the service is Healthy. Raises ServiceFailed when it ends up in another state."""
        show("Checking container health...")
        condition = self.containers.wait_until_settled(self.record["generation"], timeout_s, show)
        if condition.state is not State.HEALTHY:
            cause = condition.cause.rstrip(".")
            raise ServiceFailed(
                f"{self._name} is {condition.state.value}: {cause}. Its whole log: scoredock service logs {self._name}"
                + (f". Go back: scoredock service rollback {self._name}" if self.record.get("history") else "")
            )
        self._put({**self.record, "was_healthy": True})
        self._say_running(show)

    def forget(self, *, files: bool = True) -> None:
        """Delete the record, where there is one, and the files too, unless ``files`` is False."""
        if files:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.record:
            self._records.delete(self._name)
        self.record = {}

    def _start(
        self, models: Sequence[Model], config: InferenceConfig, record: Record, app: Path | None, show: Show
    ) -> tuple[Record, bool]:
        """Start the next generation; returns its record, and whether the one before it runs."""
        if self.containers.port() is None:  # a new service; or one whose port somebody took away
            self.containers.remove_all()
            record = {**record, "port": self._hold_port(record, show), "generation": 0}
        old = record.get("generation", 0)
        for left in self.containers.generations():
            if left != old:  # of a change whose process was killed
                self._drop(left)
        # Asked before the new one starts: an interrupt between its start and _take_over would leave both.
        state = self.containers.condition(old, was_healthy=True).state if old else State.FAILED
        has_old = state is not State.FAILED
        new = self._next_generation()
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = {
            **record,
            "name": self._name,
            "generation": new,
            "was_healthy": False,
            "models": [model.id for model in models],
            "entry_script": config.entry_script,
            "inference_config": config.to_dict(),
            "config_folder": str(config.folder.absolute()),
            "options": dict(config.options),
            "created": record.get("created") or now,
            "updated": now,
        }
        if self.record.get("was_healthy") or state is State.HEALTHY:
            record = with_past(record, self.record)
        show("Starting Docker container...")
        folder = self.folder / str(new)
        try:
            shutil.rmtree(folder, ignore_errors=True)
            layout = write_layout(folder, config, models, app_from=app)
            variables = {"SERVICE_NAME": self._name, **variables_of(record)}
            limits = record["deployment_config"].get("containerResourceRequirements") or {}
            self.containers.start(
                new,
                record["image"],
                layout,
                variables,
                gpu=record["gpu"],
                shm_size=record.get("shm_size"),
                cpu_cores=limits.get("cpu"),
                memory_gb=limits.get("memoryInGB"),
            )
        except BaseException:
            self._drop(new)
            if not old:
                self.containers.remove_all()
            raise
        return record, has_old

    def _hold_port(self, record: Record, show: Show) -> int:
        """Take the port that is wanted, or else the one that the service had, where that is free."""
        deployment, before = record["deployment_config"], self.record.get("port")
        host = deployment.get("host") or LOOPBACK
        port = self.containers.hold_port(record["image"], deployment.get("port"), host, before)
        if before and port not in (before, deployment.get("port")):
            show(f"Port {before}, which it had, is taken by now: it gets another one, {port}.")
        return port

    def _take_over(self, record: Record, show: Show) -> None:
        """Wait for the new generation, then end the old one; or take the new one back."""
        new = record["generation"]
        try:
            show("Checking container health...")
            condition = self.containers.wait_until_settled(new, START_TIMEOUT_S, show)
            if condition.state is State.HEALTHY:
                self._put({**record, "was_healthy": True})
        except BaseException:  # two versions must not go on answering beside each other
            self._drop(new)
            raise
        if condition.state is State.HEALTHY:
            self._sweep(new)
            self._say_running(show)
            return
        for line in self.containers.logs(new, 20).splitlines():
            show(line)
        self._drop(new)
        raise ServiceFailed(
            f"{self._name} was not changed and answers as before: what was to replace it is {condition.state.value}: "
            f"{condition.cause}"
        )

    def _sweep(self, generation: int) -> None:
        """End and remove every other generation, and its files; the scripts of those that can come back stay."""
        for other in self.containers.generations():
            if other != generation:
                self.containers.end(other)
        for folder in self.folder.iterdir():
            if folder.name != str(generation):
                kept = folder.name in map(str, kept_generations(self.record))
                shutil.rmtree(folder / "models" if kept else folder, ignore_errors=True)

    def _drop(self, generation: int) -> None:
        """Remove a generation's container and files."""
        self.containers.remove(generation)
        shutil.rmtree(self.folder / str(generation), ignore_errors=True)

    def _next_generation(self) -> int:
        return max([0, int(self.record.get("generation", 0)), *self.containers.generations()]) + 1

    def _say_running(self, show: Show) -> None:
        show(f"Local webservice is running at {address_of(self.record, self.containers.port())}")

    def _put(self, record: Record) -> None:
        self._records.put(self._name, record)
        self.record = record
