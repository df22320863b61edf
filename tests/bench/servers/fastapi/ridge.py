"""Rows of ten numbers in, one number a row out; pydantic reads the body itself, which is faster than a parameter."""

import os

import joblib
import numpy as np
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))


class Rows(BaseModel):
    data: list[list[float]]


@app.get("/")
async def health():
    return "Healthy"


@app.post("/score")
async def score(request: Request):
    rows = Rows.model_validate_json(await request.body())
    answer = orjson.dumps(model.predict(np.array(rows.data)), option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(answer, media_type="application/json")
