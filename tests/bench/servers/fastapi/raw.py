"""Any bytes in, their number out."""

import orjson
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/")
async def health():
    return "Healthy"


@app.post("/score")
async def score(request: Request):
    return Response(orjson.dumps(len(await request.body())), media_type="application/json")
