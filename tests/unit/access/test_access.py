"""Which variables a script must not see."""

from __future__ import annotations

import pytest

from scoredock.access import hide_secrets
from scoredock.settings import Declaration, declarations

WORDS = ("KEY", "SECRET", "PASSWORD", "CONNECTION_STRING", "STORAGE")
NOT_SECRET = {  # by their names they could be
    "SCOREDOCK_PRIMARY_KEY_FILE",
    "SCOREDOCK_SECONDARY_KEY_FILE",
    "SCOREDOCK_TOKEN_SECRET_FILE",
    "SCOREDOCK_TLS_KEY",
    "AML_MODEL_DC_STORAGE_ENABLED",
}
each = pytest.mark.parametrize("one", declarations(), ids=lambda one: one.variable)


@each
def test_a_setting_leaves_the_environment_when_it_is_secret(one: Declaration) -> None:
    given = dict.fromkeys((one.variable, *one.aliases), "x")
    left = dict(given)
    hide_secrets(left)
    assert left == ({} if one.secret else given)


@each
def test_what_looks_like_a_secret_is_declared_as_one(one: Declaration) -> None:
    looks_so = any(word in name for name in (one.variable, *one.aliases) for word in WORDS)
    assert one.secret == (looks_so and one.variable not in NOT_SECRET)
