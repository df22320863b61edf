"""The least that an ASGI server can do: read the body, send an answer that was made beforehand.

``BENCH_ANSWERS`` is a folder; the answer to ``/name`` is the file ``name`` in it.
"""

import os
from pathlib import Path

FOLDER = Path(os.environ["BENCH_ANSWERS"])
ANSWERS = {f"/{file.name}": file.read_bytes() for file in FOLDER.iterdir()}
HEADER = (b"content-type", b"application/json")


async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    body = ANSWERS.get(scope["path"], b"true")
    headers = [HEADER, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
