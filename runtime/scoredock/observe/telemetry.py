"""Whether traces and Application Insights are on; imports OpenTelemetry only where they are."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

from scoredock.observe.tracing import environment as otel
from scoredock.settings import Settings

if TYPE_CHECKING:
    from scoredock.observe.tracing.request_trace import Tracing

INSTALL_APP_INSIGHTS = 'pip install "scoredock[app-insights]"'
_EXPORTER = "azure.monitor.opentelemetry.exporter"


def settle(settings: Settings, environment: MutableMapping[str, str]) -> list[str]:
    """Warnings about telemetry that is wished for and cannot be had; to be called once, before anything is imported.

    Takes OTEL_* values out of ``environment`` that OpenTelemetry could not read.
    """
    warnings = otel.settle(environment, settings.app_insights_enabled)
    missing = _missing_for_app_insights(settings, environment) if settings.app_insights_enabled else None
    if missing is not None:
        warnings.append(f"AML_APP_INSIGHTS_ENABLED is on, but {missing}; nothing is sent to Application Insights.")
    return warnings


def _missing_for_app_insights(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Why nothing can be sent, and what to do; None when it can. A key that is wrong is not shown.

    None of it ends the start: with azmlinfsrv a script is served whatever the key is.
    """
    if not settings.app_insights_key:
        return (
            "AML_APP_INSIGHTS_KEY is not set: it takes the instrumentation key or the connection string of the "
            "Application Insights resource"
        )
    try:
        _ = settings.app_insights_connection
    except ValueError as expected:
        return (
            f"AML_APP_INSIGHTS_KEY is wrong: expected {expected}, got a value that is not shown (the resource's "
            "overview in the portal has it)"
        )
    if not otel.installed(_EXPORTER):
        return f"Microsoft's exporter is not installed ({INSTALL_APP_INSIGHTS})"
    return "OTEL_SDK_DISABLED=true switches it off" if _is_disabled(environment) else None


def wanted(settings: Settings, environment: Mapping[str, str]) -> str:
    """What is sent, in words; empty when nothing is."""
    ways = ["traces (OTEL_*)"] if _traces(environment) else []
    if settings.app_insights_enabled and _missing_for_app_insights(settings, environment) is None:
        ways.append("Application Insights")
    return ", ".join(ways)


def start(settings: Settings, environment: MutableMapping[str, str]) -> Tracing | None:
    """The tracing of this worker; None where nothing is wanted, or what is wanted is not installed."""
    app_insights = settings.app_insights_enabled and _missing_for_app_insights(settings, environment) is None
    if not app_insights and not _traces(environment):
        return None
    from scoredock.observe.tracing import provider

    return provider.start(settings, environment, app_insights)


def _traces(environment: Mapping[str, str]) -> bool:
    return otel.traces_wanted(environment) and otel.installed("opentelemetry.sdk.trace")


def _is_disabled(environment: Mapping[str, str]) -> bool:
    return environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
