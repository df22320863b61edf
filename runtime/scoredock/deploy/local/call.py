"""Calling a service on this machine."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from scoredock.errors import ServiceFailed


def score(name: str, url: str, input_data: Any, key: str | None = None, timeout_s: float | None = None) -> Any:
    """POST ``input_data`` (text, bytes, or what JSON can hold) to ``url`` and return the answer, decoded from JSON.

    ``key`` is one of the service's keys, or a token. All of the answer has to come within ``timeout_s`` seconds; None:
    no limit, since run() has a deadline of its own.

    ``url`` is of this machine, and no proxy of the environment is asked: what is scored stays here. So a certificate,
    which is made out to the name that other clients use, is not verified. Raises ServiceFailed when the answer's status
    is not 200, or it does not come in time, ConnectionError when there is none.
    """
    headers = {"Content-Type": "application/json"}
    if key:
        if not all("!" <= character <= "~" for character in key):  # an HTTP client's error would show it
            raise ServiceFailed(
                "The key has white space or characters that are not ASCII, which cannot travel in a header."
            )
        headers["Authorization"] = f"Bearer {key}"
    body = input_data if isinstance(input_data, (str, bytes)) else json.dumps(input_data)
    try:
        with httpx.Client(trust_env=False, verify=False, timeout=timeout_s) as client:  # noqa: S501
            answer = _post(client, url, body, headers, timeout_s)
    except httpx.TimeoutException:
        raise ServiceFailed(
            f"{name} did not answer within {timeout_s:g} s. Wait longer (--timeout, in Python timeout_s) "
            f"or see what it does: scoredock service logs {name}"
        ) from None
    except httpx.TransportError as error:
        raise ConnectionError(str(error)) from None
    if answer.status_code == 401:
        refused = "refuses the key or token of" if key else "answers only those who give a key or token in"
        raise ServiceFailed(
            f"{name} {refused} the variable SCOREDOCK_KEY (in Python: run(..., key=...)): {answer.text}"
        )
    if answer.status_code != 200:
        raise ServiceFailed(
            f"Received bad response from service {name}:\nResponse Code: {answer.status_code}\n"
            f"Headers: {dict(answer.headers)}\nContent: {answer.text}"
        )
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _post(
    client: httpx.Client, url: str, body: str | bytes, headers: dict[str, str], timeout_s: float | None
) -> httpx.Response:
    """The whole answer. httpx's own time-out is for each piece of it, so that a slow one could go on for ever."""
    deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
    with client.stream("POST", url, content=body, headers=headers) as answer:
        pieces = []
        for piece in answer.iter_raw():
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer is not complete")
            pieces.append(piece)
    return httpx.Response(answer.status_code, headers=answer.headers, content=b"".join(pieces))
