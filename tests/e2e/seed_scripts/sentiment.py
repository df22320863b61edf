# ruff: noqa: PTH118, PTH123, RET504, RET505 - the code stays as its users have it
"""Sentiment by four files of one registered folder; scikit-learn's models, not those of keras and gensim."""

import json
import os
import pickle
import time

import joblib

POSITIVE = "POSITIVE"
NEGATIVE = "NEGATIVE"
NEUTRAL = "NEUTRAL"
SENTIMENT_THRESHOLDS = (0.4, 0.7)


def init():
    global model
    global tokenizer
    global encoder
    global w2v_model

    model_path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), "./models")
    model = joblib.load(model_path + "/model.joblib")
    w2v_model = joblib.load(model_path + "/vectors.joblib")

    with open(model_path + "/tokenizer.pkl", "rb") as handle:
        tokenizer = pickle.load(handle)

    with open(model_path + "/encoder.pkl", "rb") as handle:
        encoder = pickle.load(handle)


def run(data):
    try:
        # {"text": "…"} comes in
        data = json.loads(data)
        prediction = predict(data["text"])
        return prediction
    except Exception as e:
        error = str(e)
        return error


def decode_sentiment(score, include_neutral=True):
    if include_neutral:
        label = NEUTRAL
        if score <= SENTIMENT_THRESHOLDS[0]:
            label = NEGATIVE
        elif score >= SENTIMENT_THRESHOLDS[1]:
            label = POSITIVE
        return label
    else:
        return NEGATIVE if score < 0.5 else POSITIVE


def predict(text, include_neutral=True):
    start_at = time.time()
    x_test = w2v_model.transform(tokenizer.transform([text]))
    score = model.predict(x_test)[0]
    label = decode_sentiment(score, include_neutral=include_neutral)

    return {"label": label, "score": float(score), "elapsed_time": time.time() - start_at}
