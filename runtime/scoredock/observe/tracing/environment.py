"""What the OTEL_* variables ask for, without importing OpenTelemetry; what cannot be had is a warning.

The variables are those of OpenTelemetry's specification, "SDK environment variables" and "OTLP exporter".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping
from importlib.metadata import entry_points
from importlib.util import find_spec

INSTALL = 'pip install "scoredock[telemetry]"'
INSTALL_GRPC = "pip install opentelemetry-exporter-otlp-proto-grpc"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SAMPLERS = ("always_on", "always_off", "traceidratio")
_EXPORTERS, _PROPAGATORS = "opentelemetry_traces_exporter", "opentelemetry_propagator"


def traces_wanted(environment: Mapping[str, str]) -> bool:
    """Whether traces are wished for: an endpoint or an exporter is named, and nothing says no."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporters:
        return exporters != "none"
    return any(environment.get(name, "").strip() for name in ENDPOINTS)


def settle(environment: MutableMapping[str, str], app_insights: bool = False) -> list[str]:
    """Warnings about what cannot be had. Takes values that OpenTelemetry cannot read out of ``environment``.

    ``app_insights``: it is imported for Application Insights, too.
    """
    wanted = traces_wanted(environment)
    if not wanted and not app_insights:
        return []
    if not installed("opentelemetry.sdk.trace"):
        return (
            []
            if not wanted
            else [f"Traces are wished for (OTEL_*), but OpenTelemetry is not installed; none are sent. {INSTALL}"]
        )
    warnings = []
    for names, expected, fits in _RULES:
        for name in names:
            value = environment.get(name, "").strip()
            if value and not fits(value):
                del environment[name]
                shown = value.rpartition("@")[2].partition("?")[0]  # no user's name, password or key
                warnings.append(f"{name}: expected {expected}, got {shown!r}; it is ignored.")
    for name in exporter_names(environment) if wanted else ():
        if not has_entry_point(_EXPORTERS, name):
            command = {"otlp_proto_grpc": INSTALL_GRPC, "otlp_proto_http": INSTALL}.get(name)
            how = f"Install its package: {command}" if command else "Install its package, or use otlp or console."
            warnings.append(f"Traces: the exporter {name} is not installed, and nothing is sent to it. {how}")
    return warnings


def exporter_names(environment: MutableMapping[str, str]) -> list[str]:
    """The exporters' names as their packages register them: otlp_proto_http, otlp_proto_grpc, console."""
    protocol = next((environment[name].strip().lower() for name in PROTOCOLS if environment.get(name, "").strip()), "")
    named = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    otlp = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    names = [name.strip() for name in named.split(",") if name.strip().lower() not in ("", "none")]
    return [otlp if name.lower() == "otlp" else name for name in names]


def number(environment: MutableMapping[str, str], name: str, default: int) -> int:
    """A number of at least one out of a variable that ``settle`` has looked at."""
    value = environment.get(name, "").strip()
    return int(value) if _is_count(value) else default


def installed(module: str) -> bool:
    """Whether a module could be imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def has_entry_point(group: str, name: str) -> bool:
    """Whether a package registers ``name``."""
    return any(entry_points(group=group, name=name))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) >= 1


def _is_amount(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _is_time(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False


def _is_ratio(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _are_propagators(text: str) -> bool:
    names = [name.strip() for name in text.split(",")]
    return all(name.lower() == "none" or has_entry_point(_PROPAGATORS, name) for name in names)


def _otlp(name: str) -> tuple[str, str]:
    return f"OTEL_EXPORTER_OTLP_{name}", f"OTEL_EXPORTER_OTLP_TRACES_{name}"


_RULES: tuple[tuple[tuple[str, ...], str, Callable[[str], bool]], ...] = (
    (
        ("OTEL_TRACES_SAMPLER",),
        "one of " + ", ".join((*SAMPLERS, *(f"parentbased_{name}" for name in SAMPLERS))),
        lambda text: text.lower().removeprefix("parentbased_") in SAMPLERS,
    ),
    (("OTEL_TRACES_SAMPLER_ARG",), "a number from 0 to 1", _is_ratio),
    (("OTEL_PROPAGATORS",), "names of installed propagators, as in tracecontext,baggage", _are_propagators),
    (_otlp("PROTOCOL"), "http/protobuf or grpc", lambda text: text.lower() in ("http/protobuf", "grpc")),
    (_otlp("ENDPOINT"), "a URL, as in http://collector:4318", lambda text: text.startswith(("http://", "https://"))),
    (_otlp("TIMEOUT"), "seconds", _is_time),
    (_otlp("COMPRESSION"), "gzip, deflate or none", lambda text: text.lower() in ("gzip", "deflate", "none")),
    (
        tuple(name for kind in ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE") for name in _otlp(kind)),
        "a file that can be read",
        lambda text: os.access(text, os.R_OK),
    ),
    (
        ("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_SCHEDULE_DELAY"),
        "a whole number of at least 1",
        _is_count,
    ),
    (
        tuple(
            f"OTEL_{name}_LIMIT"
            for name in (
                *("ATTRIBUTE_COUNT", "ATTRIBUTE_VALUE_LENGTH", "SPAN_ATTRIBUTE_COUNT", "SPAN_EVENT_COUNT"),
                *("SPAN_ATTRIBUTE_VALUE_LENGTH", "SPAN_LINK_COUNT", "EVENT_ATTRIBUTE_COUNT", "LINK_ATTRIBUTE_COUNT"),
            )
        ),
        "a whole number",
        _is_amount,
    ),
)
