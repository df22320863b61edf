"""The JSON that comes in goes out again."""

import json


def init():
    pass


def run(data):
    return json.loads(data)
