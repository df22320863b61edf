"""The JSON that comes in goes out again."""

import orjson
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/")
async def health():
    return "Healthy"


@app.post("/score")
async def score(request: Request):
    return Response(orjson.dumps(orjson.loads(await request.body())), media_type="application/json")
