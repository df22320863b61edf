"""Records of text, a whole number, a truth value and ten numbers in, one number a record out."""

import os

import joblib
import orjson
import pandas as pd
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from typing_extensions import TypedDict

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]

app = FastAPI()
model = joblib.load(os.path.join(os.environ["BENCH_MODELS"], "ridge.joblib"))


class Patient(TypedDict):
    patient: str
    visits: int
    smoker: bool
    age: float
    sex: float
    bmi: float
    bp: float
    s1: float
    s2: float
    s3: float
    s4: float
    s5: float
    s6: float


class Patients(BaseModel):
    data: list[Patient]


@app.get("/")
async def health():
    return "Healthy"


@app.post("/score")
async def score(request: Request):
    patients = Patients.model_validate_json(await request.body())
    frame = pd.DataFrame(patients.data)
    answer = orjson.dumps(model.predict(frame[FEATURES].to_numpy()), option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(answer, media_type="application/json")
