"""Names in plain letters, by a library that the base image brings."""

import json
import sys

from unidecode import unidecode


def init():
    pass


def run(data):
    return {"name": unidecode(json.loads(data)["name"]), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
