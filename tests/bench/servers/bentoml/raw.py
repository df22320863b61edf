"""Any bytes in, their number out: an ASGI application that the service mounts."""

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def score(request: Request) -> JSONResponse:
    return JSONResponse(len(await request.body()))


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
@bentoml.asgi_app(Starlette(routes=[Route("/", score, methods=["POST"])]), path="/score")
class Raw:
    pass
