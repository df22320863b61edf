"""What a service's record remembers of the generations before, and how it goes back to one."""

from __future__ import annotations

import pytest

from scoredock.deploy.local.history import KEPT, as_it_was, earlier, kept_generations, shown_history, with_past
from scoredock.errors import Refused


def record(number: int, **more: object) -> dict[str, object]:
    """A service's record in its generation ``number``."""
    return {
        "name": "churn", "generation": number, "models": [f"churn:{number}"], "image": f"scoredock-env:{number}",
        "entry_script": "score.py", "updated": f"2026-01-0{number}", "created": "2026-01-01", "port": 6789,
        "deployment_config": {"computeType": "local"}, "environment_variables": {"N": str(number)}, **more,
    }  # fmt: skip


@pytest.fixture
def changed():
    """A function: the record of a service after so many generations."""

    def change(times: int) -> dict[str, object]:
        now = record(1)
        for number in range(2, times + 1):
            now = with_past({**now, **record(number)}, now)
        return now

    return change


def test_the_last_few_generations_are_kept_and_shown_newest_first(changed):
    after = changed(KEPT + 3)
    assert kept_generations(after) == {3, 4, 5, 6, 7}
    shown = shown_history(after)
    assert [entry["generation"] for entry in shown] == [7, 6, 5, 4, 3]
    assert shown[0] == {"generation": 7, "models": ["churn:7"], "entry_script": "score.py",
                        "image": "scoredock-env:7", "updated": "2026-01-07"}  # fmt: skip
    assert "history" not in after["history"][0]


def test_without_a_number_it_is_the_generation_before(changed):
    assert earlier("churn", changed(4), None)["generation"] == 3
    assert earlier("churn", changed(4), 1)["generation"] == 1


@pytest.mark.parametrize(
    ("times", "to", "told"),
    [
        (1, None, "churn has no generation to go back to"),
        (3, 9, "got 9. There are: 2 (churn:2), 1 (churn:1). Now it is 3."),
        (3, 3, "got 3."),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(changed, times, to, told):
    with pytest.raises(Refused) as refused:
        earlier("churn", changed(times), to)
    assert told in str(refused.value)


def test_models_script_and_variables_come_back_and_the_address_stays(changed):
    now = changed(2) | {"deployment_config": {"computeType": "local", "port": 7000, "host": "0.0.0.0"}}
    entry = {
        **now["history"][0],
        "deployment_config": {"computeType": "local", "port": 6789, "environmentVariables": 1},
    }
    back = as_it_was(now, entry)
    assert (back["models"], back["image"], back["environment_variables"]) == (
        ["churn:1"],
        "scoredock-env:1",
        {"N": "1"},
    )
    assert back["deployment_config"] == {
        "computeType": "local", "port": 7000, "host": "0.0.0.0", "environmentVariables": 1,
    }  # fmt: skip
    assert (back["generation"], back["created"], len(back["history"])) == (2, "2026-01-01", 1)
