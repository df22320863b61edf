"""A service in the engine: one container that holds its port, and the server's, which joins that one's network.

The port belongs to the network of a container that only sleeps. A server's container joins that network; a new one
listens beside the old one as soon as it can score (SCOREDOCK_SHARE_PORT), then the old one ends. No proxy is between,
and no request is lost.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import DeviceRequest

from scoredock.deploy.local.condition import Condition, State, how_it_ended
from scoredock.deploy.local.ports import LOOPBACK, free_port, listen_once
from scoredock.deploy.local.service_files import APP_ROOT, MODELS, Layout
from scoredock.errors import ServiceFailed

SERVICE, ROLE, GENERATION = "scoredock.service", "scoredock.role", "scoredock.generation"
WORKSPACE = "scoredock.workspace"
PORT = 5001
USER = "1001"  # never root, whatever the image says
HEALTH_PORTS = (15001, 15002)  # of odd and even generations, which may run side by side
COMES_BACK = {"Name": "unless-stopped"}
STOP_S = 40
POLL_S = 0.3
NANOSECONDS = 1_000_000_000


class Containers:
    """The containers of the service ``name`` of one workspace, which ``workspace`` is a short text for."""

    def __init__(self, engine: docker.DockerClient, name: str, workspace: str) -> None:
        self._engine = engine
        self._name = name
        self._labels = {SERVICE: name, WORKSPACE: workspace}

    # -- the port ---------------------------------------------------------------------------------------------

    def hold_port(self, image: str, port: int | None, host: str = LOOPBACK, before: int | None = None) -> int:
        """Start the container that holds ``port`` of the address ``host``, or a free one; returns the port.

        Of free ones, it takes ``before`` if it can. The number is settled before it starts, so that it is the same
        after a restart of the engine. Raises ServiceFailed when the port is taken.
        """
        try:
            port = free_port(host, before) if port is None else port
        except OSError as error:
            raise ServiceFailed(f"{host} is no address of this machine: {error.strerror or error}") from None
        options: dict[str, Any] = {
            "name": f"{self._name}-port",
            "labels": {**self._labels, ROLE: "port"},
            "ports": {f"{PORT}/tcp": (host, port)},
            "entrypoint": ["sleep", "infinity"],
            "healthcheck": {"test": ["NONE"]},
            "restart_policy": COMES_BACK,
            "stop_signal": "SIGKILL",
            "user": USER,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "hostname": self._name,
        }
        # A connection that the old server has not accepted yet goes to the new one, with Linux from 5.14 on.
        for more in ({"sysctls": {"net.ipv4.tcp_migrate_req": "1"}}, {}):
            try:
                holder = self._engine.containers.create(image, **options, **more)
            except APIError as error:
                raise ServiceFailed(self._no_container(f"{self._name}-port", error)) from None
            try:
                holder.start()
                break
            except APIError as error:
                holder.remove(force=True)
                if "sysctl" not in str(error) or not more:
                    raise ServiceFailed(self._no_port(port, str(error.explanation or error))) from None
        return self.port() or 0

    def port(self) -> int | None:
        """The published port; None when no container holds one."""
        holder = self._find("port")
        if holder is None or holder.attrs["State"]["Status"] != "running":
            return None
        bindings = (holder.attrs["NetworkSettings"]["Ports"] or {}).get(f"{PORT}/tcp")
        return int(bindings[0]["HostPort"]) if bindings else None

    def address(self) -> str | None:
        """The address of this machine whose port is published; None when no container holds one."""
        holder = self._find("port")
        bindings = {} if holder is None else holder.attrs["HostConfig"]["PortBindings"] or {}
        return str(bindings[f"{PORT}/tcp"][0]["HostIp"]) if bindings else None

    def check_port(self, port: int, host: str = LOOPBACK) -> None:
        """Raise ServiceFailed when somebody listens on ``port`` of the address ``host``."""
        try:
            listen_once(host, port)
        except OSError as error:
            raise ServiceFailed(self._no_port(port, error.strerror or str(error))) from None

    def _no_container(self, name: str, error: APIError) -> str:
        said = str(error.explanation or error)
        if "already in use" in said:
            return (
                f"the engine has a container {name} already, which is not this workspace's: a service of that name was "
                f"deployed from another one. Choose another name, or remove it: docker rm -f {name}"
            )
        return f"the engine could not make the container {name}: {said}"

    def _no_port(self, port: int | None, said: str) -> str:
        if "already allocated" in said or "already in use" in said:
            return (
                f"port {port} is taken. Choose another (`port` in the deployment configuration, or --port), or stop "
                f"what listens there: ss -ltnp 'sport = :{port}', docker ps --filter publish={port}"
            )
        return f"the engine could not publish port {port}: {said}"

    # -- the servers ------------------------------------------------------------------------------------------

    def start(
        self,
        generation: int,
        image: str,
        layout: Layout,
        environment: Mapping[str, str],
        *,
        gpu: bool = False,
        shm_size: str | None = None,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
    ) -> None:
        """Start the server of a generation beside the one that runs, with limits where they are given.

        Raises ServiceFailed.
        """
        holder = self._find("port")
        if holder is None:
            raise ServiceFailed(f"the container {self._name}-port, which holds the service's port, is gone")
        health_port = str(HEALTH_PORTS[generation % 2])
        variables = {
            **environment,
            **layout.environment,
            "SCOREDOCK_SHARE_PORT": "true",
            "SEPERATE_HEALTH_ENDPOINT": "true",
            "HEALTH_PORT": health_port,
            "SCOREDOCK_PORT": str(PORT),  # whatever the environment says: it is the one that is published
            "SCOREDOCK_HOST": "0.0.0.0",  # noqa: S104 - inside the container
        }
        volumes = {
            str(layout.app): {"bind": APP_ROOT, "mode": "ro"},
            str(layout.models): {"bind": f"{APP_ROOT}/{MODELS}", "mode": "ro"},
        }
        devices = [DeviceRequest(count=-1, capabilities=[["gpu"]])] if gpu else None
        try:
            server = self._engine.containers.create(
                image,
                name=f"{self._name}-{generation}",
                labels={**self._labels, ROLE: "server", GENERATION: str(generation)},
                network_mode=f"container:{holder.id}",
                environment=variables,
                volumes=volumes,
                device_requests=devices,
                shm_size=shm_size,
                nano_cpus=None if cpu_cores is None else int(cpu_cores * 1e9),
                mem_limit=None if memory_gb is None else int(memory_gb * 1024**3),
                user=USER,
                security_opt=["no-new-privileges"],
                cap_drop=["ALL"],
            )
            server.start()
        except APIError as error:
            self.remove(generation)
            raise ServiceFailed(self._not_started(str(error.explanation or error))) from None

    def _not_started(self, said: str) -> str:
        if "device driver" in said:
            return (
                f"{self._name} is {State.UNSCHEDULABLE.value}: its environment computes on an NVIDIA device, and this "
                "engine offers none. Install NVIDIA's driver and container toolkit on this machine, or deploy an "
                "environment for the CPU (scoredock-cpu)"
            )
        return f"{self._name} is {State.FAILED.value}: the engine could not start its container: {said}"

    def wait_until_settled(self, generation: int, timeout_s: float, show: Any) -> Condition:
        """Wait until the server of a generation is Healthy or has ended; what it does meanwhile goes to ``show``."""
        deadline, last = time.monotonic() + timeout_s, ""
        while True:
            condition = self.condition(generation, was_healthy=False)
            if condition.state is not State.TRANSITIONING:
                return condition
            if time.monotonic() > deadline:
                return Condition(State.UNHEALTHY, f"not ready after {timeout_s:.0f} s: {condition.cause}")
            phase = condition.cause.split(" for ")[0]
            if phase != last and phase.startswith("Not ready"):
                show(condition.cause)
                last = phase
            time.sleep(POLL_S)

    def condition(self, generation: int, *, was_healthy: bool) -> Condition:
        """The state of a generation's server, from its container and its health, never from memory."""
        server = self._find("server", generation)
        if server is None:
            return Condition(State.FAILED, f"its container {self._name}-{generation} is gone")
        state = server.attrs["State"]
        if state["Status"] in ("exited", "dead"):
            return Condition(State.FAILED, how_it_ended(state, server.logs(tail=20).decode(errors="replace")))
        if state["Status"] == "restarting":
            ended = how_it_ended(state, server.logs(tail=20).decode(errors="replace"))
            return Condition(State.UNHEALTHY, f"{ended}; the engine starts it again")
        if state["Status"] == "paused":
            return Condition(State.UNHEALTHY, "its container is paused: docker unpause " + server.name)
        if state["Status"] != "running":
            return Condition(State.TRANSITIONING, f"its container is {state['Status']}")
        unreachable = self._no_way_in(state["StartedAt"])
        if unreachable:
            return Condition(State.FAILED, f"{unreachable}: scoredock service reload {self._name}")
        try:
            code, said = server.exec_run(["scoredock", "health"])
        except APIError:  # it has ended meanwhile
            return self.condition(generation, was_healthy=was_healthy)
        text = said.decode(errors="replace").strip()
        if code == 0:
            self._let_come_back(server)
            return Condition(State.HEALTHY)
        return Condition(State.UNHEALTHY if was_healthy else State.TRANSITIONING, text)

    @staticmethod
    def _let_come_back(server: Any) -> None:
        """Have the engine start a server again with the machine, or when it dies: one that was Healthy, so that a
        script that never worked is not started for ever."""
        if server.attrs["HostConfig"]["RestartPolicy"]["Name"] != COMES_BACK["Name"]:
            with contextlib.suppress(APIError):  # it has ended meanwhile
                server.update(restart_policy=COMES_BACK)

    def _no_way_in(self, started: str) -> str:
        """Why no request reaches the server that began at ``started``, though it runs; empty when they do."""
        holder = self._find("port")
        if holder is None:
            return f"the container {self._name}-port, which holds its port, is gone"
        state = holder.attrs["State"]
        if state["Status"] != "running":
            return f"the container {self._name}-port, which holds its port, is {state['Status']}"
        if state["StartedAt"] > started:  # it has another network now
            return f"the container {self._name}-port, which holds its port, was started again after the server"
        return ""

    def logs(self, generation: int, lines: int) -> str:
        """The last ``lines`` lines of a generation's server; empty when there is none."""
        server = self._find("server", generation)
        return "" if server is None else server.logs(tail=lines).decode(errors="replace")

    def end(self, generation: int) -> None:
        """Stop a generation's server, which answers what it has accepted, and remove it."""
        server = self._find("server", generation)
        if server is not None:
            server.stop(timeout=STOP_S)
            self.remove(generation)

    def remove(self, generation: int) -> None:
        """Remove a generation's server, running or not."""
        server = self._find("server", generation)
        if server is not None:
            server.remove(force=True, v=True)

    def generations(self) -> list[int]:
        """The generations whose containers there are, oldest first."""
        found = self._all(f"{ROLE}=server")
        return sorted(int(container.labels[GENERATION]) for container in found)

    def remove_all(self) -> None:
        """Remove every container of the service; servers that run answer what they have accepted first."""
        for generation in self.generations():
            self.end(generation)
        holder = self._find("port")
        if holder is not None:
            holder.remove(force=True, v=True)

    def remove_image(self, name: str) -> None:
        """Remove an image, unless another container uses it."""
        with contextlib.suppress(APIError):
            self._engine.images.remove(name)

    def _find(self, role: str, generation: int | None = None) -> Any:
        wanted = [f"{ROLE}={role}"] + ([f"{GENERATION}={generation}"] if generation is not None else [])
        found = self._all(*wanted)
        if not found:
            return None
        try:
            found[0].reload()
        except NotFound:
            return None
        return found[0]

    def _all(self, *labels: str) -> list[Any]:
        own = [f"{label}={value}" for label, value in self._labels.items()]
        filters = {"label": [*own, *labels]}
        return list(self._engine.containers.list(all=True, filters=filters, ignore_removed=True))
