"""Calling a service on this machine."""

from __future__ import annotations

import json
from typing import Any

import httpx

from scoredock.errors import ServiceFailed


def score(name: str, port: int | None, input_data: Any) -> Any:
    """POST ``input_data`` (text, bytes, or what JSON can hold) to /score and return the answer, decoded from JSON.

    No proxy of the environment is asked: what is scored stays on this machine. Raises ServiceFailed when the answer's
    status is not 200, ConnectionError when there is none.
    """
    body = input_data if isinstance(input_data, (str, bytes)) else json.dumps(input_data)
    try:
        with httpx.Client(trust_env=False, timeout=None) as client:  # noqa: S113 - run() has a deadline of its own
            headers = {"Content-Type": "application/json"}
            answer = client.post(f"http://127.0.0.1:{port}/score", content=body, headers=headers)
    except httpx.TransportError as error:
        raise ConnectionError(str(error)) from None
    if answer.status_code != 200:
        raise ServiceFailed(
            f"Received bad response from service {name}:\nResponse Code: {answer.status_code}\n"
            f"Headers: {dict(answer.headers)}\nContent: {answer.text}"
        )
    try:
        return answer.json()
    except ValueError:
        return answer.text
