"""A service on this machine: asked, changed without a gap, deleted. The calls of Azure ML's ``LocalWebservice``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from scoredock.deploy.config.deployment_config import LocalWebserviceDeploymentConfiguration
from scoredock.deploy.config.inference_config import InferenceConfig
from scoredock.deploy.local.call import score
from scoredock.deploy.local.condition import Condition, State
from scoredock.deploy.local.engine import Show, connect, image_id, silent
from scoredock.deploy.local.generations import KIND, START_TIMEOUT_S, Generations, Record
from scoredock.deploy.local.history import as_it_was, earlier, shown_history
from scoredock.deploy.local.imported_files import cure
from scoredock.deploy.local.service_config import (
    address_of,
    built_environment,
    config_of,
    deployment_of,
    variables_of,
)
from scoredock.deploy.local.sharing import has_keys
from scoredock.deploy.registry.model import Model
from scoredock.deploy.registry.workspace import Workspace
from scoredock.errors import Busy, NotFound, Refused, ServiceFailed

LOG_LINES = 5000
GPU_IMAGES = ("scoredock:cuda", "scoredock:tensorrt")
ENVIRONMENT_IMAGE = "scoredock-env:"


class LocalWebservice:
    """A service of the workspace that runs in this machine's Docker engine.

    Raises NotFound when there is none, and later when it has been deleted; changes raise Busy beside another one.
    """

    compute_type = "LOCAL"
    token_auth_enabled = False

    def __init__(self, workspace: Workspace, name: str, *, must_exist: bool = True) -> None:
        self.workspace = workspace
        self.name = name
        self._engine = connect()
        self._generations = Generations(self._engine, workspace, name)
        self._containers = self._generations.containers
        self._generations.read(must_exist=must_exist)

    @staticmethod
    def deploy_configuration(
        port: int | None = None, host: str | None = None
    ) -> LocalWebserviceDeploymentConfiguration:
        """The configuration of a local service. Raises ConfigError.

        ``port`` None: a free one. ``host`` None: 127.0.0.1; an address that others reach needs keys in the variables.
        """
        return LocalWebserviceDeploymentConfiguration(port=port, host=host)

    @staticmethod
    def list(workspace: Workspace) -> list[LocalWebservice]:
        """All services of the workspace, by name."""
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
    def deployment_config(self) -> LocalWebserviceDeploymentConfiguration:
        """Its port, limits and variables, as it was deployed with."""
        return deployment_of(self._record)

    @property
    def auth_enabled(self) -> bool:
        """Whether callers need a key: where its variables give one."""
        return has_keys(variables_of(self._record))

    @property
    def inference_config(self) -> InferenceConfig:
        """Its script and environment, as it was deployed with; ``options`` is what a command line said of them."""
        return config_of(self._record)

    @property
    def scoring_uri(self) -> str:
        """Where to POST requests."""
        return f"{address_of(self._record, self.port)}/score"

    @property
    def swagger_uri(self) -> str:
        """Where its Swagger document is."""
        return f"{address_of(self._record, self.port)}/swagger.json"

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
        record = self._generations.read()
        generation = record["generation"]
        found = self._containers.condition(generation, was_healthy=bool(record["was_healthy"]))
        if found.state is State.HEALTHY and self._containers.generations() != [generation] and not self._is_changing():
            cause = "a change of it was interrupted, and two versions answer"
            return Condition(State.UNHEALTHY, f"{cause}. End it: scoredock service reload {self.name}")
        return found

    @property
    def never_worked(self) -> bool:
        """Whether it has failed, and no generation of it ever was Healthy."""
        return not self._record.get("was_healthy") and not self._record.get("history") and self.state == "Failed"

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
            "history": shown_history(self._record),
            "compute_type": self.compute_type,
            "error": condition.cause or None,
        }

    def update_deployment_state(self) -> None:
        """Nothing to do: ``state`` always asks the containers."""

    def get_keys(self) -> tuple[str | None, str | None]:
        """The primary and the secondary key that its variables give; a key in a file of the container is None.

        Raises Refused where it has no keys: ask ``auth_enabled`` first.
        """
        if self.auth_enabled:
            found = variables_of(self._record)
            return found.get("SCOREDOCK_PRIMARY_KEY"), found.get("SCOREDOCK_SECONDARY_KEY")
        raise Refused(
            f"{self.name} has no keys: a local service answers on this machine alone, without an Authorization header. "
            "Ask for keys only where service.auth_enabled is true."
        )

    def get_token(self) -> NoReturn:
        """Raise Refused: ask ``token_auth_enabled`` first."""
        raise Refused(f"{self.name} gives no tokens. Ask for one only where service.token_auth_enabled is true.")

    def get_logs(self, num_lines: int = LOG_LINES) -> str:
        """The last ``num_lines`` lines that the server has written."""
        return self._containers.logs(self._generations.read()["generation"], num_lines)

    def run(self, input_data: Any, key: str | None = None, timeout_s: float | None = None) -> Any:
        """Score: POST ``input_data`` (text, bytes, or what JSON can hold) and return the answer, decoded from JSON.

        ``key`` is one of the service's keys, or a token, where it asks for them.

        Raises ServiceFailed when the answer's status is not 200, or when none comes, all of it within ``timeout_s``
        seconds where that is given.
        """
        url = self.scoring_uri.replace("//localhost:", "//127.0.0.1:")
        try:
            return score(self.name, url, input_data, key, timeout_s)
        except ConnectionError as error:
            where = f"{self.name} does not answer at {self.scoring_uri}: {str(error).rstrip('.')}"
            raise ServiceFailed(f"{where}. It is {self.state}. Why: scoredock service show {self.name}") from None

    # -- changing it ------------------------------------------------------------------------------------------

    def wait_for_deployment(self, show_output: bool = False, timeout_s: float = START_TIMEOUT_S) -> None:
        """Return when it is Healthy. Raises ServiceFailed when it is not after ``timeout_s`` seconds, or cannot be."""
        with self.changing():
            self._generations.settle(timeout_s, print if show_output else silent)

    def update(
        self,
        models: Sequence[Model] | None = None,
        deployment_config: LocalWebserviceDeploymentConfiguration | None = None,
        wait: bool = False,
        inference_config: InferenceConfig | None = None,
        show: Show = silent,
    ) -> None:
        """Change what is given, leave the rest; the old service answers until the new one is Healthy.

        Without ``inference_config``, script and packages stay those that run, whatever their files hold by now. Raises
        ConfigError, BuildFailed, and ServiceFailed when the new one does not get Healthy.
        """
        with self.changing() as record:
            models = self._models() if models is None else models
            deployment = deployment_config or deployment_of(record)
            running = self._generations.folder / str(record["generation"]) / "app"
            has_image = image_id(self._engine, record["image"]) is not None
            kept = inference_config is None and running.is_dir() and has_image
            if not kept:
                self.change(models, inference_config or config_of(record), deployment, wait=wait, show=show)
                return
            record = {**record, "deployment_config": deployment.to_dict()}
            with tempfile.TemporaryDirectory(prefix="scoredock-app-") as folder:  # what runs may be removed meanwhile
                app = shutil.copytree(running, Path(folder) / "app")
                self._generations.move(record, show)
                self._generations.replace(models, config_of(record), record, wait=wait, show=show, app=app)

    def rollback(self, to: int | None = None, wait: bool = False, show: Show = silent) -> None:
        """Start generation ``to`` again, None: the one before, with its models, script, packages and variables.

        It takes over without a gap, as a new generation; address and port stay. Its image is used where it is still
        there, and built again where not. Raises Refused for one that is not kept, NotFound for a model that has been
        deleted, and what ``update`` raises.
        """
        with self.changing() as record:
            entry = earlier(self.name, record, to)
            try:
                models = [Model(self.workspace, id=one) for one in entry["models"]]
            except NotFound as error:
                raise NotFound(f"generation {entry['generation']} of {self.name} cannot come back: {error}") from None
            app = self._generations.folder / str(entry["generation"]) / "app"
            if not app.is_dir():
                raise NotFound(f"the script of generation {entry['generation']} is gone from the cache: {app}")
            config, again = config_of(entry), as_it_was(record, entry)
            show(f"Back to generation {entry['generation']}: {', '.join(entry['models']) or 'no model'}")
            if image_id(self._engine, entry["image"]) is None:
                again["image"] = built_environment(self._engine, self.workspace, config, show)[1]
            self._generations.move(again, show)
            self._generations.replace(models, config, again, wait=wait, show=show, app=app)

    def reload(self, wait: bool = False, show: Show = silent) -> None:
        """Restart with fresh copies of the script and the files beside it; no build, the same models and packages."""
        with self.changing() as record:
            self._generations.replace(self._models(), config_of(record), record, wait=wait, show=show)

    def delete(self, delete_cache: bool = True, delete_image: bool = False) -> None:
        """End it and remove its containers, files and record; with ``delete_image``, its environment's image too."""
        with self.changing(must_exist=False) as record:
            self._containers.remove_all()
            image = str(record.get("image"))
            if delete_image and image.startswith(ENVIRONMENT_IMAGE):  # never an image that somebody else made
                self._containers.remove_image(image)
            self._generations.forget(files=delete_cache)

    @contextmanager
    def changing(self, *, must_exist: bool = True) -> Iterator[Record]:
        """One change of a service at a time, over all processes: its record as it is then. Raises Busy, NotFound."""
        with self.workspace.lock(f"service-{self.name}"):
            yield self._generations.read(must_exist=must_exist)

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
        environment, image = built_environment(self._engine, self.workspace, config, show)
        record = {
            **self._record,
            "image": image,
            "gpu": environment.docker.base_image in GPU_IMAGES,
            "shm_size": environment.docker.shm_size,
            "environment_variables": dict(environment.environment_variables),
            "deployment_config": deployment.to_dict(),
        }
        self._generations.move(record, show)
        try:
            self._generations.replace(models, config, record, wait=wait, show=show)
        except ServiceFailed as error:
            if config.source_directory is None and (what_to_do := cure(config.script_path, str(error))):
                raise ServiceFailed(f"{error}{what_to_do}") from None
            raise

    @property
    def _record(self) -> Record:
        return self._generations.record

    def _models(self) -> Sequence[Model]:
        return [Model(self.workspace, id=one) for one in self._record.get("models", [])]

    def __repr__(self) -> str:
        return f"LocalWebservice({self.name!r})"
