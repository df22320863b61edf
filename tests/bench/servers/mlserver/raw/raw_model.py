"""Any bytes in, their number out, at a path of its own."""

import orjson
from fastapi import Request, Response
from mlserver import MLModel
from mlserver.handlers import custom_handler


class Raw(MLModel):
    async def load(self):
        return True

    @custom_handler(rest_path="/score")
    async def score(self, request: Request) -> Response:
        return Response(orjson.dumps(len(await request.body())), media_type="application/json")
