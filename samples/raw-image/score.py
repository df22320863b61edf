"""Handwritten digits out of image files: a PGM file as the request's body, or as a form's field ``image``."""

import os
import re
from pathlib import Path

import joblib
import numpy as np
from azureml.contrib.services.aml_request import rawhttp
from azureml.contrib.services.aml_response import AMLResponse

SIDE = 8
GREY_VALUES = 16
DESCRIPTION = {"post": "a binary PGM image of one digit, bright on dark, as the body or as form field 'image'"}

# P5, width, height, largest value; comments may stand between them; one white space before the pixels.
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PGM = re.compile(rb"P5" + (_GAP + rb"(\d+)") * 3 + rb"\s")


def init():
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"], "digits.joblib"))


@rawhttp
def run(request):
    if request.method != "POST":
        return AMLResponse(DESCRIPTION, 200, json_str=True)
    try:
        pixels = read_pgm(image_bytes(request))
    except ValueError as error:
        return AMLResponse({"message": str(error)}, 400, json_str=True)
    probabilities = model.predict_proba(pixels.reshape(1, -1))[0]
    digit = int(probabilities.argmax())
    confidence = round(float(probabilities[digit]), 4)
    return AMLResponse({"digit": digit, "confidence": confidence}, 200, json_str=True)


def image_bytes(request):
    """The file that came: form field ``image``, or the body. Raises ValueError when a form lacks it."""
    if request.mimetype != "multipart/form-data":
        return request.get_data()
    if "image" not in request.files:
        raise ValueError(f"image: expected a file field of this name, got {list(request.files) or 'no file'}")
    return request.files["image"].read()


def read_pgm(body):
    """The image of a binary PGM file, shrunk to 8x8 grey values from 0 to 16.

    Raises ValueError when it is none, or when its sides are no multiples of 8.
    """
    header = _PGM.match(body)
    if header is None:
        raise ValueError(f"image: expected a binary PGM file (it begins with P5), got {len(body)} other bytes")
    width, height, largest = map(int, header.groups())
    if not 0 < largest < 256 or 0 in (width, height) or width % SIDE or height % SIDE:
        raise ValueError(
            f"image: expected sides that are multiples of {SIDE} and values up to 255, "
            f"got {width}x{height} with values up to {largest}"
        )
    pixels = np.frombuffer(body, np.uint8, offset=header.end())
    if pixels.size != width * height:
        raise ValueError(f"image: expected {width * height} bytes of pixels, got {pixels.size}")
    squares = pixels.reshape(SIDE, height // SIDE, SIDE, width // SIDE)
    return squares.mean(axis=(1, 3)) * GREY_VALUES / largest
