"""Whether traces and Application Insights are on; imports OpenTelemetry only where they are."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from scoredock.errors import SettingError
from scoredock.observe.tracing import environment as otel
from scoredock.settings import Settings

if TYPE_CHECKING:
    from scoredock.observe.tracing.request_trace import Tracing

INSTALL_APP_INSIGHTS = 'pip install "scoredock[app-insights]"'
_EXPORTER = "azure.monitor.opentelemetry.exporter"


def settle(settings: Settings, environment: MutableMapping[str, str]) -> list[str]:
    """Warnings about telemetry that is wished for and cannot be had; to be called once, before anything is imported.

    Takes OTEL_* values out of ``environment`` that OpenTelemetry could not read. Raises SettingError for a key of
    Application Insights that can be none, and does not show it.
    """
    warnings = otel.settle(environment)
    if not settings.app_insights_enabled:
        return warnings
    if not settings.app_insights_key:
        warnings.append(
            "AML_APP_INSIGHTS_ENABLED is on, but AML_APP_INSIGHTS_KEY is not set; nothing is sent. Set it to the "
            "instrumentation key or the connection string of the Application Insights resource."
        )
        return warnings
    try:
        _ = settings.app_insights_connection
    except ValueError as expected:
        raise SettingError(
            f"AML_APP_INSIGHTS_KEY: expected {expected}, got a value that is not shown. Copy it from the resource's "
            "overview in the portal, or set AML_APP_INSIGHTS_ENABLED=false."
        ) from None
    if not otel.installed(_EXPORTER):
        warnings.append(
            "AML_APP_INSIGHTS_ENABLED is on, but Microsoft's exporter is not installed; nothing is sent. "
            f"{INSTALL_APP_INSIGHTS}"
        )
    elif _is_disabled(environment):
        warnings.append("AML_APP_INSIGHTS_ENABLED is on, but OTEL_SDK_DISABLED=true switches it off; nothing is sent.")
    return warnings


def start(settings: Settings, environment: MutableMapping[str, str]) -> Tracing | None:
    """The tracing of this worker; None where nothing is wanted, or what is wanted is not installed."""
    app_insights = (
        settings.app_insights_enabled
        and bool(settings.app_insights_key)
        and not _is_disabled(environment)
        and otel.installed(_EXPORTER)
    )
    if not app_insights and not (otel.traces_wanted(environment) and otel.installed("opentelemetry.sdk.trace")):
        return None
    from scoredock.observe.tracing import provider

    return provider.start(settings, environment, app_insights)


def _is_disabled(environment: MutableMapping[str, str]) -> bool:
    return environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
