"""The smallest entry script: the JSON that comes in goes out again."""

import json


def init():
    print("nothing to load")


def run(data):
    print(f"received {data}")
    return json.loads(data)
