"""The JSON that comes in goes out again, at a path of its own."""

import orjson
from fastapi import Request, Response
from mlserver import MLModel
from mlserver.handlers import custom_handler


class Echo(MLModel):
    async def load(self):
        return True

    @custom_handler(rest_path="/score")
    async def score(self, request: Request) -> Response:
        return Response(orjson.dumps(orjson.loads(await request.body())), media_type="application/json")
