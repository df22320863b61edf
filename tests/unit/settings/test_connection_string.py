"""Application Insights' key in its two forms."""

from __future__ import annotations

import pytest

from scoredock.settings.connection_string import connection_string

GUID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (GUID.upper(), f"InstrumentationKey={GUID}"),
        (f"instrumentationkey={GUID}", f"InstrumentationKey={GUID}"),
        (
            f' "IngestionEndpoint=https://x.in.applicationinsights.azure.com/;InstrumentationKey={GUID};" ',
            f"IngestionEndpoint=https://x.in.applicationinsights.azure.com/;InstrumentationKey={GUID}",
        ),
    ],
)
def test_a_guid_or_a_connection_string(key, expected):
    assert connection_string(key) == expected


@pytest.mark.parametrize(
    "key",
    [
        "",
        "hush",
        GUID.replace("-", ""),
        f"{{{GUID}}}",
        "a=b",
        f"InstrumentationKey={GUID};junk",
        f"InstrumentationKey={GUID};IngestionEndpoint=ftp://x",
    ],
)
def test_anything_else_is_refused_without_showing_it(key):
    with pytest.raises(ValueError, match="an instrumentation key") as caught:
        connection_string(key)
    assert key not in str(caught.value) or not key
