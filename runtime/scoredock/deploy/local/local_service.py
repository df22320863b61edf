"""A service on this machine: asked, changed without a gap, deleted.

What it is stands in its record in the workspace; how it is, its containers say. A change starts a new generation beside
the old one and ends the old one when the new one is Healthy; when it is not, the old one stays.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.call import score
from scoredock.deploy.local.containers import Condition, Containers, State
from scoredock.deploy.local.engine import Show, connect, image_id, silent
from scoredock.deploy.local.images import environment_image
from scoredock.deploy.local.service_config import config_of, described_environment, docker_steps, scheme_of
from scoredock.deploy.local.service_files import write_layout
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Busy, NotFound, Refused, ServiceFailed

KIND = "services"
LOG_LINES = 5000
START_TIMEOUT_S = 1800.0
GPU_IMAGES = ("scoredock:cuda", "scoredock:tensorrt")
ENVIRONMENT_IMAGE = "scoredock-env:"

Record = dict[str, Any]


class LocalWebservice:
    """A service of the workspace that runs in this machine's Docker engine. Raises NotFound when there is none."""

    compute_type = "LOCAL"
    auth_enabled = token_auth_enabled = False  # it answers on this machine alone

    def __init__(self, workspace: Workspace, name: str, *, must_exist: bool = True) -> None:
        self.workspace = workspace
        self.name = name
        self._records = workspace.records(KIND)
        self._containers = Containers(connect(), name, workspace.cache_folder.name)
        self._record = self._read(must_exist)

    @staticmethod
    def deploy_configuration(port: int | None = None) -> LocalWebserviceDeploymentConfiguration:
        """The configuration of a local service: the ``port`` that it answers on, or None for a free one."""
        return LocalWebserviceDeploymentConfiguration(port=port)

    @staticmethod
    def list(workspace: Workspace) -> list[LocalWebservice]:
        """All services of the workspace."""
        return [LocalWebservice(workspace, name) for name in workspace.records(KIND).names()]

    # -- what it is -------------------------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether the workspace has a record of it."""
        return bool(self._record)

    @property
    def port(self) -> int | None:
        """The port of this machine that it answers on."""
        return self._containers.port() or self._record.get("port")

    @property
    def scoring_uri(self) -> str:
        """Where to POST requests."""
        return f"{scheme_of(self._record)}://localhost:{self.port}/score"

    @property
    def swagger_uri(self) -> str:
        """Where its Swagger document is."""
        return f"{scheme_of(self._record)}://localhost:{self.port}/swagger.json"

    @property
    def state(self) -> str:
        """Transitioning, Healthy, Unhealthy, Unschedulable or Failed, as its containers are at this moment."""
        return self.condition().state.value

    @property
    def error(self) -> str:
        """Why it is not Healthy; empty when it is."""
        return self.condition().cause

    def condition(self) -> Condition:
        """State and cause."""
        self._record = self._read(must_exist=True)
        generation = self._record["generation"]
        found = self._containers.condition(generation, was_healthy=bool(self._record["was_healthy"]))
        if found.state is State.HEALTHY and self._containers.generations() != [generation] and not self._is_changing():
            cause = "a change of it was interrupted, and two versions answer"
            return Condition(State.UNHEALTHY, f"{cause}. End it: scoredock service reload {self.name}")
        return found

    def _is_changing(self) -> bool:
        try:
            with self.workspace.lock(f"service-{self.name}"):
                return False
        except Busy:
            return True

    def serialize(self) -> Record:
        """Everything that is known of it, for JSON."""
        condition = self.condition()
        kept = ("models", "image", "entry_script", "created", "updated", "generation")
        return {
            "name": self.name,
            "state": condition.state.value,
            "scoring_uri": self.scoring_uri,
            "swagger_uri": self.swagger_uri,
            "port": self.port,
            **{key: self._record.get(key) for key in kept},
            "compute_type": self.compute_type,
            "error": condition.cause or None,
        }

    def update_deployment_state(self) -> None:
        """Nothing to do: ``state`` always asks the containers."""

    def get_keys(self) -> NoReturn:
        """Raise Refused: ask ``auth_enabled`` first."""
        raise Refused(
            f"{self.name} has no keys: a local service answers on this machine alone, without an Authorization header. "
            "Ask for keys only where service.auth_enabled is true."
        )

    get_token = get_keys

    def get_logs(self, num_lines: int = LOG_LINES) -> str:
        """The last lines that the server has written."""
        self._record = self._read(must_exist=True)
        return self._containers.logs(self._record["generation"], num_lines)

    def run(self, input_data: Any, key: str | None = None, timeout_s: float | None = None) -> Any:
        """Score: POST ``input_data`` (text, bytes, or what JSON can hold) and return the answer, decoded from JSON.

        ``key`` is one of the service's keys, or a token, where it asks for them. Raises ServiceFailed when the answer's
        status is not 200, or when none comes, within ``timeout_s`` seconds where that is given.
        """
        url = f"{scheme_of(self._record)}://127.0.0.1:{self.port}/score"
        try:
            return score(self.name, url, input_data, key, timeout_s)
        except ConnectionError as error:
            where = f"{self.name} does not answer at {self.scoring_uri}: {str(error).rstrip('.')}"
            raise ServiceFailed(f"{where}. It is {self.state}. Why: scoredock service show {self.name}") from None

    # -- changing it ------------------------------------------------------------------------------------------

    def wait_for_deployment(self, show_output: bool = False, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when it is Healthy. Raises ServiceFailed when it ends up in another state."""
        with self.changing():
            self._settle(self._read(must_exist=True), timeout_s, print if show_output else silent)

    def update(
        self,
        models: Sequence[Model] | None = None,
        deployment_config: LocalWebserviceDeploymentConfiguration | None = None,
        wait: bool = False,
        inference_config: InferenceConfig | None = None,
        show: Show = silent,
    ) -> None:
        """Change what is given, leave the rest; the old service answers until the new one is Healthy.

        Without ``inference_config``, script and packages stay those that run, whatever their files hold by now.
        """
        with self.changing():
            record = self._read(must_exist=True)
            models = self._models() if models is None else models
            deployment = deployment_config or LocalWebserviceDeploymentConfiguration(
                port=record["deployment_config"].get("port")
            )
            running = self._folder() / str(record["generation"]) / "app"
            kept = inference_config is None and running.is_dir() and image_id(connect(), record["image"]) is not None
            if not kept:
                self.change(models, inference_config or config_of(record), deployment, wait=wait, show=show)
                return
            record = {**record, "deployment_config": deployment.to_dict()}
            with tempfile.TemporaryDirectory(prefix="scoredock-app-") as folder:  # what runs may be removed meanwhile
                app = shutil.copytree(running, Path(folder) / "app")
                self._move(deployment.port, show)
                self._replace(models, config_of(record), record, wait=wait, show=show, app=app)

    def reload(self, wait: bool = False, show: Show = silent) -> None:
        """Restart with fresh copies of the script and the files beside it; no build, the same models and packages."""
        with self.changing():
            record = self._read(must_exist=True)
            config = config_of(record)
            config.check_files()
            self._replace(self._models(), config, record, wait=wait, show=show)

    def delete(self, delete_cache: bool = True, delete_image: bool = False) -> None:
        """End it and remove its containers, files and record; with ``delete_image``, its environment's image too."""
        with self.changing():
            self._containers.remove_all()
            image = str(self._record.get("image"))
            if delete_image and image.startswith(ENVIRONMENT_IMAGE):  # never an image that somebody else made
                self._containers.remove_image(image)
            if delete_cache:
                shutil.rmtree(self._folder(), ignore_errors=True)
            if self.exists:
                self._records.delete(self.name)
            self._record = {}

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One change of a service at a time, over all processes. Raises Busy."""
        with self.workspace.lock(f"service-{self.name}"):
            self._record = self._read(must_exist=False)
            yield

    def change(
        self,
        models: Sequence[Model],
        config: InferenceConfig,
        deployment: LocalWebserviceDeploymentConfiguration,
        *,
        wait: bool,
        show: Show,
    ) -> None:
        """Bring the service to these models and configurations; only inside ``changing()``."""
        for model in models:
            show(f"Using model {model.id}")
        environment = described_environment(self.workspace, config)
        image = environment_image(connect(), environment, docker_steps(config), show)
        record = {
            **self._record,
            "image": image,
            "gpu": environment.docker.base_image in GPU_IMAGES,
            "shm_size": environment.docker.shm_size,
            "environment_variables": dict(environment.environment_variables),
            "deployment_config": deployment.to_dict(),
        }
        self._move(deployment.port, show)
        self._replace(models, config, record, wait=wait, show=show)

    # -- inside -----------------------------------------------------------------------------------------------

    def _move(self, port: int | None, show: Show) -> None:
        """Leave the port that is held when another one is wanted, which must be free. Raises ServiceFailed."""
        present = self._containers.port()
        if present is not None and port not in (None, present):
            self._containers.check_port(port)
            show(f"The port changes from {present} to {port}: the service is away until the new one is Healthy.")
            self._containers.remove_all()

    def _replace(
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
        is_new = not self.exists
        if is_new:  # so that it can be listed and deleted, whatever happens from here on
            self._put({**record, "name": self.name, "generation": 0, "was_healthy": False, "models": []})
        try:
            record, old = self._start(models, config, record, app, show)
        except BaseException:
            if is_new:
                self._records.delete(self.name)
                self._record = {}
                shutil.rmtree(self._folder(), ignore_errors=True)
            raise
        if old and self._containers.condition(old, was_healthy=True).state is not State.FAILED:
            self._take_over(old, record, show)
            return
        self._put(record)
        self._sweep(record["generation"])
        if wait:
            self._settle(record, START_TIMEOUT_S, show)

    def _start(
        self, models: Sequence[Model], config: InferenceConfig, record: Record, app: Path | None, show: Show
    ) -> tuple[Record, int]:
        """Start the next generation; returns its record, and the number of the one before it, 0 for none."""
        if self._containers.port() is None:  # a new service; or one whose port somebody took away
            self._containers.remove_all()
            port = self._containers.hold_port(record["image"], record["deployment_config"].get("port"))
            record = {**record, "port": port, "generation": 0}
        old = record.get("generation", 0)
        for left in self._containers.generations():
            if left != old:  # of a change whose process was killed
                self._drop(left)
        new = self._next_generation()
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = {
            **record,
            "name": self.name,
            "generation": new,
            "was_healthy": False,
            "models": [model.id for model in models],
            "entry_script": config.entry_script,
            "inference_config": config.to_dict(),
            "config_folder": str(config.folder.absolute()),
            "created": record.get("created") or now,
            "updated": now,
        }
        show("Starting Docker container...")
        folder = self._folder() / str(new)
        try:
            shutil.rmtree(folder, ignore_errors=True)
            layout = write_layout(folder, config, models, app_from=app)
            variables = {"SERVICE_NAME": self.name, **record["environment_variables"]}
            self._containers.start(
                new, record["image"], layout, variables, gpu=record["gpu"], shm_size=record.get("shm_size")
            )
        except BaseException:
            self._drop(new)
            if not old:
                self._containers.remove_all()
            raise
        return record, old

    def _sweep(self, generation: int) -> None:
        """End and remove every other generation, and its files."""
        for other in self._containers.generations():
            if other != generation:
                self._containers.end(other)
        for folder in self._folder().iterdir():
            if folder.name != str(generation):
                shutil.rmtree(folder, ignore_errors=True)

    def _take_over(self, old: int, record: Record, show: Show) -> None:
        """Wait for the new generation, then end the old one; or take the new one back."""
        new = record["generation"]
        show("Checking container health...")
        try:
            condition = self._containers.wait_until_settled(new, START_TIMEOUT_S, show)
            if condition.state is State.HEALTHY:
                self._put({**record, "was_healthy": True})
        except BaseException:  # two versions must not go on answering beside each other
            self._drop(new)
            raise
        if condition.state is State.HEALTHY:
            self._sweep(new)
            show(f"Local webservice is running at http://localhost:{self.port}")
            return
        for line in self._containers.logs(new, 20).splitlines():
            show(line)
        self._drop(new)
        raise ServiceFailed(
            f"{self.name} was not changed and answers as before: what was to replace it is {condition.state.value}: "
            f"{condition.cause}"
        )

    def _settle(self, record: Record, timeout_s: float, show: Show) -> None:
        show("Checking container health...")
        condition = self._containers.wait_until_settled(record["generation"], timeout_s, show)
        if condition.state is not State.HEALTHY:
            raise ServiceFailed(
                f"{self.name} is {condition.state.value}: {condition.cause}. Its whole log: scoredock service logs "
                f"{self.name}"
            )
        self._put({**record, "was_healthy": True})
        show(f"Local webservice is running at http://localhost:{self.port}")

    def _drop(self, generation: int) -> None:
        """Remove a generation's container and files."""
        self._containers.remove(generation)
        shutil.rmtree(self._folder() / str(generation), ignore_errors=True)

    def _next_generation(self) -> int:
        return max([0, int(self._record.get("generation", 0)), *self._containers.generations()]) + 1

    def _models(self) -> Sequence[Model]:
        return [Model(self.workspace, id=one) for one in self._record.get("models", [])]

    def _put(self, record: Record) -> None:
        self._records.put(self.name, record)
        self._record = record

    def _read(self, must_exist: bool) -> Record:
        try:
            return dict(self._records.get(self.name))
        except NotFound as error:
            if must_exist:
                raise NotFound(f"{error} Deploy it with `scoredock deploy -n {self.name} …`.") from None
            return {}

    def _folder(self) -> Path:
        return self.workspace.cache_folder / "services" / self.name

    def __repr__(self) -> str:
        return f"LocalWebservice({self.name!r})"
