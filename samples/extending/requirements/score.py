"""File names out of titles: accents away, blanks to dashes. Its two packages are in no image."""

import json

from slugify import slugify
from titlecase import titlecase


def init():
    pass


def run(data):
    title = json.loads(data)["title"]
    return {"title": titlecase(title), "file": slugify(title)}
