"""The key of Application Insights: an instrumentation key alone, or a connection string that has one.

Source of the format: Azure Monitor's documentation, "Connection strings in Application Insights".
"""

from __future__ import annotations

import uuid


def connection_string(key: str) -> str:
    """The connection string for an instrumentation key (a GUID) or a connection string.

    Raises ValueError, whose text says what was expected and does not show the key.
    """
    text = key.strip().strip("\"'")
    if "=" not in text:
        return f"InstrumentationKey={_guid(text)}"
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and value.strip() and "=" not in value:
            parts[name.strip().lower()] = f"{name.strip()}={value.strip()}"
        elif part.strip():
            raise _wrong()
    _, _, guid = parts.get("instrumentationkey", "").partition("=")
    parts["instrumentationkey"] = f"InstrumentationKey={_guid(guid)}"
    _, _, endpoint = parts.get("ingestionendpoint", "").partition("=")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise _wrong()
    return ";".join(parts.values())


def _guid(text: str) -> str:
    try:
        guid = str(uuid.UUID(text))
    except ValueError:
        raise _wrong() from None
    if guid != text.lower():
        raise _wrong()
    return guid


def _wrong() -> ValueError:
    return ValueError(
        "an instrumentation key (a GUID: 8-4-4-4-12 hexadecimal digits) or a connection string "
        "(InstrumentationKey=GUID;IngestionEndpoint=https://…)"
    )
