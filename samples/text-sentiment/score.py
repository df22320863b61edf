"""The mood of a text: POSITIVE, NEUTRAL or NEGATIVE, by a model of several files in one registered folder."""

import json
import os
import time
from pathlib import Path

import joblib


def init():
    global vectoriser, classifier, labels
    folder = Path(os.environ["AZUREML_MODEL_DIR"], "models")
    vectoriser = joblib.load(folder / "vectoriser.joblib")
    classifier = joblib.load(folder / "classifier.joblib")
    labels = json.loads((folder / "labels.json").read_text())


def run(data):
    started = time.perf_counter()
    text = json.loads(data)["text"]
    score = float(classifier.predict_proba(vectoriser.transform([text]))[0, 1])
    return {"label": label_of(score), "score": score, "elapsed_time": time.perf_counter() - started}


def label_of(score):
    """The label with the highest threshold that the score reaches."""
    return max((lowest, label) for label, lowest in labels.items() if score >= lowest)[1]
