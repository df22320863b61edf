# ruff: noqa: C416, PTH118 - the code stays as its users have it
"""Questions about a text, answered by an ONNX model; tokens by a regular expression instead of nltk."""

import json
import os
import re

import numpy as np
import onnxruntime


def init():
    global sess
    sess = onnxruntime.InferenceSession(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model.onnx"))


def run(request):
    print(request)
    text = json.loads(request)
    qw, qc = preprocess(text["query"])
    cw, cc = preprocess(text["context"])

    test = sess.run(None, {"query_word": qw, "query_char": qc, "context_word": cw, "context_char": cc})
    start = test[0].item()
    end = test[1].item()
    ans = [w for w in cw[start : end + 1].reshape(-1)]
    print(ans)
    return ans


def preprocess(word):
    tokens = re.findall(r"\w+|[^\w\s]", word)

    # words: (seq, 1), in lower case
    words = np.asarray([w.lower() for w in tokens]).reshape(-1, 1)

    # characters: (seq, 1, 1, 16), filled up with empty ones
    chars = [[c for c in t][:16] for t in tokens]
    chars = [cs + [""] * (16 - len(cs)) for cs in chars]
    chars = np.asarray(chars).reshape(-1, 1, 1, 16)
    return words, chars
