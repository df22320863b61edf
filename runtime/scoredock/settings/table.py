"""Every setting: name, variable, flag, type, default, bounds, meaning.

Names without the prefix ``SCOREDOCK_`` are those of azureml-inference-server-http; FORWARDED_ALLOW_IPS is gunicorn's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scoredock.cgroups import available_cpus
from scoredock.settings.connection_string import connection_string
from scoredock.settings.declaration import Declaration, setting
from scoredock.settings.paths import absolute, real
from scoredock.settings.proxies import Network, networks

SCRIPT, SERVING, WORKERS, LIMITS, BATCHING = "Script and model", "Serving", "Workers", "Limits", "Batching"
ACCESS = "Access and encryption"
DESCRIPTION, LOGS, DEVELOPMENT = "Service description", "Logs and telemetry", "Development"
COLLECTION = "Data collection"


@dataclass(frozen=True)
class Settings:
    """The settings of one server, resolved. Times are in the unit that the name ends with."""

    # fmt: off
    app_root: Path = setting("path", "AML_APP_ROOT", Path(), SCRIPT,
        "Folder that relative script paths start from; it is importable. Default: the current folder.")
    entry_script: str | None = setting("str", "AZUREML_ENTRY_SCRIPT", None, SCRIPT,
        "The entry script, a file with init() and run(). Default: module `main` in the app root.",
        flag="--entry_script")
    source_directory: str | None = setting("str", "AZUREML_SOURCE_DIRECTORY", None, SCRIPT,
        "Folder, relative to the app root, that is importable too.")
    model_dir: Path | None = setting("path", "AZUREML_MODEL_DIR", None, SCRIPT,
        "Folder of the model; the script reads it from this variable.", flag="--model_dir")
    config_file: Path | None = setting("path", "AZUREML_CONFIG_FILE", None, SCRIPT,
        "JSON file of settings, one key a variable. Default: `config.json` in the app root, then beside the "
        "entry script.", flag="--config_file")
    extra_python_lib_path: str | None = setting("str", "AZUREML_EXTRA_PYTHON_LIB_PATH", None, SCRIPT,
        "A ready site-packages folder, relative to the entry script's folder, put on the import path.")
    extra_requirements_txt: str | None = setting("str", "AZUREML_EXTRA_REQUIREMENTS_TXT", None, SCRIPT,
        "A pip requirements file, relative to the entry script's folder, installed at every start.")

    strict_columns: bool = setting("bool", "SCOREDOCK_STRICT_COLUMNS", False, SCRIPT,
        "Refuse frames whose columns have other names than those of the schema's sample. Without it they are scored, "
        "since a script may read columns by position, and refused only when run() raises.")

    host: str = setting("str", "SCOREDOCK_HOST", "0.0.0.0", SERVING,  # noqa: S104 - a container's server
        "Address to listen on.", flag="--host")
    port: int = setting("int", "SCOREDOCK_PORT", 5001, SERVING,
        "Port to listen on.", flag="--port", minimum=1, maximum=65535)
    share_port: bool = setting("bool", "SCOREDOCK_SHARE_PORT", False, SERVING,
        "Listen only when a worker can score, and let other servers of the same user that have this setting listen on "
        "the same port: to replace a running server without a gap, start the new one, and when it is ready, end the "
        "old one. Ask for its readiness on a health port of its own.")
    separate_health_endpoint: bool = setting("bool", "SEPERATE_HEALTH_ENDPOINT", False, SERVING,
        "Answer health on a port of its own as well (the variable's spelling is historical).",
        aliases=("SEPARATE_HEALTH_ENDPOINT",))
    health_port: int = setting("int", "HEALTH_PORT", 5000, SERVING,
        "Port of the separate health endpoint; giving the option switches that on.",
        flag="--health_port", minimum=1, maximum=65535)
    forwarded_allow_ips: str | None = setting("str", "FORWARDED_ALLOW_IPS", None, SERVING,
        "Addresses and networks of proxies, separated by commas. The log takes the client's address from their "
        "`X-Forwarded-For`, raw scripts the scheme from their `X-Forwarded-Proto`; `*` for whoever connects.")
    cors_origins: str | None = setting("str", "AML_CORS_ORIGINS", None, SERVING,
        "Origins that browsers may call from, separated by commas; `*` for every origin.",
        flag="--access_control_allow_origins")
    server_version_header: bool = setting("true_only", "SERVER_VERSION_LOG_RESPONSE_ENABLED", True, SERVING,
        "Send the `x-ms-server-version` header; anything but `true` switches it off.")

    worker_count: int = setting("int", "WORKER_COUNT", 1, WORKERS,
        "Worker processes; each holds its own model. `auto`: as many as there are CPUs, of those that the container "
        "may use.", flag="--worker_count", minimum=1, auto=available_cpus)
    worker_timeout_s: int = setting("int", "WORKER_TIMEOUT", 300, WORKERS,
        "Seconds after which a worker that gives no sign of life is killed; 0 never. Loading a model and "
        "scoring do not count, unless native code holds the interpreter lock.", minimum=0)
    worker_preload: bool = setting("bool", "WORKER_PRELOAD", False, WORKERS,
        "Import the script and run init() once, before the workers are forked.")
    scoring_threads: int = setting("int", "SCOREDOCK_SCORING_THREADS", 1, WORKERS,
        "Threads of one worker that call run(), for scripts whose libraries release the interpreter lock and may "
        "be called by several threads at once; init() runs once, in the first.", minimum=1, maximum=64)
    warmup: bool = setting("bool", "SCOREDOCK_WARMUP", True, WORKERS,
        "Score the sample of the script's schema before a worker takes requests, so that the first one is as fast "
        "as the others. Without a schema nothing is scored; a failure is a warning.")
    accelerator: str = setting("str", "SCOREDOCK_ACCELERATOR", "cpu", WORKERS,
        "What scripts compute on; `scoredock.accelerators.onnx_providers()` gives ONNX Runtime's providers for it. "
        "With `cuda` or `tensorrt` the server does not start where that cannot be used; `auto` takes the best of "
        "them that can, and warns when that is the CPU.", choices=("cpu", "cuda", "tensorrt", "auto"))
    engine_cache: Path | None = setting("path", "SCOREDOCK_ENGINE_CACHE", None, WORKERS,
        "Folder of the engines that TensorRT builds, by model, TensorRT version and device; a volume keeps them. "
        "Default: `scoredock-engines-UID` in the folder for temporary files.")
    drain_timeout_s: int = setting("int", "SCOREDOCK_DRAIN_TIMEOUT_S", 30, WORKERS,
        "Seconds that requests in flight have to finish after SIGTERM.", minimum=0)

    max_worker_mb: int = setting("int", "SCOREDOCK_MAX_WORKER_MB", 0, WORKERS,
        "Memory in MiB (resident, the shared part divided among those that share it) above which a worker is replaced, "
        "once another one is ready; for scripts that leak. 0 for no limit.", minimum=0)
    max_requests: int = setting("int", "SCOREDOCK_MAX_REQUESTS", 0, WORKERS,
        "Scoring requests after which a worker is replaced, once another one is ready; 0 for no limit.", minimum=0)
    max_requests_jitter: int = setting("int", "SCOREDOCK_MAX_REQUESTS_JITTER", 0, WORKERS,
        "Up to so many more, drawn by each worker, so that not all are replaced at once.", minimum=0)

    primary_key: str | None = setting("str", "SCOREDOCK_PRIMARY_KEY", None, ACCESS,
        "Key that clients present as `Authorization: Bearer KEY` for everything but health. Keys or tokens, not both.",
        secret=True, guards=True)
    secondary_key: str | None = setting("str", "SCOREDOCK_SECONDARY_KEY", None, ACCESS,
        "Another key, as good as the first: replace one while clients use the other.", secret=True, guards=True)
    primary_key_file: Path | None = setting("path", "SCOREDOCK_PRIMARY_KEY_FILE", None, ACCESS,
        "File that holds the primary key (a mounted secret), instead; read again when it changes.", guards=True)
    secondary_key_file: Path | None = setting("path", "SCOREDOCK_SECONDARY_KEY_FILE", None, ACCESS,
        "File that holds the secondary key; read again when it changes.", guards=True)
    token_jwks: str | None = setting("str", "SCOREDOCK_TOKEN_JWKS", None, ACCESS,
        "JSON Web Key Set, a file or an https URL, whose keys sign the tokens (RS256, ES256) that clients present as "
        "`Authorization: Bearer TOKEN`. Read again when the file changes, or every five minutes.", guards=True)
    token_secret: str | None = setting("str", "SCOREDOCK_TOKEN_SECRET", None, ACCESS,
        "Secret of tokens that are signed with HS256, of at least 32 bytes.", secret=True, guards=True)
    token_secret_file: Path | None = setting("path", "SCOREDOCK_TOKEN_SECRET_FILE", None, ACCESS,
        "File that holds that secret, instead; read again when it changes.", guards=True)
    token_issuer: str | None = setting("str", "SCOREDOCK_TOKEN_ISSUER", None, ACCESS,
        "Issuer (`iss`) that tokens must name.", guards=True)
    token_audience: str | None = setting("str", "SCOREDOCK_TOKEN_AUDIENCE", None, ACCESS,
        "Audience (`aud`) that tokens must name; without it, tokens for other services are taken, too.", guards=True)
    tls_certificate: Path | None = setting("path", "SCOREDOCK_TLS_CERTIFICATE", None, ACCESS,
        "Certificate chain (PEM) of the serving port; with it the port speaks TLS alone. Read again on SIGHUP.",
        guards=True)
    tls_key: Path | None = setting("path", "SCOREDOCK_TLS_KEY", None, ACCESS,
        "Private key (PEM, without a password) of that certificate.", guards=True)
    tls_client_ca: Path | None = setting("path", "SCOREDOCK_TLS_CLIENT_CA", None, ACCESS,
        "Certificate authorities (PEM): clients must present a certificate of theirs for everything but health.",
        guards=True)

    scoring_timeout_ms: int = setting("int", "SCORING_TIMEOUT_MS", 3_600_000, LIMITS,
        "Milliseconds after which a request that is being scored is answered with 500; 0 for no limit.", minimum=0)
    max_body_mb: int = setting("int", "SCOREDOCK_MAX_BODY_MB", 0, LIMITS,
        "Largest request body in MiB, decompressed; a larger one is answered with 413. 0: a twelfth of the worker's "
        "share of the container's memory, at most 100.", minimum=0)
    max_gzip_ratio: int = setting("int", "SCOREDOCK_MAX_GZIP_RATIO", 100, LIMITS,
        "Largest ratio of a body's decompressed size to its compressed size; one that exceeds it, and 4 MiB, is "
        "answered with 413. gzip cannot compress by more than 1032.", minimum=1)
    max_parsed_mb: int = setting("int", "SCOREDOCK_MAX_PARSED_MB", 0, LIMITS,
        "MiB of memory that the values of the bodies in one worker may take together, as estimated before they are "
        "parsed; a body whose values take more is answered with 413, one that does not fit beside others with 503. 0: "
        "a sixth of the worker's share of the container's memory, at most 1024.", minimum=0)
    max_queue: int = setting("int", "SCOREDOCK_MAX_QUEUE", 1000, LIMITS,
        "Requests that may wait for scoring in one worker; further ones are answered with 429.", minimum=1)
    max_queue_mb: int = setting("int", "SCOREDOCK_MAX_QUEUE_MB", 0, LIMITS,
        "MiB that one worker may hold for its clients: requests until they are answered, and answers until they are "
        "read; further requests are answered with 429. 0: a sixth of the worker's share of the container's memory, at "
        "most 1024; never less than the largest body.", minimum=0)
    max_queue_wait_ms: int = setting("int", "SCOREDOCK_MAX_QUEUE_WAIT_MS", 0, LIMITS,
        "Milliseconds that a request may wait before it is answered with 429; 0 for no limit.", minimum=0)

    max_connections: int = setting("int", "SCOREDOCK_MAX_CONNECTIONS", 16_384, LIMITS,
        "Connections that one worker keeps open; further ones are asked what they want, and get 503, unless it is "
        "health. Less where the process may not open so many files (`ulimit -n`).", minimum=1)
    header_timeout_s: int = setting("int", "SCOREDOCK_HEADER_TIMEOUT_S", 20, LIMITS,
        "Seconds in which the line and headers of a request must come once it has begun, and a connection's first "
        "request must begin; later ones are answered with 408.", minimum=1)
    body_timeout_s: int = setting("int", "SCOREDOCK_BODY_TIMEOUT_S", 300, LIMITS,
        "Seconds in which a request's body must come; later ones are answered with 408.", minimum=1)

    max_batch_size: int = setting("int", "SCOREDOCK_MAX_BATCH_SIZE", 1, BATCHING,
        "Most requests that are scored by one call of run(); 1 for none together. For scripts with a schema of one "
        "array or frame, whose run() gives one result a row.", minimum=1, maximum=1024)
    batch_wait_ms: int = setting("int", "SCOREDOCK_BATCH_WAIT_MS", 0, BATCHING,
        "Milliseconds to wait for more requests of a batch; 0 takes only what waits already.", minimum=0,
        maximum=60_000)

    service_name: str = setting("str", "SERVICE_NAME", "ML service", DESCRIPTION,
        "Title of the swagger documents.")
    service_version: str = setting("str", "SERVICE_VERSION", "1.0", DESCRIPTION,
        "Version in the swagger documents.")
    service_path_prefix: str = setting("str", "SERVICE_PATH_PREFIX", "", DESCRIPTION,
        "Prefix of the paths in the swagger documents only.")
    workspace_name: str = setting("str", "WORKSPACE_NAME", "", DESCRIPTION,
        "Workspace that the service belongs to.")
    docs: bool = setting("bool", "SCOREDOCK_DOCS", True, DESCRIPTION,
        "Answer `/docs`, a page to look at the service and try it. The page is open; what it shows of the service "
        "needs the key or token that scoring needs.")

    log_level: str = setting("str", "AZUREML_LOG_LEVEL", "INFO", LOGS,
        "Least level that is logged.",
        choices=("DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL", "NOTSET"))
    log_format: str = setting("str", "SCOREDOCK_LOG_FORMAT", "text", LOGS,
        "`json`: one object a line, with time, level, logger, message, request id and trace id.",
        choices=("text", "json"))
    request_log: str = setting("str", "SCOREDOCK_REQUEST_LOG", "all", LOGS,
        "Which requests are logged: `errors`: those with a status of 400 or more, and those whose client left.",
        choices=("all", "errors", "none"))
    metrics: bool = setting("bool", "SCOREDOCK_METRICS", True, LOGS,
        "Answer `/metrics` in Prometheus' format.")
    metrics_port: int | None = setting("int", "SCOREDOCK_METRICS_PORT", None, LOGS,
        "Answer `/metrics` on a port of its own, without a key, and not on the serving port.",
        minimum=1, maximum=65535)
    app_insights_enabled: bool = setting("bool_or_off", "AML_APP_INSIGHTS_ENABLED", False, LOGS,
        "Send requests, exceptions, and what the script prints and logs to Application Insights; needs the extra "
        "`app-insights`.")
    app_insights_key: str | None = setting("str", "AML_APP_INSIGHTS_KEY", None, LOGS,
        "Instrumentation key (a GUID) or connection string of the Application Insights resource; the flag switches "
        "sending on.", flag="--appinsights_instrumentation_key", aliases=("APPLICATIONINSIGHTS_CONNECTION_STRING",),
        secret=True)
    app_insights_log_response: bool = setting("bool", "APP_INSIGHTS_LOG_RESPONSE_ENABLED", True, LOGS,
        "Send the request's and the answer's body, too, as `Input` and `Prediction`: the first 8192 characters.")

    collect_to: str | None = setting("str", "SCOREDOCK_COLLECT_TO", None, COLLECTION,
        "Where collected data goes: a folder, or a URL of any storage that fsspec knows (`s3://bucket/folder`; its own "
        "variables hold the credentials). What scripts collect is stored once this is set.")
    collect_format: str = setting("str", "SCOREDOCK_COLLECT_FORMAT", "jsonl", COLLECTION,
        "Format of what `scoredock.collect` takes.", choices=("jsonl", "csv", "parquet"))
    collect_roll: str = setting("str", "SCOREDOCK_COLLECT_ROLL", "hour", COLLECTION,
        "How long data goes to one folder (UTC).", choices=("minute", "hour", "day", "month", "year"))
    collect_sampling: int = setting("int", "SCOREDOCK_COLLECT_SAMPLING", 100, COLLECTION,
        "Percent of the calls (and of the requests, for payloads) that are stored.", minimum=0, maximum=100)
    collect_payloads: str | None = setting("str", "SCOREDOCK_COLLECT_PAYLOADS", None, COLLECTION,
        "Store the bodies of scoring requests, of responses, or of both: `request`, `response`, `request,response`.")
    collect_headers: str | None = setting("str", "SCOREDOCK_COLLECT_HEADERS", None, COLLECTION,
        "Names of request headers, separated by commas, that are stored with payloads; never those that carry keys.")
    collect_flush_s: int = setting("int", "SCOREDOCK_COLLECT_FLUSH_S", 5, COLLECTION,
        "Seconds after which collected data is written at the latest; a kill -9 loses no more.", minimum=1, maximum=60)
    collect_max_mb: int = setting("int", "SCOREDOCK_COLLECT_MAX_MB", 64, COLLECTION,
        "MiB of one worker that may wait to be written; what comes above that is dropped and counted.", minimum=1)
    collect_max_records: int = setting("int", "SCOREDOCK_COLLECT_MAX_RECORDS", 100_000, COLLECTION,
        "Calls that may wait to be written in one worker; further ones are dropped and counted.", minimum=1)
    collect_deployment: str = setting("str", "SCOREDOCK_COLLECT_DEPLOYMENT", "default", COLLECTION,
        "Deployment in the paths of `azureml.ai.monitoring` and of payloads; the endpoint is SERVICE_NAME.")
    model_data_collection: bool | None = setting("bool", "AML_MODEL_DC_STORAGE_ENABLED", None, COLLECTION,
        "Store what `azureml.monitoring`'s ModelDataCollector takes. Default: if SCOREDOCK_COLLECT_TO is set.")
    model_data_storage: str | None = setting("str", "AML_MODEL_DC_STORAGE", None, COLLECTION,
        "Connection string of an Azure storage account: ModelDataCollector's data goes to its container `modeldata`.",
        secret=True)
    model_data_debug: bool = setting("bool", "AML_MODEL_DC_DEBUG", False, COLLECTION,
        "Print what ModelDataCollector takes instead of storing it.")
    mdc_enabled: bool | None = setting("bool", "AZUREML_MDC_ENABLED", None, COLLECTION,
        "Store what `azureml.ai.monitoring`'s Collector takes. Default: if SCOREDOCK_COLLECT_TO is set, or there is a "
        "file of collections.")
    mdc_config_path: Path | None = setting("path", "AZUREML_MDC_CONFIG_PATH", None, COLLECTION,
        "JSON file of Collector's collections: which are on, their sampling, headers to capture. Default: "
        "`/etc/mdc-config.json`, where that exists.")

    reload: bool = setting("bool", "SCOREDOCK_RELOAD", False, DEVELOPMENT,
        "Restart the workers when a file of the script's folder changes.", flag="--reload")
    debug_port: int | None = setting("int", "AZUREML_DEBUG_PORT", None, DEVELOPMENT,
        "Connect debugpy to a debugger that listens on this port, and wait for it, before the script is "
        "imported.", minimum=1, maximum=65535)
    # fmt: on

    @property
    def script_folder(self) -> Path:
        """Folder of the entry script, or the app root where the script is module ``main``."""
        return self.script_path.parent

    @property
    def script_path(self) -> Path:
        """The entry script's absolute path."""
        return absolute(self.app_root / (self.entry_script or "main.py"))

    @property
    def script_folders(self) -> tuple[Path, ...]:
        """The script's folder and, where the script is a link, the one that it lies in right now."""
        return tuple(dict.fromkeys((self.script_folder, real(self.script_path).parent)))

    @property
    def app_insights_connection(self) -> str:
        """Application Insights' connection string. Raises ValueError where the key is none."""
        return connection_string(self.app_insights_key or "")

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """Where proxies are whose word on the client is taken."""
        return networks(self.forwarded_allow_ips or "")

    @property
    def health_listener_port(self) -> int | None:
        """Port of the separate health listener; None when there is none."""
        return self.health_port if self.separate_health_endpoint else None


def declarations() -> tuple[Declaration, ...]:
    """Every setting's declaration, in the order of the table."""
    return tuple(
        Declaration(name=entry.name, default=entry.default, **entry.metadata) for entry in dataclasses.fields(Settings)
    )


def groups() -> Iterator[tuple[str, list[Declaration]]]:
    """The declarations by group, both in the order of the table."""
    table = declarations()
    for group in dict.fromkeys(entry.group for entry in table):
        yield group, [entry for entry in table if entry.group == group]
