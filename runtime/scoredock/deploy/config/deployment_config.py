"""Deployment configurations: what a service asks of the compute that it runs on, local, ACI or AKS.

The fields are the arguments of Azure ML's ``deploy_configuration`` calls. A field that is None is not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, ClassVar

from scoredock.deploy.config.document import load
from scoredock.deploy.config.environment_format import VARIABLES
from scoredock.deploy.config.format import Format, Rule, all_or_none, declared, fields_of, needs
from scoredock.deploy.config.kinds import Address, Choice, Flag, Number, Pairs, Text, Whole
from scoredock.deploy.config.node import Node
from scoredock.deploy.config.this_machine import on_this_machine

NAMESPACE = Text(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
    "a name of at most 63 lowercase letters, digits and hyphens that neither begins nor ends with a hyphen",
)
AT_LEAST_ONE = Whole(1)
AKS_ENDPOINT = (("aksendpoint", "aks"),)  # an endpoint's version is described as a service is
SDK_NAME = "is an argument of the SDK; the key of a file is appInsightsEnabled"


@dataclass(frozen=True, kw_only=True)
class DeploymentConfiguration:
    """What all deployment configurations have in common.

    ``unread`` explains keys that files have and nobody reads. ``warnings`` says what was ignored of a file, ``notes``
    what became of the rest. Raises ConfigError for values that a configuration cannot have, with all problems at once.
    """

    title: ClassVar[str] = "deployment configuration"
    rules: ClassVar[tuple[Rule, ...]] = ()
    unread: ClassVar[tuple[tuple[str, str], ...]] = ()
    compute_type: str
    warnings: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)
    notes: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        values = {entry.name: getattr(self, entry.name) for entry in fields_of(type(self))}
        for name, value in format_of(type(self)).check(values, type(self).__name__).items():
            object.__setattr__(self, name, value)

    def to_dict(self, with_secrets: bool = False) -> dict[str, Any]:
        """The configuration as its JSON file has it; without keys, unless ``with_secrets``."""
        values = {entry.name: getattr(self, entry.name) for entry in fields_of(type(self))}
        return format_of(type(self)).write(values, with_secrets)


@dataclass(frozen=True, kw_only=True)
class LocalWebserviceDeploymentConfiguration(DeploymentConfiguration):
    """A service in a container of this machine, which answers on ``port``; None: a free one. Raises ConfigError.

    ``host`` is the address that it answers on, None: 127.0.0.1, which this machine alone reaches.
    ``cpu_cores`` and ``memory_gb`` are what the container may use at most, None: all that there is.
    """

    title = "LOCAL deployment configuration"
    # fmt: off
    compute_type: str = declared(Choice(("local",)), "computeType", "local",
        "Where the service runs; in any case.", required=True, flag="--cp")
    port: int | None = declared(Whole(1, 65535), "port", None,
        "Port of this machine that the service answers on.", flag="--po", default_words="a free one")
    host: str | None = declared(Address(), "host", None,
        "Address of this machine that the service answers on; one that others reach needs keys. scoredock's own key.",
        flag="--host", default_words="`127.0.0.1`")
    cpu_cores: float | None = declared(Number(above=0), "containerResourceRequirements.cpu", None,
        "Most CPUs that the container may use. scoredock's own key.", default_words="all")
    memory_gb: float | None = declared(Number(above=0), "containerResourceRequirements.memoryInGB", None,
        "Most memory in GB that the container may use. scoredock's own key.", default_words="all")
    environment_variables: dict[str, str] | None = declared(VARIABLES, "environmentVariables", None,
        "Variables of the service's processes, over those of its environment. scoredock's own key.")
    # fmt: on


@dataclass(frozen=True, kw_only=True)
class _CloudConfiguration(DeploymentConfiguration):
    """What ACI and AKS share."""

    # fmt: off
    cpu_cores: float = declared(Number(above=0), "containerResourceRequirements.cpu", 0.1,
        "CPUs of a container; may be a fraction.", flag="--cc")
    memory_gb: float = declared(Number(above=0), "containerResourceRequirements.memoryInGB", 0.5,
        "Memory of a container in GB.", flag="--gb")
    enable_app_insights: bool = declared(Flag(), "appInsightsEnabled", False,
        "Send telemetry to Application Insights.", flag="--ai")
    collect_model_data: bool = declared(Flag(), "dataCollection.storageEnabled", False,
        "Store what the script's data collectors collect.", flag="--md")
    event_hub_enabled: bool = declared(Flag(), "dataCollection.eventHubEnabled", False,
        "Send collected data to an event hub too.")
    primary_key: str | None = declared(Text(), "keys.primaryKey", None,
        "First key that clients may present.", flag="--kp", secret=True, default_words="generated")
    secondary_key: str | None = declared(Text(), "keys.secondaryKey", None,
        "Second key that clients may present.", flag="--ks", secret=True, default_words="generated")
    tags: dict[str, str] | None = declared(Pairs(), "kvTags", None,
        "Names and text to find the service by.", aliases=("tags",), flag="--tag")
    properties: dict[str, str] | None = declared(Pairs(), "properties", None,
        "Names and text that stay as they are once they are set.", flag="--property")
    description: str | None = declared(Text(), "description", None, "What the service is for.")
    # fmt: on


@dataclass(frozen=True, kw_only=True)
class AciServiceDeploymentConfiguration(_CloudConfiguration):
    """A service in Azure Container Instances: one replica, keys only, no GPU. Raises ConfigError.

    Memory is in GB. The rules are those of Azure ML's ``AciWebservice.deploy_configuration``.
    """

    title = "ACI deployment configuration"
    rules = (
        needs("ssl_enabled", "ssl_cert_pem_file"),
        needs("ssl_enabled", "ssl_key_pem_file"),
        needs("ssl_enabled", "ssl_cname"),
        all_or_none("cmk_vault_base_url", "cmk_key_name", "cmk_key_version"),
        all_or_none("vnet_name", "subnet_name"),
    )
    unread = (("enableAppInsights", SDK_NAME),)
    # fmt: off
    compute_type: str = declared(Choice(("aci",)), "computeType", "aci",
        "Where the service runs; in any case.", required=True, flag="--cp")
    location: str | None = declared(Text(), "location", None,
        "Azure region.", flag="--lo", default_words="the workspace's")
    auth_enabled: bool = declared(Flag(), "authEnabled", False, "Clients must present a key.", flag="--ae")
    ssl_enabled: bool = declared(Flag(), "sslEnabled", False,
        "Serve HTTPS; needs certificate, key and name.", flag="--se")
    ssl_cert_pem_file: str | None = declared(Text(), "sslCertificate", None,
        "File of the certificate, PEM.", aliases=("sslCertPemFile",), flag="--sp")
    ssl_key_pem_file: str | None = declared(Text(), "sslKey", None,
        "File of the certificate's key, PEM.", aliases=("sslKeyPemFile",), flag="--sk")
    ssl_cname: str | None = declared(Text(), "cname", None,
        "Name that the certificate is for.", aliases=("sslCname",), flag="--sc")
    dns_name_label: str | None = declared(Text(), "dnsNameLabel", None,
        "First part of the service's host name.", flag="--dn", default_words="a unique one")
    vnet_name: str | None = declared(Text(), "vnetConfiguration.vnetName", None, "Virtual network.",
        aliases=("vnetName",))
    subnet_name: str | None = declared(Text(), "vnetConfiguration.subnetName", None, "Subnet of the virtual network.",
        aliases=("subnetName",))
    cmk_vault_base_url: str | None = declared(Text(), "encryptionProperties.vaultBaseUrl", None,
        "Key vault with the key that the service's data is encrypted with.",
        aliases=("cmkVaultBaseUrl", "vaultBaseUrl"), flag="--vault-base-url")
    cmk_key_name: str | None = declared(Text(), "encryptionProperties.keyName", None, "That key's name.",
        aliases=("keyName",), flag="--key-name")
    cmk_key_version: str | None = declared(Text(), "encryptionProperties.keyVersion", None, "That key's version.",
        aliases=("keyVersion",), flag="--key-version")
    # fmt: on


@dataclass(frozen=True, kw_only=True)
class AksServiceDeploymentConfiguration(_CloudConfiguration):
    """A service in Kubernetes, with replicas, autoscaling, probes, and keys or tokens. Raises ConfigError.

    Memory is in GB, times in seconds, ``scoring_timeout_ms`` and ``max_request_wait_time`` in milliseconds. The rules
    are those of Azure ML's ``AksWebservice.deploy_configuration``.
    """

    title = "AKS deployment configuration"
    rules = (
        Rule(("token_auth_enabled", "auth_enabled"), lambda token, key: token and bool(key),
             "expected at most one of {0} and {1} to be true, got both. Clients present keys or tokens, not both.",
             "{0} and {1} are not both true."),
        Rule(("autoscale_enabled", "num_replicas"), lambda on, replicas: bool(on) and bool(replicas),
             "expected {0} or a number of replicas, got {1} too. Take one out.",
             "With {0} there is no {1}."),
        Rule(("autoscale_min_replicas", "autoscale_max_replicas"), lambda low, high: low > high,
             "expected {0} to be no more than {1}, got more.", "{0} is no more than {1}."),
        Rule(("cpu_cores", "cpu_cores_limit"), lambda cores, limit: limit is not None and cores > limit,
             "expected {1} to be at least {0}, got less.", "{1} is at least {0}."),
        Rule(("memory_gb", "memory_gb_limit"), lambda memory, limit: limit is not None and memory > limit,
             "expected {1} to be at least {0}, got less.", "{1} is at least {0}."),
    )  # fmt: skip
    unread = (("enableAppInsights", SDK_NAME), ("sslEnabled", "has no effect in AKS, where TLS is the cluster's"))
    # fmt: off
    compute_type: str = declared(Choice(("aks",), AKS_ENDPOINT), "computeType", "aks",
        "Where the service runs; in any case.", required=True, flag="--cp")
    autoscale_enabled: bool = declared(Flag(), "autoScaler.autoscaleEnabled", None,
        "Add and remove replicas by how busy they are.", flag="--as",
        default_words="`true` where `numReplicas` is not set, or 0; else `false`")
    autoscale_min_replicas: int = declared(AT_LEAST_ONE, "autoScaler.minReplicas", 1,
        "Least number of replicas.", flag="--mi")
    autoscale_max_replicas: int = declared(AT_LEAST_ONE, "autoScaler.maxReplicas", 10,
        "Largest number of replicas.", flag="--ma")
    autoscale_refresh_seconds: int = declared(AT_LEAST_ONE, "autoScaler.refreshPeriodInSeconds", 1,
        "Seconds between two looks at how busy they are.", flag="--ar")
    autoscale_target_utilization: int = declared(Whole(1, 100), "autoScaler.targetUtilization", 70,
        "How busy replicas are to be, in percent.", flag="--at")
    num_replicas: int | None = declared(Whole(0), "numReplicas", None,
        "Number of replicas, where they are not scaled.", flag="--nr")
    auth_enabled: bool = declared(Flag(), "authEnabled", None,
        "Clients must present a key.", flag="--ae", default_words="`true`, unless `tokenAuthEnabled` is")
    token_auth_enabled: bool = declared(Flag(), "tokenAuthEnabled", False,
        "Clients must present a token.", aliases=("aadAuthEnabled",), flag="--token-auth-enabled")
    cpu_cores_limit: float | None = declared(Number(above=0), "containerResourceRequirements.cpuLimit", None,
        "Most CPUs that a container may use.", flag="--ccl")
    memory_gb_limit: float | None = declared(Number(above=0), "containerResourceRequirements.memoryInGBLimit", None,
        "Most memory in GB that a container may use.", flag="--gbl")
    gpu_cores: int | None = declared(Whole(0), "gpuCores", None,
        "GPUs of a container. Public pages do not agree on a default; here it is none.",
        aliases=("containerResourceRequirements.gpu",), flag="--gc", default_words="none")
    fpga: int | None = declared(Whole(0, multiple_of=2), "containerResourceRequirements.fpga", None,
        "FPGA devices of a container.")
    scoring_timeout_ms: int = declared(AT_LEAST_ONE, "scoringTimeoutMs", 60_000,
        "Milliseconds that a request may take.", flag="--tm")
    replica_max_concurrent_requests: int = declared(AT_LEAST_ONE, "maxConcurrentRequestsPerContainer", 1,
        "Requests that one replica works on at a time.", flag="--rm")
    max_request_wait_time: int = declared(Whole(0), "maxQueueWaitMs", 500,
        "Milliseconds that a request may wait before it is answered with 503.", flag="--mr")
    period_seconds: int = declared(AT_LEAST_ONE, "livenessProbeRequirements.periodSeconds", 10,
        "Seconds between two liveness probes.", flag="--ps")
    initial_delay_seconds: int = declared(Whole(0), "livenessProbeRequirements.initialDelaySeconds", 310,
        "Seconds before the first liveness probe.", flag="--id")
    timeout_seconds: int = declared(AT_LEAST_ONE, "livenessProbeRequirements.timeoutSeconds", 2,
        "Seconds that a liveness probe may take. Azure's page on updates says 1.", flag="--ts")
    success_threshold: int = declared(AT_LEAST_ONE, "livenessProbeRequirements.successThreshold", 1,
        "Successful probes in a row after which a failed container counts as alive.", flag="--st")
    failure_threshold: int = declared(AT_LEAST_ONE, "livenessProbeRequirements.failureThreshold", 3,
        "Failed probes in a row after which a container is restarted.", flag="--ft")
    namespace: str | None = declared(NAMESPACE, "namespace", None, "Kubernetes namespace.", flag="--namespace")
    compute_target_name: str | None = declared(Text(), "computeName", None,
        "The cluster, as the workspace calls it.", aliases=("computeTargetName",), flag="--ct")
    version_name: str | None = declared(Text(), "versionName", None,
        "Version of an endpoint that this deployment is.", flag="--vn", default_words="the endpoint's name")
    is_default: bool = declared(Flag(), "isDefault", False,
        "This version gets the traffic that no other version has.")
    traffic_percentile: float = declared(Number(low=0, high=100), "trafficPercentile", 0.0,
        "Share of the endpoint's traffic, in percent.", flag="--tp")
    is_control_version_type: str | None = declared(Choice(("Control", "Treatment")), "type", None,
        "What this version is in a comparison.")
    blobfuse_enabled: bool | None = declared(Flag(), "blobfuseEnabled", None, "Mount models instead of copying them.")
    # fmt: on

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.autoscale_enabled is None:
            object.__setattr__(self, "autoscale_enabled", not self.num_replicas)
        if self.auth_enabled is None:
            object.__setattr__(self, "auth_enabled", not self.token_auth_enabled)


BY_COMPUTE_TYPE: Mapping[str, type[DeploymentConfiguration]] = {
    "local": LocalWebserviceDeploymentConfiguration,
    "aci": AciServiceDeploymentConfiguration,
    "aks": AksServiceDeploymentConfiguration,
}
_ANY_COMPUTE = Choice(tuple(BY_COMPUTE_TYPE), AKS_ENDPOINT)


def format_of(cls: type[DeploymentConfiguration]) -> Format:
    """The format of a deployment configuration's file."""
    table = fields_of(cls)
    own = {key for entry in table for key in (entry.key, *entry.aliases)}
    elsewhere: dict[str, dict[str, None]] = {}
    for name, other in BY_COMPUTE_TYPE.items():
        for entry in fields_of(other):
            for key in (part for full in (entry.key, *entry.aliases) for part in (full, full.split(".")[0])):
                elsewhere.setdefault(key, {})[name.upper()] = None
    foreign = {key: f"belongs to {' and '.join(names)}" for key, names in elsewhere.items() if key not in own}
    return Format(cls.title, table, cls.rules, {**foreign, **dict(cls.unread)})


def load_deployment_config(
    path: str | PurePath, overrides: Mapping[str, Any] | None = None, *, strict: bool = False, local: bool = False
) -> DeploymentConfiguration:
    """Read a deployment configuration (JSON or YAML); ``computeType`` says which one it is.

    ``overrides`` are values by SDK argument, from a command line say, that win over the file's where it has such a key.
    ``local``: for this
    machine, whatever compute the file is for; ``notes`` says what that leaves out. Raises ConfigError with everything
    that is wrong in the file; ``strict`` counts warnings as wrong.
    """
    document = load(path)
    report = document.report(lenient=not strict)
    root = document.root
    inner = report.inside("computeType", meaning='Say where the service runs: {"computeType": "local"}.')
    named = root.value.get("computeType") if isinstance(root.value, dict) else None
    override = (overrides or {}).get("compute_type")
    node = named if override is None else Node(override)
    compute_type = None
    if node is None or node.value is None:
        inner.say(f"expected {_ANY_COMPUTE.expected}, got nothing.", root.line)
    else:
        compute_type = _ANY_COMPUTE.read(node, inner)
    report.finish()
    cls = BY_COMPUTE_TYPE[str(compute_type)]
    keys = {entry.name: entry.key for entry in fields_of(cls)}
    values = format_of(cls).read(
        root, report, {name: value for name, value in (overrides or {}).items() if name in keys}
    )
    report.finish()
    config = cls(**values)
    if local and not isinstance(config, LocalWebserviceDeploymentConfiguration):
        limits = ("cpu_cores", "memory_gb") if cls is AciServiceDeploymentConfiguration else ()
        port = (overrides or {}).get("port")
        config = LocalWebserviceDeploymentConfiguration(port=port, **on_this_machine(values, keys, limits, report))
    object.__setattr__(config, "warnings", tuple(map(str, report.warnings)))
    object.__setattr__(config, "notes", tuple(map(str, report.notes)))
    return config
